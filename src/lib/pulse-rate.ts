/** Pulses that are remembered. */
const DEPTH = 16
/** The rate is that of the pulses of so long a time, or of the last two. */
const WINDOW_MS = 10_000

/**
 * The rate of a pulse train from the times of its pulses. Between pulses nobody knows what flows, only that it is less than one pulse for the time since the
 * last: the rate falls with that time, and is 0 after `idle_ms`.
 */
export class PulseRate {
  readonly #idle_ms: number
  readonly #counts = new Float64Array(DEPTH)
  readonly #times_ms = new Float64Array(DEPTH)
  /** Entries that are valid, and the place of the newest. */
  #used = 0
  #newest = 0

  constructor(idle_ms: number) {
    this.#idle_ms = idle_ms
  }

  /** `count` pulses have come in all; the newest of them at `ticks_ms`. */
  pulse(count: number, ticks_ms: number): void {
    const before = this.#newest
    // Pulses of the same millisecond are one entry.
    if (this.#used > 0 && this.#times_ms[before] === ticks_ms) {
      this.#counts[before] = count
      return
    }
    if (this.#used > 0 && ticks_ms - this.#times_ms[before] >= this.#idle_ms) this.#used = 0
    this.#newest = (before + 1) % DEPTH
    this.#used = Math.min(DEPTH, this.#used + 1)
    this.#counts[this.#newest] = count
    this.#times_ms[this.#newest] = ticks_ms
  }

  /** Pulses per hour. */
  perHour(ticks_ms: number): number {
    const last = this.#newest
    const since_ms = ticks_ms - this.#times_ms[last]
    if (this.#used < 2 || since_ms >= this.#idle_ms) return 0
    const first = this.#windowStart()
    const elapsed_ms = this.#times_ms[last] - this.#times_ms[first]
    const rate = ((this.#counts[last] - this.#counts[first]) * 3_600_000) / elapsed_ms
    return since_ms * rate > 3_600_000 ? 3_600_000 / since_ms : rate
  }

  /** The oldest pulse of the window; at least the one before the newest. */
  #windowStart(): number {
    const last = this.#newest
    let first = (last + DEPTH - 1) % DEPTH
    for (let i = 2; i < this.#used; i++) {
      const older = (last + DEPTH - i) % DEPTH
      if (this.#times_ms[last] - this.#times_ms[older] > WINDOW_MS) break
      first = older
    }
    return first
  }
}
