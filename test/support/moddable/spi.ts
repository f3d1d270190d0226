import { machine } from './machine.ts'

interface Options {
  readonly clock: number
  readonly in?: number
  readonly out?: number
  readonly select?: number
}

/** `ferraris/spi`, as `hal/esp32/native/spi/ferraris-spi.c` behaves with one peripheral on the bus. */
export default class SPI {
  readonly #machine = machine()
  readonly #options: Options
  #open = true

  constructor(options: Options) {
    const { clock, in: input, out, select } = options
    this.#machine.usePins([clock, input, out, select])
    this.#options = options
  }

  transfer(buffer: Uint8Array): void {
    if (!this.#open) throw new TypeError('this: not a host object')
    const { select } = this.#options
    if (select !== undefined) this.#machine.spi.get(select)?.(buffer)
  }

  write(buffer: Uint8Array): void {
    this.transfer(buffer.slice())
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const { clock, in: input, out, select } = this.#options
    this.#machine.freePins([clock, input, out, select])
  }
}
