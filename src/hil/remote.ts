import type { I2C, I2CConstructor, I2COptions } from '../../hal/api/i2c.ts'
import type {
  Bytes,
  Digital,
  DigitalConstructor,
  DigitalOptions,
  PulseCount,
  PulseCountConstructor,
  PulseCountOptions,
  Serial,
  SerialConstructor,
  SerialOptions,
  SPI,
  SPIConstructor,
  SPIOptions,
} from '../../hal/api/io.ts'
import { ByteQueue } from '../lib/byte-queue.ts'
import { ByteReader, ByteWriter } from '../lib/bytes.ts'
import { checkBytes, checkCallbacks, closedError } from '../lib/check.ts'
import { serialFormat } from '../lib/serial-format.ts'
import { Command, EventCode, type Options, Peripheral, type PeripheralCode, TRANSFER_MAX, writeOptions } from './bridge/protocol-table.ts'
import type { BridgeEvent } from './client.ts'
import type { SyncBridge } from './sync-bridge.ts'

/** Bytes that were received and not read; what comes after that is lost, as in a UART that nobody empties. */
const UNREAD_MAX = 65_536

/** A peripheral of the bridge: opened with options, closed once. */
class Remote {
  readonly #bridge: SyncBridge
  readonly #name: string
  readonly #handle: number
  #open = true

  constructor(bridge: SyncBridge, name: string, peripheral: PeripheralCode, options: Options, listener?: (event: BridgeEvent) => void) {
    this.#bridge = bridge
    this.#name = name
    this.#handle = bridge.claim((event) => {
      if (this.#open) listener?.(event)
    })
    const body = new ByteWriter()
    body.uint8(this.#handle)
    body.uint8(peripheral)
    writeOptions(body, options)
    try {
      bridge.call(Command.open, body.copy())
    } catch (error) {
      bridge.release(this.#handle)
      throw error
    }
  }

  check(): void {
    if (!this.#open) throw closedError(this.#name)
  }

  call(command: number, ...parts: readonly (number | Uint8Array)[]): Uint8Array {
    this.check()
    const body = new ByteWriter(64, 4096)
    body.uint8(this.#handle)
    for (const part of parts) {
      if (typeof part === 'number') body.uint8(part)
      else body.write(part)
    }
    return this.#bridge.call(command, body.copy())
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#bridge.call(Command.close, Uint8Array.of(this.#handle))
    this.#bridge.release(this.#handle)
  }
}

function checkLength(length: number): number {
  if (!Number.isInteger(length) || length < 0 || length > TRANSFER_MAX)
    throw new RangeError(`length: found ${length}, allowed is 0 to ${TRANSFER_MAX}`)
  return length
}

function lengthBytes(length: number): Uint8Array {
  checkLength(length)
  return Uint8Array.of(length >> 8, length)
}

function checkedBytes(buffer: Bytes): Bytes {
  checkBytes(buffer)
  checkLength(buffer.length)
  return buffer
}

/** `Digital` at the pins of a bridge. */
export function remoteDigital(bridge: SyncBridge): DigitalConstructor {
  return class implements Digital {
    readonly #remote: Remote

    constructor(options: DigitalOptions) {
      checkCallbacks(options, ['onReadable'])
      const { pin, mode: pull, edge, initialValue, onReadable } = options
      if (onReadable !== undefined && edge === undefined) throw new RangeError('edge: needed with onReadable')
      if (typeof pin !== 'number') throw new TypeError('pin: number expected')
      const events = onReadable === undefined ? undefined : 1
      const values = { pin, pull, edge, initialValue, events }
      this.#remote = new Remote(bridge, 'Digital', Peripheral.digital, values, ({ event }) => event === EventCode.edge && onReadable?.())
    }

    read(): 0 | 1 {
      return this.#remote.call(Command.digitalRead)[0] === 1 ? 1 : 0
    }

    write(value: 0 | 1): void {
      this.#remote.call(Command.digitalWrite, value)
    }

    close(): void {
      this.#remote.close()
    }
  }
}

/** `SPI` of a bridge. */
export function remoteSPI(bridge: SyncBridge): SPIConstructor {
  return class implements SPI {
    readonly #remote: Remote

    constructor(options: SPIOptions) {
      checkCallbacks(options, [])
      this.#remote = new Remote(bridge, 'SPI', Peripheral.spi, { ...options })
    }

    transfer(buffer: Bytes): void {
      buffer.set(this.#remote.call(Command.spiTransfer, checkedBytes(buffer)))
    }

    write(buffer: Bytes): void {
      this.#remote.call(Command.spiWrite, checkedBytes(buffer))
    }

    read(buffer: Bytes): void {
      buffer.set(this.#remote.call(Command.spiRead, lengthBytes(checkedBytes(buffer).length)))
    }

    close(): void {
      this.#remote.close()
    }
  }
}

/** `I2C` of a bridge. */
export function remoteI2C(bridge: SyncBridge): I2CConstructor {
  return class implements I2C {
    readonly #remote: Remote

    constructor(options: I2COptions) {
      checkCallbacks(options, [])
      this.#remote = new Remote(bridge, 'I2C', Peripheral.i2c, { ...options })
    }

    read(buffer: Bytes, stop?: boolean): void
    read(count: number, stop?: boolean): Bytes
    read(target: Bytes | number, stop = true): Bytes | undefined {
      this.#remote.check()
      const length = typeof target === 'number' ? target : checkedBytes(target).length
      const bytes = this.#remote.call(Command.i2cRead, stop ? 1 : 0, lengthBytes(length))
      if (typeof target === 'number') return bytes
      target.set(bytes)
      return undefined
    }

    write(buffer: Bytes, stop = true): void {
      this.#remote.check()
      this.#remote.call(Command.i2cWrite, stop ? 1 : 0, checkedBytes(buffer))
    }

    close(): void {
      this.#remote.close()
    }
  }
}

/** `Serial` of a bridge. */
export function remoteSerial(bridge: SyncBridge): SerialConstructor {
  return class implements Serial {
    readonly #remote: Remote
    readonly #unread = new ByteQueue()
    readonly #options: SerialOptions
    #room = 0

    constructor(options: SerialOptions) {
      checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
      this.#options = { ...options }
      const { transmit, receive, port } = options
      const values = { ...serialFormat(options), transmit, receive, port }
      this.#remote = new Remote(bridge, 'Serial', Peripheral.serial, values, (event) => this.#happened(event))
    }

    read(count?: number): Bytes | undefined {
      this.#remote.check()
      return this.#unread.take(count)
    }

    write(buffer: Bytes): void {
      this.#remote.check()
      checkBytes(buffer)
      if (buffer.length > this.#room) throw new RangeError(`${buffer.length} bytes given, ${this.#room} writable`)
      this.#room -= buffer.length
      for (let at = 0; at < buffer.length; at += TRANSFER_MAX)
        this.#remote.call(Command.serialWrite, buffer.subarray(at, at + TRANSFER_MAX))
    }

    close(): void {
      this.#unread.clear()
      this.#remote.close()
    }

    #happened({ event, data }: BridgeEvent): void {
      if (event === EventCode.received) this.#received(data)
      else if (event === EventCode.writable) {
        this.#room = new ByteReader(data).uint16()
        this.#options.onWritable?.(this.#room)
      } else if (event === EventCode.error) this.#options.onError?.(String.fromCharCode(...data))
    }

    #received(data: Uint8Array): void {
      if (this.#unread.length + data.length > UNREAD_MAX) this.#options.onError?.('receive overrun')
      else {
        this.#unread.push(data)
        this.#options.onReadable?.(this.#unread.length)
      }
    }
  }
}

/** `PulseCount` of a bridge. */
export function remotePulseCount(bridge: SyncBridge): PulseCountConstructor {
  return class implements PulseCount {
    readonly #remote: Remote

    constructor(options: PulseCountOptions) {
      checkCallbacks(options, ['onReadable'])
      const { signal, edge, mode: pull, filter, onReadable } = options
      const events = onReadable === undefined ? undefined : 1
      const values = { signal, edge, pull, filter, events }
      this.#remote = new Remote(
        bridge,
        'PulseCount',
        Peripheral.pulseCount,
        values,
        ({ event }) => event === EventCode.count && onReadable?.(),
      )
    }

    read(): number {
      return new ByteReader(this.#remote.call(Command.countRead)).uint32() | 0
    }

    write(count: number): void {
      this.#remote.check()
      if (!Number.isInteger(count) || count < -0x80000000 || count > 0x7fffffff) throw new RangeError(`count: found ${count}`)
      this.#remote.call(Command.countWrite, Uint8Array.of(count >> 24, count >> 16, count >> 8, count))
    }

    close(): void {
      this.#remote.close()
    }
  }
}
