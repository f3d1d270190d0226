import { assert } from '../../lib/assert.ts'
import { civilFromDays, daysFromCivil, daysInMonth, MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE } from '../../lib/calendar.ts'

/** Minutes that local time is ahead of UTC at an instant. Changes at most once in any two days. */
export type LocalOffset = (utc_ms: number) => number

/**
 * The instants at which something is captured or closed, in seconds of UTC. They depend on nothing but the calendar: a clock that was set finds the
 * same instants again. `floor` allocates for civil dates; call it at boundaries, not every second.
 */
export interface CaptureSchedule {
  /** Seconds between instants, as COSEM shows them in `capture_period`: a day has 86,400 and a month 0 (not periodic). */
  readonly period_s: number
  /** Latest instant at or before `utc_s`. */
  floor(utc_s: number): number
  /** The instant after the instant `stamp_s`. */
  next(stamp_s: number): number
}

/**
 * The instant of a local time. One that does not exist is read with the offset before the gap, one that exists twice is the first
 * (RFC 5545 section 3.3.5, form #3).
 */
function utcOfLocal_ms(local_ms: number, offset_min: LocalOffset): number {
  const before_min = offset_min(local_ms - MS_PER_DAY)
  const after_min = offset_min(local_ms + MS_PER_DAY)
  const early_ms = local_ms - before_min * MS_PER_MINUTE
  if (before_min === after_min || offset_min(early_ms) === before_min) return early_ms
  const late_ms = local_ms - after_min * MS_PER_MINUTE
  return offset_min(late_ms) === after_min ? late_ms : early_ms
}

function localDays(utc_s: number, offset_min: LocalOffset): number {
  const utc_ms = utc_s * 1000
  return Math.floor((utc_ms + offset_min(utc_ms) * MS_PER_MINUTE) / MS_PER_DAY)
}

class Periodic implements CaptureSchedule {
  readonly period_s: number
  readonly #phase_s: number

  constructor(period_s: number, phase_s: number) {
    this.period_s = period_s
    this.#phase_s = phase_s
  }

  floor(utc_s: number): number {
    return Math.floor((utc_s - this.#phase_s) / this.period_s) * this.period_s + this.#phase_s
  }

  next(stamp_s: number): number {
    return stamp_s + this.period_s
  }
}

/** Every `period_s` seconds. `phase_s` moves the grid, for periods of an hour where local time is half an hour off. */
export function periodic(period_s: number, phase_s = 0): CaptureSchedule {
  assert(Number.isInteger(period_s) && period_s > 0, 'a period has whole seconds')
  return new Periodic(period_s, phase_s)
}

class Daily implements CaptureSchedule {
  readonly #offset_min: LocalOffset

  constructor(offset_min: LocalOffset) {
    this.#offset_min = offset_min
  }

  get period_s(): number {
    return 86_400
  }

  floor(utc_s: number): number {
    const days = localDays(utc_s, this.#offset_min)
    const stamp_s = this.midnight_s(days)
    return stamp_s <= utc_s ? stamp_s : this.midnight_s(days - 1)
  }

  next(stamp_s: number): number {
    return this.midnight_s(localDays(stamp_s, this.#offset_min) + 1)
  }

  private midnight_s(days: number): number {
    return utcOfLocal_ms(days * MS_PER_DAY, this.#offset_min) / 1000
  }
}

/** Every local midnight: days have 23, 24 or 25 hours. */
export function daily(offset_min: LocalOffset): CaptureSchedule {
  return new Daily(offset_min)
}

/** A moment of every month in local time: day 1 to 28, which every month has, or its last; at a full hour. */
export interface MonthlyMoment {
  readonly day: number | 'last'
  readonly hour: number
}

class Monthly implements CaptureSchedule {
  readonly #offset_min: LocalOffset
  readonly #moment: MonthlyMoment

  constructor(offset_min: LocalOffset, moment: MonthlyMoment) {
    this.#offset_min = offset_min
    this.#moment = moment
  }

  get period_s(): number {
    return 0
  }

  floor(utc_s: number): number {
    const months = this.monthOf(utc_s)
    const stamp_s = this.instant_s(months)
    return stamp_s <= utc_s ? stamp_s : this.instant_s(months - 1)
  }

  next(stamp_s: number): number {
    return this.instant_s(this.monthOf(stamp_s) + 1)
  }

  private instant_s(months: number): number {
    const { day, hour } = this.#moment
    const year = Math.floor(months / 12)
    const month = (months % 12) + 1
    const days = daysFromCivil(year, month, day === 'last' ? daysInMonth(year, month) : day)
    return utcOfLocal_ms(days * MS_PER_DAY + hour * MS_PER_HOUR, this.#offset_min) / 1000
  }

  private monthOf(utc_s: number): number {
    const { year, month } = civilFromDays(localDays(utc_s, this.#offset_min))
    return year * 12 + month - 1
  }
}

/** Every month at a local moment. */
export function monthly(offset_min: LocalOffset, moment: MonthlyMoment = { day: 1, hour: 0 }): CaptureSchedule {
  const { day, hour } = moment
  assert(day === 'last' || (Number.isInteger(day) && day >= 1 && day <= 28), 'day 1 to 28 or the last')
  assert(Number.isInteger(hour) && hour >= 0 && hour <= 23, 'hour 0 to 23')
  return new Monthly(offset_min, moment)
}
