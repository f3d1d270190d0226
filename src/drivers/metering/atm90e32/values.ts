import { type MeteringSample, MeteringStatus } from '../../../lib/metering-sample.ts'
import type { RegisterAccess } from './access.ts'
import { EMMState0, EMMState1, Register } from './registers.ts'

/** Places of the words in a reading: high words of P, Q, S (four each) and their low words, then the rest. */
const LOW = 12
const POWER_FACTOR = 24
const VOLTAGE = 28
const CURRENT = 34
const NEUTRAL = 40
const FREQUENCY = 41
const CURRENT_ANGLE = 42
const VOLTAGE_ANGLE = 45
const STATE0 = 47
const STATE1 = 48

/** From the high word of a 32-bit value to its low word [6.6]. */
const LOW_WORD = 0x10

const ADDRESSES: Uint8Array = Uint8Array.of(
  ...[0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb],
  ...[0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb],
  ...[0xbc, 0xbd, 0xbe, 0xbf],
  ...[0xd9, 0xda, 0xdb, 0xe9, 0xea, 0xeb],
  ...[0xdd, 0xde, 0xdf, 0xed, 0xee, 0xef],
  Register.IrmsN,
  Register.Freq,
  ...[0xf9, 0xfa, 0xfb],
  ...[Register.UangleB, Register.UangleC],
  ...[Register.EMMState0, Register.EMMState1],
)

/** Values of L1, L2, L3 as fine as the chip has them, which is finer than a sample: for the calibration. */
export interface FineReading {
  readonly voltage_V: Float64Array
  readonly current_A: Float64Array
  readonly active_W: Float64Array
  readonly reactive_var: Float64Array
}

/** Active powers in W, [sum, L1, L2, L3]. */
export interface DecomposedPower {
  /** Of the first harmonic. */
  readonly fundamental_W: Float64Array
  /** Of all others. */
  readonly harmonic_W: Float64Array
}

/** PmeanTF to PmeanCH [6.6.2], 16 transactions. High and low word are two of them: see `sample`. */
export function readDecomposed(access: RegisterAccess): DecomposedPower {
  const powers = (first: number) =>
    Float64Array.from({ length: 4 }, (_, i) => ((access.read(first + i) << 16) | access.read(first + i + LOW_WORD)) / 3125)
  return { fundamental_W: powers(Register.PmeanTF), harmonic_W: powers(Register.PmeanTH) }
}

/** The measured values of one moment: first all words from the chip, then, if the bus held, into the sample. */
export class ValueReader {
  readonly #access: RegisterAccess
  readonly #words = new Uint16Array(ADDRESSES.length)

  constructor(access: RegisterAccess) {
    this.#access = access
  }

  /** False when the chip says what no chip can say: frequency above and below its limits at once. */
  read(): boolean {
    const words = this.#words
    const access = this.#access
    for (let i = 0; i < ADDRESSES.length; i++) words[i] = access.read(ADDRESSES[i])
    return (words[STATE1] & (EMMState1.FreqHi | EMMState1.FreqLo)) !== (EMMState1.FreqHi | EMMState1.FreqLo)
  }

  publish(sample: MeteringSample): void {
    const words = this.#words
    for (let i = 0; i < 4; i++) {
      sample.active_mW[i] = this.milli(i)
      sample.reactive_mvar[i] = this.milli(4 + i)
      sample.apparent_mVA[i] = this.milli(8 + i)
      sample.powerFactor_milli[i] = (words[POWER_FACTOR + i] << 16) >> 16
    }
    for (let i = 0; i < 3; i++) {
      // LSB 0.01 V and 0.001 A, with eight more bits in the upper half of the second word [6.6.3].
      sample.voltage_mV[i] = Math.round((this.fineValue(VOLTAGE + i) * 10) / 256)
      sample.current_mA[i] = Math.round(this.fineValue(CURRENT + i) / 256)
      sample.currentAngle_ddeg[i] = words[CURRENT_ANGLE + i] % 3600
    }
    sample.voltageAngle_ddeg[1] = words[VOLTAGE_ANGLE] % 3600
    sample.voltageAngle_ddeg[2] = words[VOLTAGE_ANGLE + 1] % 3600
    sample.neutral_mA = words[NEUTRAL]
    sample.frequency_mHz = words[FREQUENCY] * 10
    sample.status = this.status()
  }

  /** Of the last reading: RMS values of 24 bits, powers of 32 bits [6.6]. */
  fine(): FineReading {
    const phases = (value: (index: number) => number) => Float64Array.of(value(0), value(1), value(2))
    return {
      voltage_V: phases((index) => this.fineValue(VOLTAGE + index) / 25_600),
      current_A: phases((index) => this.fineValue(CURRENT + index) / 256_000),
      active_W: phases((index) => this.power(1 + index) / 3125),
      reactive_var: phases((index) => this.power(5 + index) / 3125),
    }
  }

  private milli(index: number): number {
    return Math.round((this.power(index) * 8) / 25)
  }

  /** 32 bits in two's complement, LSB 0.00032 W = 8/25 mW. */
  private power(index: number): number {
    const words = this.#words
    return (words[index] << 16) | words[LOW + index]
  }

  private fineValue(index: number): number {
    return this.#words[index] * 256 + (this.#words[index + 3] >> 8)
  }

  private status(): number {
    const state0 = this.#words[STATE0]
    const state1 = this.#words[STATE1]
    let status = 0
    for (let i = 0; i < 3; i++) {
      if (state1 & (EMMState1.SagPhaseA >> i)) status |= MeteringStatus.sagL1 << i
      if (state1 & (EMMState1.PhaseLossA >> i)) status |= MeteringStatus.phaseLossL1 << i
    }
    if (state0 & EMMState0.URevWn) status |= MeteringStatus.phaseSequence
    if (state0 & EMMState0.TPNoload && state0 & EMMState0.TQNoload) status |= MeteringStatus.noLoad
    return status
  }
}
