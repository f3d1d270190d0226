import type { SPI } from '../hal/api/io.ts'
import { Register } from '../src/drivers/metering/atm90e32/registers.ts'

/** Energy of a second at 3.5 kW, in counts. */
const COUNTS = 311
const REGISTERS = 0x100
/** UrmsA and IrmsA; the other phases follow. */
const URMS_A = 0xd9
const IRMS_A = 0xdd

/** Registers that keep what is written: a bus without a chip behind it, so that what is measured is the firmware and nothing else. */
export class StillBus implements SPI {
  readonly #registers = new Uint16Array(REGISTERS)

  constructor() {
    this.#registers[Register.APenergyT] = COUNTS
    this.#registers[Register.SAenergyT] = COUNTS
    // 230 V and 5 A on each phase, 50 Hz: mains that no monitor has anything to say about.
    for (let phase = 0; phase < 3; phase++) {
      this.#registers[URMS_A + phase] = 23_000
      this.#registers[IRMS_A + phase] = 5000
      this.#registers[Register.PmeanT + 1 + phase] = 55
    }
    this.#registers[Register.Freq] = 5000
    this.#registers[Register.UangleB] = 2400
    this.#registers[Register.UangleC] = 1200
  }

  transfer(bytes: Uint8Array): void {
    const registers = this.#registers
    const address = bytes[1]
    if ((bytes[0] & 0x80) === 0) {
      registers[address] = registers[Register.LastSPIData] = (bytes[2] << 8) | bytes[3]
      return
    }
    const value = registers[address]
    registers[Register.LastSPIData] = value
    bytes[2] = value >> 8
    bytes[3] = value
  }

  read(): never {
    throw new Error('not used')
  }
  write(): never {
    throw new Error('not used')
  }
  close(): void {}
}
