import type { Bytes, SPI, SPIConstructor, SPIOptions } from '../../../hal/api/io.ts'

/**
 * An ECMA-419 SPI class whose instances talk to a transceiver: one call of `transfer` is one transaction, in place. The constructor throws RangeError for a mode or
 * clock that the chip cannot follow.
 */
export function loraBus(transfer: (buffer: Bytes) => void, fastest_Hz: number): SPIConstructor {
  return class LoRaBus implements SPI {
    #closed = false
    constructor({ hz, mode = 0 }: SPIOptions) {
      if (!(hz > 0 && hz <= fastest_Hz)) throw new RangeError(`hz: found ${hz}, allowed is up to ${fastest_Hz}`)
      if (mode !== 0) throw new RangeError('mode must be 0')
    }
    transfer(buffer: Bytes): void {
      if (this.#closed) throw new Error('closed')
      transfer(buffer)
    }
    write(buffer: Bytes): void {
      this.transfer(buffer.slice())
    }
    read(buffer: Bytes): void {
      buffer.fill(0)
      this.transfer(buffer)
    }
    close(): void {
      this.#closed = true
    }
  }
}
