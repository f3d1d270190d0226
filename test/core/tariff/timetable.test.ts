import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ActivityCalendar, SpecialDay, SwitchAction } from '../../../src/core/tariff/activity-calendar.ts'
import { type Offset, type RateWindow, Timetable } from '../../../src/core/tariff/timetable.ts'
import { offset_min, type ZoneRule } from '../../../src/lib/calendar.ts'
import { tariffs } from './arbitraries.ts'
import { berlinOffset, Oracle } from './oracle.ts'

const BERLIN: ZoneRule = { dst: 'eu', standard_min: 60 }
const offset: Offset = (utc_ms) => offset_min(utc_ms, BERLIN)
const berlin = berlinOffset()
const at = (iso: string) => Date.parse(iso) / 1000

function hours(...switches: readonly (readonly [hour: number, script: number])[]): SwitchAction[] {
  return switches.map(([hour, script]) => ({ start_s: hour * 3600, script }))
}

/** Every day the same. */
function daily(...switches: readonly (readonly [hour: number, script: number])[]): ActivityCalendar {
  return {
    name: 'daily',
    seasons: [{ name: 's', start: { month: 1, day: 1 }, week: 'w' }],
    weeks: [{ name: 'w', days: [1, 1, 1, 1, 1, 1, 1] }],
    days: [{ id: 1, switches: hours(...switches) }],
  }
}

/** Rates and their first seconds from one time to another, as windows put together. */
function course(table: Timetable, from: string, to: string): string[] {
  const list: string[] = []
  const window: RateWindow = { rate: 0, from_s: 0, until_s: 0 }
  let rate = 0
  for (let utc_s = at(from); utc_s < at(to); utc_s = window.until_s) {
    table.find(utc_s, offset, window)
    expect(window.until_s).toBeGreaterThan(utc_s)
    if (window.rate !== rate) list.push(`${new Date(utc_s * 1000).toISOString().slice(5, 16)} rate ${window.rate}`)
    rate = window.rate
  }
  return list
}

describe('timetable', () => {
  test('switches in local time, summer and winter', () => {
    const table = new Timetable(daily([0, 1], [6, 2], [22, 1]), [])
    expect(course(table, '2026-01-15T00:00Z', '2026-01-16T00:00Z')).toEqual([
      '01-15T00:00 rate 1',
      '01-15T05:00 rate 2',
      '01-15T21:00 rate 1',
    ])
    expect(course(table, '2026-07-15T00:00Z', '2026-07-16T00:00Z')).toEqual([
      '07-15T00:00 rate 1',
      '07-15T04:00 rate 2',
      '07-15T20:00 rate 1',
    ])
  })

  test('a day that does not begin at 00:00 goes on as the day before has ended', () => {
    const table = new Timetable(daily([6, 2], [22, 1]), [])
    expect(course(table, '2026-01-14T23:00Z', '2026-01-15T12:00Z')).toEqual(['01-14T23:00 rate 1', '01-15T05:00 rate 2'])
  })

  test('the hour that is left out: its switch takes effect when the clock jumps over it', () => {
    // 29 March 2026: 02:00 is 03:00, at 01:00 UTC.
    const table = new Timetable(daily([0, 1], [2.5, 2], [3, 3], [3.5, 4]), [])
    expect(course(table, '2026-03-28T23:00Z', '2026-03-29T12:00Z')).toEqual([
      '03-28T23:00 rate 1',
      '03-29T01:00 rate 3',
      '03-29T01:30 rate 4',
    ])
    const single = new Timetable(daily([0, 1], [2.5, 2]), [])
    expect(course(single, '2026-03-28T23:00Z', '2026-03-29T12:00Z')).toEqual(['03-28T23:00 rate 1', '03-29T01:00 rate 2'])
  })

  test('the hour that comes twice has the same rates twice', () => {
    // 25 October 2026: 03:00 is 02:00 again, at 01:00 UTC.
    const table = new Timetable(daily([0, 1], [2.5, 2], [3, 3]), [])
    expect(course(table, '2026-10-24T22:00Z', '2026-10-25T12:00Z')).toEqual([
      '10-24T22:00 rate 1',
      '10-25T00:30 rate 2',
      '10-25T01:00 rate 1',
      '10-25T01:30 rate 2',
      '10-25T02:00 rate 3',
    ])
  })

  test('a day of 23 hours and one of 25 begin and end at midnight', () => {
    const table = new Timetable(daily([0, 1], [12, 2]), [])
    const seconds = (from: string, to: string) => {
      const sums = [0, 0, 0]
      const window: RateWindow = { rate: 0, from_s: 0, until_s: 0 }
      for (let utc_s = at(from); utc_s < at(to); utc_s = window.until_s) {
        table.find(utc_s, offset, window)
        sums[window.rate] += Math.min(window.until_s, at(to)) - utc_s
      }
      return sums.slice(1).map((sum) => sum / 3600)
    }
    expect(seconds('2026-03-28T23:00Z', '2026-03-29T22:00Z')).toEqual([11, 12])
    expect(seconds('2026-10-24T22:00Z', '2026-10-25T23:00Z')).toEqual([13, 12])
  })

  test('seasons, weekdays and special days', () => {
    const calendar: ActivityCalendar = {
      name: 'year',
      seasons: [
        { name: 'summer', start: { month: 4, day: 1 }, week: 'summer' },
        { name: 'winter', start: { month: 10, day: 1 }, week: 'winter' },
        { name: 'fair', start: { year: 2026, month: 7, day: 6 }, week: 'fair' },
      ],
      weeks: [
        { name: 'summer', days: [1, 1, 1, 1, 1, 2, 2] },
        { name: 'winter', days: [3, 3, 3, 3, 3, 3, 3] },
        { name: 'fair', days: [4, 4, 4, 4, 4, 4, 4] },
      ],
      days: [1, 2, 3, 4, 5, 6].map((id) => ({ id, switches: [{ start_s: 0, script: id }] })),
    }
    const specialDays: SpecialDay[] = [
      { index: 0, date: { year: 2026, month: 12, day: 25 }, day: 6 },
      { index: 1, date: { month: 12, day: 24 }, day: 99 },
      { index: 2, date: { month: 12, day: 25 }, day: 5 },
    ]
    const table = new Timetable(calendar, specialDays)
    const window: RateWindow = { rate: 0, from_s: 0, until_s: 0 }
    const rate = (date: string) => {
      table.find(at(`${date}T12:00Z`), offset, window)
      return window.rate
    }
    expect(['2026-03-31', '2026-04-01', '2026-04-04', '2026-07-06', '2026-09-30', '2026-10-01'].map(rate)).toEqual([3, 1, 2, 4, 4, 3])
    // The special day of one year comes first in the table; the day profile 99 does not exist.
    expect(['2025-12-25', '2026-12-25', '2027-12-25', '2026-12-24'].map(rate)).toEqual([5, 6, 5, 3])
  })

  test('before the first season of all, the first in the table is in force', () => {
    const calendar = daily([0, 1])
    const [season] = calendar.seasons
    const future = [2027, 2026].map((year, i) => ({ ...season, name: `${i}`, start: { year, month: 6, day: 1 }, week: `${i}` }))
    const table = new Timetable(
      {
        ...calendar,
        seasons: future,
        weeks: [0, 1].map((i) => ({ name: `${i}`, days: new Array(7).fill(i) })),
        days: [0, 1].map((id) => ({ id, switches: [{ start_s: 0, script: id + 1 }] })),
      },
      [],
    )
    expect(course(table, '2026-05-01T00:00Z', '2027-07-01T00:00Z')).toEqual([
      '05-01T00:00 rate 1',
      '05-31T22:00 rate 2',
      '05-31T22:00 rate 1',
    ])
  })

  test('any second of any calendar, and every second until the window ends', () => {
    const window: RateWindow = { rate: 0, from_s: 0, until_s: 0 }
    const seconds = fc.oneof(
      fc.integer({ min: at('2025-01-01T00:00Z'), max: at('2027-12-31T00:00Z') }),
      fc.integer({ min: at('2026-03-28T22:00Z'), max: at('2026-03-29T04:00Z') }),
      fc.integer({ min: at('2026-10-24T22:00Z'), max: at('2026-10-25T04:00Z') }),
    )
    fc.assert(
      fc.property(tariffs, fc.array(seconds, { minLength: 1, maxLength: 20 }), ({ calendar, specialDays }, list) => {
        const table = new Timetable(calendar, specialDays)
        const oracle = new Oracle(calendar, specialDays, berlin)
        for (const utc_s of list) {
          table.find(utc_s, offset, window)
          expect(window.from_s).toBe(utc_s)
          expect(window.until_s - utc_s).toBeLessThanOrEqual(86_400)
          for (let i = 0; i < 5; i++) {
            const inside = utc_s + Math.floor(((window.until_s - 1 - utc_s) * i) / 4)
            if (oracle.rateAt(inside) !== window.rate) expect({ utc_s, inside, rate: oracle.rateAt(inside) }).toEqual(window)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a year in Berlin, minute by minute', () => {
    const [first, second, third] = fc.sample(tariffs, { numRuns: 40, seed: 7 }).filter(({ calendar }) => calendar.seasons.length > 2)
    const window: RateWindow = { rate: 0, from_s: 0, until_s: 0 }
    for (const { calendar, specialDays } of [first, second, third]) {
      const table = new Timetable(calendar, specialDays)
      const oracle = new Oracle(calendar, specialDays, berlin)
      window.until_s = 0
      let wrong = 0
      let found = 0
      for (let utc_s = at('2025-12-31T23:00Z'); utc_s < at('2026-12-31T23:00Z'); utc_s += 60) {
        if (utc_s >= window.until_s) {
          table.find(utc_s, offset, window)
          found++
        }
        if (window.rate !== oracle.rateAt(utc_s)) wrong++
      }
      expect(wrong).toBe(0)
      // The calendar is looked at a few times a day, not every second.
      expect(found).toBeLessThan(366 * 8)
    }
  })

  test('zones without daylight saving, and west of Greenwich', () => {
    fc.assert(
      fc.property(
        tariffs,
        fc.integer({ min: -720, max: 840 }),
        fc.integer({ min: at('2020-01-01T00:00Z'), max: at('2033-01-01T00:00Z') }),
        ({ calendar, specialDays }, minutes, utc_s) => {
          const window: RateWindow = { rate: 0, from_s: 0, until_s: 0 }
          new Timetable(calendar, specialDays).find(utc_s, () => minutes, window)
          expect(window.rate).toBe(new Oracle(calendar, specialDays, () => minutes).rateAt(utc_s))
        },
      ),
    )
  })
})
