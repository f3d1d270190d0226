import type { Bytes, SPI, SPIConstructor, SPIOptions } from '../../../hal/api/io.ts'
import type { I2CPeripheral } from '../i2c-bus.ts'

/** The registers behind the two interfaces. A read or write that is not complete never happened. */
export interface ADE7953Port {
  /** Bytes of a register, 0: none; while the chip answers on this interface. */
  open(by: 'SPI' | 'I2C'): boolean
  widthOf(address: number): number
  /** What a read will give; nothing happens by it. */
  look(address: number): number
  /** The read is complete: it clears what it clears, and is recorded. */
  completeRead(address: number, value: number): void
  write(address: number, value: number, by: 'SPI' | 'I2C'): void
}

const FASTEST_HZ = 5_000_000
/** Address and direction. */
const HEADER = 3
/** Longest transaction that `write` and `read` carry. */
const SCRATCH_LENGTH = 16
const NONE = -1

/** 0111000 ("I2C Interface"). */
const I2C_ADDRESS = 0x38

/** SPI side of the chip: two address bytes, one of direction, data, most significant bit first; chip select ends everything. */
export class ADE7953SpiPort {
  readonly #port: ADE7953Port
  #stuck = NONE
  #lostClock = NONE
  #mask = 0

  constructor(port: ADE7953Port) {
    this.#port = port
  }

  /** Fault: clock `at` of the next transaction does not reach the chip. */
  loseClock(at: number): void {
    this.#lostClock = at
  }

  /** Fault: bits of `mask` turn in the first data byte of the next read on its way to the master. */
  garble(mask: number): void {
    this.#mask = mask
  }

  /** Fault: bus dead; the master reads all 0 or all 1. `undefined` ends it. */
  stick(level: 0 | 1 | undefined): void {
    this.#stuck = level ?? NONE
  }

  /** The constructor throws RangeError for a clock above 5 MHz and for modes in which the chip would see other edges (figures 68 and 69: 0 and 3). */
  bus(): SPIConstructor {
    const transfer = (buffer: Bytes) => this.#transfer(buffer)
    return class ADE7953Bus implements SPI {
      readonly #scratch = new Uint8Array(SCRATCH_LENGTH)
      #closed = false

      constructor(options: SPIOptions) {
        const { hz, mode = 0 } = options
        if (!(hz > 0 && hz <= FASTEST_HZ)) throw new RangeError(`hz must be up to ${FASTEST_HZ}`)
        if (mode !== 0 && mode !== 3) throw new RangeError('mode must be 0 or 3')
      }

      transfer(buffer: Bytes): void {
        if (this.#closed) throw new Error('closed')
        transfer(buffer)
      }

      write(buffer: Bytes): void {
        const copy = this.#take(buffer.length)
        copy.set(buffer)
        transfer(copy)
      }

      read(buffer: Bytes): void {
        const copy = this.#take(buffer.length)
        copy.fill(0)
        transfer(copy)
        buffer.set(copy)
      }

      close(): void {
        this.#closed = true
      }

      #take(length: number): Bytes {
        if (this.#closed) throw new Error('closed')
        if (length > SCRATCH_LENGTH) throw new RangeError(`at most ${SCRATCH_LENGTH} bytes`)
        return this.#scratch.subarray(0, length)
      }
    }
  }

  #transfer(buffer: Bytes): void {
    const lost = this.#lostClock
    const mask = this.#mask
    this.#lostClock = NONE
    this.#mask = 0
    if (this.#stuck !== NONE) buffer.fill(this.#stuck === 1 ? 0xff : 0)
    else if (!this.#port.open('SPI')) buffer.fill(0)
    else if (lost !== NONE) this.#clocked(buffer, lost)
    else this.#whole(buffer)
    if (mask !== 0 && buffer.length > HEADER) buffer[HEADER] ^= mask
  }

  #whole(buffer: Bytes): void {
    const port = this.#port
    if (buffer.length < HEADER) {
      buffer.fill(0)
      return
    }
    const address = (buffer[0] << 8) | buffer[1]
    const reading = (buffer[2] & 0x80) !== 0
    const width = port.widthOf(address)
    const whole = width > 0 && buffer.length === HEADER + width
    if (!reading) {
      if (whole) port.write(address, numberOf(buffer, HEADER, width), 'SPI')
      buffer.fill(0)
      return
    }
    const value = width > 0 ? port.look(address) : 0
    buffer.fill(0)
    for (let i = 0; i < width && HEADER + i < buffer.length; i++) buffer[HEADER + i] = byteOf(value, width, i)
    if (whole) port.completeRead(address, value)
  }

  /** Clock by clock; number `lost` does not arrive, so the chip ends one short: no read or write is complete. */
  #clocked(buffer: Bytes, lost: number): void {
    let seen = 0
    let header = 0
    let value = 0
    let width = 0
    let level = 0
    for (let clock = 0; clock < buffer.length * 8; clock++) {
      const bit = 0x80 >> (clock & 7)
      const sent = buffer[clock >> 3] & bit ? 1 : 0
      if (clock !== lost) {
        const at = seen - 8 * HEADER
        level = at >= 0 && at < 8 * width ? (byteOf(value, width, at >> 3) >> (7 - (at & 7))) & 1 : 0
        if (seen < 8 * HEADER) header = ((header << 1) | sent) & 0xffffff
        seen++
        if (seen === 8 * HEADER && header & 0x80) {
          width = this.#port.widthOf(header >> 8)
          value = width > 0 ? this.#port.look(header >> 8) : 0
        }
      }
      buffer[clock >> 3] = level ? buffer[clock >> 3] | bit : buffer[clock >> 3] & ~bit
    }
  }
}

/** I2C side: write two address bytes and data, or two address bytes, a repeated START, and read. */
export class ADE7953I2cPort implements I2CPeripheral {
  readonly address = I2C_ADDRESS
  readonly #port: ADE7953Port
  readonly #bytes = new Uint8Array(HEADER + 4)
  #received = 0
  #reading = false
  #pointer = 0
  #width = 0
  #value = 0
  #sent = 0

  constructor(port: ADE7953Port) {
    this.#port = port
  }

  start(reading: boolean, _repeated: boolean): boolean {
    if (!this.#port.open('I2C')) return false
    this.#reading = reading
    this.#sent = 0
    if (!reading) this.#received = 0
    else {
      if (this.#received >= 2) this.#pointer = (this.#bytes[0] << 8) | this.#bytes[1]
      this.#received = 0
      this.#width = this.#port.widthOf(this.#pointer)
      this.#value = this.#width > 0 ? this.#port.look(this.#pointer) : 0
    }
    return true
  }

  receive(byte: number): boolean {
    if (this.#received < this.#bytes.length) this.#bytes[this.#received] = byte
    this.#received++
    return true
  }

  transmit(): number {
    const at = this.#sent++
    if (at >= this.#width) return 0xff
    if (this.#sent === this.#width) this.#port.completeRead(this.#pointer, this.#value)
    return byteOf(this.#value, this.#width, at)
  }

  /** Only here is a write complete: its length has to be that of the register. */
  stop(): void {
    if (this.#reading || this.#received < 2) return
    const address = (this.#bytes[0] << 8) | this.#bytes[1]
    const width = this.#port.widthOf(address)
    this.#pointer = address
    const whole = width > 0 && this.#received === 2 + width
    this.#received = 0
    if (whole) this.#port.write(address, numberOf(this.#bytes, 2, width), 'I2C')
  }
}

function numberOf(bytes: Bytes, at: number, width: number): number {
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + bytes[at + i]
  return value
}

/** Byte `index` of a register's value, the most significant first. */
function byteOf(value: number, width: number, index: number): number {
  return (value >>> (8 * (width - 1 - index))) & 0xff
}
