import type { Clock, Timer, TimerHandle } from '../../hal/api/time.ts'
import { type Scheduler, Task } from './scheduler.ts'

/** Some thousand years, so that a time in microseconds stays an exact integer. */
const DELAY_MAX_MS = 1e12

/** Parts of a million as a factor. */
function factorOf(drift_ppm: number): number {
  return 1 + drift_ppm / 1e6
}

/** The `Timer` of one device in the world, counted by an oscillator that is `drift_ppm` fast. `stop()` is what a power cut does to it: nothing planned happens any more. */
export class WorldTimer implements Timer {
  readonly #scheduler: Scheduler
  /** Repeating tasks; the others end by themselves, and find out then that they are not wanted any more. */
  readonly #repeating = new Set<Task>()
  readonly #factor: number
  #stopped = false

  constructor(scheduler: Scheduler, drift_ppm = 0) {
    this.#scheduler = scheduler
    this.#factor = factorOf(drift_ppm)
  }

  set(callback: () => void, delay_ms: number, repeat_ms?: number): TimerHandle {
    if (!(delay_ms >= 0 && delay_ms < DELAY_MAX_MS)) throw new RangeError(`delay: found ${delay_ms} ms`)
    if (repeat_ms !== undefined && !(repeat_ms >= 1 && repeat_ms < DELAY_MAX_MS)) throw new RangeError(`repeat: found ${repeat_ms} ms`)
    const delay_us = Math.round((delay_ms * 1000) / this.#factor)
    if (repeat_ms === undefined) {
      return this.#scheduler.after(delay_us, () => {
        if (!this.#stopped) callback()
      })
    }
    const task = this.#scheduler.after(delay_us, callback, Math.round((repeat_ms * 1000) / this.#factor))
    if (this.#stopped) this.#scheduler.cancel(task)
    else this.#repeating.add(task)
    return task
  }

  clear(handle: TimerHandle): void {
    if (!(handle instanceof Task)) return
    this.#repeating.delete(handle)
    this.#scheduler.cancel(handle)
  }

  stop(): void {
    this.#stopped = true
    for (const task of this.#repeating) this.#scheduler.cancel(task)
    this.#repeating.clear()
  }
}

/** A battery-backed real-time clock that follows the world's time exactly, until `loseBackup` makes it forget. */
export class WorldClock implements Clock {
  readonly #scheduler: Scheduler
  #offset_ms = 0
  #valid = true

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  now_ms(): number {
    return Math.floor(this.#scheduler.now_us / 1000) + this.#offset_ms
  }

  ticks_ms(): number {
    return Math.floor(this.#scheduler.now_us / 1000)
  }

  get valid(): boolean {
    return this.#valid
  }

  set(utc_ms: number): void {
    if (!Number.isSafeInteger(utc_ms)) throw new RangeError('time of day is an integer count of milliseconds')
    this.#offset_ms = utc_ms - Math.floor(this.#scheduler.now_us / 1000)
    this.#valid = true
  }

  /** The battery was empty when the supply failed: starts again at 2000-01-01 and is invalid, as a fresh RTC is. */
  loseBackup(): void {
    this.set(946684800000)
    this.#valid = false
  }
}

/** The clock of a processor: counts with an oscillator that is `drift_ppm` fast, and knows no time of day until it is set. */
export class ProcessorClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #start_us: number
  readonly #factor: number
  #offset_ms = 946_684_800_000
  #valid = false

  constructor(scheduler: Scheduler, drift_ppm = 0) {
    this.#scheduler = scheduler
    this.#start_us = scheduler.now_us
    this.#factor = factorOf(drift_ppm)
  }

  now_ms(): number {
    return this.#offset_ms + this.ticks_ms()
  }

  ticks_ms(): number {
    return Math.floor(((this.#scheduler.now_us - this.#start_us) * this.#factor) / 1000)
  }

  get valid(): boolean {
    return this.#valid
  }

  set(utc_ms: number): void {
    if (!Number.isSafeInteger(utc_ms)) throw new RangeError('time of day is an integer count of milliseconds')
    this.#offset_ms = utc_ms - this.ticks_ms()
    this.#valid = true
  }
}
