import type { Fraction } from './fraction.ts'

/** Counts of 1 mWh (mvarh, mVAh): the `energyUnit` of a driver that converts what its IC counts. */
export const MILLI_UNIT: Fraction = Object.freeze({ numerator: 1, denominator: 1 })

/** Products stay exact below 2^53, with the rest of the last one added. */
const EXACT_LIMIT = 2 ** 52

/**
 * Turns amounts of one unit into whole counts of another one and carries the rest, exactly: for an IC whose smallest unit differs from board to board,
 * where the registers need one that does not.
 */
export class EnergyCarry {
  /** Counts that wait. */
  counts = 0

  readonly #numerator: number
  readonly #denominator: number
  readonly #most: number
  #rest = 0

  /** `ratio`: counts in one unit of the amounts. The product of its terms' sizes has to stay below 2^52. */
  constructor(ratio: Fraction) {
    this.#numerator = ratio.numerator
    this.#denominator = ratio.denominator
    this.#most = Math.floor(EXACT_LIMIT / ratio.numerator)
    if (!(this.#most >= 1 && ratio.denominator <= EXACT_LIMIT)) throw new RangeError('carry')
  }

  /** `amount`: an integer, not negative. */
  add(amount: number): void {
    for (let left = amount; left > 0; left -= this.#most) {
      const sum = this.#rest + Math.min(left, this.#most) * this.#numerator
      const counts = Math.floor(sum / this.#denominator)
      this.counts += counts
      this.#rest = sum - counts * this.#denominator
    }
  }

  take(): number {
    const { counts } = this
    this.counts = 0
    return counts
  }
}
