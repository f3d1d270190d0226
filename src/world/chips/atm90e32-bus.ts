import type { Bytes, SPI, SPIConstructor, SPIOptions } from '../../../hal/api/io.ts'

/** What hangs on the bus: one call is one transaction, select to deselect, in place. */
export interface Transferable {
  transfer(buffer: Bytes): void
}

/** SCLK of the ATM90E32 (Atmel-46003B table 7-4): 400 bit/s to 1100 kbit/s. */
const SLOWEST_HZ = 400
const FASTEST_HZ = 1_100_000

/** Longest transaction that `write` and `read` carry; the chip knows only four bytes. */
const SCRATCH_LENGTH = 16

/**
 * An ECMA-419 SPI class whose instances talk to `chip`. The constructor throws RangeError when the clock is outside the chip's range or the mode
 * is not 3: on a real board the chip would see shifted bits; refusing it shows the mistake where it was made.
 */
export function busOf(chip: Transferable): SPIConstructor {
  return class ATM90E32Bus implements SPI {
    readonly #scratch = new Uint8Array(SCRATCH_LENGTH)
    #closed = false

    constructor(options: SPIOptions) {
      const { hz, mode = 0 } = options
      if (!(hz >= SLOWEST_HZ && hz <= FASTEST_HZ)) throw new RangeError(`hz must be ${SLOWEST_HZ} to ${FASTEST_HZ}`)
      if (mode !== 3) throw new RangeError('mode must be 3')
    }

    transfer(buffer: Bytes): void {
      if (this.#closed) throw new Error('closed')
      chip.transfer(buffer)
    }

    write(buffer: Bytes): void {
      const copy = this.#take(buffer.length)
      copy.set(buffer)
      chip.transfer(copy)
    }

    read(buffer: Bytes): void {
      const copy = this.#take(buffer.length)
      copy.fill(0)
      chip.transfer(copy)
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
