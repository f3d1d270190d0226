/** What an update of a `HoldOff` brought. */
export const Edge = Object.freeze({ none: 0, started: 1, ended: 2 })

const IDLE = 0
const PENDING = 1
const ACTIVE = 2
const ENDING = 3

export interface HoldTimes {
  /** The condition must last so long before it counts. */
  readonly startHold_ms: number
  /** It must be over for so long before it has ended; what comes back earlier is still the same. */
  readonly endHold_ms: number
}

/**
 * A condition with two hold-offs. It starts when it has lasted for `startHold_ms` and ends when it has been over for `endHold_ms`; so at most one
 * start and one end come in each `startHold_ms + endHold_ms`. Between "beyond" and "within" lies the hysteresis: what is neither keeps things as they
 * are, but interrupts both hold-offs.
 */
export class HoldOff {
  readonly #times: HoldTimes
  #state: number = IDLE
  #begin_ms = 0
  #end_ms = 0
  #duration_ms = 0

  constructor(times: HoldTimes) {
    this.#times = times
  }

  /** Started, and not ended yet. */
  get active(): boolean {
    return this.#state >= ACTIVE
  }

  /** It is beyond, but has not lasted long enough. */
  get pending(): boolean {
    return this.#state === PENDING
  }

  /** Neither active nor pending: an observation that is within changes nothing. */
  get idle(): boolean {
    return this.#state === IDLE
  }

  /** Time from the first moment beyond to the first one within, of the last that ended. */
  get duration_ms(): number {
    return this.#duration_ms
  }

  /** So long has it been beyond, as far as it is active or pending. */
  elapsed_ms(ticks_ms: number): number {
    return this.#state === IDLE ? 0 : ticks_ms - this.#begin_ms
  }

  /** One observation. Gives one of `Edge`. */
  update(beyond: boolean, within: boolean, ticks_ms: number): number {
    if (this.#state < ACTIVE) return this.mayStart(beyond, ticks_ms)
    if (!within) this.#state = ACTIVE
    else if (this.#state === ACTIVE) {
      this.#state = ENDING
      this.#end_ms = ticks_ms
    }
    if (this.#state !== ENDING || ticks_ms - this.#end_ms < this.#times.endHold_ms) return Edge.none
    this.#state = IDLE
    this.#duration_ms = this.#end_ms - this.#begin_ms
    return Edge.ended
  }

  /** Nobody can tell at the moment: hold-offs begin anew, what is active stays so. */
  unknown(): void {
    this.#state = this.#state < ACTIVE ? IDLE : ACTIVE
  }

  /** It was active before a restart, and began at `begin_ms`. */
  resume(begin_ms: number): void {
    this.#state = ACTIVE
    this.#begin_ms = begin_ms
  }

  private mayStart(beyond: boolean, ticks_ms: number): number {
    if (!beyond) {
      this.#state = IDLE
      return Edge.none
    }
    if (this.#state === IDLE) {
      this.#state = PENDING
      this.#begin_ms = ticks_ms
    }
    if (ticks_ms - this.#begin_ms < this.#times.startHold_ms) return Edge.none
    this.#state = ACTIVE
    return Edge.started
  }
}
