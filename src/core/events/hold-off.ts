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

/** Columns of `#times_ms`. */
const BEGIN = 0
const END = 1
const DURATION = 2
const COLUMNS = 3

/**
 * Conditions with two hold-offs each, by their index: a monitor has dozens, which share their memory. A condition starts when it has lasted for `startHold_ms` and ends
 * when it has been over for `endHold_ms`; so at most one start and one end come in each `startHold_ms + endHold_ms`. Between "beyond" and "within" lies the
 * hysteresis: what is neither keeps things as they are, but interrupts both hold-offs.
 */
export class HoldOffs {
  readonly #holds: readonly HoldTimes[]
  readonly #states: Uint8Array
  /** By condition: begin, end, and duration of the last that ended. */
  readonly #times_ms: Float64Array

  constructor(holds: readonly HoldTimes[]) {
    this.#holds = holds
    this.#states = new Uint8Array(holds.length)
    this.#times_ms = new Float64Array(COLUMNS * holds.length)
  }

  get count(): number {
    return this.#states.length
  }

  /** Started, and not ended yet. */
  active(index: number): boolean {
    return this.#states[index] >= ACTIVE
  }

  /** Neither active nor about to start: an observation that is within changes nothing. */
  idle(index: number): boolean {
    return this.#states[index] === IDLE
  }

  /** All of them are. */
  get allIdle(): boolean {
    // Once a second: an iterator would leave slots behind.
    for (let i = 0; i < this.#states.length; i++) if (this.#states[i] !== IDLE) return false
    return true
  }

  /** Some is active. */
  get anyActive(): boolean {
    for (let i = 0; i < this.#states.length; i++) if (this.#states[i] >= ACTIVE) return true
    return false
  }

  /** Time from the first moment beyond to the first one within, of the last that ended. */
  duration_ms(index: number): number {
    return this.#times_ms[COLUMNS * index + DURATION]
  }

  /** So long has it been beyond, as far as it is active or pending. */
  elapsed_ms(index: number, ticks_ms: number): number {
    return this.#states[index] === IDLE ? 0 : ticks_ms - this.#times_ms[COLUMNS * index + BEGIN]
  }

  /** One observation. Gives one of `Edge`. */
  update(index: number, beyond: boolean, within: boolean, ticks_ms: number): number {
    const states = this.#states
    if (states[index] < ACTIVE) return this.mayStart(index, beyond, ticks_ms)
    const times_ms = this.#times_ms
    const at = COLUMNS * index
    if (!within) states[index] = ACTIVE
    else if (states[index] === ACTIVE) {
      states[index] = ENDING
      times_ms[at + END] = ticks_ms
    }
    if (states[index] !== ENDING || ticks_ms - times_ms[at + END] < this.#holds[index].endHold_ms) return Edge.none
    states[index] = IDLE
    times_ms[at + DURATION] = times_ms[at + END] - times_ms[at + BEGIN]
    return Edge.ended
  }

  /** Nobody can tell at the moment: hold-offs begin anew, what is active stays so. */
  unknown(index: number): void {
    this.#states[index] = this.#states[index] < ACTIVE ? IDLE : ACTIVE
  }

  /** It was active before a restart, and began at `begin_ms`. */
  resume(index: number, begin_ms: number): void {
    this.#states[index] = ACTIVE
    this.#times_ms[COLUMNS * index + BEGIN] = begin_ms
  }

  private mayStart(index: number, beyond: boolean, ticks_ms: number): number {
    const states = this.#states
    if (!beyond) {
      states[index] = IDLE
      return Edge.none
    }
    const times_ms = this.#times_ms
    const at = COLUMNS * index + BEGIN
    if (states[index] === IDLE) {
      states[index] = PENDING
      times_ms[at] = ticks_ms
    }
    if (ticks_ms - times_ms[at] < this.#holds[index].startHold_ms) return Edge.none
    states[index] = ACTIVE
    return Edge.started
  }
}
