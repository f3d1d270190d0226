import { assert } from '../../lib/assert.ts'
import type { Fraction } from '../../lib/fraction.ts'
import { ProfileStatus } from '../events/codes.ts'
import type { Settings } from '../storage/settings.ts'
import { type HeldWindow, heldWindow, holdWindow, MaximumState, RATES_MAX } from './demand-state.ts'
import { DemandWindow } from './demand-window.ts'

/** Status of a demand period: bits of `ProfileStatus`, and its unused one for a period that is not as long as it should be. */
export const DemandStatus = Object.freeze({
  ...ProfileStatus,
  /** Shorter than the period: it began after its boundary or ended before, and its average is too low rather than too high. */
  incomplete: 0x10,
})

/** Counts of a register now; `rate` 0 is the total. */
export type DemandCounts = (quantity: number, rate: number) => number

/** Values of an end of billing, by OBIS value groups C, D, E: maxima C.6.E, and C.2.E as they were before. */
export interface MaximumSnapshot {
  find(c: number, d: number, e: number): { readonly value: number } | undefined
}

/** Euclid; ends for positive integers. */
function greatestDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b]
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller]
  return larger
}

export interface DemandOptions {
  readonly counts: DemandCounts
  /** One count in mWh. */
  readonly unit: Fraction
  readonly settings: Settings
  /** Indices of `Quantity`. Default +A, -A, +R, -R. */
  readonly quantities?: readonly number[]
  /** Rates beside the total: 0 to 8. */
  readonly rates: number
  /** Length t of a sub-interval; 60 s to 3600 s. */
  readonly period_s: number
  /** Sub-intervals n of a demand period T = n * t: 1 is block demand, more is sliding demand. At most 15. */
  readonly periods: number
  /** Moves the grid of the periods; 0 is full hours of UTC. */
  readonly phase_s?: number
  /** A clock that is set by no more than this leaves the running period as it is, marked. Below a fifth of `period_s`. */
  readonly shiftLimit_s: number
  /** `restart`: after an outage a new period begins. `continue`: the period goes on if the supply returns within the sub-interval; needs `hold`. */
  readonly outage: 'restart' | 'continue'
  /** Periods that are too short may set a maximum. Their average is energy by the full period, so it is never too high. */
  readonly incompleteSetsMaximum: boolean
}

/**
 * Demand registers (COSEM class 5; OBIS C.4.0 current, C.5.0 last average) and their maxima (class 4; C.6.e with time, cumulative C.2.e), for the total and
 * each rate. A demand is the difference of two register counts, divided by the period: never an average of samples. Demands are in whole W or var,
 * rounded down as a display does.
 *
 * The demand of a rate is the energy that the rate's own register took in the period. So a change of rate inside a period needs no rule: the
 * demands of the rates add up to the total.
 *
 * Periods are synchronous to the clock. One that is not as long as it should be says so in its status and sets no maximum unless configured; one whose data
 * are not valid sets none.
 * The running period is in memory only; maxima are stored when they rise, see `MaximumState`.
 */
export class Demand {
  readonly quantities: readonly number[]
  /** Total and rates. */
  readonly registers: number
  readonly period_s: number
  readonly periods: number
  readonly #options: DemandOptions
  readonly #windows: readonly DemandWindow[]
  readonly #maxima: readonly MaximumState[]
  /** Watts = floor(counts * numerator / denominator). */
  readonly #numerator: number
  readonly #denominator: number
  #start_s = 0
  #end_s = 0
  #status = 0
  /** Sum of the small clock shifts in the running period. */
  #shift_s = 0
  #lastEnd_s = 0
  #lastStatus = 0

  /** Registers must have been restored. Writes nothing; `start` must follow. */
  constructor(options: DemandOptions, utc_s: number) {
    const { period_s, periods, rates, shiftLimit_s, unit, settings, quantities = [0, 1, 2, 3] } = options
    assert(Number.isInteger(period_s) && period_s >= 60 && period_s <= 3600, 'a demand period of 60 to 3600 s')
    assert(Number.isInteger(periods) && periods >= 1 && periods <= 15, '1 to 15 sub-intervals')
    assert(Number.isInteger(rates) && rates >= 0 && rates <= RATES_MAX, '0 to 8 rates')
    assert(shiftLimit_s >= 0 && shiftLimit_s * 5 < period_s, 'the limit of a clock shift is small against the period')
    this.#options = options
    this.quantities = quantities
    this.registers = rates + 1
    this.period_s = period_s
    this.periods = periods
    const numerator = unit.numerator * 3600
    // Thousandths to whole units.
    const denominator = unit.denominator * 1000 * period_s * periods
    // In lowest terms, so that the products with counts stay exact.
    const divisor = greatestDivisor(numerator, denominator)
    this.#numerator = numerator / divisor
    this.#denominator = denominator / divisor
    this.#windows = quantities.map(() => new DemandWindow(this.registers, periods))
    this.#maxima = quantities.map((quantity) => new MaximumState(settings, quantity, this.registers))
    // The part of the first period before this start is not known; where the clock is exact there is none.
    this.begin(utc_s, utc_s === this.floor(utc_s) ? 0 : DemandStatus.incomplete)
  }

  /**
   * A start of the meter; once, before the first `second`. `reason` `power`: after an outage, which may have fallen into a period that goes on; `first`: a new meter.
   * Stores the maxima where they are not stored yet, so that they never need more room later.
   * Errors: as `Settings.set`.
   */
  start(reason: 'first' | 'power' | 'reset'): void {
    const goesOn = reason !== 'first' && this.#options.outage === 'continue' && this.continue()
    if (!goesOn) {
      // The sub-intervals before are not known.
      for (const window of this.#windows) window.forget(DemandStatus.incomplete)
      if (reason !== 'first') this.#status |= DemandStatus.incomplete
    }
    if (reason === 'power') this.#status |= DemandStatus.powerDown
    if (reason === 'reset') this.#status |= DemandStatus.dataNotValid
    this.store()
  }

  /** Marks the running period with bits of `ProfileStatus`. */
  mark(status: number): void {
    this.#status |= status
  }

  /**
   * One second, after the registers took its energy. `persistent` are status bits that stay set as long as their cause (clock invalid). Returns
   * whether a sub-interval ended. Allocates nothing until then. Errors: as `Settings.set`; what could not be stored is tried again at the next end.
   */
  second(utc_s: number, persistent: number): boolean {
    this.#status |= persistent
    const { shiftLimit_s } = this.#options
    if (utc_s >= this.#start_s - shiftLimit_s && utc_s < this.#end_s) return false
    if (utc_s < this.#start_s || utc_s > this.#end_s + shiftLimit_s) return this.jump(utc_s)
    const end_s = this.#end_s
    this.close(end_s, true)
    // More than the jitter of a second: a shift passed the boundary, and the period that begins is as much shorter.
    this.begin(end_s, utc_s > end_s + 1 ? DemandStatus.clockAdjusted : 0)
    this.store()
    return true
  }

  /**
   * The clock was set. Within the limit the running period is only marked; else it ends now, at the old time, and what follows begins at the new
   * one. Returns whether a sub-interval ended. Errors: as `Settings.set`.
   */
  clockAdjusted(old_s: number, new_s: number): boolean {
    // A boundary that passed in this very second is still one of the old time.
    const ended = this.second(old_s, 0)
    this.#status |= DemandStatus.clockAdjusted
    this.#shift_s += new_s - old_s
    // The sum of the shifts: many small ones must not stretch a period either.
    if (Math.abs(this.#shift_s) <= this.#options.shiftLimit_s) return ended
    this.cutShort(Math.max(old_s, this.#start_s), new_s, true)
    return true
  }

  /**
   * The supply fails, and the image of the registers is saved: with `outage: 'continue'` keeps the running period, one entry for each quantity. The
   * caller bounds how often.
   */
  hold(): void {
    if (this.#options.outage !== 'continue') return
    for (let i = 0; i < this.quantities.length; i++) holdWindow(this.#options.settings, this.quantities[i], this.held(i))
  }

  /** Average of the running period so far, by its full length (class 5, attribute 2), in W. With sliding demand of the running window. */
  current_W(quantity: number): number {
    const i = this.index(quantity)
    return this.watts(this.#windows[i].running(0, this.#options.counts(quantity, 0)))
  }

  /** Average of the last period (class 5, attribute 3), in W; 0 before the first one has ended. */
  last_W(quantity: number, rate = 0): number {
    return this.watts(this.#windows[this.index(quantity)].sum(rate))
  }

  /** Counts of the sub-interval that ended last. */
  lastEnergy(quantity: number, rate = 0): number {
    return this.#windows[this.index(quantity)].last(rate)
  }

  /** Status of the last period (class 5, attribute 5): bits of `DemandStatus`. */
  get lastStatus(): number {
    return this.#lastStatus
  }

  /** Status of the running period so far. */
  get status(): number {
    return this.#status
  }

  /** When the last period ended (class 5, attribute 6); 0 before the first one has. */
  get lastEnd_s(): number {
    return this.#lastEnd_s
  }

  /** When the running window began (class 5, attribute 7). */
  get start_s(): number {
    return this.#start_s - (this.periods - 1) * this.period_s
  }

  /** Maximum of a quantity with its time and status (class 4). */
  maximum_W(quantity: number, rate = 0): number {
    return this.#maxima[this.index(quantity)].watts(rate)
  }
  /** End of the period that set the maximum; 0 without any. */
  maximumTime_s(quantity: number, rate = 0): number {
    return this.#maxima[this.index(quantity)].utc_s(rate)
  }
  maximumStatus(quantity: number, rate = 0): number {
    return this.#maxima[this.index(quantity)].status(rate)
  }
  /** Sum of the maxima at all resets. */
  cumulative_W(quantity: number, rate = 0): number {
    return this.#maxima[this.index(quantity)].cumulative_W(rate)
  }

  /** Number of the last reset that any maximum took part in. */
  get generation(): number {
    let generation = 0
    for (const maxima of this.#maxima) generation = Math.max(generation, maxima.generation)
    return generation
  }

  /**
   * Resets all maxima for the end of billing number `generation`; those that took part in it already are left alone, so it is called again after a
   * power cut, then with the snapshot of that end: what it says of the maxima counts, for the last entry may have been lost with the power. The running
   * period goes on: its energy counts once, for the billing period that it ends in. Errors: as `Settings.set`.
   */
  reset(generation: number, snapshot?: MaximumSnapshot): void {
    for (const [i, maxima] of this.#maxima.entries()) {
      const c = this.quantities[i] + 1
      maxima.reset(generation, (rate) => {
        const before = snapshot?.find(c, 2, rate)?.value
        const maximum = snapshot?.find(c, 6, rate)?.value
        return before === undefined || maximum === undefined ? undefined : before + maximum
      })
    }
    this.store()
  }

  /** Without a word of `clockAdjusted` the time is somewhere else: nobody knows how long the period was, so it sets no maximum. */
  private jump(utc_s: number): boolean {
    this.cutShort(Math.min(Math.max(utc_s, this.#start_s), this.#end_s), utc_s, false)
    return true
  }

  private cutShort(end_s: number, begin_s: number, bounded: boolean): void {
    this.#status |= DemandStatus.clockAdjusted | DemandStatus.incomplete
    this.close(end_s, bounded)
    this.begin(begin_s, DemandStatus.clockAdjusted | (begin_s === this.floor(begin_s) ? 0 : DemandStatus.incomplete))
    // What was kept of this sub-interval has ended: it must not be taken up again.
    this.hold()
    this.store()
  }

  private begin(utc_s: number, status: number): void {
    this.#start_s = utc_s
    this.#end_s = this.floor(utc_s) + this.period_s
    this.#status = status
    this.#shift_s = 0
    const { counts } = this.#options
    for (let i = 0; i < this.quantities.length; i++) {
      const window = this.#windows[i]
      for (let rate = 0; rate < this.registers; rate++) window.begin(rate, counts(this.quantities[i], rate))
    }
  }

  /** Ends the sub-interval. `bounded`: it was not longer than it should be. */
  private close(end_s: number, bounded: boolean): void {
    const { counts, incompleteSetsMaximum } = this.#options
    this.#lastEnd_s = end_s
    for (let i = 0; i < this.quantities.length; i++) {
      const window = this.#windows[i]
      for (let rate = 0; rate < this.registers; rate++) window.take(rate, counts(this.quantities[i], rate))
      this.#lastStatus = window.close(this.#status, bounded)
      const whole = (this.#lastStatus & DemandStatus.incomplete) === 0 || incompleteSetsMaximum
      // Counts that came late, from a chip that did not answer, may belong to the period before: too much rather than too little.
      const valid = (this.#lastStatus & DemandStatus.dataNotValid) === 0
      if (!window.bounded || !whole || !valid) continue
      for (let rate = 0; rate < this.registers; rate++) {
        this.#maxima[i].raise(rate, this.watts(window.sum(rate)), end_s, this.#lastStatus)
      }
    }
  }

  /** What is not stored when an entry fails stays to be stored. */
  private store(): void {
    for (const maxima of this.#maxima) maxima.store()
  }

  /** Takes up what `hold` kept. All quantities or none. */
  private continue(): boolean {
    const { settings, counts } = this.#options
    const held = this.quantities.map((_, i) => this.held(i))
    for (const [i, window] of held.entries()) {
      if (!heldWindow(settings, this.quantities[i], window)) return false
      if (window.start_s > this.#start_s || this.floor(window.start_s) + this.period_s !== this.#end_s) return false
      for (let rate = 0; rate < this.registers; rate++) if (window.base[rate] > counts(this.quantities[i], rate)) return false
    }
    for (const [i, window] of held.entries()) this.#windows[i].restore(window)
    this.#start_s = held[0].start_s
    this.#status = held[0].status
    return true
  }

  private held(i: number): HeldWindow {
    return this.#windows[i].held(this.#start_s, this.period_s, this.#status)
  }

  private floor(utc_s: number): number {
    const { phase_s = 0 } = this.#options
    return Math.floor((utc_s - phase_s) / this.period_s) * this.period_s + phase_s
  }

  private watts(counts: number): number {
    return Math.floor((counts * this.#numerator) / this.#denominator)
  }

  private index(quantity: number): number {
    const index = this.quantities.indexOf(quantity)
    assert(index >= 0, 'a quantity without demand')
    return index
  }
}
