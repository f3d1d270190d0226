/** Dates with fields left open, as calendars repeat them: five bytes, type date (IEC 62056-6-2 clause 4.1.6.1). */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataTag } from '../axdr.ts'
import { type DateTime, decodeDateTime } from '../datetime.ts'

const ANY_YEAR = 0xffff
const ANY = 0xff
const DATE_BYTES = 5
const TIME_BYTES = 7

/** Absent fields are "not specified". */
export interface OpenDate {
  readonly year?: number
  /** 1..12, 0xFD end and 0xFE begin of daylight saving. */
  readonly month?: number
  /** 1..31, 0xFD last day but one, 0xFE last day of the month. */
  readonly day?: number
  /** 1 (Monday) .. 7. */
  readonly weekday?: number
}

/** Local midnight, deviation and status not specified: what follows the date of something that begins with a day. */
const MIDNIGHT = Uint8Array.of(0, 0, 0, 0, 0x80, 0, 0xff)
const NO_TIME = Uint8Array.of(0, 0, 0, 0, 0x80, 0, 0)

function writeDate(writer: ByteWriter, { year, month, day, weekday }: OpenDate): void {
  writer.uint16(year ?? ANY_YEAR)
  writer.uint8(month ?? ANY)
  writer.uint8(day ?? ANY)
  writer.uint8(weekday ?? ANY)
}

/** An octet-string of 5 bytes. */
export function writeOpenDateOctetString(writer: ByteWriter, date: OpenDate): void {
  writer.uint8(DataTag.octetString)
  writer.uint8(DATE_BYTES)
  writeDate(writer, date)
}

/** An octet-string of 12 bytes: the midnight with which a day begins. */
export function writeOpenMidnightOctetString(writer: ByteWriter, date: OpenDate): void {
  writer.uint8(DataTag.octetString)
  writer.uint8(DATE_BYTES + TIME_BYTES)
  writeDate(writer, date)
  writer.write(MIDNIGHT)
}

/** The date of a date-time. Only the fields that are specified are there. */
export function dateOf({ year, month, day, weekday }: DateTime): OpenDate {
  return {
    ...(year === undefined ? {} : { year }),
    ...(month === undefined ? {} : { month }),
    ...(day === undefined ? {} : { day }),
    ...(weekday === undefined ? {} : { weekday }),
  }
}

/** Throws DecodeError when there are not 5 bytes or a field is out of range. */
export function decodeOpenDate(bytes: Uint8Array): OpenDate {
  const dateTime = new Uint8Array(bytes.length + TIME_BYTES)
  dateTime.set(bytes)
  dateTime.set(NO_TIME, bytes.length)
  return dateOf(decodeDateTime(dateTime))
}
