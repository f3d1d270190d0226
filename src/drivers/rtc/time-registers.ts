import { civilFromDays, isCivil, utcFromCivil_ms, weekdayOfDays } from '../../lib/calendar.ts'

/** What two BCD digits for the year can show: 2000-01-01 to 2099-12-31, in seconds of UTC. */
const UTC_MIN_S = 946_684_800
const UTC_MAX_S = 4_102_444_799

/** A register does not hold what a time can be. */
export const ILLEGAL = -1

export function toBCD(value: number): number {
  return (Math.floor(value / 10) << 4) | (value % 10)
}

function fromBCD(byte: number): number {
  return (byte & 0x0f) <= 9 && byte >> 4 <= 9 ? (byte >> 4) * 10 + (byte & 0x0f) : ILLEGAL
}

/** Hour 0 to 23 of a register; `twelve`: 1 to 12 with bit 5 for the afternoon, as on DS3231 and RV-3028-C7. */
export function hourOf(byte: number, twelve: boolean): number {
  if (!twelve) return fromBCD(byte & 0x3f)
  const shown = fromBCD(byte & 0x1f)
  if (shown < 1 || shown > 12) return ILLEGAL
  return (shown % 12) + ((byte & 0x20) === 0 ? 0 : 12)
}

/** Seconds of UTC, or `ILLEGAL`. All but `hour` are BCD without flag bits. */
export function utcOf(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const years = fromBCD(year)
  const time = { month: fromBCD(month), day: fromBCD(day), hour, minute: fromBCD(minute), second: fromBCD(second), ms: 0 }
  if (years < 0 || !isCivil({ ...time, year: 2000 + years })) return ILLEGAL
  return utcFromCivil_ms({ ...time, year: 2000 + years }) / 1000
}

/** Two-digit fields of a time, plain numbers; `weekday` 0 (Sunday) to 6. */
export interface TimeFields {
  readonly second: number
  readonly minute: number
  readonly hour: number
  readonly day: number
  readonly weekday: number
  readonly month: number
  readonly year: number
}

/** Throws RangeError outside 2000 to 2099. */
export function fieldsOf(utc_s: number): TimeFields {
  if (!Number.isInteger(utc_s) || utc_s < UTC_MIN_S || utc_s > UTC_MAX_S) throw new RangeError('time: allowed is 2000-01-01 to 2099-12-31')
  const days = Math.floor(utc_s / 86_400)
  const clock = utc_s % 86_400
  const { year, month, day } = civilFromDays(days)
  return {
    second: clock % 60,
    minute: Math.floor(clock / 60) % 60,
    hour: Math.floor(clock / 3600),
    day,
    weekday: weekdayOfDays(days) % 7,
    month,
    year: year - 2000,
  }
}
