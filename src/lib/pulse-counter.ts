const NONE = -1
/** Readings may be handled late, several at once: the limit allows for the pulses of one more second, and a few. */
const SLACK_MS = 1000
const SLACK = 4
/** The load that an IC shows with a reading explains the pulses since the last one to about a quarter. */
const LIKELY_FACTOR = 1.25
const LIKELY_SLACK_MS = 250
/** After so long a silence a load that nobody saw becomes less likely than a counter that started again. */
const SILENCE_MS = 5000
const SILENCE_FACTOR = 4
const CONFIRMATIONS = 3

/**
 * Follows the pulse counter of an IC, which wraps, may start again at zero, and is sometimes misread although its checksum was right.
 *
 * A reading counts only when the next one continues it, so a single wrong one changes nothing. A step that is larger than the load explains has to
 * be continued `CONFIRMATIONS` times more. If not even the strongest load explains it, the least of its explanations is counted then: the counter
 * went on, it started again at zero, or (no count) nobody knows. So nothing is counted twice, and nothing that the IC did not count.
 */
export class PulseCounter {
  /** Steps that were no plain continuation. Energy before them may be incomplete. */
  restarts = 0

  readonly #modulus: number
  readonly #most_per_s: number
  #position = NONE
  #position_ms = 0
  #positionRate_per_s = 0
  #last = NONE
  #last_ms = 0
  #lastRate_per_s = 0
  /** Readings that continued each other since the position could not follow. */
  #doubts = 0

  /** `modulus`: what the counter wraps at; `most_per_s`: pulses per second at the strongest load. */
  constructor(modulus: number, most_per_s: number) {
    if (!(Number.isInteger(modulus) && modulus > 1 && most_per_s > 0)) throw new RangeError('pulse counter')
    this.#modulus = modulus
    this.#most_per_s = most_per_s
  }

  /** Reading up to which pulses have been counted; undefined before the first two readings. */
  get position(): number | undefined {
    return this.#position === NONE ? undefined : this.#position
  }

  /**
   * All pulses up to `position` are counted already; what came since, in at most `age_ms`, is not. 0 after the IC started. Without this the first
   * readings only give the starting point.
   */
  resume(position: number, age_ms: number, now_ms: number): void {
    this.#position = position
    this.#position_ms = now_ms - age_ms
    this.#positionRate_per_s = this.#most_per_s
    this.#last = NONE
  }

  /** The IC is known to have started again at zero. */
  restart(): void {
    if (this.#position === NONE) return
    this.restarts++
    this.#position = 0
    this.#last = NONE
  }

  /** A reading at `now_ms` while the load made `rate_per_s` pulses per second; gives the pulses to count now. */
  read(reading: number, now_ms: number, rate_per_s: number): number {
    const rate = Math.max(rate_per_s, this.#lastRate_per_s)
    const continued = this.#last !== NONE && this.#distance(this.#last, reading) <= this.#ceiling(now_ms - this.#last_ms, rate)
    if (!continued) this.#doubts = 0
    const counts = continued ? this.#commit() : 0
    this.#last = reading
    this.#last_ms = now_ms
    this.#lastRate_per_s = rate_per_s
    return counts
  }

  /** Takes the last reading as the position, unless it has to wait. */
  #commit(): number {
    if (this.#position === NONE) return this.#settle(0)
    const distance = this.#distance(this.#position, this.#last)
    const elapsed_ms = this.#last_ms - this.#position_ms
    const rate = Math.max(this.#positionRate_per_s, this.#lastRate_per_s)
    const ceiling = this.#ceiling(elapsed_ms, rate)
    // Where a whole turn of the counter fits in, nobody knows how many there were.
    const plain = distance <= ceiling && ceiling < this.#modulus
    if (plain && distance <= likely(elapsed_ms, rate)) return this.#settle(distance)
    if (++this.#doubts <= CONFIRMATIONS) return 0
    if (plain) return this.#settle(distance)
    this.restarts++
    const least = Math.min(distance, this.#last)
    return this.#settle(least <= this.#limit(elapsed_ms) ? least : 0)
  }

  #settle(counts: number): number {
    this.#doubts = 0
    this.#position = this.#last
    this.#position_ms = this.#last_ms
    this.#positionRate_per_s = this.#lastRate_per_s
    return counts
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.#modulus
  }

  #limit(elapsed_ms: number): number {
    return Math.floor((this.#most_per_s * (elapsed_ms + SLACK_MS)) / 1000) + SLACK
  }

  #ceiling(elapsed_ms: number, rate_per_s: number): number {
    if (elapsed_ms <= SILENCE_MS) return this.#limit(elapsed_ms)
    const credible = this.#limit(SILENCE_MS) + Math.floor((SILENCE_FACTOR * rate_per_s * elapsed_ms) / 1000)
    return Math.min(this.#limit(elapsed_ms), credible)
  }
}

function likely(elapsed_ms: number, rate_per_s: number): number {
  return Math.floor((LIKELY_FACTOR * rate_per_s * (elapsed_ms + LIKELY_SLACK_MS)) / 1000) + SLACK
}
