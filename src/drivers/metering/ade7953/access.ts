import type { I2C, I2CConstructor, I2COptions } from '../../../../hal/api/i2c.ts'
import type { SPI, SPIConstructor, SPIOptions } from '../../../../hal/api/io.ts'
import { Register, UNLOCK_KEY } from './registers.ts'

/** Instead of a value: the bus did not carry it. */
export const FAILED = -1
const ATTEMPTS = 3
const READ = 0x80
const I2C_ADDRESS = 0x38

/** Single registers over one of the buses. */
interface RegisterPort {
  /** Unsigned, or FAILED. */
  read(address: number): number
  write(address: number, value: number): void
  close(): void
}

function widthOf(address: number): number {
  return address < 0x400 ? (address >> 8) + 1 : 1
}

/** Buffers for one to four bytes of data behind `header` bytes. */
function buffersBehind(header: number): readonly Uint8Array[] {
  return [1, 2, 3, 4].map((width) => new Uint8Array(header + width))
}

function numberOf(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = at; i < bytes.length; i++) value = value * 256 + bytes[i]
  return value
}

function put(bytes: Uint8Array, at: number, value: number): void {
  for (let i = bytes.length - 1, rest = value; i >= at; i--) {
    bytes[i] = rest & 0xff
    rest = Math.floor(rest / 256)
  }
}

/** Figures 68 and 69: address, direction, data, most significant bit first. */
export class SpiPort implements RegisterPort {
  readonly #io: SPI
  readonly #buffers = buffersBehind(3)

  constructor(Bus: SPIConstructor, options: SPIOptions) {
    this.#io = new Bus(options)
  }

  read(address: number): number {
    const bytes = this.frame(address, READ)
    bytes.fill(0, 3)
    try {
      this.#io.transfer(bytes)
    } catch {
      return FAILED
    }
    return numberOf(bytes, 3)
  }

  write(address: number, value: number): void {
    const bytes = this.frame(address, 0)
    put(bytes, 3, value)
    try {
      this.#io.transfer(bytes)
    } catch {
      // Whether it arrived is asked of the chip.
    }
  }

  close(): void {
    this.#io.close()
  }

  private frame(address: number, direction: number): Uint8Array {
    const bytes = this.#buffers[widthOf(address) - 1]
    bytes[0] = address >> 8
    bytes[1] = address
    bytes[2] = direction
    return bytes
  }
}

/** Figures 70 and 71: two address bytes and data, or two address bytes, a repeated START and data. */
export class I2cPort implements RegisterPort {
  readonly #io: I2C
  readonly #pointer = new Uint8Array(2)
  readonly #data = buffersBehind(0)
  readonly #buffers = buffersBehind(2)

  constructor(Bus: I2CConstructor, options: Partial<I2COptions>) {
    this.#io = new Bus({ address: I2C_ADDRESS, hz: 400_000, ...options })
  }

  read(address: number): number {
    const bytes = this.#data[widthOf(address) - 1]
    this.#pointer[0] = address >> 8
    this.#pointer[1] = address
    try {
      this.#io.write(this.#pointer, false)
      this.#io.read(bytes)
    } catch {
      return FAILED
    }
    return numberOf(bytes, 0)
  }

  write(address: number, value: number): void {
    const bytes = this.#buffers[widthOf(address) - 1]
    bytes[0] = address >> 8
    bytes[1] = address
    put(bytes, 2, value)
    try {
      this.#io.write(bytes)
    } catch {
      // Whether it arrived is asked of the chip.
    }
  }

  close(): void {
    this.#io.close()
  }
}

/** LAST_RWDATA has an address for each width (table 11). */
function lastDataOf(address: number): number {
  return ((widthOf(address) - 1) << 8) | 0xff
}

/** Accesses that the chip confirms: it records address and data of the last one that was complete ("Communication Verification"). */
export class RegisterAccess {
  readonly #port: RegisterPort

  constructor(port: RegisterPort) {
    this.#port = port
  }

  /** A single read, as it came. */
  read(address: number): number {
    return this.#port.read(address)
  }

  /** A register that a read does not change, confirmed; FAILED when the bus does not work. */
  fetch(address: number): number {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const value = this.#port.read(address)
      if (value === FAILED || this.#port.read(Register.LAST_ADD) !== address) continue
      if (this.#port.read(lastDataOf(address)) === value) return value
    }
    return FAILED
  }

  /** Makes a register hold `value`; false when it will not. */
  store(address: number, value: number): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.fetch(address) === value) return true
      this.put(address, value)
    }
    return this.fetch(address) === value
  }

  /** Writes in the way that the register needs. */
  put(address: number, value: number): void {
    if (address === Register.performance) this.#port.write(Register.unlock, UNLOCK_KEY)
    this.#port.write(address, value)
    // "two sequential write operations must be performed" (table 14).
    if (address === Register.CF1DEN || address === Register.CF2DEN) this.#port.write(address, value)
  }

  /** Reads one of the LAST_ registers until two readings in a row agree. */
  agreed(address: number): number {
    let value = this.#port.read(address)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const again = this.#port.read(address)
      if (again === value) return value
      value = again
    }
    return FAILED
  }

  /** What the chip has recorded of the last complete access. */
  get lastAddress(): number {
    return this.agreed(Register.LAST_ADD)
  }

  /** `address`: what was accessed. */
  lastData(address: number): number {
    return this.agreed(lastDataOf(address))
  }

  close(): void {
    this.#port.close()
  }
}
