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
}

/** What an RTC with two digits for the year can keep. */
const RTC_MIN_MS = 946_684_800_000
const RTC_MAX_MS = 4_102_444_799_999
const RESYNC_MS = 3_600_000
/** A chip that did not answer, or did not take a time, is tried again so often. */
const CHECK_MS = 60_000
/** Seconds have no fraction in an RTC, so the moment is looked for at which they change: beginning so long before, looking so often, and not forever. */
const LEAD_MS = 100
const POLL_MS = 10
const POLLS_MAX = 200
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
  /** The chip has to be set to our time. */
  #pending = false
  #writes = 0
  #write: TimerHandle | undefined
  /** Looking for the change of a second. */
  #poll: TimerHandle | undefined
  #polls = 0
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
    this.#at_ms = ticks_ms()
    this.#adopt()
    this.#check = timer.set(() => this.#onCheck(), CHECK_MS, CHECK_MS)
  }

  now_ms(): number {
    const ticks_ms = this.#ticks_ms()
    return this.#utc_ms + (ticks_ms - this.#at_ms) + this.#slew.applied_ms(ticks_ms)
  }

  ticks_ms(): number {
    return this.#ticks_ms()
  }

  get valid(): boolean {
    return this.#valid
  }

  /** The chip answers, agrees, and holds the time: it would survive a power failure. */
  get healthy(): boolean {
    return this.#answers && !this.#pending && this.#disagreements === 0
  }

  set(utc_ms: number): void {
    if (!Number.isSafeInteger(utc_ms)) throw new RangeError('time of day is an integer count of milliseconds')
    this.#stopPolling()
    this.#step(utc_ms)
    this.#valid = true
    this.#aligned = true
    this.#disagreements = 0
    this.#pending = utc_ms >= RTC_MIN_MS && utc_ms <= RTC_MAX_MS
    this.#planWrite()
  }

  /** Stops looking at the chip. */
  close(): void {
    this.#stopPolling()
    this.#timer.clear(this.#check)
    if (this.#write !== undefined) this.#timer.clear(this.#write)
    this.#write = undefined
  }

  #step(utc_ms: number): void {
    this.#utc_ms = utc_ms
    this.#at_ms = this.#ticks_ms()
    this.#slew.reset()
  }

  /** Takes over the chip's time, if it has one. Its fraction is not known: it counts as none, so that the time can only be late. */
  #adopt(): void {
    const { state, utc_s } = this.#sample()
    this.#answers = state !== 'fault'
    if (state !== 'set') return
    this.#step(utc_s * 1000)
    this.#valid = true
    this.#startPolling(utc_s)
  }

  #chip(): RealTimeClock | undefined {
    if (this.#rtc !== undefined) return this.#rtc
    try {
      this.#rtc = this.#open()
    } catch (error) {
      if (!(error instanceof FerrarisError)) throw error
    }
    return this.#rtc
  }

  #sample(): ReturnType<RealTimeClock['sample']> {
    return this.#chip()?.sample() ?? NO_CHIP
  }

  get #setPhase_ms(): number {
    return this.#chip()?.setPhase_ms ?? 0
  }

  #onCheck(): void {
    if (this.#pending) this.#planWrite()
    else if (!this.#valid) this.#adopt()
    else if (this.#poll === undefined && (!this.#aligned || this.#disagreements > 0 || this.#due())) this.#compare()
  }

  #due(): boolean {
    return this.#ticks_ms() - this.#compared_ms >= this.#resync_ms
  }

  // --- following the chip ---

  /** Begins to look shortly before our own second ends. */
  #compare(): void {
    const wait_ms = (2000 - LEAD_MS - (((this.now_ms() % 1000) + 1000) % 1000)) % 1000
    this.#polls = 0
    this.#poll = this.#timer.set(() => {
      this.#poll = undefined
      const { state, utc_s } = this.#sample()
      if (this.#usable(state)) this.#startPolling(utc_s)
    }, wait_ms)
  }

  #startPolling(utc_s: number): void {
    this.#second_s = utc_s
    this.#polled_ms = this.#ticks_ms()
    this.#polls = 0
    this.#poll = this.#timer.set(() => this.#onPoll(), POLL_MS, POLL_MS)
  }

  #stopPolling(): void {
    if (this.#poll !== undefined) this.#timer.clear(this.#poll)
    this.#poll = undefined
  }

  #onPoll(): void {
    const { state, utc_s } = this.#sample()
    if (!this.#usable(state) || ++this.#polls > POLLS_MAX) {
      // A chip that does not count is as good as none.
      if (this.#polls > POLLS_MAX) this.#answers = false
      this.#stopPolling()
      return
    }
    const ticks_ms = this.#ticks_ms()
    if (utc_s !== this.#second_s) {
      this.#stopPolling()
      // The second changed somewhere between two polls.
      this.#follow(utc_s * 1000 + Math.round((ticks_ms - this.#polled_ms) / 2))
    }
    this.#polled_ms = ticks_ms
  }

  /** False when the chip has nothing to say. One that lost its time gets ours. */
  #usable(state: 'set' | 'lost' | 'fault'): boolean {
    this.#answers = state !== 'fault'
    if (state === 'lost' && this.#valid) {
      this.#stopPolling()
      this.#pending = true
      this.#planWrite()
    }
    return state === 'set'
  }

  #follow(rtc_ms: number): void {
    const difference_ms = rtc_ms - this.now_ms()
    const ticks_ms = this.#ticks_ms()
    if (!this.#aligned && difference_ms > 0 && difference_ms <= FOLLOW_MAX_MS) this.#step(rtc_ms)
    else if (Math.abs(difference_ms) <= FOLLOW_MAX_MS) {
      if (Math.abs(difference_ms) > NOISE_MS) this.#slew.aim(difference_ms, ticks_ms)
    } else {
      this.#disagree()
      return
    }
    this.#aligned = true
    this.#disagreements = 0
    this.#compared_ms = ticks_ms
  }

  /** Seen again in the next minute; then the chip is set right. */
  #disagree(): void {
    if (++this.#disagreements < DISAGREEMENTS) return
    this.#disagreements = 0
    this.#pending = true
    this.#planWrite()
  }

  // --- writing the chip ---

  #planWrite(): void {
    this.#writes = 0
    this.#waitToWrite()
  }

  #waitToWrite(): void {
    if (this.#write !== undefined) this.#timer.clear(this.#write)
    this.#write = undefined
    if (!this.#pending) return
    const wait_ms = this.#setPhase_ms - (this.now_ms() % 1000)
    if (wait_ms === 0) this.#writeNow()
    else this.#write = this.#timer.set(() => this.#onWrite(), wait_ms < 0 ? wait_ms + 1000 : wait_ms)
  }

  #onWrite(): void {
    this.#write = undefined
    const late_ms = (this.now_ms() - this.#setPhase_ms) % 1000
    if (late_ms > LATE_MS && ++this.#writes < WRITE_ATTEMPTS) this.#waitToWrite()
    else this.#writeNow()
  }

  #writeNow(): void {
    const second_s = Math.floor((this.now_ms() - this.#setPhase_ms) / 1000)
    this.#answers = this.#chip()?.set(second_s) ?? false
    // Otherwise the next minute tries again.
    if (this.#answers) this.#pending = false
  }
}
