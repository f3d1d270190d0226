import type { MeterClock } from '../clock/meter-clock.ts'
import { StandardEvent } from './codes.ts'
import type { EventRecord } from './event-log.ts'

/** So long the supply must last before it counts as returned: what flickers is one failure. */
export const STABLE_MS = 3000
/** Events in which the last power down or power up is looked for. */
const SUPPLY_EVENTS = 32

export interface SupplyOptions {
  readonly clock: MeterClock
  /** The standard event log. */
  readonly log: { newest(count: number): readonly EventRecord[] }
  /** Appends to the standard event log, whatever the flash does. */
  readonly write: (code: number, utc_s: number, parameter?: number) => void
  /** The supply fails: once for each failure, however often it flickers. */
  readonly onFailure: (utc_s: number) => void
  /** The supply is back for good since `utc_s`; `duration_s` is undefined when a clock without time makes it unknown. */
  readonly onReturn: (utc_s: number, duration_s: number | undefined) => void
}

/**
 * Follows the supply through failures, flickers and starts, and keeps the power events of the standard log.
 *
 * A supply that comes and goes is one failure, from the first loss until it has lasted `STABLE_MS`; until then a start writes nothing. So a storm
 * of flickers costs one pair of events, whether the meter lives through them on its capacitors or starts each time.
 */
export class SupplyWatch {
  readonly #options: SupplyOptions
  /** The supply is gone now. */
  #failed = false
  /** Ticks at which the supply returned and since when it lasts; undefined when there is nothing to announce. */
  #returned_ms: number | undefined
  #returned_s = 0
  /** The power down of this failure stands in the log. */
  #logged = true
  #lastAlive_s = 0

  constructor(options: SupplyOptions) {
    this.#options = options
  }

  /** The supply is gone, and the meter lives on its capacitors. */
  get failed(): boolean {
    return this.#failed
  }

  /** A failure that is not over: the supply is gone, or has not been back for long enough. */
  get unsettled(): boolean {
    return this.#failed || this.#returned_ms !== undefined
  }

  /** The log knows of a failure that has not ended: a start goes on with it, whatever it was caused by. */
  get open(): boolean {
    return this.lastEvent()?.code === StandardEvent.powerDown
  }

  /** The very first start of a meter. */
  first(utc_s: number): void {
    this.#options.write(StandardEvent.powerUp, utc_s)
  }

  /** A start after a failure. `lastAlive_s` is the latest time that anything in flash carries. */
  start(utc_s: number, lastAlive_s: number): void {
    this.#lastAlive_s = lastAlive_s
    this.#logged = this.open
    this.returns(utc_s)
  }

  /** The supply is gone, or about to go with the end of the firmware. */
  fails(utc_s: number): void {
    if (this.#failed) return
    this.#failed = true
    if (this.#returned_ms !== undefined) this.settle()
    else {
      this.#options.write(StandardEvent.powerDown, utc_s)
      this.#options.onFailure(utc_s)
    }
    this.#returned_ms = undefined
  }

  /** The supply is there. Call often: also tells when it has lasted. */
  lives(utc_s: number): void {
    if (this.#failed) {
      this.#failed = false
      this.returns(utc_s)
    }
    if (this.#returned_ms === undefined || this.#options.clock.ticks_ms() - this.#returned_ms < STABLE_MS) return
    this.#returned_ms = undefined
    this.announce()
  }

  private returns(utc_s: number): void {
    this.#returned_ms = this.#options.clock.ticks_ms()
    this.#returned_s = utc_s
  }

  /** Without a power down in the log nobody was there to write it: the supply failed at the last sign of life, or within a save interval after it. */
  private settle(): void {
    if (this.#logged) return
    this.#logged = true
    this.#options.write(StandardEvent.powerDown, this.#lastAlive_s)
  }

  private announce(): void {
    const { clock, write, onReturn } = this.#options
    this.settle()
    const down = this.lastEvent()
    const known = down?.code === StandardEvent.powerDown && clock.valid
    const duration_s = known ? Math.max(0, this.#returned_s - down.utc_s) : undefined
    write(StandardEvent.powerUp, this.#returned_s, duration_s ?? 0)
    onReturn(this.#returned_s, duration_s)
  }

  private lastEvent(): EventRecord | undefined {
    const { powerDown, powerUp } = StandardEvent
    return this.#options.log.newest(SUPPLY_EVENTS).find(({ code }) => code === powerDown || code === powerUp)
  }
}
