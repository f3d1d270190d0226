/** tCF = 1638.4 * 256 / WATT seconds (datasheet V1.1 section 2.4), times a million microseconds and the fraction of a WATT count that power is kept in. */
export const POWER_FRACTION = 16
const PULSE = 419_430_400_000 * POWER_FRACTION
/** Products stay exact below 2^53. */
const EXACT_LIMIT = 2 ** 52
const COUNTER_LIMIT = 2 ** 24

/**
 * The pulse generator of the BL0942: integrates a constant power over time. Exact: the remainder below one pulse is kept in
 * (1/16 WATT count) x microseconds, so the sum over any split of an interval is the same.
 */
export class PulseGenerator {
  /** In 1/16 counts of WATT, an integer, after the anti-creep. */
  power = 0
  enabled = true
  /** CF_CNT_ADD_SEL: magnitudes are added, not signed values. */
  absolute = true
  time_us = 0
  /** CF_CNT. */
  count = 0
  /** CF_REVP_F: the last pulse was one of negative energy. */
  reverse = false
  /** All pulses ever, by direction: what a meter should have counted. */
  forwardPulses = 0
  reversePulses = 0

  #accumulator = 0

  integrate(to_us: number): void {
    const power = this.enabled ? this.power : 0
    const step_max_us = power === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(EXACT_LIMIT / Math.abs(power))
    while (this.time_us < to_us) {
      const step_us = Math.min(to_us - this.time_us, step_max_us)
      this.time_us += step_us
      if (power !== 0) this.#add(power * step_us)
    }
  }

  /** The counter and what was on its way to the next pulse are lost; the totals are not the chip's. */
  reset(): void {
    this.count = 0
    this.reverse = false
    this.#accumulator = 0
  }

  #add(energy: number): void {
    const sum = this.#accumulator + (this.absolute ? Math.abs(energy) : energy)
    const pulses = Math.floor(Math.abs(sum) / PULSE)
    const sign = sum < 0 ? -1 : 1
    this.#accumulator = sum - sign * pulses * PULSE
    if (pulses > 0) this.#pulse(pulses, sign)
  }

  /** In algebraic mode the counter goes down with negative energy, as users of the chip report (OpenBK7231T_App pull requests 1136 and 1147). */
  #pulse(pulses: number, sign: number): void {
    this.reverse = this.absolute ? this.power < 0 : sign < 0
    if (this.reverse) this.reversePulses += pulses
    else this.forwardPulses += pulses
    const next = (this.count + (this.absolute ? pulses : sign * pulses)) % COUNTER_LIMIT
    this.count = next < 0 ? next + COUNTER_LIMIT : next
  }
}
