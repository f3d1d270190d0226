import NativeI2C from 'embedded:implementation/i2csync'
import { checkBytes, closedError } from '../../src/lib/check.ts'
import type { I2C, I2CConstructor, I2COptions } from '../api/i2c.ts'
import type { Bytes } from '../api/io.ts'
import { checkPin } from './pin.ts'

/** Addresses that are not reserved, and the fastest clock: `hal/api/i2c.ts`. */
const ADDRESS_MIN = 0x08
const ADDRESS_MAX = 0x77
const HZ_MAX = 1_000_000
/** A bus on which nothing moves for so long is stuck. */
const TIMEOUT_MS = 100

function settings(options: I2COptions): ConstructorParameters<typeof NativeI2C>[0] {
  const { address, hz, data, clock, port } = options
  if (!(hz >= 1 && hz <= HZ_MAX)) throw new RangeError(`hz: found ${hz}, allowed is 1 to ${HZ_MAX}`)
  const known = Number.isInteger(address) && address >= ADDRESS_MIN && address <= ADDRESS_MAX
  if (!known) throw new RangeError(`address: found ${address}, allowed is ${ADDRESS_MIN} to ${ADDRESS_MAX}`)
  const wanted = { address, hz, data: checkPin('data', data), clock: checkPin('clock', clock), timeout: TIMEOUT_MS }
  // The port takes a number of a controller that is there, even when its value is undefined.
  return port === undefined ? wanted : { ...wanted, port }
}

/**
 * I2C of the ESP32. The port ends every transfer with STOP, but for a read that follows a write at once: a write without STOP therefore waits for that read, and an
 * acknowledge that is missing shows there. A write without STOP that another write follows is ended with STOP. What `read` is told about STOP is ignored.
 */
class Esp32I2CPort implements I2C {
  #io: NativeI2C | undefined
  /** Bytes of a write that waits for its read; by length, so that a transfer allocates nothing. */
  readonly #buffers: Uint8Array[] = []
  #waiting: Uint8Array | undefined

  constructor(options: I2COptions) {
    this.#io = new NativeI2C(settings(options))
  }

  read(buffer: Bytes, stop?: boolean): void
  read(count: number, stop?: boolean): Bytes
  read(wanted: Bytes | number): Bytes | undefined {
    const io = this.#open()
    const buffer = typeof wanted === 'number' ? new Uint8Array(wanted) : wanted
    checkBytes(buffer)
    const written = this.#waiting
    this.#waiting = undefined
    if (written === undefined) io.read(buffer)
    else io.writeRead(written, buffer)
    return typeof wanted === 'number' ? buffer : undefined
  }

  write(buffer: Bytes, stop = true): void {
    const io = this.#open()
    checkBytes(buffer)
    this.#flush(io)
    if (stop || buffer.length === 0) {
      // Only a write without bytes is answered; the others throw.
      if (io.write(buffer) === 1) throw new Error('I2C: no acknowledge')
      return
    }
    this.#buffers[buffer.length] ??= new Uint8Array(buffer.length)
    this.#waiting = this.#buffers[buffer.length]
    this.#waiting.set(buffer)
  }

  close(): void {
    const io = this.#io
    if (io === undefined) return
    this.#io = undefined
    this.#waiting = undefined
    io.close()
  }

  /** What no read followed. */
  #flush(io: NativeI2C): void {
    const written = this.#waiting
    this.#waiting = undefined
    if (written !== undefined) io.write(written)
  }

  #open(): NativeI2C {
    if (this.#io === undefined) throw closedError('I2C')
    return this.#io
  }
}

export const Esp32I2C: I2CConstructor = Esp32I2CPort
