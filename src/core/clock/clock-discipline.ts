import type { Clock } from '../../../hal/api/time.ts'
import { CLOCK_RULES, type ClockRules, checkRules } from './clock-rules.ts'
import { DriftEstimator } from './drift-estimator.ts'
import { Slew } from './slew.ts'

/** Two slews, of this clock and of the one below, may together go back by so much where each alone stands still. More is a step of the clock below. */
const RIPPLE_MS = 2

/** What a source of time (NTP, a DLMS client, a LoRaWAN network, a person) says. */
export interface TimeReference {
  /** UTC in milliseconds. */
  readonly utc_ms: number
  /** Monotonic time at which that was so. */
  readonly ticks_ms: number
  /** It may be wrong by so much: half the round trip of NTP, a second of a person. */
  readonly uncertainty_ms: number
  /** The source has proved who it is. */
  readonly trusted: boolean
}

/** What became of a reference. `waiting`: a shift back that will be made within this minute. */
export type ClockAction = 'none' | 'slew' | 'shift' | 'waiting' | 'set' | 'refused'

/** The time was stepped. A `shift` marks the interval; a `set` is logged with both times (events 4 and 5). */
export interface ClockAdjustment {
  readonly kind: 'shift' | 'set'
  readonly old_ms: number
  readonly new_ms: number
  /** The old time meant something. */
  readonly wasValid: boolean
}

/** The last reference that was not refused, as it can be kept over a restart. */
export interface KnownReference {
  readonly utc_ms: number
  readonly uncertainty_ms: number
}

export interface ClockDisciplineOptions {
  readonly rules?: Partial<ClockRules>
  readonly drift?: DriftEstimator
  /** From an earlier life. */
  readonly known?: KnownReference
  /** Called after each step, from `set`, `synchronise` and `tick`. */
  readonly onAdjusted?: (adjustment: ClockAdjustment) => void
}

/** Years that RTC and calendar know: 2000 to 2099. */
const UTC_MIN_MS = 946_684_800_000
const UTC_MAX_MS = 4_102_444_799_999

/**
 * A clock over a clock that knows how time may be moved. Small differences are slewed: the time never goes back, no second comes twice or is left out.
 * Larger ones are one step, never back over the beginning of a capture period. Only what is larger still is a new time. A clock without time takes any.
 *
 * Learns how fast the clock below runs, and corrects it all the time.
 */
export class ClockDiscipline implements Clock {
  readonly drift: DriftEstimator
  readonly #clock: Clock
  readonly #rules: ClockRules
  readonly #slew: Slew
  readonly #onAdjusted: ((adjustment: ClockAdjustment) => void) | undefined
  /** Sum of all steps of the clock below: without them it would show its own time. */
  #steps_ms = 0
  /** Time that was shown last. */
  #shown_ms = Number.NEGATIVE_INFINITY
  /** A shift back that waits. */
  #waiting_ms = 0
  /** Correction of the drift that is less than a millisecond. */
  #owed_ms = 0
  #ticked_ms: number
  /** Last reference that was not refused. */
  #known: { readonly ticks_ms: number; readonly uncertainty_ms: number } | undefined

  constructor(clock: Clock, options: ClockDisciplineOptions = {}) {
    this.#rules = { ...CLOCK_RULES, ...options.rules }
    checkRules(this.#rules)
    this.#clock = clock
    this.drift = options.drift ?? new DriftEstimator()
    this.#slew = new Slew(this.#rules.slewRate_ppm)
    this.#onAdjusted = options.onAdjusted
    this.#ticked_ms = clock.ticks_ms()
    const { known } = options
    // Time without supply counts as any other.
    if (known === undefined || !clock.valid) return
    this.#known = { ticks_ms: this.#ticked_ms - Math.max(0, clock.now_ms() - known.utc_ms), uncertainty_ms: known.uncertainty_ms }
  }

  now_ms(): number {
    const time_ms = this.time_ms()
    const back_ms = this.#shown_ms - time_ms
    if (!(back_ms > 0 && back_ms <= RIPPLE_MS)) this.#shown_ms = time_ms
    return this.#shown_ms
  }

  ticks_ms(): number {
    return this.#clock.ticks_ms()
  }

  get valid(): boolean {
    return this.#clock.valid
  }

  /** A correction is being worked off, second by second. */
  get slewing(): boolean {
    return !this.#slew.idle
  }

  get known(): KnownReference | undefined {
    const known = this.#known
    return known && { utc_ms: this.now_ms() - (this.ticks_ms() - known.ticks_ms), uncertainty_ms: known.uncertainty_ms }
  }

  /** How wrong the time may be, going by the last reference; undefined before the first one. */
  get uncertainty_ms(): number | undefined {
    const known = this.#known
    if (known === undefined) return undefined
    const ticks_ms = this.ticks_ms()
    const rest_ms = Math.abs(this.#slew.remaining_ms(ticks_ms)) + Math.abs(this.#waiting_ms)
    return known.uncertainty_ms + rest_ms + ((ticks_ms - known.ticks_ms) * this.#rules.drift_ppm) / 1e6
  }

  /** Valid, but so long without a reference that nobody knows how good it still is. */
  get doubtful(): boolean {
    const uncertainty_ms = this.uncertainty_ms
    return this.valid && uncertainty_ms !== undefined && uncertainty_ms > this.#rules.doubtful_ms
  }

  /** A new time, whatever the difference. */
  set(utc_ms: number): void {
    if (!Number.isSafeInteger(utc_ms)) throw new RangeError('time of day is an integer count of milliseconds')
    this.step('set', utc_ms)
  }

  /** Applies the rules to a reference. Refused: out of range, too old, from the future, or further away than its source may move a valid clock. */
  synchronise(reference: TimeReference): ClockAction {
    const rules = this.#rules
    const ticks_ms = this.ticks_ms()
    const age_ms = ticks_ms - reference.ticks_ms
    const utc_ms = reference.utc_ms + age_ms
    if (!Number.isSafeInteger(utc_ms) || utc_ms < UTC_MIN_MS || utc_ms > UTC_MAX_MS) return 'refused'
    if (!(age_ms >= 0 && age_ms <= rules.referenceAge_ms) || !(reference.uncertainty_ms >= 0)) return 'refused'
    if (!this.valid) return this.take(reference, () => this.step('set', utc_ms), 'set')
    const difference_ms = utc_ms - this.now_ms()
    const size_ms = Math.abs(difference_ms)
    if (!reference.trusted && size_ms > rules.untrustedLimit_ms) return 'refused'
    this.drift.add(this.#clock.now_ms() - this.#steps_ms, utc_ms, reference.uncertainty_ms + rules.lag_ms)
    this.#waiting_ms = 0
    if (size_ms <= Math.max(rules.deadband_ms, reference.uncertainty_ms)) return this.take(reference, () => {}, 'none')
    if (size_ms <= rules.slewLimit_ms) return this.take(reference, () => this.#slew.aim(difference_ms, ticks_ms), 'slew')
    if (size_ms > rules.shiftLimit_ms) return this.take(reference, () => this.step('set', utc_ms), 'set')
    this.#waiting_ms = difference_ms
    return this.take(reference, () => this.shift(), this.crosses(difference_ms) ? 'waiting' : 'shift')
  }

  /**
   * Moves the time by so much, because somebody says so: at once where the rules allow a shift, not slewed. Says nothing about the drift. Refused while
   * there is no time that could be moved.
   */
  adjust(difference_ms: number): ClockAction {
    const utc_ms = this.now_ms() + difference_ms
    if (!this.valid || !Number.isSafeInteger(utc_ms) || utc_ms < UTC_MIN_MS || utc_ms > UTC_MAX_MS) return 'refused'
    this.#waiting_ms = 0
    if (difference_ms === 0) return 'none'
    if (Math.abs(difference_ms) > this.#rules.shiftLimit_ms) {
      this.step('set', utc_ms)
      return 'set'
    }
    this.#waiting_ms = difference_ms
    const crosses = this.crosses(difference_ms)
    this.shift()
    return crosses ? 'waiting' : 'shift'
  }

  /** Call once a second: makes a shift that had to wait, corrects the drift, and hands the sum of small corrections down to the clock below. */
  tick(): void {
    const ticks_ms = this.ticks_ms()
    if (this.#waiting_ms !== 0) this.shift()
    this.compensate(ticks_ms)
    this.#ticked_ms = ticks_ms
    if (this.#slew.idle) return
    const applied_ms = this.#slew.applied_ms(ticks_ms)
    if (this.#slew.remaining_ms(ticks_ms) === 0 && Math.abs(applied_ms) >= this.#rules.commit_ms) this.move(this.time_ms())
  }

  private time_ms(): number {
    const time_ms = this.#clock.now_ms()
    return this.#slew.idle ? time_ms : time_ms + this.#slew.applied_ms(this.#clock.ticks_ms())
  }

  private take(reference: TimeReference, act: () => void, action: ClockAction): ClockAction {
    this.#known = reference
    act()
    return action
  }

  /** Back over the beginning of a period. */
  private crosses(difference_ms: number): boolean {
    const { boundary_ms } = this.#rules
    const now_ms = this.now_ms()
    return difference_ms < 0 && Math.floor((now_ms + difference_ms) / boundary_ms) < Math.floor(now_ms / boundary_ms)
  }

  private shift(): void {
    if (this.#waiting_ms === 0 || this.crosses(this.#waiting_ms)) return
    this.step('shift', this.now_ms() + this.#waiting_ms)
  }

  /** A slew that is under way ends: the new time is the whole truth. */
  private step(kind: 'shift' | 'set', new_ms: number): void {
    const old_ms = this.now_ms()
    const wasValid = this.valid
    this.#waiting_ms = 0
    this.move(new_ms)
    this.#shown_ms = new_ms
    this.#onAdjusted?.({ kind, old_ms, new_ms, wasValid })
  }

  private move(new_ms: number): void {
    this.#steps_ms += new_ms - this.#clock.now_ms()
    this.#clock.set(new_ms)
    this.#slew.reset()
  }

  private compensate(ticks_ms: number): void {
    const { drift_ppm } = this.drift
    if (!this.#rules.compensate || drift_ppm === undefined || !this.valid) return
    this.#owed_ms -= ((ticks_ms - this.#ticked_ms) * drift_ppm) / 1e6
    const whole_ms = Math.trunc(this.#owed_ms)
    if (whole_ms === 0) return
    this.#owed_ms -= whole_ms
    this.#slew.aim(this.#slew.remaining_ms(ticks_ms) + whole_ms, ticks_ms)
  }
}
