import type { ActivityCalendar, SpecialDay, SwitchAction } from '../../../src/core/tariff/activity-calendar.ts'
import type { DatePattern } from '../../../src/core/tariff/date-pattern.ts'

/**
 * The same questions answered in the plainest way: with the calendar of the engine and of the host, by looking at one day after the other. Nothing
 * here is shared with what is tested.
 */

const DAY_MS = 86_400_000

const fields = (days: number) => {
  const date = new Date(days * DAY_MS)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() || 7 }
}

function sameDate({ year, month, day }: DatePattern, days: number): boolean {
  const date = fields(days)
  return (
    (year === undefined || year === date.year) && (month === undefined || month === date.month) && (day === undefined || day === date.day)
  )
}

export function isDate(pattern: DatePattern, days: number): boolean {
  const { day, weekday } = pattern
  const today = fields(days)
  if (weekday !== undefined && weekday !== today.weekday) return false
  if (day === 0xfe) {
    const far = fields(days + (weekday === undefined ? 1 : 7))
    return sameDate({ ...pattern, day: undefined }, days) && far.month !== today.month
  }
  if (day === 0xfd)
    return (
      sameDate({ ...pattern, day: undefined }, days) && fields(days + 1).month === today.month && fields(days + 2).month !== today.month
    )
  if (day === undefined || weekday === undefined) return sameDate(pattern, days)
  return [0, 1, 2, 3, 4, 5, 6].some((back) => sameDate(pattern, days - back))
}

/** Days back to the latest date of the pattern; Infinity when there is none in nine years. */
export function age(pattern: DatePattern, days: number): number {
  for (let back = 0; back < 9 * 366; back++) if (isDate(pattern, days - back)) return back
  return Number.POSITIVE_INFINITY
}

export type OffsetRule = (utc_s: number) => number

/** Minutes ahead of UTC in Berlin, by the time zone data of the host. */
export function berlinOffset(): OffsetRule {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeZoneName: 'longOffset', hour: '2-digit' })
  const known = new Map<number, number>()
  return (utc_s) => {
    const hour = Math.floor(utc_s / 3600)
    let offset = known.get(hour)
    if (offset === undefined) {
      const text = format.formatToParts(new Date(hour * 3_600_000)).find(({ type }) => type === 'timeZoneName')?.value ?? ''
      offset = 60 * Number(/GMT\+(\d\d):00/.exec(text)?.[1])
      known.set(hour, offset)
    }
    return offset
  }
}

export class Oracle {
  readonly #calendar: ActivityCalendar
  readonly #specialDays: readonly SpecialDay[]
  readonly #offset: OffsetRule
  readonly #days = new Map<number, readonly SwitchAction[]>()

  constructor(calendar: ActivityCalendar, specialDays: readonly SpecialDay[], offset: OffsetRule) {
    this.#calendar = calendar
    this.#specialDays = specialDays
    this.#offset = offset
  }

  rateAt(utc_s: number): number {
    const local_s = utc_s + 60 * this.#offset(utc_s)
    const day = Math.floor(local_s / 86_400)
    let rate = this.#switches(day - 1).at(-1)?.script ?? 0
    for (const { start_s, script } of this.#switches(day)) if (local_s - day * 86_400 >= start_s) rate = script
    return rate
  }

  #switches(day: number): readonly SwitchAction[] {
    let switches = this.#days.get(day)
    if (switches === undefined) {
      const id = this.#dayId(day)
      switches = this.#calendar.days.find((profile) => profile.id === id)?.switches ?? []
      this.#days.set(day, switches)
    }
    return switches
  }

  #dayId(day: number): number | undefined {
    const { seasons, weeks, days } = this.#calendar
    const known = (id: number) => days.some((profile) => profile.id === id)
    const special = [...this.#specialDays].sort((a, b) => a.index - b.index).find((entry) => known(entry.day) && isDate(entry.date, day))
    if (special !== undefined) return special.day
    const ages = seasons.map(({ start }) => age(start, day))
    const youngest = Math.min(...ages)
    const season = youngest === Number.POSITIVE_INFINITY ? seasons[0] : seasons[ages.lastIndexOf(youngest)]
    return weeks.find(({ name }) => name === season.week)?.days[fields(day).weekday - 1]
  }
}
