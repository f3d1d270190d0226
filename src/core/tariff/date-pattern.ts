import { type ByteReader, type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { civilFromDays, daysFromCivil, daysInMonth, weekdayOfDays } from '../../lib/calendar.ts'

/** Values of `day` besides 1..31. */
export const LAST_DAY = 0xfe
export const SECOND_LAST_DAY = 0xfd

const ANY_YEAR = 0xffff
const ANY = 0xff
/** What the meter's clock can show: 32 bits of seconds. */
const YEAR_MIN = 1970
const YEAR_MAX = 2106
/** 29 February may be eight years back (1896 and 1904, 2096 and 2104). */
const YEARS_BACK = 8

/**
 * A date with fields left open, as COSEM writes it for what comes again and again (IEC 62056-6-2 clause 4.1.6.1, date):
 * - `weekday` alone: every such day of the week;
 * - `day` 1..31 with `weekday`, in any year: the first such day of the week on or after that date;
 * - `day` LAST_DAY with `weekday`: the last such day of the week in the month.
 */
export interface DatePattern {
  readonly year?: number
  /** 1..12. */
  readonly month?: number
  /** 1..31, LAST_DAY or SECOND_LAST_DAY. */
  readonly day?: number
  /** 1 (Monday) .. 7. */
  readonly weekday?: number
}

/** Days from `days` back to the last `weekday`. */
function daysSince(weekday: number, days: number): number {
  return (weekdayOfDays(days) - weekday + 7) % 7
}

/** The date in one month that has an explicit day; undefined when the month has none. It may lie in the next month, at most six days. */
function inMonth(pattern: DatePattern, day: number, year: number, month: number): number | undefined {
  const { weekday } = pattern
  const length = daysInMonth(year, month)
  const first = daysFromCivil(year, month, 1)
  if (day === LAST_DAY) return first + length - 1 - (weekday === undefined ? 0 : daysSince(weekday, first + length - 1))
  if (day === SECOND_LAST_DAY) return first + length - 2
  if (day > length) return undefined
  const date = first + day - 1
  return weekday === undefined ? date : date + 6 - daysSince(weekday, date + 6)
}

/** Latest date in one month that is not after `limit`, all as days since 1970-01-01. */
function latestInMonth(pattern: DatePattern, year: number, month: number, limit: number): number | undefined {
  const { day, weekday } = pattern
  const first = daysFromCivil(year, month, 1)
  if (day === undefined) {
    const end = Math.min(limit, first + daysInMonth(year, month) - 1)
    const date = weekday === undefined ? end : end - daysSince(weekday, end)
    return date < first ? undefined : date
  }
  const date = inMonth(pattern, day, year, month)
  return date === undefined || date > limit ? undefined : date
}

/** Latest date of the pattern on or before `days` (both as days since 1970-01-01); undefined when there was none. */
export function latestDate(pattern: DatePattern, days: number): number | undefined {
  const today = civilFromDays(days)
  const until = Math.min(today.year, pattern.year ?? today.year)
  const from = pattern.year ?? today.year - YEARS_BACK
  for (let year = until; year >= from; year--) {
    for (let month = year === today.year ? today.month : 12; month >= 1; month--) {
      if (pattern.month !== undefined && pattern.month !== month) continue
      const date = latestInMonth(pattern, year, month, days)
      if (date !== undefined) return date
    }
  }
  return undefined
}

/** True when the day is one of the pattern's. */
export function isDateOf(pattern: DatePattern, days: number): boolean {
  if (pattern.year !== undefined && Math.abs(pattern.year - civilFromDays(days).year) > 1) return false
  return latestDate(pattern, days) === days
}

function inRange(value: number | undefined, low: number, high: number): boolean {
  return value === undefined || (Number.isInteger(value) && value >= low && value <= high)
}

/** What is wrong with a pattern, to end a sentence "found …"; undefined when there is such a date. */
export function datePatternProblem(pattern: DatePattern): string | undefined {
  const { year, month, day, weekday } = pattern
  if (!inRange(year, YEAR_MIN, YEAR_MAX)) return `year ${year}, allowed is ${YEAR_MIN}..${YEAR_MAX} or any`
  if (!inRange(month, 1, 12)) return `month ${month}, allowed is 1..12 or any`
  if (day !== LAST_DAY && day !== SECOND_LAST_DAY && !inRange(day, 1, 31)) return `day ${day}, allowed is 1..31, the last two or any`
  if (!inRange(weekday, 1, 7)) return `day of the week ${weekday}, allowed is 1..7 or any`
  if (day === SECOND_LAST_DAY && weekday !== undefined) return 'the last day but one together with a day of the week'
  if (day === undefined || day > 31 || month === undefined) return undefined
  // In any year: a leap year.
  if (day > daysInMonth(year ?? 2000, month)) return `day ${day} of month ${month}, which does not exist`
  if (year === undefined || weekday === undefined || weekdayOfDays(daysFromCivil(year, month, day)) === weekday) return undefined
  return `a date that is not on day ${weekday} of the week`
}

/** Five bytes: the octet-string of type date. */
export function writeDatePattern(writer: ByteWriter, pattern: DatePattern): void {
  writer.uint16(pattern.year ?? ANY_YEAR)
  writer.uint8(pattern.month ?? ANY)
  writer.uint8(pattern.day ?? ANY)
  writer.uint8(pattern.weekday ?? ANY)
}

/** Errors: DecodeError for a date that `datePatternProblem` refuses; the begin and end of daylight saving as a month are among them. */
export function readDatePattern(reader: ByteReader): DatePattern {
  const year = reader.uint16()
  const [month, day, weekday] = reader.take(3)
  const pattern: DatePattern = {
    ...(year === ANY_YEAR ? {} : { year }),
    ...(month === ANY ? {} : { month }),
    ...(day === ANY ? {} : { day }),
    ...(weekday === ANY ? {} : { weekday }),
  }
  const problem = datePatternProblem(pattern)
  if (problem !== undefined) throw new DecodeError(`date with ${problem}`)
  return pattern
}
