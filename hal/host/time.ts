import type { Clock, Timer, TimerHandle } from '../api/time.ts'

/** Node fires at once when a delay does not fit into 31 bits, so a longer one is waited for in parts. */
const DELAY_MAX_ms = 0x7fffffff

/** One running timer. Its due times are fixed points of the monotonic clock, so a repeated timer does not drift. */
class HostTimerHandle {
  #callback: () => void
  #due_ms: number
  #repeat_ms: number | undefined
  #timeout: NodeJS.Timeout | undefined

  constructor(callback: () => void, delay_ms: number, repeat_ms: number | undefined) {
    this.#callback = callback
    this.#due_ms = performance.now() + delay_ms
    this.#repeat_ms = repeat_ms
    this.#arm()
  }

  #arm(): void {
    const wait_ms = Math.max(0, Math.ceil(this.#due_ms - performance.now()))
    this.#timeout = setTimeout(this.#fire, Math.min(wait_ms, DELAY_MAX_ms))
  }

  #fire = (): void => {
    const now_ms = performance.now()
    // Node may wake up a fraction of a millisecond early.
    if (this.#due_ms - now_ms >= 1) {
      this.#arm()
      return
    }
    this.#timeout = undefined
    if (this.#repeat_ms !== undefined) {
      this.#due_ms += this.#repeat_ms
      // After a long sleep of the computer missed turns are dropped, not made up in a burst.
      if (this.#due_ms < now_ms) this.#due_ms = now_ms + this.#repeat_ms
      this.#arm()
    }
    this.#callback()
  }

  clear(): void {
    clearTimeout(this.#timeout)
    this.#timeout = undefined
  }
}

/** Timers of the event loop. `set` throws TypeError without a function, RangeError for a negative delay or a repetition under 1 ms. */
export function createHostTimer(): Timer {
  return {
    set(callback: () => void, delay_ms: number, repeat_ms?: number): TimerHandle {
      if (typeof callback !== 'function') throw new TypeError('function expected')
      if (!(delay_ms >= 0)) throw new RangeError(`delay of ${delay_ms} ms`)
      if (repeat_ms !== undefined && !(repeat_ms >= 1)) throw new RangeError(`repetition of ${repeat_ms} ms`)
      return new HostTimerHandle(callback, delay_ms, repeat_ms)
    },
    clear(handle: TimerHandle): void {
      if (handle instanceof HostTimerHandle) handle.clear()
    },
  }
}

/** The PC's time. `set` keeps an offset and leaves the PC's own clock alone. */
class HostClock implements Clock {
  #offset_ms = 0

  get valid(): boolean {
    return true
  }

  now_ms(): number {
    return Date.now() + this.#offset_ms
  }

  ticks_ms(): number {
    return Math.floor(performance.now())
  }

  set(utc_ms: number): void {
    if (!Number.isSafeInteger(utc_ms)) throw new RangeError(`${utc_ms} is no time in whole milliseconds`)
    this.#offset_ms = utc_ms - Date.now()
  }
}

export function createHostClock(): Clock {
  return new HostClock()
}
