import type { I2C, I2COptions } from '../../../hal/api/i2c.ts'
import type { Digital, DigitalOptions, PulseCount, PulseCountOptions, Serial, SerialOptions, SPI, SPIOptions } from '../../../hal/api/io.ts'
import { type ByteReader, type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import type { BridgeBoard } from './board.ts'
import { Command, type CommandCode, EventCode, Peripheral, TRANSFER_MAX } from './protocol-table.ts'
import { RegisterTable } from './register-table.ts'

/** Sends an event of a resource; `data` is copied. */
export type Tell = (event: number, data: Uint8Array) => void

/** Something that is open at the bridge. */
export interface Resource {
  /** Runs a command; false when it is none for this peripheral. Throws what the peripheral throws. */
  run(command: CommandCode, reader: ByteReader, answer: ByteWriter): boolean
  close(): void
}

/** The peripheral does not exist on this board. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError'
}

function need<T>(part: T | undefined, what: string): T {
  if (part === undefined) throw new UnsupportedError(`this board has no ${what}`)
  return part
}

function lengthOf(reader: ByteReader): number {
  const length = reader.uint16()
  if (length > TRANSFER_MAX) throw new RangeError(`length: found ${length}, allowed is up to ${TRANSFER_MAX}`)
  return length
}

type Values = Record<string, number | string>

/** An output, or an input that may tell its edges. */
export class DigitalResource implements Resource {
  readonly #io: Digital
  readonly #tell: Tell

  constructor(board: BridgeBoard, options: Values, tell: Tell) {
    const { pull, events, ...rest } = options
    this.#tell = tell
    const onReadable = events === 1 ? () => this.#edge() : undefined
    this.#io = new (need(board.digital, 'digital pins'))({ ...rest, mode: pull, onReadable } as unknown as DigitalOptions)
  }

  write(level: number): void {
    if (level !== 0 && level !== 1) throw new RangeError(`level: found ${level}`)
    this.#io.write(level)
  }

  run(command: CommandCode, reader: ByteReader, answer: ByteWriter): boolean {
    if (command === Command.digitalRead) answer.uint8(this.#io.read())
    else if (command === Command.digitalWrite) this.write(reader.uint8())
    else return false
    return true
  }

  close(): void {
    this.#io.close()
  }

  #edge(): void {
    this.#tell(EventCode.edge, Uint8Array.of(this.#io.read()))
  }
}

class SPIResource implements Resource {
  readonly #io: SPI

  constructor(board: BridgeBoard, options: Values) {
    this.#io = new (need(board.spi, 'SPI controller'))(options as unknown as SPIOptions)
  }

  run(command: CommandCode, reader: ByteReader, answer: ByteWriter): boolean {
    if (command === Command.spiRead) {
      const buffer = new Uint8Array(lengthOf(reader))
      this.#io.read(buffer)
      answer.write(buffer)
      return true
    }
    if (command !== Command.spiTransfer && command !== Command.spiWrite) return false
    // The frame's own bytes: an implementation may change what it sends.
    const buffer = reader.take(reader.remaining)
    if (command === Command.spiWrite) this.#io.write(buffer)
    else {
      this.#io.transfer(buffer)
      answer.write(buffer)
    }
    return true
  }

  close(): void {
    this.#io.close()
  }
}

class I2CResource implements Resource {
  readonly #io: I2C

  constructor(board: BridgeBoard, options: Values) {
    this.#io = new (need(board.i2c, 'I2C controller'))(options as unknown as I2COptions)
  }

  run(command: CommandCode, reader: ByteReader, answer: ByteWriter): boolean {
    if (command !== Command.i2cRead && command !== Command.i2cWrite) return false
    const stop = reader.uint8() !== 0
    if (command === Command.i2cWrite) this.#io.write(reader.take(reader.remaining), stop)
    else answer.write(this.#io.read(lengthOf(reader), stop))
    return true
  }

  close(): void {
    this.#io.close()
  }
}

class SerialResource implements Resource {
  readonly #io: Serial

  constructor(board: BridgeBoard, options: Values, tell: Tell) {
    const io: Serial = new (need(board.serial, 'UART'))({
      ...(options as unknown as SerialOptions),
      onReadable: () => {
        for (let bytes = io.read(TRANSFER_MAX); bytes !== undefined; bytes = io.read(TRANSFER_MAX)) tell(EventCode.received, bytes)
      },
      onWritable: (count) => tell(EventCode.writable, Uint8Array.of(Math.min(count, 0xffff) >> 8, Math.min(count, 0xffff))),
      onError: (reason) => tell(EventCode.error, asciiOf(reason)),
    })
    this.#io = io
  }

  run(command: CommandCode, reader: ByteReader): boolean {
    if (command !== Command.serialWrite) return false
    // A copy: the bytes may leave after the frame is gone.
    this.#io.write(reader.take(reader.remaining).slice())
    return true
  }

  close(): void {
    this.#io.close()
  }
}

class PulseCountResource implements Resource {
  readonly #io: PulseCount

  constructor(board: BridgeBoard, options: Values, tell: Tell) {
    const { pull, events, ...rest } = options
    const io: PulseCount = new (need(board.pulseCount, 'pulse counter'))({
      ...rest,
      ...(pull === undefined ? {} : { mode: pull }),
      onReadable: events === 1 ? () => tell(EventCode.count, int32(io.read())) : undefined,
    } as unknown as PulseCountOptions)
    this.#io = io
  }

  run(command: CommandCode, reader: ByteReader, answer: ByteWriter): boolean {
    if (command === Command.countRead) answer.uint32(this.#io.read() >>> 0)
    else if (command === Command.countWrite) this.#io.write(reader.uint32() | 0)
    else return false
    return true
  }

  close(): void {
    this.#io.close()
  }
}

/** A chip that the PC plays: nothing answers before its registers are defined. */
class TargetResource implements Resource {
  readonly #open: (registers: RegisterTable) => { close(): void }
  readonly #tell: Tell
  #target: { close(): void } | undefined
  #registers: RegisterTable | undefined

  constructor(open: (registers: RegisterTable) => { close(): void }, tell: Tell) {
    this.#open = open
    this.#tell = tell
  }

  run(command: CommandCode, reader: ByteReader, answer: ByteWriter): boolean {
    if (command === Command.registersDefine) this.#define(reader)
    else if (command === Command.registersSet) this.#each(reader, (table, address, value) => table.set(address, value))
    else if (command === Command.registersAdd) this.#each(reader, (table, address, value) => table.add(address, value))
    else if (command === Command.registersGet) {
      const table = this.#table()
      while (reader.remaining > 0) answer.uint32(table.values[table.indexOf(reader.uint16())])
    } else return false
    return true
  }

  close(): void {
    this.#target?.close()
    this.#target = undefined
  }

  #define(reader: ByteReader): void {
    const registers = new RegisterTable(reader, (write, address, value) => this.#access(write, address, value))
    this.#target?.close()
    this.#registers = registers
    this.#target = this.#open(registers)
  }

  #table(): RegisterTable {
    if (this.#registers === undefined) throw new RangeError('no registers are defined')
    return this.#registers
  }

  /** All or none: the addresses are known before the first value changes. */
  #each(reader: ByteReader, change: (table: RegisterTable, address: number, value: number) => void): void {
    const table = this.#table()
    const { position } = reader
    while (reader.remaining > 0) {
      table.indexOf(reader.uint16())
      reader.uint32()
    }
    reader.position = position
    while (reader.remaining > 0) change(table, reader.uint16(), reader.uint32())
  }

  #access(write: boolean, address: number, value: number): void {
    this.#tell(EventCode.access, Uint8Array.of(write ? 1 : 0, address >> 8, address, value >>> 24, value >>> 16, value >>> 8, value))
  }
}

function target(board: BridgeBoard, kind: 'spiTarget' | 'i2cTarget', options: Values, tell: Tell): Resource {
  const Target = need(kind === 'spiTarget' ? board.spiTarget : board.i2cTarget, kind === 'spiTarget' ? 'SPI target' : 'I2C target')
  const make = Target as new (options: object) => { close(): void }
  return new TargetResource((registers) => new make({ ...options, registers }), tell)
}

/** Opens a peripheral. Throws what its constructor throws; UnsupportedError, DecodeError. */
export function openResource(board: BridgeBoard, peripheral: number, options: Values, tell: Tell): Resource {
  switch (peripheral) {
    case Peripheral.digital:
      return new DigitalResource(board, options, tell)
    case Peripheral.spi:
      return new SPIResource(board, options)
    case Peripheral.i2c:
      return new I2CResource(board, options)
    case Peripheral.serial:
      return new SerialResource(board, options, tell)
    case Peripheral.pulseCount:
      return new PulseCountResource(board, options, tell)
    case Peripheral.spiTarget:
      return target(board, 'spiTarget', options, tell)
    case Peripheral.i2cTarget:
      return target(board, 'i2cTarget', options, tell)
    default:
      throw new DecodeError(`peripheral ${peripheral}`)
  }
}

function int32(value: number): Uint8Array {
  return Uint8Array.of(value >> 24, value >> 16, value >> 8, value)
}

/** Printable ASCII of a text, at most 200 characters. */
export function asciiOf(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.min(text.length, 200))
  for (let i = 0; i < bytes.length; i++) {
    const code = text.charCodeAt(i)
    bytes[i] = code >= 0x20 && code < 0x7f ? code : 0x3f
  }
  return bytes
}
