import type { SPI } from '../../../../hal/api/io.ts'
import { FerrarisError } from '../../../lib/errors.ts'
import { Register } from './registers.ts'

const BUS_FAILURE = 'BUS'

const ATTEMPTS = 3

/** Single registers over SPI: 32 clocks per transaction, one buffer for all of them (Atmel-46003B section 4.2.1). */
export class RegisterAccess {
  readonly #io: SPI
  readonly #bytes = new Uint8Array(4)

  constructor(io: SPI) {
    this.#io = io
  }

  /** `address` below 100H: all registers that the driver knows. */
  read(address: number): number {
    const bytes = this.#bytes
    bytes[0] = 0x80
    bytes[1] = address
    bytes[2] = 0
    bytes[3] = 0
    this.transfer()
    return (bytes[2] << 8) | bytes[3]
  }

  write(address: number, value: number): void {
    const bytes = this.#bytes
    bytes[0] = 0
    bytes[1] = address
    bytes[2] = value >> 8
    bytes[3] = value
    this.transfer()
  }

  /** Throws FerrarisError `BUS` when the bus does. */
  private transfer(): void {
    try {
      this.#io.transfer(this.#bytes)
    } catch (error) {
      throw new FerrarisError(BUS_FAILURE, 'the SPI bus of the ATM90E32 failed', { cause: error })
    }
  }

  /** Whether a register that a read does not change holds `value`; one disturbed transaction does not matter. */
  holds(address: number, value: number): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (this.read(address) === value) return true
    return false
  }

  /** Reads a register that a read does not change until two readings in a row agree, or gives the last one. */
  agreed(address: number): number {
    let value = this.read(address)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const again = this.read(address)
      if (again === value) break
      value = again
    }
    return value
  }

  /** Makes a register hold `value`; false when it will not. */
  store(address: number, value: number): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.read(address) === value) return true
      this.write(address, value)
    }
    return this.read(address) === value
  }

  /** As `store`, for a register whose loss the driver can bear. */
  mend(address: number, value: number): void {
    if (this.agreed(address) !== value) this.write(address, value)
  }

  /** A write to the lock shows up in LastSPIData: somebody is there. Opens the configuration. */
  probe(key: number): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.write(Register.CfgRegAccEn, key)
      if (this.read(Register.LastSPIData) === key) return true
    }
    return false
  }
}

/** Gives what `work` gives, or `otherwise` when the bus fails in it; what was under way waits for the next look at the chip. */
export function whileBusWorks<T>(work: () => T, otherwise: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FerrarisError && error.code === BUS_FAILURE) return otherwise()
    throw error
  }
}
