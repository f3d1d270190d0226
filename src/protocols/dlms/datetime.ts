/** COSEM date-time: 12 bytes, any field of which may be "not specified" (IEC 62056-6-2 clause 4.1.6.1). */
import { type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { civilFromDays, daysFromCivil, daysInMonth, weekdayOfDays } from '../../lib/calendar.ts'
import { DataTag } from './axdr.ts'

/** Bits of the clock status byte. */
export const ClockStatus = Object.freeze({
  invalidValue: 0x01,
  doubtfulValue: 0x02,
  differentClockBase: 0x04,
  invalidClockStatus: 0x08,
  daylightSavingActive: 0x80,
  /** The whole byte: not specified. */
  notSpecified: 0xff,
})

const UNSPECIFIED_YEAR = 0xffff
const UNSPECIFIED = 0xff
const LAST_DAY = 0xfe
const SECOND_LAST_DAY = 0xfd
const UNSPECIFIED_DEVIATION = -0x8000
const DAY_S = 86400

/** A decoded date-time. `undefined` stands for "not specified". */
export interface DateTime {
  readonly year: number | undefined
  /** 1..12; 0xFD and 0xFE (daylight savings end and begin) are kept as they are. */
  readonly month: number | undefined
  /** 1..31; 0xFE is the last day of the month, 0xFD the one before it. */
  readonly day: number | undefined
  /** 1 (Monday) .. 7. */
  readonly weekday: number | undefined
  readonly hour: number | undefined
  readonly minute: number | undefined
  readonly second: number | undefined
  readonly hundredths: number | undefined
  /** Minutes from local time to UTC: UTC = local + deviation, so Central European Time has -60. */
  readonly deviation_min: number | undefined
  readonly status: number
}

/** Writes year, month, day and weekday of a day count since 1970-01-01. */
function writeDate(writer: ByteWriter, days: number): void {
  const { year, month, day } = civilFromDays(days)
  writer.uint16(year)
  writer.uint8(month)
  writer.uint8(day)
  writer.uint8(weekdayOfDays(days))
}

/** Writes the 12 bytes without a tag. `deviation_min` has the COSEM sign (UTC = local + deviation). */
export function writeDateTime(writer: ByteWriter, utc_ms: number, deviation_min: number, status: number): void {
  const local_ms = utc_ms - deviation_min * 60000
  const local_s = Math.floor(local_ms / 1000)
  const days = Math.floor(local_s / DAY_S)
  const secondOfDay = local_s - days * DAY_S
  writeDate(writer, days)
  writer.uint8(Math.floor(secondOfDay / 3600))
  writer.uint8(Math.floor(secondOfDay / 60) % 60)
  writer.uint8(secondOfDay % 60)
  writer.uint8(Math.floor((local_ms - local_s * 1000) / 10))
  writer.uint16(deviation_min)
  writer.uint8(status)
}

/** As `writeDateTime`, as the octet-string of 12 bytes that attributes of type date-time are sent as. */
export function writeDateTimeOctetString(writer: ByteWriter, utc_ms: number, deviation_min: number, status: number): void {
  writer.uint8(DataTag.octetString)
  writer.uint8(12)
  writeDateTime(writer, utc_ms, deviation_min, status)
}

/** An octet-string of 4 bytes, type time: `ms` of a day. */
export function writeTimeOctetString(writer: ByteWriter, ms: number): void {
  const second = Math.floor(ms / 1000)
  writer.uint8(DataTag.octetString)
  writer.uint8(4)
  writer.uint8(Math.floor(second / 3600))
  writer.uint8(Math.floor(second / 60) % 60)
  writer.uint8(second % 60)
  writer.uint8(Math.floor((ms % 1000) / 10))
}

/** An octet-string of 5 bytes, type date: the day that is `days` after 1970-01-01. */
export function writeDateOctetString(writer: ByteWriter, days: number): void {
  writer.uint8(DataTag.octetString)
  writer.uint8(5)
  writeDate(writer, days)
}

function field(value: number, lowest: number, highest: number): number | undefined {
  if (value === UNSPECIFIED) return undefined
  if (value < lowest || value > highest) throw new DecodeError('date-time field out of range')
  return value
}

/** Throws DecodeError when there are not 12 bytes or a field is out of range. */
export function decodeDateTime(bytes: Uint8Array): DateTime {
  if (bytes.length !== 12) throw new DecodeError(`date-time of ${bytes.length} bytes`)
  const year = bytes[0] * 0x100 + bytes[1]
  const month = bytes[2]
  const day = bytes[3]
  const deviation = ((bytes[9] << 24) >> 16) + bytes[10]
  if (deviation !== UNSPECIFIED_DEVIATION && (deviation < -840 || deviation > 840)) throw new DecodeError('deviation out of range')
  return {
    year: year === UNSPECIFIED_YEAR ? undefined : year,
    month: month === 0xfd || month === 0xfe ? month : field(month, 1, 12),
    day: day === LAST_DAY || day === SECOND_LAST_DAY ? day : field(day, 1, 31),
    weekday: field(bytes[4], 1, 7),
    hour: field(bytes[5], 0, 23),
    minute: field(bytes[6], 0, 59),
    second: field(bytes[7], 0, 59),
    hundredths: field(bytes[8], 0, 99),
    deviation_min: deviation === UNSPECIFIED_DEVIATION ? undefined : deviation,
    status: bytes[11],
  }
}

/**
 * The instant that a date-time means, in milliseconds since 1970-01-01 UTC. Unspecified times of day count as zero. `utcOfLocal` turns local
 * time (milliseconds of the wall clock as if it were UTC) into UTC, for values without a deviation. Undefined when the date itself is left open.
 */
export function dateTimeToUtc(value: DateTime, utcOfLocal: (local_ms: number) => number): number | undefined {
  const { year, month, day } = value
  if (year === undefined || month === undefined || day === undefined || month > 12) return undefined
  // Month 13 is the January after; a day past the month's end runs on into the next month.
  const days = day >= SECOND_LAST_DAY ? daysFromCivil(year, month + 1, 1) - (day === LAST_DAY ? 1 : 2) : daysFromCivil(year, month, day)
  const second = (value.hour ?? 0) * 3600 + (value.minute ?? 0) * 60 + (value.second ?? 0)
  const local_ms = (days * DAY_S + second) * 1000 + (value.hundredths ?? 0) * 10
  return value.deviation_min === undefined ? utcOfLocal(local_ms) : local_ms + value.deviation_min * 60000
}

/**
 * The instant of a date-time that leaves nothing open but hundredths, deviation and weekday; undefined for any other and for a day that its month
 * does not have. Otherwise as `dateTimeToUtc`.
 */
export function exactDateTimeToUtc(value: DateTime, utcOfLocal: (local_ms: number) => number): number | undefined {
  const { year, month, day } = value
  const complete = value.hour !== undefined && value.minute !== undefined && value.second !== undefined
  if (!complete || year === undefined || month === undefined || day === undefined) return undefined
  return day > daysInMonth(year, month) ? undefined : dateTimeToUtc(value, utcOfLocal)
}
