import type { Clock, Timer, TimerHandle } from '../../../hal/api/time.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { RealTimeClock } from './real-time-clock.ts'
import { Slew } from './slew.ts'

export interface RtcClockOptions {
  /**
   * Makes the driver. Called in the constructor; when it throws FerrarisError (nobody answers, configuration not taken) the clock starts without a time, and
   * tries again each minute: a meter meters without a clock, too.
   */
  readonly open: () => RealTimeClock
  readonly timer: Timer
  /** Monotonic milliseconds of the processor. */
  readonly ticks_ms: () => number
  /** The RTC is compared with the processor's time so often; default one hour. */
  readonly resync_ms?: number
  /** UTC before which it cannot be: a chip that shows less has not kept its time, until somebody sets it. */
  readonly earliest_ms?: number
}

/** What an RTC with two digits for the year can keep. */
const RTC_MIN_MS = 946_684_800_000
const RTC_MAX_MS = 4_102_444_799_999
const RESYNC_MS = 3_600_000
/** A chip that did not answer, or did not take a time, is tried again so often. */
const CHECK_MS = 60_000
/**
 * Seconds have no fraction in an RTC, so the moment is looked for at which they change: beginning so long before, looking so often, and not forever. When the
 * moment is known to a poll, the next one is looked for so closely.
 */
const LEAD_MS = 100
const POLL_MS = 10
const POLLS_MAX = 200
const FINE_LEAD_MS = 12
const FINE_POLL_MS = 1
const FINE_POLLS_MAX = 40
/** Deviation of a processor's crystal in an hour is below 0.2 s. Beyond this one of the two is wrong, and it is not the one that merely counts. */
const FOLLOW_MAX_MS = 2000
/** So often the RTC may disagree before it is set right. */
const DISAGREEMENTS = 3
/** The edge is found within a poll: less than this is not known. */
const NOISE_MS = POLL_MS
const FOLLOW_PPM = 500
/** A write that comes later than this after its moment waits for the next second. */
const LATE_MS = 20
const WRITE_ATTEMPTS = 5
const NO_CHIP = Object.freeze({ state: 'fault', utc_s: 0 } as const)
const LOST = Object.freeze({ state: 'lost', utc_s: 0 } as const)

/**
 * Time of day from an RTC chip, with milliseconds. Between looks at the chip the processor counts; once an hour the chip is looked at, and a difference
 * is worked off slowly, so that the time never goes back and no second is left out. Only in the first second after a start, while the chip's fraction is not
 * known, may the time jump forward, by less than a second.
 *
 * `set` counts at once; the chip is written when its second begins, and again each minute until it takes it. A chip that loses its time while the
 * processor still has it is set again. Times before 2000 and after 2099 are not kept by the chip.
 */
export class RtcClock implements Clock {
  readonly #open: () => RealTimeClock
  #rtc: RealTimeClock | undefined
  readonly #timer: Timer
  readonly #ticks_ms: () => number
  readonly #resync_ms: number
  readonly #check: TimerHandle
  readonly #slew = new Slew(FOLLOW_PPM)
  #utc_ms = RTC_MIN_MS
  #at_ms = 0
  #valid = false
  /** The chip's fraction of a second is known. */
  #aligned = false
  /** Before that: it is known to a poll. */
  #nearly = false
  #earliest_ms: number
  /** The chip has to be set to our time. */
  #pending = false
  #writes = 0
  #write: TimerHandle | undefined
  /** Looking for the change of a second. */
  #poll: TimerHandle | undefined
  #polls = 0
  #pollsMax = POLLS_MAX
  #second_s = 0
  #polled_ms = 0
  #compared_ms = 0
  #disagreements = 0
  #answers = false

  constructor(options: RtcClockOptions) {
    const { open, timer, ticks_ms, resync_ms = RESYNC_MS } = options
    if (!(resync_ms >= CHECK_MS)) throw new RangeError(`resync_ms: found ${resync_ms}, at least ${CHECK_MS}`)
    this.#open = open
    this.#timer = timer
    this.#ticks_ms = ticks_ms
    this.#resync_ms = resync_ms
    this.#earliest_ms = options.earliest_ms ?? Number.NEGATIVE_INFINITY
    this.#at_ms = ticks_ms()
    this.adopt()
    this.#check = timer.set(() => this.onCheck(), CHECK_MS, CHECK_MS)
  }

  now_ms(): number {
    const ticks_ms = this.#ticks_ms()
    const time_ms = this.#utc_ms + (ticks_ms - this.#at_ms)
    return this.#slew.idle ? time_ms : time_ms + this.#slew.applied_ms(ticks_ms)
  }

  ticks_ms(): number {
    return this.#ticks_ms()
  }

  get valid(): boolean {
    return this.#valid
  }

  /** The chip answered when it was asked last. */
  get answers(): boolean {
    return this.#answers
  }

  /** The chip answers, agrees, and holds the time: it would survive a power failure. */
  get healthy(): boolean {
    return this.#answers && !this.#pending && this.#disagreements === 0
  }

  set(utc_ms: number): void {
    if (!Number.isSafeInteger(utc_ms)) throw new RangeError('time of day is an integer count of milliseconds')
    this.stopPolling()
    this.step(utc_ms)
    this.#valid = true
    this.#aligned = true
    this.#disagreements = 0
    this.#earliest_ms = Number.NEGATIVE_INFINITY
    this.#pending = utc_ms >= RTC_MIN_MS && utc_ms <= RTC_MAX_MS
    this.planWrite()
  }

  /** Stops looking at the chip. */
  close(): void {
    this.stopPolling()
    this.#timer.clear(this.#check)
    if (this.#write !== undefined) this.#timer.clear(this.#write)
    this.#write = undefined
  }

  private step(utc_ms: number): void {
    this.#utc_ms = utc_ms
    this.#at_ms = this.#ticks_ms()
    this.#slew.reset()
  }

  /** Takes over the chip's time, if it has one. Its fraction is not known: it counts as none, so that the time can only be late. */
  private adopt(): void {
    const { state, utc_s } = this.sample()
    this.#answers = state !== 'fault'
    if (state !== 'set') return
    this.step(utc_s * 1000)
    this.#valid = true
    this.startPolling(utc_s, POLL_MS, POLLS_MAX)
  }

  private chip(): RealTimeClock | undefined {
    if (this.#rtc !== undefined) return this.#rtc
    try {
      this.#rtc = this.#open()
    } catch (error) {
      if (!(error instanceof FerrarisError)) throw error
    }
    return this.#rtc
  }

  private sample(): ReturnType<RealTimeClock['sample']> {
    const sample = this.chip()?.sample() ?? NO_CHIP
    if (sample.state !== 'set' || sample.utc_s * 1000 >= this.#earliest_ms) return sample
    // It does not become right by waiting.
    this.#earliest_ms = Number.POSITIVE_INFINITY
    return LOST
  }

  private get setPhase_ms(): number {
    return this.chip()?.setPhase_ms ?? 0
  }

  private onCheck(): void {
    if (this.#pending) this.planWrite()
    else if (!this.#valid) this.adopt()
    else if (this.#poll === undefined && (!this.#aligned || this.#disagreements > 0 || this.due())) this.compare()
  }

  private due(): boolean {
    return this.#ticks_ms() - this.#compared_ms >= this.#resync_ms
  }

  // --- following the chip ---

  /** Mostly all is well, and two looks show it: shortly before our own second ends, and shortly after. */
  private compare(): void {
    if (!this.#aligned || this.#disagreements > 0) {
      this.search(LEAD_MS, POLL_MS, POLLS_MAX)
      return
    }
    this.later(this.untilSecond_ms(NOISE_MS), () => {
      const second_s = Math.floor(this.now_ms() / 1000)
      if (!this.shows(second_s)) return
      this.later(2 * NOISE_MS, () => {
        if (this.shows(second_s + 1)) this.#compared_ms = this.#ticks_ms()
      })
    })
  }

  /** The running second of the chip is this one; else looks for its change. */
  private shows(second_s: number): boolean {
    const { state, utc_s } = this.sample()
    if (!this.usable(state)) return false
    if (utc_s !== second_s) this.search(LEAD_MS, POLL_MS, POLLS_MAX)
    return utc_s === second_s
  }

  /** Looks for the change of the chip's second, beginning so long before our own second ends. */
  private search(lead_ms: number, step_ms: number, max: number): void {
    this.later(this.untilSecond_ms(lead_ms), () => {
      const { state, utc_s } = this.sample()
      if (this.usable(state)) this.startPolling(utc_s, step_ms, max)
    })
  }

  /** Milliseconds until so long before the end of a second of ours. */
  private untilSecond_ms(lead_ms: number): number {
    return (2000 - lead_ms - (((this.now_ms() % 1000) + 1000) % 1000)) % 1000
  }

  private later(delay_ms: number, look: () => void): void {
    this.#poll = this.#timer.set(() => {
      this.#poll = undefined
      look()
    }, delay_ms)
  }

  private startPolling(utc_s: number, step_ms: number, max: number): void {
    this.#second_s = utc_s
    this.#polled_ms = this.#ticks_ms()
    this.#polls = 0
    this.#pollsMax = max
    this.#poll = this.#timer.set(() => this.onPoll(), step_ms, step_ms)
  }

  private stopPolling(): void {
    if (this.#poll !== undefined) this.#timer.clear(this.#poll)
    this.#poll = undefined
  }

  private onPoll(): void {
    const { state, utc_s } = this.sample()
    if (!this.usable(state) || ++this.#polls > this.#pollsMax) {
      // A chip that does not count is as good as none; one that was only not where it was looked for is looked for again.
      if (this.#polls > POLLS_MAX) this.#answers = false
      this.#nearly = false
      this.stopPolling()
      return
    }
    const ticks_ms = this.#ticks_ms()
    if (utc_s !== this.#second_s) {
      this.stopPolling()
      this.onEdge(utc_s * 1000, ticks_ms - this.#polled_ms)
    }
    this.#polled_ms = ticks_ms
  }

  /** The second changed somewhere between two polls. */
  private onEdge(rtc_ms: number, between_ms: number): void {
    if (this.#aligned || this.#nearly) {
      this.follow(rtc_ms + Math.floor(between_ms / 2))
      return
    }
    const difference_ms = rtc_ms - this.now_ms()
    if (Math.abs(difference_ms) > FOLLOW_MAX_MS) {
      this.disagree()
      return
    }
    // The earliest that it can be: the time must not go back when it is known better.
    if (difference_ms > 0) this.step(rtc_ms)
    this.#nearly = true
    this.search(FINE_LEAD_MS, FINE_POLL_MS, FINE_POLLS_MAX)
  }

  /** False when the chip has nothing to say. One that lost its time gets ours. */
  private usable(state: 'set' | 'lost' | 'fault'): boolean {
    this.#answers = state !== 'fault'
    if (state === 'lost' && this.#valid && !this.#pending) {
      this.stopPolling()
      this.#pending = true
      this.planWrite()
    }
    return state === 'set'
  }

  private follow(rtc_ms: number): void {
    const difference_ms = rtc_ms - this.now_ms()
    const ticks_ms = this.#ticks_ms()
    if (!this.#aligned && difference_ms > 0 && difference_ms <= FOLLOW_MAX_MS) this.step(rtc_ms)
    else if (Math.abs(difference_ms) <= FOLLOW_MAX_MS) {
      if (Math.abs(difference_ms) > NOISE_MS) this.#slew.aim(difference_ms, ticks_ms)
    } else {
      this.disagree()
      return
    }
    this.#aligned = true
    this.#disagreements = 0
    this.#compared_ms = ticks_ms
  }

  /** Seen again in the next minute; then the chip is set right. */
  private disagree(): void {
    if (++this.#disagreements < DISAGREEMENTS) return
    this.#disagreements = 0
    this.#pending = true
    this.planWrite()
  }

  // --- writing the chip ---

  private planWrite(): void {
    this.#writes = 0
    this.waitToWrite()
  }

  private waitToWrite(): void {
    if (this.#write !== undefined) this.#timer.clear(this.#write)
    this.#write = undefined
    if (!this.#pending) return
    const wait_ms = this.setPhase_ms - (this.now_ms() % 1000)
    if (wait_ms === 0) this.writeNow()
    else this.#write = this.#timer.set(() => this.onWrite(), wait_ms < 0 ? wait_ms + 1000 : wait_ms)
  }

  private onWrite(): void {
    this.#write = undefined
    const late_ms = (this.now_ms() - this.setPhase_ms) % 1000
    if (late_ms > LATE_MS && ++this.#writes < WRITE_ATTEMPTS) this.waitToWrite()
    else this.writeNow()
  }

  private writeNow(): void {
    const second_s = Math.floor((this.now_ms() - this.setPhase_ms) / 1000)
    this.#answers = this.chip()?.set(second_s) ?? false
    // Otherwise the next minute tries again.
    if (this.#answers) this.#pending = false
  }
}
