import type { Clock } from '../../../hal/api/time.ts'

/** COSEM clock status bits (IEC 62056-6-2, class Clock, attribute status). */
const ClockStatus = Object.freeze({ invalid: 0x01, doubtful: 0x02, daylightSaving: 0x80 })

export interface ClockRules {
  /** Minutes that local time is ahead of UTC at a moment, daylight saving included. */
  readonly offset_min: (utc_ms: number) => number
  /** Minutes ahead of UTC without daylight saving. */
  readonly standardOffset_min: number
}

/** The meter's clock: UTC inside, local time as a view, and whether the time can be trusted. */
export class MeterClock {
  readonly #clock: Clock
  readonly #rules: ClockRules

  constructor(clock: Clock, rules: ClockRules) {
    this.#clock = clock
    this.#rules = rules
  }

  get valid(): boolean {
    return this.#clock.valid
  }

  now_ms(): number {
    return this.#clock.now_ms()
  }

  /** Whole seconds of UTC. */
  now_s(): number {
    return Math.floor(this.#clock.now_ms() / 1000)
  }

  /** Minutes that local time is ahead of UTC at `utc_ms`. */
  offset_min(utc_ms: number): number {
    return this.#rules.offset_min(utc_ms)
  }

  daylightSaving(utc_ms: number): boolean {
    return this.#rules.offset_min(utc_ms) !== this.#rules.standardOffset_min
  }

  get standardOffset_min(): number {
    return this.#rules.standardOffset_min
  }

  /** COSEM clock status at `utc_ms`. */
  status(utc_ms: number): number {
    return (this.valid ? 0 : ClockStatus.invalid) | (this.daylightSaving(utc_ms) ? ClockStatus.daylightSaving : 0)
  }

  set(utc_ms: number): void {
    this.#clock.set(utc_ms)
  }
}
