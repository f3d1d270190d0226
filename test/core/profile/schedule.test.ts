import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CaptureSchedule, daily, monthly, periodic } from '../../../src/core/profile/schedule.ts'
import { offset_min } from '../../../src/lib/calendar.ts'

const cet = (utc_ms: number): number => offset_min(utc_ms, { standard_min: 60, dst: 'eu' })
const utc = (text: string): number => Date.parse(`${text}Z`) / 1000

describe('schedules', () => {
  test('days have 23, 24 and 25 hours', () => {
    const days = daily(cet)
    const hours = (text: string): number => (days.next(utc(text)) - utc(text)) / 3600
    expect(days.floor(utc('2024-03-31T12:00:00'))).toBe(utc('2024-03-30T23:00:00'))
    expect([hours('2024-03-29T23:00:00'), hours('2024-03-30T23:00:00'), hours('2024-03-31T22:00:00')]).toEqual([24, 23, 24])
    expect([hours('2024-10-25T22:00:00'), hours('2024-10-26T22:00:00'), hours('2024-10-27T23:00:00')]).toEqual([24, 25, 24])
  })

  test('months begin at local midnight, or where else they are told to', () => {
    expect(monthly(cet).floor(utc('2024-03-31T21:59:59'))).toBe(utc('2024-02-29T23:00:00'))
    expect(monthly(cet).floor(utc('2024-03-31T22:00:00'))).toBe(utc('2024-03-31T22:00:00'))
    expect(monthly(cet).next(utc('2023-12-31T23:00:00'))).toBe(utc('2024-01-31T23:00:00'))
    const last = monthly(cet, { day: 'last', hour: 12 })
    expect(last.floor(utc('2024-01-05T00:00:00'))).toBe(utc('2023-12-31T11:00:00'))
    expect(last.next(utc('2024-01-31T11:00:00'))).toBe(utc('2024-02-29T11:00:00'))
  })

  test('periods can be moved off the full hour', () => {
    expect(periodic(3600, 1800).floor(7200)).toBe(5400)
    expect(periodic(3600, 1800).floor(1000)).toBe(-1800)
    expect(periodic(900).next(900)).toBe(1800)
  })

  // Half an hour off, a change at midnight (as in Havana), and none.
  const zones: [string, (utc_ms: number) => number][] = [
    ['Berlin', cet],
    ['Kolkata', () => 330],
    ['change at midnight', (utc_ms) => (Math.floor(utc_ms / (120 * 86_400_000)) % 2 === 0 ? -300 : -240)],
  ]
  const schedules = (offset: (utc_ms: number) => number): CaptureSchedule[] => [
    periodic(900),
    daily(offset),
    monthly(offset),
    monthly(offset, { day: 28, hour: 2 }),
    monthly(offset, { day: 'last', hour: 23 }),
  ]

  test.each(zones)('every instant is the floor of all seconds up to the next (%s)', (_, offset) => {
    fc.assert(
      fc.property(fc.integer({ min: 86_400 * 400, max: 0xffffffff }), fc.nat(1_000_000), (utc_s, parts) => {
        for (const schedule of schedules(offset)) {
          const stamp_s = schedule.floor(utc_s)
          const next_s = schedule.next(stamp_s)
          if (!(stamp_s <= utc_s && utc_s < next_s)) expect([stamp_s, utc_s, next_s]).toBe('in order')
          expect(schedule.floor(stamp_s)).toBe(stamp_s)
          expect(schedule.floor(stamp_s + Math.floor(((next_s - stamp_s) * parts) / 1_000_001))).toBe(stamp_s)
          expect(schedule.floor(next_s - 1)).toBe(stamp_s)
          expect(schedule.floor(next_s)).toBe(next_s)
        }
      }),
      { numRuns: 300 },
    )
  })
})
