import type { ActivityCalendar, SpecialDay } from '../../../src/core/tariff/activity-calendar.ts'
import { berlinOffset, Oracle } from '../../core/tariff/oracle.ts'
import type { YearWorld } from './world.ts'

export const QUANTITIES = 4
export const RATES = 4
const ELEMENTS = 4
const PERIOD_S = 900
const SHIFT_LIMIT_S = 9
const MINUTE_S = 60
/** Registers of a quantity: the total, then the rates. */
const REGISTERS = RATES + 1

const offset = berlinOffset()

export const localOffset_s = (utc_s: number) => 60 * offset(utc_s)
export const localDate = (utc_s: number) => new Date((utc_s + localOffset_s(utc_s)) * 1000).toISOString()

/** One count is 25/8 mWh. */
export const wholeUnits = (counts: number) => Math.floor((counts * 25) / 8000)
const watts = (counts: number) => Math.floor((counts * 25 * 3600) / (8000 * PERIOD_S))

export interface ExpectedMaximum {
  readonly watts: number
  readonly utc_s: number
}

/** What a snapshot of the registers has to say: by `quantity * 5 + rate`, rate 0 is the total. */
export interface ExpectedEnd {
  readonly utc_s: number
  readonly counts: readonly number[]
  readonly maxima: readonly ExpectedMaximum[]
}

/**
 * The bill of the year, reckoned from what the house drew and from the calendar of the host: energy by rate, the register at the end of each quarter, the
 * highest quarter of each month. Nothing of it comes from the meter.
 */
export class YearBooks {
  /** By `quantity * 5 + rate`. */
  readonly counts = new Float64Array(QUANTITIES * REGISTERS)
  /** Registers in whole units at the end of each quarter that the meter saw: totals of the quantities. */
  readonly quarters = new Map<number, readonly number[]>()
  /** The same with rates, at local midnights. */
  readonly midnights = new Map<number, readonly number[]>()
  readonly ends: ExpectedEnd[] = []
  readonly #world: YearWorld
  readonly #specialDays: readonly SpecialDay[]
  readonly #before: Float64Array
  #calendar: Oracle
  #coming: { readonly utc_s: number; readonly oracle: Oracle } | undefined
  /** The minute whose rate is known; 0: it changes within. */
  #minute = -1
  #minuteRate = 0
  #maxima: ExpectedMaximum[] = []
  readonly #base: Float64Array
  #whole = true
  #shift_s = 0
  #lastQuarter: number
  #lastMonth: string
  /** End of a month that is to be closed. */
  #late_s: number | undefined

  constructor(world: YearWorld, calendar: ActivityCalendar, specialDays: readonly SpecialDay[]) {
    this.#world = world
    this.#specialDays = specialDays
    this.#calendar = new Oracle(calendar, specialDays, offset)
    this.#before = world.counts.slice()
    this.#base = this.counts.slice()
    this.#lastQuarter = Math.floor(world.utc_s / PERIOD_S)
    this.#lastMonth = localDate(world.utc_s).slice(0, 7)
    this.#forget()
  }

  /** Another calendar holds from a time on. */
  calendarAt(utc_s: number, calendar: ActivityCalendar): void {
    this.#coming = { utc_s, oracle: new Oracle(calendar, this.#specialDays, offset) }
  }

  /** A second has passed in the world. */
  second(awake: boolean): void {
    const { counts } = this.#world
    const utc_s = this.#world.utc_s
    const rate = this.#rateAt(utc_s - 1)
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const count = counts[quantity * ELEMENTS] - this.#before[quantity * ELEMENTS]
      this.#before[quantity * ELEMENTS] = counts[quantity * ELEMENTS]
      this.counts[quantity * REGISTERS] += count
      this.counts[quantity * REGISTERS + rate] += count
    }
    if (!awake) return
    this.look(utc_s)
    // A month that ended without a supply is closed by the first second after it.
    this.#monthEnds()
  }

  /** The meter is awake and its clock shows this: what has ended, has ended now. */
  look(utc_s: number): void {
    const quarter = Math.floor(utc_s / PERIOD_S)
    if (quarter === this.#lastQuarter) return
    const stamp_s = quarter * PERIOD_S
    if (!this.quarters.has(stamp_s)) this.quarters.set(stamp_s, this.#values(false))
    if (utc_s - stamp_s <= SHIFT_LIMIT_S && quarter === this.#lastQuarter + 1) this.#quarterEnds(stamp_s)
    this.#lastQuarter = quarter
    this.#begin(utc_s === stamp_s || utc_s - stamp_s <= SHIFT_LIMIT_S)
    this.#dayEnds(stamp_s)
  }

  /** Daily values, and the end of billing. Where the supply was gone meanwhile, the registers stood still. */
  #dayEnds(stamp_s: number): void {
    if ((stamp_s + localOffset_s(stamp_s)) % 86_400 !== 0 || this.midnights.has(stamp_s)) return
    this.midnights.set(stamp_s, this.#values(true))
    const month = localDate(stamp_s).slice(0, 7)
    if (month <= this.#lastMonth) return
    this.#lastMonth = month
    this.#late_s = stamp_s
  }

  /** The firmware starts, after a failure of the supply or without one: what is running now is not a whole period, and what ended meanwhile ends now. */
  starts(utc_s: number): void {
    const quarter = Math.floor(utc_s / PERIOD_S)
    for (let passed = this.#lastQuarter + 1; passed <= quarter; passed++) this.#dayEnds(passed * PERIOD_S)
    this.#lastQuarter = quarter
    this.#begin(false)
  }

  /** The clock was moved by so much. */
  shifted(seconds: number): void {
    this.#shift_s += seconds
    if (Math.abs(this.#shift_s) > SHIFT_LIMIT_S) this.#begin(false)
    if (this.#world.utc_s < this.#lastQuarter * PERIOD_S) this.#lastQuarter = Math.floor(this.#world.utc_s / PERIOD_S)
  }

  /** Counts that the meter could not save. */
  lost(index: number, counts: number): void {
    this.counts[index] -= counts
  }

  maximum(index: number): ExpectedMaximum {
    return this.#maxima[index]
  }

  #rateAt(utc_s: number): number {
    if (this.#coming !== undefined && utc_s >= this.#coming.utc_s) {
      this.#calendar = this.#coming.oracle
      this.#coming = undefined
      this.#minute = -1
    }
    const minute = Math.floor(utc_s / MINUTE_S)
    if (minute !== this.#minute) {
      this.#minute = minute
      const first = this.#calendar.rateAt(minute * MINUTE_S)
      let same = true
      for (let second = 1; second < MINUTE_S; second += 29) same &&= this.#calendar.rateAt(minute * MINUTE_S + second) === first
      this.#minuteRate = same ? first : 0
    }
    return this.#minuteRate === 0 ? this.#calendar.rateAt(utc_s) : this.#minuteRate
  }

  #values(rates: boolean): number[] {
    const values: number[] = []
    for (let index = 0; index < this.counts.length; index++) {
      if (rates || index % REGISTERS === 0) values.push(wholeUnits(this.counts[index]))
    }
    return values
  }

  #quarterEnds(stamp_s: number): void {
    if (!this.#whole) return
    for (let index = 0; index < this.counts.length; index++) {
      const demand_W = watts(this.counts[index] - this.#base[index])
      if (demand_W > this.#maxima[index].watts) this.#maxima[index] = { watts: demand_W, utc_s: stamp_s }
    }
  }

  #monthEnds(): void {
    const utc_s = this.#late_s
    if (utc_s === undefined) return
    this.#late_s = undefined
    this.ends.push({ utc_s, counts: [...this.counts], maxima: this.#maxima })
    this.#forget()
  }

  #forget(): void {
    this.#maxima = Array.from({ length: QUANTITIES * REGISTERS }, () => ({ watts: 0, utc_s: 0 }))
  }

  #begin(whole: boolean): void {
    this.#whole = whole
    this.#shift_s = 0
    this.#base.set(this.counts)
  }
}
