import { assert } from '../../lib/assert.ts'
import type { Fraction } from '../../lib/fraction.ts'
import type { Scheduler, Task } from '../scheduler.ts'
import type { PulseSensor } from './pulse-sensor.ts'

/** A magnet holds the contact closed for this part of a revolution. */
const DUTY = 0.3
const US_PER_HOUR = 3_600_000_000

/**
 * A wheel that turns once for each pulse. Exact: its position is an integer, in parts of a thousandth of the meter's unit, so what has passed is the integral of
 * the rate to the last microsecond.
 */
class Dial {
  /** Whole turns, less those back. */
  turns = 0
  readonly #scheduler: Scheduler
  readonly #sensor: PulseSensor
  readonly #perPulse: Fraction
  /** Length of a turn; the contact is closed from 0 to `#opens`. */
  readonly #turn: number
  readonly #opens: number
  #position: number
  /** Parts per microsecond, signed. */
  #speed = 0
  #since_us: number
  #next: Task | undefined

  constructor(scheduler: Scheduler, sensor: PulseSensor, perPulse: Fraction) {
    this.#scheduler = scheduler
    this.#sensor = sensor
    this.#perPulse = perPulse
    this.#turn = perPulse.numerator * US_PER_HOUR
    assert(Number.isSafeInteger(this.#turn), 'a pulse is worth too much for exact positions')
    this.#opens = Math.floor(this.#turn * DUTY)
    // A new wheel stands where its contact has just opened.
    this.#position = this.#opens
    this.#since_us = scheduler.now_us
  }

  /** Thousandths that have passed since the beginning. */
  get passed(): number {
    const parts = this.#position + this.#speed * (this.#scheduler.now_us - this.#since_us) - this.#opens
    return (this.turns * this.#perPulse.numerator + parts / US_PER_HOUR) / this.#perPulse.denominator
  }

  /** Thousandths per hour. */
  turnAt(rate: number): void {
    this.#advance()
    this.#speed = rate * this.#perPulse.denominator
    this.#plan()
  }

  #advance(): void {
    const { now_us } = this.#scheduler
    this.#position += this.#speed * (now_us - this.#since_us)
    this.#since_us = now_us
  }

  #plan(): void {
    if (this.#next !== undefined) this.#scheduler.cancel(this.#next)
    this.#next = undefined
    const speed = this.#speed
    if (speed === 0) return
    const closed = this.#position < this.#opens
    const end = speed > 0 ? (closed ? this.#opens : this.#turn) : closed ? -1 : this.#opens - 1
    this.#next = this.#scheduler.after(Math.ceil((end - this.#position) / speed), () => this.#pass(closed))
  }

  /** The contact changes, at one end of its part of the turn or the other. */
  #pass(wasClosed: boolean): void {
    this.#next = undefined
    this.#advance()
    if (this.#position >= this.#turn) {
      this.#position -= this.#turn
      this.turns++
    } else if (this.#position < 0) {
      this.#position += this.#turn
      this.turns--
    }
    this.#sensor.contact(!wasClosed)
    this.#plan()
  }
}

export interface MovementOptions {
  readonly scheduler: Scheduler
  /** Thousandths of the meter's unit (ml, mWh, J) that one pulse stands for; in lowest terms. */
  readonly perPulse: Fraction
  readonly forward: PulseSensor
  /** A meter with an output for each direction. Without it the one contact closes whichever way the wheel turns. */
  readonly reverse?: PulseSensor
}

/** The mechanics of a meter with a pulse output: what flows through it turns its wheel. */
export class Movement {
  readonly #forward: Dial
  readonly #reverse: Dial | undefined
  #rate = 0

  constructor(options: MovementOptions) {
    const { scheduler, perPulse, forward, reverse } = options
    this.#forward = new Dial(scheduler, forward, perPulse)
    this.#reverse = reverse && new Dial(scheduler, reverse, perPulse)
  }

  /** Thousandths per hour that flow now; negative is backwards. */
  get rate(): number {
    return this.#rate
  }

  set rate(rate: number) {
    assert(Number.isSafeInteger(rate), 'a rate is an integer')
    if (rate === this.#rate) return
    this.#rate = rate
    this.#forward.turnAt(this.#reverse === undefined ? rate : Math.max(0, rate))
    this.#reverse?.turnAt(Math.max(0, -rate))
  }

  /** Thousandths that have flowed forwards (less backwards where there is one wheel only). */
  get passed(): number {
    return this.#forward.passed
  }

  /** Thousandths that have flowed backwards, where there is a wheel for it. */
  get passedBack(): number {
    return this.#reverse?.passed ?? 0
  }
}
