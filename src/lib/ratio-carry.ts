import type { Fraction } from './fraction.ts'

/**
 * Multiplies counts by a ratio and carries the rest: the sum of what comes out is floor(sum of what went in * ratio), however it was divided. The ratio may
 * change: what went in before keeps the old one.
 */
export class RatioCarry {
  #ratio: Fraction
  #rest = 0

  /** Throws RangeError for terms whose product with each other is no exact integer. */
  constructor(ratio: Fraction) {
    const { numerator, denominator } = ratio
    const exact = Number.isSafeInteger(numerator * denominator) && numerator >= 0 && denominator > 0
    if (!exact) throw new RangeError(`ratio: found ${numerator} / ${denominator}`)
    this.#ratio = ratio
  }

  /** `count` is a non-negative integer whose product with the ratio is below 2^53. */
  add(count: number): number {
    const { numerator, denominator } = this.#ratio
    // Whole denominators apart, so that no product loses its last digits.
    const part = count % denominator
    const sum = this.#rest + part * numerator
    const carried = Math.floor(sum / denominator)
    this.#rest = sum - carried * denominator
    return ((count - part) / denominator) * numerator + carried
  }
}
