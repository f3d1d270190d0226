import type { MeterClock } from '../core/clock/meter-clock.ts'
import type { RegisterJournal } from '../core/storage/register-journal.ts'
import type { Journal } from './journal.ts'

/** Saves for failing supplies: so many at once, and then one in so long. What flickers for hours must not wear the flash. */
const GASPS_MAX = 60
const GASP_REFILL_MS = 30_000

/** The values that outlive the supply: energies, then counters, then the energies by rate (`RATE_INDEX`), then those of the monitors. */
export class RegisterImage {
  readonly values: Float64Array<ArrayBuffer>
  readonly #registers: RegisterJournal
  readonly #clock: MeterClock
  readonly #journal: Journal
  readonly #interval_s: number
  #saved_s: number
  /** Sum of the values as they were saved last: they never decrease, so an equal sum is an equal image. */
  #savedSum = -1
  #gasps = GASPS_MAX
  #gasped_ms = Number.NEGATIVE_INFINITY

  /** `interval_s`: between two saves in normal life. Empty until `load`. */
  constructor(registers: RegisterJournal, clock: MeterClock, journal: Journal, interval_s: number) {
    this.#registers = registers
    this.#clock = clock
    this.#journal = journal
    this.#interval_s = interval_s
    this.#saved_s = clock.now_s()
    this.values = new Float64Array(registers.count)
  }

  load(): void {
    this.#registers.load(this.values)
  }

  /** What is in memory is what is in flash. */
  settled(): void {
    this.#savedSum = this.sum()
  }

  /** A clock that was set back saves at once; otherwise the interval would last as long as the correction. */
  due(now_s: number): boolean {
    const elapsed_s = now_s - this.#saved_s
    return elapsed_s >= this.#interval_s || elapsed_s < 0
  }

  /** Writes all values to flash, which may take no more. */
  save(): void {
    this.#saved_s = this.#clock.now_s()
    this.settled()
    this.#journal.keep(this.write, this)
  }

  private write(): void {
    this.#registers.save(this.values, this.#saved_s)
  }

  /** Saves what has not been saved, out of turn; within a budget, so that a supply that flickers for hours costs no more flash than the normal saves. */
  gasp(): void {
    if (this.sum() === this.#savedSum) return
    const ticks_ms = this.#clock.ticks_ms()
    if (ticks_ms - this.#gasped_ms >= GASP_REFILL_MS) {
      const refill = Math.min(GASPS_MAX, Math.floor((ticks_ms - this.#gasped_ms) / GASP_REFILL_MS))
      this.#gasps = Math.min(GASPS_MAX, this.#gasps + refill)
      this.#gasped_ms = ticks_ms
    }
    if (this.#gasps === 0) return
    this.#gasps--
    this.save()
  }

  private sum(): number {
    let sum = 0
    for (let i = 0; i < this.values.length; i++) sum += this.values[i]
    return sum
  }
}
