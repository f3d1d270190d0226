import { assert } from '../../lib/assert.ts'

/**
 * Moves a time by an amount, slowly: in whole milliseconds, never faster than its rate. Below 1,000,000 ppm a time that is moved so never goes back, and
 * never leaves out a millisecond that is a whole second.
 */
export class Slew {
  readonly #rate: number
  #base_ms = 0
  #rest_ms = 0
  #from_ms = 0

  constructor(rate_ppm: number) {
    assert(rate_ppm > 0 && rate_ppm <= 100_000, 'a slew is slow')
    this.#rate = rate_ppm / 1e6
  }

  /** Nothing has been asked for since the last `reset`: what it has moved by is 0. */
  get idle(): boolean {
    return this.#rest_ms === 0 && this.#base_ms === 0
  }

  /** What the time has been moved by at `ticks_ms`. */
  applied_ms(ticks_ms: number): number {
    const rest_ms = this.#rest_ms
    if (rest_ms === 0) return this.#base_ms
    const done_ms = Math.min(Math.abs(rest_ms), Math.floor((ticks_ms - this.#from_ms) * this.#rate))
    return this.#base_ms + (rest_ms < 0 ? -done_ms : done_ms)
  }

  /** What it will still be moved by. */
  remaining_ms(ticks_ms: number): number {
    return this.#base_ms + this.#rest_ms - this.applied_ms(ticks_ms)
  }

  /** From now on moves by `amount_ms` more, instead of what remained. */
  aim(amount_ms: number, ticks_ms: number): void {
    assert(Number.isSafeInteger(amount_ms), 'whole milliseconds')
    this.#base_ms = this.applied_ms(ticks_ms)
    this.#rest_ms = amount_ms
    this.#from_ms = ticks_ms
  }

  reset(): void {
    this.#base_ms = 0
    this.#rest_ms = 0
  }
}
