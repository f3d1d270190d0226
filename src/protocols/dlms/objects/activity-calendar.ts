/** Interface class 20 "Activity calendar", version 0 (IEC 62056-6-2 clause "Activity calendar"): which script is executed when. */
import { type ByteWriter, DecodeError } from '../../../lib/bytes.ts'
import { type ActionResult, DataAccessResult } from '../apdu.ts'
import {
  DataTag,
  type DataValue,
  writeArray,
  writeAsciiOctetString,
  writeLongUnsigned,
  writeOctetString,
  writeStructure,
  writeUnsigned,
} from '../axdr.ts'
import { type DateTime, decodeDateTime, exactDateTimeToUtc, writeDateTimeOctetString, writeTimeOctetString } from '../datetime.ts'
import { logicalNameText, writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { dateOf, type OpenDate, writeOpenMidnightOctetString } from './open-date.ts'
import { elements, integer, nothing, octets } from './parameters.ts'

/** A `season`. It begins with a local day. */
export interface CalendarSeason {
  /** Octets as characters 0 to 255, here and in all other names. */
  readonly name: string
  readonly start: OpenDate
  /** Name of a week profile. */
  readonly week: string
}

/** A `week_profile`: day ids of Monday to Sunday. */
export interface CalendarWeek {
  readonly name: string
  readonly days: readonly number[]
}

/** A `day_profile_action`: the script is executed at this second of the local day. */
export interface CalendarSwitch {
  readonly start_s: number
  readonly script: number
}

export interface CalendarDay {
  readonly id: number
  readonly switches: readonly CalendarSwitch[]
}

/** The four attributes of one calendar, active or passive. */
export interface CalendarTables {
  readonly name: string
  readonly seasons: readonly CalendarSeason[]
  readonly weeks: readonly CalendarWeek[]
  readonly days: readonly CalendarDay[]
}

export interface ActivityCalendarSource {
  readonly active: CalendarTables
  readonly passive: CalendarTables
  /** When the passive calendar becomes active; undefined: at no time. */
  readonly activation_ms: number | undefined
  /** Tables come one by one: what is incomplete has to be taken. */
  setPassive(tables: CalendarTables): DataAccessResult
  activateAt(utc_ms: number | undefined): DataAccessResult
  activatePassive(): ActionResult
  /** Local time to UTC, for times that a client writes without a deviation. */
  utcOfLocal(local_ms: number): number
  /** Minutes that local time is ahead of UTC at a moment. */
  offset_min(utc_ms: number): number
  /** Clock status of a moment. */
  status(utc_ms: number): number
}

export interface ActivityCalendarOptions extends ObjectOptions {
  readonly source: ActivityCalendarSource
  /** Logical name of the script table that all scripts are in, 'a.b.c.d.e.f'. */
  readonly scriptTable: string
}

const ACTIVATION_TIME = 10
/** Numbers of the attributes of the calendars, beginning with their names. */
const ACTIVE = 2
const PASSIVE = 6
/** What the management client writes. */
export const CALENDAR_ATTRIBUTES: readonly number[] = Object.freeze([6, 7, 8, 9, 10])
export const CALENDAR_METHODS: readonly number[] = Object.freeze([1])

const WEEKDAYS = 7
/** Twelve bytes of "not specified". */
export const NO_TIME = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff)

function readName(value: DataValue | undefined): string {
  let name = ''
  for (const octet of octets(value)) name += String.fromCharCode(octet)
  return name
}

const zero = (value: number | undefined) => value === undefined || value === 0

/** Deviation and status say nothing about a date that comes every year, and are passed over. */
function isMidnight({ hour, minute, second, hundredths }: DateTime): boolean {
  return zero(hour) && zero(minute) && zero(second) && zero(hundredths)
}

/** A time of day in seconds; undefined unless it leaves nothing open but the hundredths. */
function secondOfDay(bytes: Uint8Array): number | undefined {
  const [hour, minute, second, hundredths] = bytes
  if (hour === 0xff || minute === 0xff || second === 0xff) return undefined
  if (hour > 23 || minute > 59 || second > 59 || (hundredths > 99 && hundredths !== 0xff)) throw new DecodeError('a time of day')
  return hundredths === 0 || hundredths === 0xff ? hour * 3600 + minute * 60 + second : undefined
}

function writeSeasons(writer: ByteWriter, seasons: readonly CalendarSeason[]): void {
  writeArray(writer, seasons.length)
  for (const { name, start, week } of seasons) {
    writeStructure(writer, 3)
    writeAsciiOctetString(writer, name)
    writeOpenMidnightOctetString(writer, start)
    writeAsciiOctetString(writer, week)
  }
}

/** Undefined when a season does not begin at midnight. */
function readSeasons(value: DataValue): CalendarSeason[] | undefined {
  const seasons: CalendarSeason[] = []
  for (const element of elements(value, DataTag.array)) {
    const [name, start, week] = elements(element, DataTag.structure, 3)
    const moment = decodeDateTime(octets(start, 12))
    seasons.push({ name: readName(name), start: dateOf(moment), week: readName(week) })
    if (!isMidnight(moment)) return undefined
  }
  return seasons
}

function writeWeeks(writer: ByteWriter, weeks: readonly CalendarWeek[]): void {
  writeArray(writer, weeks.length)
  for (const { name, days } of weeks) {
    writeStructure(writer, 1 + WEEKDAYS)
    writeAsciiOctetString(writer, name)
    for (let i = 0; i < WEEKDAYS; i++) writeUnsigned(writer, days[i])
  }
}

function readWeeks(value: DataValue): CalendarWeek[] {
  return elements(value, DataTag.array).map((element) => {
    const [name, ...days] = elements(element, DataTag.structure, 1 + WEEKDAYS)
    return { name: readName(name), days: days.map((day) => integer(day, DataTag.unsigned)) }
  })
}

export class ActivityCalendarObject extends InterfaceObject {
  readonly #source: ActivityCalendarSource
  readonly #scriptTable: string

  constructor(options: ActivityCalendarOptions) {
    super(options, 20, 0, 10, 1)
    this.#source = options.source
    this.#scriptTable = options.scriptTable
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    if (attribute === ACTIVATION_TIME) this.writeActivation(writer)
    else if (attribute >= PASSIVE) this.writeTable(writer, this.#source.passive, attribute - PASSIVE)
    else this.writeTable(writer, this.#source.active, attribute - ACTIVE)
    return DataAccessResult.success
  }

  override set(attribute: number, value: DataValue): DataAccessResult {
    const source = this.#source
    if (attribute === ACTIVATION_TIME) return this.setActivation(value)
    let change: Partial<CalendarTables> | undefined
    if (attribute === 6) change = { name: readName(value) }
    else if (attribute === 7) {
      const seasons = readSeasons(value)
      change = seasons && { seasons }
    } else if (attribute === 8) change = { weeks: readWeeks(value) }
    else if (attribute === 9) {
      const days = this.readDays(value)
      change = days && { days }
    } else return DataAccessResult.readWriteDenied
    return change === undefined ? DataAccessResult.otherReason : source.setPassive({ ...source.passive, ...change })
  }

  /** Method 1, activate_passive_calendar. */
  override action(_method: number, parameter: DataValue | undefined): ActionResult {
    nothing(parameter)
    return this.#source.activatePassive()
  }

  /** `table` counts from 0 at the name. */
  private writeTable(writer: ByteWriter, calendar: CalendarTables, table: number): void {
    if (table === 0) writeAsciiOctetString(writer, calendar.name)
    else if (table === 1) writeSeasons(writer, calendar.seasons)
    else if (table === 2) writeWeeks(writer, calendar.weeks)
    else this.writeDays(writer, calendar.days)
  }

  private writeDays(writer: ByteWriter, days: readonly CalendarDay[]): void {
    writeArray(writer, days.length)
    for (const { id, switches } of days) {
      writeStructure(writer, 2)
      writeUnsigned(writer, id)
      writeArray(writer, switches.length)
      for (const { start_s, script } of switches) {
        writeStructure(writer, 3)
        writeTimeOctetString(writer, start_s * 1000)
        writeLogicalName(writer, this.#scriptTable)
        writeLongUnsigned(writer, script)
      }
    }
  }

  /** Undefined when a time leaves something open, or a script is in another table. */
  private readDays(value: DataValue): CalendarDay[] | undefined {
    const days: CalendarDay[] = []
    let sound = true
    for (const element of elements(value, DataTag.array)) {
      const [id, actions] = elements(element, DataTag.structure, 2)
      const switches: CalendarSwitch[] = []
      for (const action of elements(actions, DataTag.array)) {
        const [start, table, selector] = elements(action, DataTag.structure, 3)
        const start_s = secondOfDay(octets(start, 4))
        if (start_s === undefined || logicalNameText(octets(table, 6)) !== this.#scriptTable) sound = false
        switches.push({ start_s: start_s ?? 0, script: integer(selector, DataTag.longUnsigned) })
      }
      days.push({ id: integer(id, DataTag.unsigned), switches })
    }
    return sound ? days : undefined
  }

  private writeActivation(writer: ByteWriter): void {
    const { activation_ms } = this.#source
    if (activation_ms === undefined) writeOctetString(writer, NO_TIME)
    else writeDateTimeOctetString(writer, activation_ms, -this.#source.offset_min(activation_ms), this.#source.status(activation_ms))
  }

  /** Without year, month and day there is no activation; a time with some wildcards gets "other reason". */
  private setActivation(value: DataValue): DataAccessResult {
    if (value.tag !== DataTag.octetString && value.tag !== DataTag.dateTime) throw new DecodeError('a date-time')
    const moment = decodeDateTime(value.value)
    if (moment.year === undefined && moment.month === undefined && moment.day === undefined) return this.#source.activateAt(undefined)
    const utc_ms = exactDateTimeToUtc(moment, (local_ms) => this.#source.utcOfLocal(local_ms))
    return utc_ms === undefined ? DataAccessResult.otherReason : this.#source.activateAt(utc_ms)
  }
}
