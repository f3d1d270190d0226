import { assert } from '../../lib/assert.ts'
import type { MeteringSample } from '../../lib/metering-sample.ts'

/**
 * The energies that a four-quadrant meter keeps, in the order of their OBIS value group C (sum; + 20, 40, 60 for a phase):
 * IEC 62056-61, table of electricity quantities.
 */
export const Quantity = Object.freeze({
  activeImport: 0,
  activeExport: 1,
  reactiveImport: 2,
  reactiveExport: 3,
  reactiveQ1: 4,
  reactiveQ2: 5,
  reactiveQ3: 6,
  reactiveQ4: 7,
  apparentImport: 8,
  apparentExport: 9,
})

const QUANTITIES = 10
/** Sum, L1, L2, L3. */
export const ELEMENTS = 4
export const ENERGY_VALUES = QUANTITIES * ELEMENTS

/** Fraction of 1 mWh (mvarh, mVAh) that one count is worth. */
export interface EnergyUnit {
  readonly numerator: number
  readonly denominator: number
}

/**
 * Energy registers: integer counts of the metering IC, never a float sum. Nothing is ever subtracted, and every count that comes in goes to
 * exactly one register of each group, so that R+ = QI + QII and R- = QIII + QIV hold to the last count.
 */
export class EnergyRegisters {
  readonly unit: EnergyUnit
  /** Counts, index = quantity * 4 + element. */
  readonly counts: Float64Array
  readonly #perWattHour: number
  /** Last known direction of each element. */
  readonly #exporting = new Uint8Array(ELEMENTS)

  /** `counts` lets the caller keep the registers inside a larger image. */
  constructor(unit: EnergyUnit, counts: Float64Array = new Float64Array(ENERGY_VALUES)) {
    assert(counts.length === ENERGY_VALUES, 'one count per quantity and element')
    this.unit = unit
    this.counts = counts
    // 1 Wh = 1000 mWh; both factors are small integers, so the products below stay exact up to 2^53.
    this.#perWattHour = 1000 * unit.denominator
  }

  /**
   * Adds what the IC counted since the last sample. The quadrant follows from the direction of the active energy that was counted with it;
   * without any, from the sign of the power; without power (the mains are gone), from the last known direction.
   */
  add(sample: MeteringSample): void {
    const counts = this.counts
    for (let element = 0; element < ELEMENTS; element++) {
      const balance = sample.activeImport[element] - sample.activeExport[element] || sample.active_mW[element]
      if (balance !== 0) this.#exporting[element] = balance < 0 ? 1 : 0
      const exporting = this.#exporting[element] === 1
      const inductive = sample.reactiveImport[element]
      const capacitive = sample.reactiveExport[element]
      counts[Quantity.activeImport * ELEMENTS + element] += sample.activeImport[element]
      counts[Quantity.activeExport * ELEMENTS + element] += sample.activeExport[element]
      counts[Quantity.reactiveImport * ELEMENTS + element] += inductive
      counts[Quantity.reactiveExport * ELEMENTS + element] += capacitive
      counts[(exporting ? Quantity.reactiveQ2 : Quantity.reactiveQ1) * ELEMENTS + element] += inductive
      counts[(exporting ? Quantity.reactiveQ3 : Quantity.reactiveQ4) * ELEMENTS + element] += capacitive
      counts[(exporting ? Quantity.apparentExport : Quantity.apparentImport) * ELEMENTS + element] += sample.apparent[element]
    }
  }

  /** Counts of one register. */
  count(quantity: number, element: number): number {
    return this.counts[quantity * ELEMENTS + element]
  }

  /** Whole Wh, varh or VAh of a count, rounded down as a display does. */
  wholeUnits(count: number): number {
    return Math.floor((count * this.unit.numerator) / this.#perWattHour)
  }

  /** Thousandths (mWh …) of a count, rounded down. */
  thousandths(count: number): number {
    return Math.floor((count * this.unit.numerator) / this.unit.denominator)
  }

  /** Register value in whole Wh, varh or VAh. */
  value(quantity: number, element: number): number {
    return this.wholeUnits(this.count(quantity, element))
  }
}
