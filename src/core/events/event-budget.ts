/** Events that may come at once, and how many an hour in the long run. */
export interface Budget {
  readonly burst: number
  readonly perHour: number
}

/**
 * Endurance: in a ring of three blocks of 4096 bytes an event costs a 381st of an erase of each block. 60 events an hour, and with them 30 entries at most that say how
 * many were left out, are 15.8 million in 20 years and 41,400 erases of each block; the flash bears 100,000.
 */
export const EVENT_BUDGET: Budget = Object.freeze({ burst: 60, perHour: 60 })

const HOUR_MS = 3_600_000

/** Keeps a log from being filled by one disturbance, and the flash from being worn: what comes and goes without end is not logged each time. */
export class EventBudget {
  readonly #budget: Budget
  #left: number
  #filled_ms = Number.NEGATIVE_INFINITY
  #suppressed = 0

  constructor(budget: Budget = EVENT_BUDGET) {
    this.#budget = budget
    this.#left = budget.burst
  }

  /** Takes `count` events out of the budget; false, and they count as suppressed, when they are not in it. */
  take(count: number, ticks_ms: number): boolean {
    const { burst, perHour } = this.#budget
    // Whole events only, so that nothing is rounded away.
    const refill = Math.floor(((ticks_ms - this.#filled_ms) * perHour) / HOUR_MS)
    if (refill >= burst - this.#left) {
      this.#left = burst
      this.#filled_ms = ticks_ms
    } else if (refill > 0) {
      this.#left += refill
      this.#filled_ms += (refill * HOUR_MS) / perHour
    }
    if (this.#left < count) {
      this.#suppressed += count
      return false
    }
    this.#left -= count
    return true
  }

  /** Events that were refused since the last call. */
  takeSuppressed(): number {
    const suppressed = this.#suppressed
    this.#suppressed = 0
    return suppressed
  }

  get suppressed(): number {
    return this.#suppressed
  }
}
