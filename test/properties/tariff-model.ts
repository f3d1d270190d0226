import {
  type ActivityCalendar,
  calendarErrors,
  EMPTY_CALENDAR,
  ONE_RATE,
  type SpecialDay,
} from '../../src/core/tariff/activity-calendar.ts'
import type { TariffEngine } from '../../src/core/tariff/tariff-engine.ts'
import { berlinOffset, Oracle } from '../core/tariff/oracle.ts'

const offset = berlinOffset()

/** Daylight saving in Berlin, by the time zone data of the host. */
export function isSummer(utc_s: number): boolean {
  return offset(utc_s) === 120
}

/** Which rate holds, in the plainest words: two calendars, special days, and the moment at which the second calendar comes. */
export class TariffModel {
  readonly rateWithoutClock: number
  active: ActivityCalendar = ONE_RATE
  passive: ActivityCalendar = EMPTY_CALENDAR
  specialDays: readonly SpecialDay[] = []
  due_s = Number.POSITIVE_INFINITY
  #oracles = new Map<ActivityCalendar, Oracle>()

  constructor(rateWithoutClock: number) {
    this.rateWithoutClock = rateWithoutClock
  }

  /** The rate in a second of UTC; undefined: nobody knows what time it is. */
  rateAt(utc_s: number | undefined): number {
    if (utc_s === undefined) return this.rateWithoutClock
    const calendar = utc_s >= this.due_s && calendarErrors(this.passive).length === 0 ? this.passive : this.active
    let oracle = this.#oracles.get(calendar)
    if (oracle === undefined) {
      oracle = new Oracle(calendar, this.specialDays, offset)
      this.#oracles.set(calendar, oracle)
    }
    return oracle.rateAt(utc_s)
  }

  /** The meter has seen this time. */
  saw(utc_s: number): void {
    if (utc_s < this.due_s) return
    if (calendarErrors(this.passive).length === 0) this.active = this.passive
    this.due_s = Number.POSITIVE_INFINITY
  }

  setSpecialDays(days: readonly SpecialDay[]): void {
    this.specialDays = days
    this.#oracles = new Map()
  }

  /** After a command that the supply cut off nobody can say what became of it but the meter. */
  follow(engine: TariffEngine): void {
    this.active = engine.activeCalendar
    this.passive = engine.passiveCalendar
    this.due_s = engine.activation_s ?? Number.POSITIVE_INFINITY
    this.setSpecialDays(engine.specialDays)
  }
}
