/**
 * Civil date and time in the proleptic Gregorian calendar, computed with integers. `Date` is not used: its parser differs between engines.
 * Instants are UTC milliseconds since 1970-01-01, integers, without leap seconds.
 */

export const MS_PER_MINUTE = 60_000
export const MS_PER_HOUR = 3_600_000
export const MS_PER_DAY = 86_400_000

/** `month` 1..12, `day` 1..31. */
export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** `hour` 0..23, `minute` 0..59, `second` 0..59, `ms` 0..999. */
export interface CivilTime extends CivilDate {
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
}

const DAYS_IN_MONTH = Object.freeze([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0)
}

/** True when such a moment exists. */
export function isCivil(time: CivilTime): boolean {
  const { year, month, day, hour, minute, second, ms } = time
  if (![year, month, day, hour, minute, second, ms].every(Number.isInteger)) return false
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return false
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 && ms >= 0 && ms < 1000
}

/**
 * Days from 1970-01-01 to a date. A year is counted from 1 March, so that the leap day is its last, and 400 such years
 * (146,097 days) repeat exactly. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
 */
export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The inverse of `daysFromCivil`. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** 1 = Monday .. 7 = Sunday, as in ISO 8601 and COSEM, of a count of days since 1970-01-01 (a Thursday). */
export function weekdayOfDays(days: number): number {
  const index = (days + 3) % 7
  return (index < 0 ? index + 7 : index) + 1
}

/** 1 = Monday .. 7 = Sunday. */
export function weekday(date: CivilDate): number {
  return weekdayOfDays(daysFromCivil(date.year, date.month, date.day))
}

/** Milliseconds since 1970-01-01 of a civil time read as UTC; subtract the offset of a local time. */
export function utcFromCivil_ms(time: CivilTime): number {
  const days = daysFromCivil(time.year, time.month, time.day)
  return days * MS_PER_DAY + time.hour * MS_PER_HOUR + time.minute * MS_PER_MINUTE + time.second * 1000 + time.ms
}

/** Civil time of an instant; add the offset before for local time. */
export function civilFromUtc(utc_ms: number): CivilTime {
  const days = Math.floor(utc_ms / MS_PER_DAY)
  const rest = utc_ms - days * MS_PER_DAY
  const { year, month, day } = civilFromDays(days)
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / MS_PER_HOUR),
    minute: Math.floor(rest / MS_PER_MINUTE) % 60,
    second: Math.floor(rest / 1000) % 60,
    ms: rest % 1000,
  }
}

/** `standard_min`: minutes that local standard time is ahead of UTC. `eu`: Directive 2000/84/EC, one hour more in summer. */
export interface ZoneRule {
  readonly dst: 'none' | 'eu'
  readonly standard_min: number
}

/** 01:00 UTC on the last Sunday of March or October (months of 31 days): when all zones of the EU change together. */
function lastSunday_ms(year: number, month: 3 | 10): number {
  const last = daysFromCivil(year, month, 31)
  return (last - (weekdayOfDays(last) % 7)) * MS_PER_DAY + MS_PER_HOUR
}

/** True while summer time is in force. */
export function isSummerTime(utc_ms: number, rule: ZoneRule): boolean {
  if (rule.dst === 'none') return false
  const { year } = civilFromDays(Math.floor(utc_ms / MS_PER_DAY))
  return utc_ms >= lastSunday_ms(year, 3) && utc_ms < lastSunday_ms(year, 10)
}

/** Minutes that local time is ahead of UTC at an instant. */
export function offset_min(utc_ms: number, rule: ZoneRule): number {
  return rule.standard_min + (isSummerTime(utc_ms, rule) ? 60 : 0)
}
