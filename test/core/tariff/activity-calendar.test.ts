import { describe, expect, test } from 'vitest'
import {
  type ActivityCalendar,
  calendarErrors,
  EMPTY_CALENDAR,
  highestRate,
  Limit,
  ONE_RATE,
  specialDayErrors,
  tableErrors,
} from '../../../src/core/tariff/activity-calendar.ts'

const DAY = {
  id: 1,
  switches: [
    { start_s: 0, script: 1 },
    { start_s: 21_600, script: 2 },
  ],
}
const WEEK = { name: 'w', days: [1, 1, 1, 1, 1, 1, 1] }
const SEASON = { name: 's', start: { month: 1, day: 1 }, week: 'w' }
const GOOD: ActivityCalendar = { name: 'good', seasons: [SEASON], weeks: [WEEK], days: [DAY] }

describe('activity calendar', () => {
  test('what is good has no errors', () => {
    for (const calendar of [GOOD, ONE_RATE]) expect(calendarErrors(calendar)).toEqual([])
    expect(highestRate(GOOD)).toBe(2)
    expect([highestRate(ONE_RATE), highestRate(EMPTY_CALENDAR)]).toEqual([1, 1])
  })

  test.each<[string, Partial<ActivityCalendar>, string]>([
    ['a long name', { name: 'x'.repeat(17) }, 'name: found 17 characters, allowed are 16 octets'],
    ['a name that is not of octets', { name: 'Ω' }, 'name: found 1 characters'],
    [
      'a season that never begins',
      { seasons: [{ ...SEASON, start: { month: 2, day: 30 } }] },
      'seasons[0].start: found day 30 of month 2, which does not exist',
    ],
    [
      'two seasons of one name',
      { seasons: [SEASON, { ...SEASON, start: { month: 2 } }] },
      'seasons[1].name: found "s" again, which is seasons[0].name already',
    ],
    ['two seasons of one start', { seasons: [SEASON, { ...SEASON, name: 't' }] }, 'seasons[1].start: found "* 1 1 *" again'],
    ['a week of six days', { weeks: [{ name: 'w', days: [1, 1, 1, 1, 1, 1] }] }, 'weeks[0].days: found 1 1 1 1 1 1, allowed are seven'],
    ['two weeks of one name', { weeks: [WEEK, WEEK] }, 'weeks[1].name: found "w" again'],
    ['two days of one id', { days: [DAY, DAY] }, 'days[1].id: found 1 again, which is days[0].id already'],
    ['an id that is no byte', { days: [DAY, { ...DAY, id: 256 }] }, 'days[1].id: found 256, allowed is 0..255'],
    [
      'switches out of order',
      { days: [{ id: 1, switches: [...DAY.switches].reverse() }] },
      'days[0].switches[1]: not later than the switch before it',
    ],
    ['two switches at once', { days: [{ id: 1, switches: [DAY.switches[0], DAY.switches[0]] }] }, 'days[0].switches[1]: not later'],
    ['a switch at 24:00', { days: [{ id: 1, switches: [{ start_s: 86_400, script: 1 }] }] }, 'days[0].switches[0]: start at second 86400'],
    [
      'a script that there is not',
      { days: [{ id: 1, switches: [{ start_s: 0, script: 9 }] }] },
      'days[0].switches[0]: script 9, allowed is 1..8',
    ],
    [
      'too many seasons',
      { seasons: Array.from({ length: 9 }, (_, i) => ({ ...SEASON, name: `${i}`, start: { month: i + 1 } })) },
      'seasons: found 9 entries, allowed are 8',
    ],
    [
      'too many weeks',
      { weeks: Array.from({ length: 9 }, (_, i) => ({ ...WEEK, name: i === 0 ? 'w' : `${i}` })) },
      'weeks: found 9 entries',
    ],
    ['too many days', { days: Array.from({ length: 17 }, (_, id) => ({ id, switches: [DAY.switches[0]] })) }, 'days: found 17 entries'],
    [
      'too many switches of a day',
      { days: [{ id: 1, switches: Array.from({ length: 25 }, (_, i) => ({ start_s: i, script: 1 })) }] },
      'days[0].switches: found 25 entries',
    ],
    [
      'too many switches in all',
      { days: Array.from({ length: 5 }, (_, id) => ({ id, switches: Array.from({ length: 13 }, (_, i) => ({ start_s: i, script: 1 })) })) },
      `days: found 65 switches in all, allowed are ${Limit.switches}`,
    ],
  ])('%s is refused', (_name, change, error) => {
    expect(tableErrors({ ...GOOD, ...change }).join('\n')).toContain(error)
    expect(calendarErrors({ ...GOOD, ...change })).toEqual(tableErrors({ ...GOOD, ...change }))
  })

  test.each<[string, Partial<ActivityCalendar>, string]>([
    ['no season', { seasons: [] }, 'seasons: none, at least one is needed'],
    ['a season of an unknown week', { weeks: [{ ...WEEK, name: 'v' }] }, 'seasons[0].week: found "w", which is no week profile'],
    [
      'a week of an unknown day',
      { weeks: [{ name: 'w', days: [1, 1, 1, 1, 1, 1, 2] }] },
      'weeks[0].days[6]: found 2, which is no day profile',
    ],
    ['a day without switches', { days: [{ id: 1, switches: [] }] }, 'days[0].switches: none, at least one is needed'],
  ])('%s may be written, but not be active', (_name, change, error) => {
    expect(tableErrors({ ...GOOD, ...change })).toEqual([])
    expect(calendarErrors({ ...GOOD, ...change })).toEqual([error])
  })

  test('a meter with fewer rates refuses scripts for the others', () => {
    expect(calendarErrors(GOOD, 2)).toEqual([])
    expect(calendarErrors(GOOD, 1)).toEqual(['days[0].switches[1]: script 2, allowed is 1..1'])
  })

  test('special days', () => {
    const ids = new Set([1])
    const good = { index: 0, date: { month: 12, day: 25 }, day: 1 }
    expect(specialDayErrors([good, { ...good, index: 1 }], ids)).toEqual([])
    expect(specialDayErrors([good, { ...good, day: 2 }, { index: 0x10000, date: { month: 13 }, day: 1 }], ids)).toEqual([
      'specialDays[1].day: found 2, which is no day profile',
      'specialDays[2].index: found 65536, allowed is 0..65535',
      'specialDays[2].date: found month 13, allowed is 1..12 or any',
      'specialDays[1].index: found 0 again, which is specialDays[0].index already',
    ])
    const many = Array.from({ length: 33 }, (_, index) => ({ ...good, index }))
    expect(specialDayErrors(many, ids)).toEqual(['specialDays: found 33 entries, allowed are 32'])
  })
})
