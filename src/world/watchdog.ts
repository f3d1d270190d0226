import type { ResetReason, Watchdog } from '../../hal/api/watchdog.ts'
import type { Scheduler, Task } from './scheduler.ts'

export interface WorldWatchdogOptions {
  readonly scheduler: Scheduler
  readonly timeout_ms: number
  /** The firmware was silent for too long. Called once, in a task of its own; the machine then resets the processor: its memory is lost, the chips keep their supply. */
  readonly onReset: (reason: ResetReason) => void
}

/** The watchdog of an emulated processor. One for each start of the firmware: it runs from its construction to `stop` or to the reset. */
export class WorldWatchdog implements Watchdog {
  readonly timeout_ms: number
  readonly #scheduler: Scheduler
  readonly #onReset: (reason: ResetReason) => void
  #fed_us: number
  #task: Task | undefined

  /** Throws RangeError for a time-out below a millisecond. */
  constructor(options: WorldWatchdogOptions) {
    const { scheduler, timeout_ms, onReset } = options
    if (!(Number.isInteger(timeout_ms) && timeout_ms > 0)) throw new RangeError(`timeout: found ${timeout_ms} ms`)
    this.timeout_ms = timeout_ms
    this.#scheduler = scheduler
    this.#onReset = onReset
    this.#fed_us = scheduler.now_us
    this.#plan()
  }

  feed(): void {
    // The planned look finds out; planning anew with each feed would cost more than the rest of the second.
    this.#fed_us = this.#scheduler.now_us
  }

  /** The processor lost its supply or was reset otherwise. */
  stop(): void {
    if (this.#task !== undefined) this.#scheduler.cancel(this.#task)
    this.#task = undefined
  }

  #plan(): void {
    this.#task = this.#scheduler.at(this.#fed_us + this.timeout_ms * 1000, () => this.#look())
  }

  #look(): void {
    this.#task = undefined
    if (this.#scheduler.now_us - this.#fed_us < this.timeout_ms * 1000) this.#plan()
    else this.#onReset('watchdog')
  }
}
