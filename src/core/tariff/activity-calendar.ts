import { RATES } from '../registers/energy.ts'
import { type DatePattern, datePatternProblem } from './date-pattern.ts'

/**
 * The tables of a tariff, in the shape of COSEM (IEC 62056-6-2): class 20 Activity calendar, class 11 Special days table, class 9 Script table.
 * Names are octet strings there and texts of the same octets here (character codes 0..255).
 */

/** An element of season_profile. A season begins with the first second of a local day; its time of day is not used. */
export interface Season {
  readonly name: string
  readonly start: DatePattern
  /** Name of a week profile. */
  readonly week: string
}

/** An element of week_profile_table. */
export interface WeekProfile {
  readonly name: string
  /** Day ids of Monday to Sunday. */
  readonly days: readonly number[]
}

/** A day_profile_action: from `start_s` on, in seconds of the local day, what the script says holds. */
export interface SwitchAction {
  readonly start_s: number
  /** Selector of a script of the tariffication script table 0.0.10.0.100.255: script n makes rate n count. */
  readonly script: number
}

/** An element of day_profile_table. */
export interface DayProfile {
  readonly id: number
  /** In ascending order. Before the first one the day goes on as the day before has ended. */
  readonly switches: readonly SwitchAction[]
}

/** One half (active or passive) of an activity calendar. */
export interface ActivityCalendar {
  readonly name: string
  readonly seasons: readonly Season[]
  readonly weeks: readonly WeekProfile[]
  readonly days: readonly DayProfile[]
}

/** An entry of the special days table: on such a day the day profile `day` holds, whatever the week says. */
export interface SpecialDay {
  readonly index: number
  readonly date: DatePattern
  readonly day: number
}

/** OBIS code of the tariffication script table. */
export const SCRIPT_TABLE = '0.0.10.0.100.255'

/** Bounds of the tables; what is largest still fits into the settings three times. */
export const Limit = Object.freeze({ name: 16, seasons: 8, weeks: 8, days: 16, switchesOfDay: 24, switches: 64, specialDays: 32 })

const DAY_S = 86_400
const ID_MAX = 255
const INDEX_MAX = 0xffff

/** Rate 1 all day and every day. */
export const ONE_RATE: ActivityCalendar = Object.freeze({
  name: '1',
  seasons: [{ name: '1', start: { month: 1, day: 1 }, week: '1' }],
  weeks: [{ name: '1', days: [1, 1, 1, 1, 1, 1, 1] }],
  days: [{ id: 1, switches: [{ start_s: 0, script: 1 }] }],
})

/** Before anything has been written: the passive calendar of a new meter. */
export const EMPTY_CALENDAR: ActivityCalendar = Object.freeze({ name: '', seasons: [], weeks: [], days: [] })

function isOctets(text: string): boolean {
  if (text.length > Limit.name) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}

const integerIn = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high

class Findings {
  readonly errors: string[] = []

  need(condition: boolean, path: string, text: () => string): void {
    if (!condition) this.errors.push(`${path}: ${text()}`)
  }

  length(list: readonly unknown[], max: number, path: string): void {
    this.need(list.length <= max, path, () => `found ${list.length} entries, allowed are ${max}`)
  }

  name(name: string, path: string): void {
    this.need(isOctets(name), path, () => `found ${name.length} characters, allowed are ${Limit.name} octets`)
  }

  once(keys: readonly (string | number)[], path: (index: number) => string): void {
    for (const [index, key] of keys.entries()) {
      const before = keys.indexOf(key)
      this.need(before === index, path(index), () => `found ${JSON.stringify(key)} again, which is ${path(before)} already`)
    }
  }
}

function checkSwitches(found: Findings, switches: readonly SwitchAction[], rates: number, path: string): void {
  found.length(switches, Limit.switchesOfDay, path)
  for (const [i, { start_s, script }] of switches.entries()) {
    const at = `${path}[${i}]`
    found.need(integerIn(start_s, 0, DAY_S - 1), at, () => `start at second ${start_s}, allowed is 0..${DAY_S - 1}`)
    found.need(integerIn(script, 1, rates), at, () => `script ${script}, allowed is 1..${rates}`)
    if (i > 0) found.need(start_s > switches[i - 1].start_s, at, () => 'not later than the switch before it')
  }
}

/**
 * What no calendar may contain, complete or not: too long tables, values out of range, names twice, switches out of order. Empty when all is
 * well. `rates` is how many rates the meter has.
 */
export function tableErrors(calendar: ActivityCalendar, rates: number = RATES): string[] {
  const found = new Findings()
  const { seasons, weeks, days } = calendar
  found.name(calendar.name, 'name')
  found.length(seasons, Limit.seasons, 'seasons')
  for (const [i, season] of seasons.entries()) {
    found.name(season.name, `seasons[${i}].name`)
    found.name(season.week, `seasons[${i}].week`)
    const problem = datePatternProblem(season.start)
    found.need(problem === undefined, `seasons[${i}].start`, () => `found ${problem}`)
  }
  const starts = seasons.map(({ start }) => [start.year, start.month, start.day, start.weekday].map((field) => field ?? '*').join(' '))
  found.once(
    seasons.map(({ name }) => name),
    (i) => `seasons[${i}].name`,
  )
  found.once(starts, (i) => `seasons[${i}].start`)
  found.length(weeks, Limit.weeks, 'weeks')
  for (const [i, week] of weeks.entries()) {
    found.name(week.name, `weeks[${i}].name`)
    const sound = week.days.length === 7 && week.days.every((id) => integerIn(id, 0, ID_MAX))
    found.need(sound, `weeks[${i}].days`, () => `found ${week.days.join(' ')}, allowed are seven day ids 0..${ID_MAX}`)
  }
  found.once(
    weeks.map(({ name }) => name),
    (i) => `weeks[${i}].name`,
  )
  found.length(days, Limit.days, 'days')
  for (const [i, day] of days.entries()) {
    found.need(integerIn(day.id, 0, ID_MAX), `days[${i}].id`, () => `found ${day.id}, allowed is 0..${ID_MAX}`)
    checkSwitches(found, day.switches, rates, `days[${i}].switches`)
  }
  found.once(
    days.map(({ id }) => id),
    (i) => `days[${i}].id`,
  )
  const switches = days.reduce((sum, day) => sum + day.switches.length, 0)
  found.need(switches <= Limit.switches, 'days', () => `found ${switches} switches in all, allowed are ${Limit.switches}`)
  return found.errors
}

/** What keeps a calendar from being active: `tableErrors`, and then what is missing or refers to nothing. Empty when all is well. */
export function calendarErrors(calendar: ActivityCalendar, rates: number = RATES): string[] {
  const wrong = tableErrors(calendar, rates)
  if (wrong.length > 0) return wrong
  const found = new Findings()
  const { seasons, weeks, days } = calendar
  found.need(seasons.length > 0, 'seasons', () => 'none, at least one is needed')
  for (const [i, { week }] of seasons.entries()) {
    const known = weeks.some(({ name }) => name === week)
    found.need(known, `seasons[${i}].week`, () => `found ${JSON.stringify(week)}, which is no week profile`)
  }
  const ids = new Set(days.map(({ id }) => id))
  for (const [i, week] of weeks.entries()) {
    for (const [j, id] of week.days.entries()) {
      found.need(ids.has(id), `weeks[${i}].days[${j}]`, () => `found ${id}, which is no day profile`)
    }
  }
  for (const [i, day] of days.entries()) found.need(day.switches.length > 0, `days[${i}].switches`, () => 'none, at least one is needed')
  return found.errors
}

/** What is wrong with a special days table, for calendars with the day profiles `ids`. Empty when all is well. */
export function specialDayErrors(specialDays: readonly SpecialDay[], ids: ReadonlySet<number>): string[] {
  const found = new Findings()
  found.length(specialDays, Limit.specialDays, 'specialDays')
  for (const [i, { index, date, day }] of specialDays.entries()) {
    found.need(integerIn(index, 0, INDEX_MAX), `specialDays[${i}].index`, () => `found ${index}, allowed is 0..${INDEX_MAX}`)
    const problem = datePatternProblem(date)
    found.need(problem === undefined, `specialDays[${i}].date`, () => `found ${problem}`)
    found.need(ids.has(day), `specialDays[${i}].day`, () => `found ${day}, which is no day profile`)
  }
  found.once(
    specialDays.map(({ index }) => index),
    (i) => `specialDays[${i}].index`,
  )
  return found.errors
}

/** The highest rate that a calendar uses; 1 when it uses none. */
export function highestRate(calendar: ActivityCalendar): number {
  let highest = 1
  for (const { switches } of calendar.days) for (const { script } of switches) highest = Math.max(highest, script)
  return highest
}
