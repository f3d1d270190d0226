import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ActivityCalendar, EMPTY_CALENDAR, Limit, tableErrors } from '../../../src/core/tariff/activity-calendar.ts'
import { decodeCalendar, decodeSpecialDays, encodeCalendar, encodeSpecialDays } from '../../../src/core/tariff/codec.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { tariffs } from './arbitraries.ts'

function fullCalendar(): ActivityCalendar {
  const name = (i: number) => `${i}`.padEnd(Limit.name, 'ÿ')
  const list = <T>(length: number, make: (i: number) => T) => Array.from({ length }, (_, i) => make(i))
  return {
    name: name(0),
    seasons: list(Limit.seasons, (i) => ({ name: name(i), start: { year: 2026, month: i + 1, day: 0xfe, weekday: 7 }, week: name(i) })),
    weeks: list(Limit.weeks, (i) => ({ name: name(i), days: [0, 1, 2, 3, 4, 5, 255] })),
    days: list(Limit.days, (id) => ({ id, switches: list(Limit.switches / Limit.days, (i) => ({ start_s: 86_390 + i, script: 8 - i })) })),
  }
}

describe('stored calendars', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(tariffs, ({ calendar, specialDays }) => {
        expect(decodeCalendar(encodeCalendar(calendar))).toEqual(calendar)
        expect(decodeSpecialDays(encodeSpecialDays(specialDays))).toEqual(specialDays)
      }),
    )
    expect(decodeCalendar(encodeCalendar(EMPTY_CALENDAR))).toEqual(EMPTY_CALENDAR)
  })

  test('even a full one fits into four settings', () => {
    const calendar = fullCalendar()
    expect(tableErrors(calendar)).toEqual([])
    expect(encodeCalendar(calendar).length).toBeLessThanOrEqual(4 * 240)
    expect(decodeCalendar(encodeCalendar(calendar))).toEqual(calendar)
    const specialDays = Array.from({ length: Limit.specialDays }, (_, index) => ({ index, date: {}, day: 255 }))
    expect(encodeSpecialDays(specialDays).length).toBeLessThanOrEqual(2 * 240)
  })

  test('foreign bytes are refused, whatever they are', () => {
    const decoders = [decodeCalendar, decodeSpecialDays]
    const refuses = (bytes: Uint8Array) => {
      for (const decode of decoders) {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refuses))
    const good = encodeCalendar(fullCalendar())
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bytes = good.slice()
        bytes[at] = value
        refuses(bytes)
      }),
      { numRuns: 1000 },
    )
    for (let length = 0; length < good.length; length++) expect(() => decodeCalendar(good.subarray(0, length))).toThrow(DecodeError)
    expect(() => decodeCalendar(Uint8Array.of(...good, 0))).toThrow('1 bytes after the calendar')
    expect(() => decodeCalendar(Uint8Array.of(2, ...good.subarray(1)))).toThrow('version 2')
  })
})
