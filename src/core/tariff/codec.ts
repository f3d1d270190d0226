import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import type { ActivityCalendar, SpecialDay } from './activity-calendar.ts'
import { Limit, tableErrors } from './activity-calendar.ts'
import { readDatePattern, writeDatePattern } from './date-pattern.ts'

/** Version of the stored form of both tables. */
const VERSION = 1
/** A calendar with all tables full takes 750 bytes. */
const CAPACITY = 1024
/** A switch is stored as start_s * 8 + rate - 1, in three bytes. */
const SCRIPTS = 8

function writeName(writer: ByteWriter, name: string): void {
  writer.uint8(name.length)
  writer.ascii(name)
}

function readName(reader: ByteReader): string {
  let name = ''
  for (const octet of reader.take(reader.uint8())) name += String.fromCharCode(octet)
  return name
}

/** Refused before anything is read or allocated by a count that was read. */
function readCount(reader: ByteReader, max: number): number {
  const count = reader.uint8()
  if (count > max) throw new DecodeError(`table of ${count} entries`)
  return count
}

function readList<T>(reader: ByteReader, max: number, read: () => T): T[] {
  const list: T[] = []
  for (let rest = readCount(reader, max); rest > 0; rest--) list.push(read())
  return list
}

function checkVersion(reader: ByteReader): void {
  const version = reader.uint8()
  if (version !== VERSION) throw new DecodeError(`calendar of version ${version}`)
}

function checkEnd(reader: ByteReader): void {
  if (reader.remaining > 0) throw new DecodeError(`${reader.remaining} bytes after the calendar`)
}

/** The stored form of a calendar without `tableErrors`. */
export function encodeCalendar(calendar: ActivityCalendar): Uint8Array {
  const writer = new ByteWriter(CAPACITY, CAPACITY)
  writer.uint8(VERSION)
  writeName(writer, calendar.name)
  writer.uint8(calendar.seasons.length)
  for (const { name, start, week } of calendar.seasons) {
    writeName(writer, name)
    writeDatePattern(writer, start)
    writeName(writer, week)
  }
  writer.uint8(calendar.weeks.length)
  for (const { name, days } of calendar.weeks) {
    writeName(writer, name)
    for (const id of days) writer.uint8(id)
  }
  writer.uint8(calendar.days.length)
  for (const { id, switches } of calendar.days) {
    writer.uint8(id)
    writer.uint8(switches.length)
    for (const { start_s, script } of switches) {
      const packed = start_s * SCRIPTS + script - 1
      writer.uint8(packed >>> 16)
      writer.uint16(packed & 0xffff)
    }
  }
  return writer.copy()
}

/** Errors: DecodeError for what is no calendar, or one with `tableErrors`. */
export function decodeCalendar(bytes: Uint8Array): ActivityCalendar {
  const reader = new ByteReader(bytes)
  checkVersion(reader)
  const name = readName(reader)
  const seasons = readList(reader, Limit.seasons, () => ({
    name: readName(reader),
    start: readDatePattern(reader),
    week: readName(reader),
  }))
  const weeks = readList(reader, Limit.weeks, () => ({ name: readName(reader), days: [...reader.take(7)] }))
  const readSwitch = () => {
    const packed = reader.uint8() * 0x10000 + reader.uint16()
    return { start_s: Math.floor(packed / SCRIPTS), script: (packed % SCRIPTS) + 1 }
  }
  const days = readList(reader, Limit.days, () => ({ id: reader.uint8(), switches: readList(reader, Limit.switchesOfDay, readSwitch) }))
  checkEnd(reader)
  const calendar = { name, seasons, weeks, days }
  const [error] = tableErrors(calendar)
  if (error !== undefined) throw new DecodeError(`calendar: ${error}`)
  return calendar
}

/** The stored form of a special days table without errors. */
export function encodeSpecialDays(specialDays: readonly SpecialDay[]): Uint8Array {
  const writer = new ByteWriter(CAPACITY, CAPACITY)
  writer.uint8(VERSION)
  writer.uint8(specialDays.length)
  for (const { index, date, day } of specialDays) {
    writer.uint16(index)
    writeDatePattern(writer, date)
    writer.uint8(day)
  }
  return writer.copy()
}

/** Errors: DecodeError. */
export function decodeSpecialDays(bytes: Uint8Array): SpecialDay[] {
  const reader = new ByteReader(bytes)
  checkVersion(reader)
  const list = readList(reader, Limit.specialDays, () => ({ index: reader.uint16(), date: readDatePattern(reader), day: reader.uint8() }))
  checkEnd(reader)
  return list
}
