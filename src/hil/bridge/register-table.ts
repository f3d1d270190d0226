import { type ByteReader, DecodeError } from '../../lib/bytes.ts'

const REGISTERS_MAX = 512
const WIDTH_MAX = 4
const HEADER_MAX = 4

/** What a register does when the device under test touches it. */
export const Flag = Object.freeze({
  clearOnRead: 1,
  /** The device may write it; else what it writes is told and changes nothing. */
  writable: 2,
  /** Reads are told as events: how the interval between two samples is measured. */
  tellReads: 4,
} as const)

/** How a transaction begins, as the datasheet of the emulated chip says. */
export interface Layout {
  /** Bytes before the data: address and direction, most significant first. */
  readonly headerBytes: number
  /** The address is `(header >>> shift) & mask`. */
  readonly shift: number
  readonly mask: number
  /** SPI: set in the header of a read. I2C tells directions itself. */
  readonly readMask: number
  /** A register that repeats the data of the last transaction, such as LastSPIData of the ATM90E32; 0xffff: none. */
  readonly lastData: number
}

/** Told after each transaction with a register that is to be told. */
export type AccessListener = (write: boolean, address: number, value: number) => void

/**
 * The registers of a chip that the PC plays, kept at the bridge because an answer is due within a clock: reads give what stands in the table, some
 * clear it, writes change it and are told. What the PC adds to a register that is cleared by reading is counted exactly once, whenever it arrives.
 */
export class RegisterTable {
  readonly layout: Layout
  readonly values: Uint32Array
  readonly widths: Uint8Array
  readonly flags: Uint8Array
  readonly #index = new Map<number, number>()
  readonly #addresses: Uint16Array
  readonly #listener: AccessListener
  #lastData = 0

  /** Reads layout and registers as command `registersDefine` carries them. Throws DecodeError. */
  constructor(reader: ByteReader, listener: AccessListener) {
    this.#listener = listener
    const headerBytes = reader.uint8()
    if (headerBytes < 1 || headerBytes > HEADER_MAX) throw new DecodeError(`header of ${headerBytes} bytes`)
    const shift = reader.uint8()
    if (shift > 31) throw new DecodeError(`shift by ${shift}`)
    this.layout = { headerBytes, shift, mask: reader.uint32(), readMask: reader.uint32(), lastData: reader.uint16() }
    const count = reader.uint16()
    if (count > REGISTERS_MAX) throw new DecodeError(`${count} registers, allowed are ${REGISTERS_MAX}`)
    this.values = new Uint32Array(count)
    this.widths = new Uint8Array(count)
    this.flags = new Uint8Array(count)
    this.#addresses = new Uint16Array(count)
    for (let i = 0; i < count; i++) {
      const address = reader.uint16()
      const width = reader.uint8()
      if (width < 1 || width > WIDTH_MAX) throw new DecodeError(`register of ${width} bytes`)
      if (this.#index.has(address)) throw new DecodeError(`register ${address} twice`)
      this.#index.set(address, i)
      this.#addresses[i] = address
      this.widths[i] = width
      this.flags[i] = reader.uint8()
    }
  }

  /** Place of a register in the arrays. Throws RangeError. */
  indexOf(address: number): number {
    const index = this.#index.get(address)
    if (index === undefined) throw new RangeError(`no register ${address}`)
    return index
  }

  set(address: number, value: number): void {
    this.values[this.indexOf(address)] = value
  }

  /** Modulo the width of the register, as a counter in a chip. */
  add(address: number, value: number): void {
    const index = this.indexOf(address)
    const sum = this.values[index] + value
    this.values[index] = sum % 2 ** (8 * this.widths[index])
  }

  /** A whole SPI transaction, in place: what is sent is overwritten with what the chip shifts out. */
  transfer(buffer: Uint8Array): void {
    const { headerBytes, readMask } = this.layout
    if (buffer.length < headerBytes) {
      buffer.fill(0)
      return
    }
    const header = numberOf(buffer, 0, headerBytes)
    const length = buffer.length - headerBytes
    if ((header & readMask) !== 0) {
      const value = this.read(header, length)
      buffer.fill(0)
      for (let i = 0; i < length; i++) buffer[headerBytes + i] = value[i] ?? 0
    } else {
      this.write(header, buffer.subarray(headerBytes))
      buffer.fill(0)
    }
  }

  /** What a read of `length` bytes gives. It counts as one, and clears, only when it is as long as the register. */
  read(header: number, length: number): Uint8Array {
    const { lastData } = this.layout
    const address = this.#addressOf(header)
    const index = this.#index.get(address)
    if (index === undefined) return new Uint8Array(0)
    const width = this.widths[index]
    const value = address === lastData ? this.#lastData : this.values[index]
    const bytes = new Uint8Array(width)
    for (let i = 0; i < width; i++) bytes[i] = value >>> (8 * (width - 1 - i))
    if (length !== width) return bytes
    if (this.flags[index] & Flag.clearOnRead) this.values[index] = 0
    if (address !== lastData) this.#lastData = value
    if (this.flags[index] & Flag.tellReads) this.#listener(false, address, value)
    return bytes
  }

  /** A write that is not as long as the register never happened. */
  write(header: number, data: Uint8Array): void {
    const address = this.#addressOf(header)
    const index = this.#index.get(address)
    if (index === undefined || data.length !== this.widths[index]) return
    const value = numberOf(data, 0, data.length)
    if (this.flags[index] & Flag.writable) this.values[index] = value
    this.#lastData = value
    this.#listener(true, address, value)
  }

  #addressOf(header: number): number {
    return (header >>> this.layout.shift) & this.layout.mask
  }
}

function numberOf(bytes: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + bytes[at + i]
  return value
}
