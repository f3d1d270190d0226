import type { RtcPart } from '../../hal/api/device.ts'
import type { Digital } from '../../hal/api/io.ts'
import type { RtcClock } from '../core/clock/rtc-clock.ts'
import { StandardEvent } from '../core/events/codes.ts'

/** The chip and its store are looked at so often. */
const CHECK_MS = 60_000
/** A bus that is disturbed for a moment is no event: so many checks in a row. */
const FAULTY_CHECKS = 3
/** A capacitor that was used is charged in minutes. One that is still low after an hour is not, and after a day it never will be. */
const LOW_CHECKS = 60
const REPLACE_CHECKS = 1440

/** Looks after the clock chip and what keeps it alive: a failure shows only when the mains fail next, unless somebody looks. */
export class ClockHealth {
  readonly #clock: RtcClock
  readonly #detector: Digital | undefined
  readonly #events: { record(code: number, parameter?: number): void }
  #next_ms = Number.NEGATIVE_INFINITY
  #faulty = 0
  #low = 0

  /** `events` logs standard events. */
  constructor(clock: RtcClock, part: RtcPart, events: { record(code: number, parameter?: number): void }) {
    this.#clock = clock
    this.#events = events
    const { storeLow } = part
    this.#detector = storeLow && new storeLow.io({ pin: storeLow.pin, mode: 'InputPullUp' })
  }

  second(ticks_ms: number): void {
    if (ticks_ms < this.#next_ms) return
    this.#next_ms = ticks_ms + CHECK_MS
    this.checkChip()
    this.checkStore()
  }

  close(): void {
    this.#detector?.close()
  }

  private checkChip(): void {
    // A chip without a time waits to be set; that is no fault of its own.
    const bad = this.#clock.valid ? !this.#clock.healthy : !this.#clock.answers
    if (bad) {
      if (++this.#faulty === FAULTY_CHECKS) this.#events.record(StandardEvent.clockChipFault, this.#clock.answers ? 1 : 0)
      return
    }
    if (this.#faulty >= FAULTY_CHECKS) this.#events.record(StandardEvent.clockChipRecovered)
    this.#faulty = 0
  }

  private checkStore(): void {
    if (this.#detector?.read() !== 0) {
      this.#low = 0
      return
    }
    this.#low++
    if (this.#low === LOW_CHECKS) this.#events.record(StandardEvent.batteryLow)
    else if (this.#low === REPLACE_CHECKS) this.#events.record(StandardEvent.replaceBattery)
  }
}
