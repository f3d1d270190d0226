/** Bytes that the FIFO of FSK holds. */
const LENGTH = 64

/** The FIFO of FSK; LoRa has a memory in its place. */
export class SX127xFifo {
  readonly #bytes: number[] = []
  overrun = false

  get length(): number {
    return this.#bytes.length
  }

  get full(): boolean {
    return this.#bytes.length === LENGTH
  }

  clear(): void {
    this.#bytes.length = 0
  }

  push(value: number): void {
    if (this.full) this.overrun = true
    else this.#bytes.push(value)
  }

  shift(): number | undefined {
    return this.#bytes.shift()
  }
}
