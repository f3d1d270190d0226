import type { Digital, SPI } from '../../../../hal/api/io.ts'
import { Command } from './commands.ts'

/** Longest transaction: a command, an offset and a whole payload. */
const SCRATCH_LENGTH = 260

/** Transactions of an SX126x (DS.SX1261-2 chapter 10). Whoever calls must know that BUSY is low. */
export class Port {
  readonly #spi: SPI
  readonly #busy: Digital
  readonly #scratch = new Uint8Array(SCRATCH_LENGTH)

  constructor(spi: SPI, busy: Digital) {
    this.#spi = spi
    this.#busy = busy
  }

  get busy(): boolean {
    return this.#busy.read() === 1
  }

  command(code: number, ...parameters: readonly number[]): void {
    const bytes = this.#scratch.subarray(0, 1 + parameters.length)
    bytes[0] = code
    for (let i = 0; i < parameters.length; i++) bytes[1 + i] = parameters[i]
    this.#spi.transfer(bytes)
  }

  /** What a command answers after its status byte; a view until the next transaction. */
  query(code: number, count: number): Uint8Array {
    const bytes = this.#scratch.subarray(0, 2 + count)
    bytes.fill(0)
    bytes[0] = code
    this.#spi.transfer(bytes)
    return bytes.subarray(2)
  }

  readRegister(address: number): number {
    const bytes = this.#scratch.subarray(0, 5)
    bytes.fill(0)
    bytes[0] = Command.ReadRegister
    bytes[1] = address >> 8
    bytes[2] = address
    this.#spi.transfer(bytes)
    return bytes[4]
  }

  writeRegister(address: number, ...values: readonly number[]): void {
    this.command(Command.WriteRegister, address >> 8, address & 0xff, ...values)
  }

  /** Changes some bits of a register. */
  adjust(address: number, clear: number, set: number): void {
    this.writeRegister(address, (this.readRegister(address) & ~clear) | set)
  }

  writeBuffer(offset: number, payload: Uint8Array): void {
    const bytes = this.#scratch.subarray(0, 2 + payload.length)
    bytes[0] = Command.WriteBuffer
    bytes[1] = offset
    bytes.set(payload, 2)
    this.#spi.transfer(bytes)
  }

  /** A copy. */
  readBuffer(offset: number, length: number): Uint8Array {
    const bytes = this.#scratch.subarray(0, 3 + length)
    bytes.fill(0)
    bytes[0] = Command.ReadBuffer
    bytes[1] = offset
    this.#spi.transfer(bytes)
    return bytes.slice(3)
  }

  close(): void {
    this.#spi.close()
    this.#busy.close()
  }
}
