import Time from 'time'
import NativeTimer from 'timer'
import type { Clock, Timer, TimerHandle } from '../api/time.ts'

/** The system keeps delays in 31 bits; a longer one is waited for in parts. */
const DELAY_MAX_ms = 0x40000000
/** 2020-01-01: a time of day before it is that of a processor which lost its supply. */
const PLAUSIBLE_ms = 1_577_836_800_000

/** One running timer. */
class RunningTimer {
  readonly #callback: () => void
  readonly #repeat_ms: number | undefined
  #left_ms: number
  #native: object | undefined

  constructor(callback: () => void, delay_ms: number, repeat_ms: number | undefined) {
    this.#callback = callback
    this.#repeat_ms = repeat_ms
    this.#left_ms = delay_ms
    this.#wait()
  }

  #wait(): void {
    const wait_ms = Math.min(this.#left_ms, DELAY_MAX_ms)
    this.#left_ms -= wait_ms
    const whole_ms = Math.ceil(wait_ms)
    const repeated = this.#left_ms === 0 && this.#repeat_ms !== undefined
    // The system repeats by itself: a turn allocates nothing.
    this.#native = repeated ? NativeTimer.set(this.#callback, whole_ms, Math.ceil(this.#repeat_ms)) : NativeTimer.set(this.#fire, whole_ms)
  }

  #fire = (): void => {
    this.#native = undefined
    if (this.#left_ms > 0) this.#wait()
    else this.#callback()
  }

  clear(): void {
    if (this.#native !== undefined) NativeTimer.clear(this.#native)
    this.#native = undefined
  }
}

/** Blocks everything for a time: only for chips that need it while they start. */
export function wait_ms(duration_ms: number): void {
  NativeTimer.delay(Math.ceil(duration_ms))
}

/** Timers of the system. `set` throws TypeError without a function, RangeError for a negative delay or a repetition under 1 ms. */
export function createTimer(): Timer {
  return {
    set(callback: () => void, delay_ms: number, repeat_ms?: number): TimerHandle {
      if (typeof callback !== 'function') throw new TypeError('function expected')
      if (!(delay_ms >= 0)) throw new RangeError(`delay of ${delay_ms} ms`)
      if (repeat_ms !== undefined && !(repeat_ms >= 1)) throw new RangeError(`repetition of ${repeat_ms} ms`)
      return new RunningTimer(callback, delay_ms, repeat_ms)
    },
    clear(handle: TimerHandle): void {
      if (handle instanceof RunningTimer) handle.clear()
    },
  }
}

/**
 * Time of the processor. Its ticks wrap at 32 bits on a device, where somebody has to ask for the time more often than every 24 days, and follow the time of day
 * on a PC: both are taken out here.
 */
class SystemClock implements Clock {
  /** What the processor's clock, which is set in whole seconds or not at all, is behind. */
  #offset_ms = 0
  #last = Time.ticks
  #ticks_ms = 0
  #set = false

  get valid(): boolean {
    return this.#set || Date.now() >= PLAUSIBLE_ms
  }

  now_ms(): number {
    return Date.now() + this.#offset_ms
  }

  ticks_ms(): number {
    const now = Time.ticks
    this.#ticks_ms += Math.max(0, (now - this.#last) | 0)
    this.#last = now
    return this.#ticks_ms
  }

  set(utc_ms: number): void {
    if (!Number.isSafeInteger(utc_ms)) throw new RangeError(`${utc_ms} is no time in whole milliseconds`)
    Time.set(Math.floor(utc_ms / 1000))
    this.#offset_ms = utc_ms - Date.now()
    this.#set = true
  }
}

export function createClock(): Clock {
  return new SystemClock()
}
