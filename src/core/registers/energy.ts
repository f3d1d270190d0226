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

/** Rates of a tariff: OBIS value group E = 1..8. */
export const RATES = 8
/** +A, -A, +R, -R: the first of `Quantity`. */
export const RATE_QUANTITIES = 4
/** Counts by rate, index = quantity * 8 + rate - 1. */
export const RATE_VALUES = RATE_QUANTITIES * RATES
/** Where they lie in the register image: after the energies and eight counters, where an image of an older firmware ends. */
export const RATE_INDEX = ENERGY_VALUES + 8

/** Longest time that shares of rates may add up to: its square is still an exact integer. A day of milliseconds is less. */
const SHARE_MAX = Math.floor(Math.sqrt(Number.MAX_SAFE_INTEGER))

/** Fraction of 1 mWh (mvarh, mVAh) that one count is worth. */
export interface EnergyUnit {
  readonly numerator: number
  readonly denominator: number
}

/** floor(count * share / whole), exact for `share` <= `whole` <= SHARE_MAX: the quotient and the rest are multiplied apart. */
function portion(count: number, share: number, whole: number): number {
  const rest = count % whole
  return ((count - rest) / whole) * share + Math.floor((rest * share) / whole)
}

/**
 * Energy registers: integer counts of the metering IC, never a float sum. Nothing is ever subtracted, and every count that comes in goes to
 * exactly one register of each group, so that R+ = QI + QII and R- = QIII + QIV hold to the last count; and so do the totals of +A, -A, +R, -R
 * and the sums of their rates.
 */
export class EnergyRegisters {
  readonly unit: EnergyUnit
  /** Counts, index = quantity * 4 + element. */
  readonly counts: Float64Array
  /** Counts of the sum of all phases by rate, index = quantity * 8 + rate - 1. */
  readonly rates: Float64Array
  #rate = 1
  readonly #perWattHour: number
  /** Last known direction of each element. */
  readonly #exporting = new Uint8Array(ELEMENTS)

  /** `counts` and `rates` let the caller keep the registers inside a larger image. */
  constructor(unit: EnergyUnit, counts = new Float64Array(ENERGY_VALUES), rates = new Float64Array(RATE_VALUES)) {
    assert(counts.length === ENERGY_VALUES, 'one count per quantity and element')
    assert(rates.length === RATE_VALUES, 'one count per quantity and rate')
    this.unit = unit
    this.counts = counts
    this.rates = rates
    // 1 Wh = 1000 mWh; both factors are small integers, so the products below stay exact up to 2^53.
    this.#perWattHour = 1000 * unit.denominator
  }

  /** The rate that counts now, 1..8. */
  get rate(): number {
    return this.#rate
  }

  set rate(rate: number) {
    assert(Number.isInteger(rate) && rate >= 1 && rate <= RATES, 'rate outside 1..8')
    this.#rate = rate
  }

  /**
   * What was counted before there were rates goes to rate 1: after loading an image of an older firmware, and of one that an older firmware has
   * used in between. It follows from the image alone and changes nothing the second time, so it does not matter whether the result was saved
   * before the supply failed. False when the rates exceed their total, which no firmware writes; they stay as they are.
   */
  settle(): boolean {
    let sound = true
    for (let quantity = 0; quantity < RATE_QUANTITIES; quantity++) {
      let unsorted = this.counts[quantity * ELEMENTS]
      for (let rate = 1; rate <= RATES; rate++) unsorted -= this.rateCount(quantity, rate)
      if (unsorted < 0) sound = false
      else this.rates[quantity * RATES] += unsorted
    }
    return sound
  }

  /**
   * Adds what the IC counted since the last sample. The quadrant follows from the direction of the active energy that was counted with it;
   * without any, from the sign of the power; without power (the mains are gone), from the last known direction. The counts go to the rate that
   * is active, or are split in the ratio of `shares`: for each rate, the time it had since the last sample, in integers that add up to at most 94,906,265.
   */
  add(sample: MeteringSample, shares?: Float64Array): void {
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
    this.addToRates(Quantity.activeImport, sample.activeImport[0], shares)
    this.addToRates(Quantity.activeExport, sample.activeExport[0], shares)
    this.addToRates(Quantity.reactiveImport, sample.reactiveImport[0], shares)
    this.addToRates(Quantity.reactiveExport, sample.reactiveExport[0], shares)
  }

  private addToRates(quantity: number, count: number, shares: Float64Array | undefined): void {
    const rates = this.rates
    const first = quantity * RATES
    let whole = 0
    if (shares !== undefined) for (let i = 0; i < RATES; i++) whole += shares[i]
    if (shares === undefined || whole === 0) {
      rates[first + this.#rate - 1] += count
      return
    }
    assert(whole <= SHARE_MAX, 'shares of rates over too long a time')
    // Each rate gets what lies between two points of one scale: the roundings cancel, and no count is lost or comes twice.
    let share = 0
    let given = 0
    for (let i = 0; i < RATES; i++) {
      share += shares[i]
      const upTo = portion(count, share, whole)
      rates[first + i] += upTo - given
      given = upTo
    }
  }

  /** Counts of one register. */
  count(quantity: number, element: number): number {
    return this.counts[quantity * ELEMENTS + element]
  }

  /** Counts of one rate, 1..8, of +A, -A, +R or -R. */
  rateCount(quantity: number, rate: number): number {
    return this.rates[quantity * RATES + rate - 1]
  }

  /** The highest rate that has counted anything; 1 without any. */
  get rateHighest(): number {
    for (let rate = RATES; rate > 1; rate--) {
      for (let quantity = 0; quantity < RATE_QUANTITIES; quantity++) if (this.rateCount(quantity, rate) > 0) return rate
    }
    return 1
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
