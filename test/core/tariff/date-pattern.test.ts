import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type DatePattern,
  datePatternProblem,
  isDateOf,
  LAST_DAY,
  latestDate,
  readDatePattern,
  SECOND_LAST_DAY,
  writeDatePattern,
} from '../../../src/core/tariff/date-pattern.ts'
import { ByteReader, ByteWriter, DecodeError } from '../../../src/lib/bytes.ts'
import { civilFromDays, daysFromCivil } from '../../../src/lib/calendar.ts'
import { datePatterns } from './arbitraries.ts'
import { age, isDate } from './oracle.ts'

const days = fc.integer({ min: daysFromCivil(2023, 1, 1), max: daysFromCivil(2030, 12, 31) })

function latest(pattern: DatePattern, year: number, month: number, day: number): string {
  const found = latestDate(pattern, daysFromCivil(year, month, day))
  if (found === undefined) return 'never'
  const date = civilFromDays(found)
  return `${date.year}-${date.month}-${date.day}`
}

describe('date pattern', () => {
  test.each([
    ['a date of every year', { month: 4, day: 1 }, '2026-4-1'],
    ['a date that is still to come this year', { month: 10, day: 1 }, '2025-10-1'],
    ['one date', { year: 2025, month: 4, day: 1 }, '2025-4-1'],
    ['one date in the future', { year: 2027, month: 4, day: 1 }, 'never'],
    ['the last Sunday of March', { month: 3, day: LAST_DAY, weekday: 7 }, '2026-3-29'],
    ['the last day of February', { month: 2, day: LAST_DAY }, '2026-2-28'],
    ['the last day but one of any month', { day: SECOND_LAST_DAY }, '2026-4-29'],
    ['the first Monday of any month', { day: 1, weekday: 1 }, '2026-5-4'],
    ['the Tuesday on or after the 30th', { day: 30, weekday: 2 }, '2026-5-5'],
    ['every Friday', { weekday: 5 }, '2026-5-8'],
    ['every day', {}, '2026-5-10'],
    ['29 February', { month: 2, day: 29 }, '2024-2-29'],
  ] as const)('%s, seen from 10 May 2026', (_name, pattern, date) => {
    expect(latest(pattern, 2026, 5, 10)).toBe(date)
  })

  test('29 February after the long pause', () => {
    expect(latest({ month: 2, day: 29 }, 2104, 2, 28)).toBe('2096-2-29')
  })

  test('agrees with looking at one day after the other', () => {
    fc.assert(
      fc.property(datePatterns, days, (pattern, day) => {
        const back = age(pattern, day)
        expect(latestDate(pattern, day)).toBe(back === Number.POSITIVE_INFINITY ? undefined : day - back)
        expect(isDateOf(pattern, day)).toBe(isDate(pattern, day))
        expect(isDateOf(pattern, day - back)).toBe(back !== Number.POSITIVE_INFINITY)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    [{ month: 2, day: 30 }, 'does not exist'],
    [{ year: 2026, month: 2, day: 29 }, 'does not exist'],
    [{ year: 2026, month: 5, day: 10, weekday: 1 }, 'not on day 1 of the week'],
    [{ year: 1969 }, 'year 1969'],
    [{ month: 13 }, 'month 13'],
    [{ month: 0xfe }, 'month 254'],
    [{ day: 0 }, 'day 0'],
    [{ day: 32 }, 'day 32'],
    [{ weekday: 8 }, 'day of the week 8'],
    [{ day: SECOND_LAST_DAY, weekday: 3 }, 'last day but one'],
    [{ month: 1.5 }, 'month 1.5'],
  ])('%j is no date', (pattern, problem) => {
    expect(datePatternProblem(pattern)).toContain(problem)
  })

  test('is stored as a COSEM date', () => {
    const writer = new ByteWriter()
    fc.assert(
      fc.property(datePatterns, (pattern) => {
        writer.reset()
        writeDatePattern(writer, pattern)
        expect(readDatePattern(new ByteReader(writer.copy()))).toEqual(pattern)
      }),
    )
    writer.reset()
    writeDatePattern(writer, { month: 3, day: LAST_DAY, weekday: 7 })
    expect([...writer.copy()]).toEqual([0xff, 0xff, 3, 0xfe, 7])
    for (const bytes of [
      [0xff, 0xff, 0xfe, 0xff, 0xff],
      [0xff, 0xff, 2, 30, 0xff],
      [0xff, 0xff, 1, 1],
    ]) {
      expect(() => readDatePattern(new ByteReader(Uint8Array.from(bytes)))).toThrow(DecodeError)
    }
  })
})
