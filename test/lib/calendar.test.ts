import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  civilFromDays,
  civilFromUtc,
  daysFromCivil,
  daysInMonth,
  isCivil,
  isLeapYear,
  isSummerTime,
  MS_PER_DAY,
  MS_PER_HOUR,
  MS_PER_MINUTE,
  offset_min,
  utcFromCivil_ms,
  weekday,
  weekdayOfDays,
} from '../../src/lib/calendar.ts'

/** What `Date` can hold, in both directions. */
const instant = fc.integer({ min: -8.64e15, max: 8.64e15 })

test('civil time of an instant and back, against Date', () => {
  fc.assert(
    fc.property(instant, (utc_ms) => {
      const date = new Date(utc_ms)
      const civil = civilFromUtc(utc_ms)
      expect(civil).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        ms: date.getUTCMilliseconds(),
      })
      expect(utcFromCivil_ms(civil)).toBe(utc_ms)
      expect(isCivil(civil)).toBe(true)
      expect(weekday(civil) % 7).toBe(date.getUTCDay())
    }),
    { numRuns: 2000 },
  )
})

test('every day from 1890 to 2110 follows the one before', () => {
  let previous = daysFromCivil(1889, 12, 31)
  for (let year = 1890; year <= 2110; year++) {
    for (let month = 1; month <= 12; month++) {
      for (let day = 1; day <= daysInMonth(year, month); day++) {
        const days = daysFromCivil(year, month, day)
        if (days !== previous + 1) throw new Error(`${year}-${month}-${day}`)
        previous = days
      }
    }
  }
  expect(civilFromDays(previous)).toEqual({ year: 2110, month: 12, day: 31 })
})

test('known days', () => {
  expect(daysFromCivil(1970, 1, 1)).toBe(0)
  expect(daysFromCivil(2000, 2, 29)).toBe(11_016)
  expect(daysFromCivil(0, 3, 1)).toBe(-719_468)
  expect(weekdayOfDays(0)).toBe(4)
  expect(weekday({ year: 2006, month: 12, day: 16 })).toBe(6)
  expect([1900, 2000, 2004, 2005, 2100].map(isLeapYear)).toEqual([false, true, true, false, false])
  expect([daysInMonth(2004, 2), daysInMonth(2005, 2), daysInMonth(2005, 13)]).toEqual([29, 28, 0])
})

describe('isCivil', () => {
  const noon = { year: 2024, month: 2, day: 29, hour: 12, minute: 0, second: 0, ms: 0 }
  test.each([
    { day: 30 },
    { day: 0 },
    { year: 2023 },
    { month: 13 },
    { hour: 24 },
    { minute: 60 },
    { second: 60 },
    { ms: 1000 },
    { ms: 0.5 },
  ])('refuses %j on a leap day', (change) => {
    expect(isCivil(noon)).toBe(true)
    expect(isCivil({ ...noon, ...change })).toBe(false)
  })
})

describe('summer time of the EU', () => {
  const rule = { dst: 'eu', standard_min: 60 } as const
  /** An independent source of the rule: the time zone database. */
  const berlin = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeZoneName: 'longOffset' })
  const byDatabase = (utc_ms: number) => (berlin.format(utc_ms).endsWith('GMT+02:00') ? 120 : 60)

  test('agrees with the time zone database from 1997 on, to the millisecond', () => {
    const start = Date.UTC(1997, 0)
    const end = Date.UTC(2036, 0)
    for (let utc_ms = start; utc_ms < end; utc_ms += MS_PER_DAY) expect(offset_min(utc_ms, rule)).toBe(byDatabase(utc_ms))
    for (const change of [Date.UTC(2024, 2, 31, 1), Date.UTC(2024, 9, 27, 1), Date.UTC(2019, 2, 31, 1), Date.UTC(2021, 9, 31, 1)]) {
      for (const utc_ms of [change - 1, change, change + MS_PER_HOUR]) expect(offset_min(utc_ms, rule)).toBe(byDatabase(utc_ms))
      expect(isSummerTime(change - 1, rule)).not.toBe(isSummerTime(change, rule))
    }
  })

  test('none never changes, and the standard offset counts', () => {
    const july = Date.UTC(2024, 6)
    expect(offset_min(july, { dst: 'none', standard_min: 330 })).toBe(330)
    expect(offset_min(july, { dst: 'eu', standard_min: 0 })).toBe(60)
    expect(MS_PER_HOUR).toBe(60 * MS_PER_MINUTE)
  })
})
