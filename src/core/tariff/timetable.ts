import { assert } from '../../lib/assert.ts'
import { weekdayOfDays } from '../../lib/calendar.ts'
import type { ActivityCalendar, SpecialDay, SwitchAction } from './activity-calendar.ts'
import { isDateOf, latestDate } from './date-pattern.ts'

const DAY_S = 86_400

/** Minutes that local time is ahead of UTC. It may change at any second, but not twice within a day. */
export type Offset = (utc_ms: number) => number

/** A time in which one rate holds: from `from_s` to before `until_s`, seconds of UTC. The same rate may go on after it. */
export interface RateWindow {
  rate: number
  from_s: number
  until_s: number
}

/**
 * Tells the rate of any moment. It depends on what the local clock shows in that second and on nothing else, above all not on what was before:
 * a meter that was switched off, or whose clock was set, is right at once. Where daylight saving moves the clock:
 * - a switch time inside the hour that is left out takes effect when the clock jumps over it;
 * - an hour that comes twice has the same rates twice: the clock shows the same, and so does the tariff.
 *
 * The season is the one whose start is latest, of equal ones the last in the table; before the first start of all, the first in the table.
 * Of special days on the same date the one that comes first counts; one whose day profile does not exist is passed over.
 */
export class Timetable {
  readonly #calendar: ActivityCalendar
  readonly #specialDays: readonly SpecialDay[]
  readonly #days = new Map<number, readonly SwitchAction[]>()
  readonly #weeks = new Map<string, readonly number[]>()

  /** `calendar` has no `calendarErrors`. `specialDays` are in ascending order of their index. */
  constructor(calendar: ActivityCalendar, specialDays: readonly SpecialDay[]) {
    this.#calendar = calendar
    for (const { id, switches } of calendar.days) this.#days.set(id, switches)
    for (const { name, days } of calendar.weeks) this.#weeks.set(name, days)
    this.#specialDays = specialDays.filter(({ day }) => this.#days.has(day))
  }

  /** Writes the rate at `utc_s`, and until when it holds for sure, to `window`: at most to the end of the local day. */
  find(utc_s: number, offset_min: Offset, window: RateWindow): void {
    const offset = offset_min(utc_s * 1000)
    const local_s = utc_s + offset * 60
    const day = Math.floor(local_s / DAY_S)
    const second = local_s - day * DAY_S
    const switches = this.switchesOf(day)
    let next = 0
    while (next < switches.length && switches[next].start_s <= second) next++
    window.rate = next > 0 ? switches[next - 1].script : lastOf(this.switchesOf(day - 1)).script
    window.from_s = utc_s
    window.until_s = utc_s + (next < switches.length ? switches[next].start_s : DAY_S) - second
    if (offset_min(window.until_s * 1000) !== offset) window.until_s = firstChange(utc_s, window.until_s, offset, offset_min)
  }

  /** The switches of a local day, counted from 1970-01-01. */
  private switchesOf(day: number): readonly SwitchAction[] {
    const special = this.#specialDays.find(({ date }) => isDateOf(date, day))
    const id = special?.day ?? this.weekOf(day)[weekdayOfDays(day) - 1]
    const switches = this.#days.get(id)
    assert(switches !== undefined, 'a calendar with errors is in use')
    return switches
  }

  private weekOf(day: number): readonly number[] {
    const { seasons } = this.#calendar
    let season = seasons[0]
    let latest = Number.NEGATIVE_INFINITY
    for (const candidate of seasons) {
      const start = latestDate(candidate.start, day)
      if (start === undefined || start < latest) continue
      season = candidate
      latest = start
    }
    const days = this.#weeks.get(season.week)
    assert(days !== undefined, 'a calendar with errors is in use')
    return days
  }
}

function lastOf(switches: readonly SwitchAction[]): SwitchAction {
  return switches[switches.length - 1]
}

/** The first second after `low` at which the offset is another than at `low`; at `high` it is. */
function firstChange(low: number, high: number, offset: number, offset_min: Offset): number {
  let same = low
  let changed = high
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2)
    if (offset_min(middle * 1000) === offset) same = middle
    else changed = middle
  }
  return changed
}
