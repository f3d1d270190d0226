import type { Fraction } from '../../../lib/fraction.ts'

/** 1 mWh. */
const UJ_PER_COUNT = 3_600_000
/** 2^24 (coefficient) * 1e5 (numerator) * 1000 is below 2^53. */
const PULSES_AT_ONCE = 1000

/**
 * Turns pulses into counts of 1 mWh and carries the rest. A pulse is worth the power coefficient in microjoules (user manual section 3.6), which
 * differs from chip to chip and becomes known only with the first frame; the registers need a unit that does not.
 */
export class EnergyCarry {
  /** Counts for the next sample. */
  counts = 0

  readonly #numerator: number
  readonly #unit: number
  #rest = 0

  constructor(ratio: Fraction) {
    this.#numerator = ratio.numerator
    this.#unit = ratio.denominator * UJ_PER_COUNT
  }

  add(pulses: number, coefficient: number): void {
    for (let left = pulses; left > 0; left -= PULSES_AT_ONCE) {
      const sum = this.#rest + Math.min(left, PULSES_AT_ONCE) * coefficient * this.#numerator
      const counts = Math.floor(sum / this.#unit)
      this.counts += counts
      this.#rest = sum - counts * this.#unit
    }
  }

  take(): number {
    const { counts } = this
    this.counts = 0
    return counts
  }
}
