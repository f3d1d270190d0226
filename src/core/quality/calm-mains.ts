import { MeteringStatus } from '../../lib/metering-sample.ts'
import type { QualityParameter, QualityQuantity } from './parameters-table.ts'
import type { QualitySample } from './sample.ts'

const DISTURBED =
  MeteringStatus.fault |
  MeteringStatus.sagL1 |
  MeteringStatus.sagL2 |
  MeteringStatus.sagL3 |
  MeteringStatus.phaseLossL1 |
  MeteringStatus.phaseLossL2 |
  MeteringStatus.phaseLossL3

/** An angle that is wrong by 0.1 degree moves the end of its phasor by so many thousandths: pi / 1.8. */
const PERMILLE_PER_DDEG = 1.7454
/** For the positive sequence, by which is divided: it may be below the voltage of L1. */
const MARGIN = 1.05

export interface CalmOptions {
  readonly phases: number
  readonly nominal_mV: number
  readonly nominal_mHz: number
  readonly maximum_mA: number
  readonly parameter: (quantity: QualityQuantity) => QualityParameter
}

/** Tells with a few comparisons that a sample is beyond no limit. It may fail to see that; it never sees calm where there is none. */
export class CalmMains {
  readonly #phases: number
  readonly #lowest_mV: number
  readonly #highest_mV: number
  readonly #highest_mA: number
  readonly #lowest_mHz: number
  readonly #highest_mHz: number
  readonly #unbalance_permille: number
  readonly #thd_permille: number

  constructor({ phases, nominal_mV, nominal_mHz, maximum_mA, parameter }: CalmOptions) {
    const of = (quantity: QualityQuantity, nominal: number) => (parameter(quantity).start * nominal) / 1000
    const low = ['undervoltage', 'sag', 'phaseOutage', 'interruption'] as const
    this.#phases = phases
    this.#lowest_mV = Math.max(...low.map((quantity) => of(quantity, nominal_mV)))
    this.#highest_mV = Math.min(of('overvoltage', nominal_mV), of('swell', nominal_mV))
    this.#highest_mA = of('overcurrent', maximum_mA)
    this.#lowest_mHz = of('frequencyLow', nominal_mHz)
    this.#highest_mHz = of('frequencyHigh', nominal_mHz)
    this.#unbalance_permille = of('unbalance', 1000)
    this.#thd_permille = of('thd', 1000)
  }

  holds(sample: QualitySample): boolean {
    if ((sample.status & DISTURBED) !== 0) return false
    const { voltage_mV, current_mA, voltageThd_permille, frequency_mHz } = sample
    for (let phase = 0; phase < this.#phases; phase++) {
      const voltage = voltage_mV[phase]
      if (voltage < this.#lowest_mV || voltage > this.#highest_mV || current_mA[phase] > this.#highest_mA) return false
      if (voltageThd_permille !== undefined && voltageThd_permille[phase] > this.#thd_permille) return false
    }
    if (frequency_mHz > 0 && (frequency_mHz < this.#lowest_mHz || frequency_mHz > this.#highest_mHz)) return false
    return this.#phases < 3 || this.isBalanced(sample)
  }

  /**
   * The negative sequence is a third of the sum of three phasors, each turned to where it would cancel the others: it cannot be more than a third of what
   * L2 and L3 are away from their ideal places beside L1.
   */
  private isBalanced({ voltage_mV, voltageAngle_ddeg }: QualitySample): boolean {
    const first_mV = voltage_mV[0]
    const lengths = (1000 * (Math.abs(voltage_mV[1] - first_mV) + Math.abs(voltage_mV[2] - first_mV))) / first_mV
    const reference = voltageAngle_ddeg[0]
    const angles = Math.abs(voltageAngle_ddeg[1] - reference - 1200) + Math.abs(voltageAngle_ddeg[2] - reference - 2400)
    return (MARGIN * (lengths + angles * PERMILLE_PER_DDEG)) / 3 < this.#unbalance_permille
  }
}
