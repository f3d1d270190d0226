import type { Clock } from '../../../hal/api/time.ts'

/** COSEM clock status bits (IEC 62056-6-2, class Clock, attribute status). */
const ClockStatus = Object.freeze({ invalid: 0x01, doubtful: 0x02, daylightSaving: 0x80 })

/** Logs and profiles keep seconds of UTC in 32 bits. */
export const TIME_MAX_MS = 0xffffffff * 1000

function isKeepable(utc_ms: number): boolean {
  return Number.isSafeInteger(utc_ms) && utc_ms >= 0 && utc_ms <= TIME_MAX_MS
}

export interface ClockRules {
  /** Minutes that local time is ahead of UTC at a moment, daylight saving included. */
  readonly offset_min: (utc_ms: number) => number
  /** Minutes ahead of UTC without daylight saving. */
  readonly standardOffset_min: number
  /** Valid, but nobody knows how good it still is. Default: never. */
  readonly doubtful?: () => boolean
}

/** The meter's clock: UTC inside, local time as a view, and whether the time can be trusted. */
export class MeterClock {
  readonly #clock: Clock
  readonly #rules: ClockRules

  constructor(clock: Clock, rules: ClockRules) {
    this.#clock = clock
    this.#rules = rules
  }

  /** The clock was set since it last lost its supply, and shows a time that the meter can keep. */
  get valid(): boolean {
    return this.#clock.valid && isKeepable(this.#clock.now_ms())
  }

  now_ms(): number {
    return Math.min(Math.max(this.#clock.now_ms(), 0), TIME_MAX_MS)
  }

  /** Whole seconds of UTC, 32 bits. */
  now_s(): number {
    return Math.floor(this.now_ms() / 1000)
  }

  /** Monotonic milliseconds. */
  ticks_ms(): number {
    return this.#clock.ticks_ms()
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
    const doubtful = this.#rules.doubtful?.() === true ? ClockStatus.doubtful : 0
    return (this.valid ? doubtful : ClockStatus.invalid) | (this.daylightSaving(utc_ms) ? ClockStatus.daylightSaving : 0)
  }

  /** Throws RangeError, and changes nothing, for a time outside 1970 to 2106. */
  set(utc_ms: number): void {
    if (!isKeepable(utc_ms)) throw new RangeError('time of day: allowed is 1970-01-01 to 2106-02-07')
    this.#clock.set(utc_ms)
  }
}
