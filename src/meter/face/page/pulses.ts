/** A pulse is lit so long: as long as real meters do, long enough for an eye. */
const FLASH_MS = 45
/** Without news the light goes on from the power for so long. */
const TRUST_MS = 3000

/**
 * Turns the pulse counter, which arrives a few times a second, into single flashes: those of one message are spread over the time to the
 * next, and between slow messages the power tells when the next one is due. No pulse is shown twice.
 */
export class PulsePacer {
  /** Pulses that have been shown, with the fraction of the next. */
  #shown: number | undefined
  #target = 0
  /** Pulses per ms. */
  #rate = 0
  /** Pulses per ms by power and speed, for the time after the target is reached. */
  #expected = 0
  #last_ms = 0
  #message_ms = 0
  #interval_ms = 250
  #litUntil_ms = 0

  /** A message: `pulses` so far, and the pulses per second that the power makes. */
  update(pulses: number, perSecond: number, now_ms: number): void {
    const first = this.#shown === undefined || pulses < this.#target - 1
    if (first) this.#shown = pulses
    else this.#interval_ms = Math.min(2000, Math.max(100, 0.7 * this.#interval_ms + 0.3 * (now_ms - this.#message_ms)))
    this.#message_ms = now_ms
    this.#target = pulses
    this.#expected = perSecond / 1000
    this.#rate = Math.max(0, pulses - (this.#shown ?? pulses)) / this.#interval_ms
  }

  /** Brightness 0..1 now. Above some twenty pulses per second single flashes cannot be told apart: the light is then dimmed by their share. */
  brightness(now_ms: number): number {
    const step = Math.min(1000, now_ms - this.#last_ms)
    this.#last_ms = now_ms
    if (this.#shown === undefined) return 0
    const before = Math.floor(this.#shown)
    this.#advance(step, now_ms)
    if (this.#rate * FLASH_MS > 0.9) return 0.75
    if (Math.floor(this.#shown) > before) this.#litUntil_ms = now_ms + FLASH_MS
    return now_ms < this.#litUntil_ms ? 1 : 0
  }

  #advance(step_ms: number, now_ms: number): void {
    const shown = this.#shown ?? 0
    if (shown < this.#target) this.#shown = Math.min(this.#target, shown + this.#rate * step_ms)
    else if (now_ms - this.#message_ms > 2 * this.#interval_ms && now_ms - this.#message_ms < TRUST_MS) {
      this.#shown = shown + this.#expected * step_ms
    }
  }
}
