/** Power in 0.1 mW, time in microseconds: a pulse of 1 uJ times the power coefficient has 10^4 times the coefficient of these. */
export const POWER_PER_WATT = 10_000
const ENERGY_PER_MICROJOULE = 10_000
/** Products stay exact below 2^53. */
const EXACT_LIMIT = 2 ** 52
const COUNTER_LIMIT = 2 ** 16

/** The pulse generator of the CSE7766: one pulse per `coefficient` microjoules, a counter of 16 bits with a carry that toggles, and the time between pulses. */
export class PulseTrain {
  /** In 0.1 mW, an integer. */
  power = 0
  time_us = 0
  /** CF, and the carry that adj.7 shows. */
  count = 0
  carry: 0 | 1 = 0
  /** Time from the last pulse but one to the last; 0 before there were two. */
  period_us = 0
  /** Time of the last pulse, or of the reset. */
  last_us = 0
  /** All pulses ever: what a meter should have counted. */
  generated = 0

  readonly #pulse: number
  #accumulator = 0

  constructor(coefficient: number) {
    this.#pulse = coefficient * ENERGY_PER_MICROJOULE
  }

  /** Time between pulses at the present power. */
  get due_us(): number {
    return this.#pulse / this.power
  }

  integrate(to_us: number): void {
    const { power } = this
    const step_max_us = power === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(EXACT_LIMIT / power)
    while (this.time_us < to_us) {
      const step_us = Math.min(to_us - this.time_us, step_max_us)
      if (power > 0) this.#add(power, step_us)
      this.time_us += step_us
    }
  }

  reset(now_us: number): void {
    this.time_us = now_us
    this.last_us = now_us
    this.count = 0
    this.carry = 0
    this.period_us = 0
    this.#accumulator = 0
  }

  #add(power: number, step_us: number): void {
    const before = this.#accumulator
    const sum = before + power * step_us
    const pulses = Math.floor(sum / this.#pulse)
    this.#accumulator = sum - pulses * this.#pulse
    if (pulses === 0) return
    const last_us = this.time_us + Math.floor((pulses * this.#pulse - before) / power)
    this.period_us = Math.round(pulses > 1 ? this.#pulse / power : last_us - this.last_us)
    this.last_us = last_us
    this.generated += pulses
    const count = this.count + pulses
    if (Math.floor(count / COUNTER_LIMIT) % 2 === 1) this.carry = this.carry === 0 ? 1 : 0
    this.count = count % COUNTER_LIMIT
  }
}
