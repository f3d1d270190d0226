import type { SPI } from '../../../../hal/api/io.ts'

/** Longest transaction: an address and a whole payload. */
const SCRATCH_LENGTH = 257
const WRITE = 0x80

/** Transactions of an SX127x (section 2.2): an address, and bytes that go to it and those after it; the FIFO keeps its address. */
export class Port {
  readonly #spi: SPI
  readonly #scratch = new Uint8Array(SCRATCH_LENGTH)

  constructor(spi: SPI) {
    this.#spi = spi
  }

  read(address: number): number {
    return this.exchange(address, 1)[0]
  }

  write(address: number, ...values: readonly number[]): void {
    this.writeBytes(address, values)
  }

  writeBytes(address: number, values: ArrayLike<number>): void {
    const bytes = this.#scratch.subarray(0, 1 + values.length)
    bytes[0] = address | WRITE
    bytes.set(values, 1)
    this.#spi.transfer(bytes)
  }

  /** A copy. */
  readBytes(address: number, count: number): Uint8Array {
    return this.exchange(address, count).slice()
  }

  close(): void {
    this.#spi.close()
  }

  private exchange(address: number, count: number): Uint8Array {
    const bytes = this.#scratch.subarray(0, 1 + count)
    bytes.fill(0)
    bytes[0] = address
    this.#spi.transfer(bytes)
    return bytes.subarray(1)
  }
}
