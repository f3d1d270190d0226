import type { SeededRandom } from '../../lib/random.ts'
import type { Scheduler, Task } from '../scheduler.ts'

/** `reed`: a contact that a magnet of the movement closes, and that bounces. The others are electronic and give pulses of a set length. */
export type SensorKind = 'reed' | 'openCollector' | 'optical'

export interface PulseSensorOptions {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly kind: SensorKind
  /** The wire: 0 while the contact or the transistor conducts to ground. */
  readonly drive: (level: 0 | 1) => void
  /** Longest time that a reed bounces. Default 2 ms; half of it when it opens. */
  readonly bounce_us?: number
  /** Length of an electronic pulse. Default 30 ms. */
  readonly pulse_ms?: number
}

/** A reed bounces so many times at most. */
const BOUNCES_MAX = 5

/** The pulse output of a water, gas or heat meter, and what may be wrong with it. */
export class PulseSensor {
  /** Pulses that do not come, of 1000: a magnet that has grown weak. */
  missing_permille = 0
  /** Pulses that the movement gave, missing ones included. */
  given = 0
  readonly #options: PulseSensorOptions
  readonly #tasks: Task[] = []
  #level: 0 | 1 = 1
  #closed = false
  #stuck: 'open' | 'closed' | undefined
  #magnet = false

  constructor(options: PulseSensorOptions) {
    this.#options = options
    options.drive(1)
  }

  /** A contact that has welded or broken. */
  set stuck(state: 'open' | 'closed' | undefined) {
    this.#stuck = state
    this.#apply(false)
  }

  /** Somebody holds a magnet against the meter: a reed stays closed, electronics do not care. */
  set magnet(there: boolean) {
    this.#magnet = there
    this.#apply(true)
  }

  /** The movement passes the place where a pulse begins (`true`), or ends. */
  contact(closed: boolean): void {
    const { random, kind } = this.#options
    if (closed) {
      this.given++
      if (this.missing_permille > 0 && random.below(1000) < this.missing_permille) return
    }
    if (kind === 'reed') {
      this.#closed = closed
      this.#apply(true)
    } else if (closed) this.#pulse()
  }

  #pulse(): void {
    const { scheduler, pulse_ms = 30 } = this.#options
    this.#cancel()
    this.#closed = true
    this.#apply(false)
    this.#tasks.push(
      scheduler.after(pulse_ms * 1000, () => {
        this.#closed = false
        this.#apply(false)
      }),
    )
  }

  #apply(moved: boolean): void {
    const { kind } = this.#options
    const held = this.#magnet && kind === 'reed'
    const conducts = this.#stuck === undefined ? this.#closed || held : this.#stuck === 'closed'
    const level = conducts ? 0 : 1
    if (level === this.#level) return
    if (kind === 'reed') this.#cancel()
    this.#level = level
    if (kind === 'reed' && moved) this.#bounce(level)
    this.#options.drive(level)
  }

  /** Edges in between, at random moments; what is driven last is `level` again. */
  #bounce(level: 0 | 1): void {
    const { scheduler, random, drive, bounce_us = 2000 } = this.#options
    const longest_us = level === 0 ? bounce_us : Math.floor(bounce_us / 2)
    const bounces = random.below(BOUNCES_MAX + 1)
    if (longest_us < 2 * bounces + 2) return
    const other = level === 0 ? 1 : 0
    let at_us = 0
    for (let i = 0; i < bounces; i++) {
      for (const state of [other, level] as const) {
        at_us += 1 + random.below(Math.floor(longest_us / (2 * BOUNCES_MAX)))
        this.#tasks.push(scheduler.after(at_us, () => drive(state)))
      }
    }
  }

  #cancel(): void {
    for (const task of this.#tasks) this.#options.scheduler.cancel(task)
    this.#tasks.length = 0
  }
}
