import { describe, expect, test } from 'vitest'
import { MeterClock } from '../../../src/core/clock/meter-clock.ts'
import { offset_min } from '../../../src/lib/calendar.ts'

/** COSEM clock status, IEC 62056-6-2. */
const ClockStatus = { invalid: 0x01, daylightSaving: 0x80 } as const

function create(now_ms: number, valid = true, dst: 'eu' | 'none' = 'eu') {
  const device = {
    time_ms: now_ms,
    valid,
    now_ms: () => device.time_ms,
    ticks_ms: () => 0,
    set(utc_ms: number) {
      device.time_ms = utc_ms
      device.valid = true
    },
  }
  const rules = { standardOffset_min: 60, offset_min: (utc_ms: number) => offset_min(utc_ms, { standard_min: 60, dst }) }
  return { device, clock: new MeterClock(device, rules) }
}

/** Last Sundays of March and October 2026. */
const SPRING_MS = Date.UTC(2026, 2, 29, 1)
const AUTUMN_MS = Date.UTC(2026, 9, 25, 1)

describe('MeterClock', () => {
  test('whole seconds are cut, not rounded', () => {
    expect(create(1_767_614_400_999).clock.now_s()).toBe(1_767_614_400)
  })

  test('daylight saving changes at 01:00 UTC, to the millisecond', () => {
    const { clock } = create(0)
    const at = (utc_ms: number) => [clock.offset_min(utc_ms), clock.daylightSaving(utc_ms)]
    expect(at(SPRING_MS - 1)).toEqual([60, false])
    expect(at(SPRING_MS)).toEqual([120, true])
    expect(at(AUTUMN_MS - 1)).toEqual([120, true])
    expect(at(AUTUMN_MS)).toEqual([60, false])
  })

  test('without a rule there is no daylight saving', () => {
    const { clock } = create(0, true, 'none')
    expect([clock.offset_min(SPRING_MS), clock.daylightSaving(SPRING_MS), clock.status(SPRING_MS)]).toEqual([60, false, 0])
  })

  test('the status says whether the time can be trusted and whether it is summer', () => {
    const winter_ms = SPRING_MS - 1
    expect(create(0).clock.status(winter_ms)).toBe(0)
    expect(create(0).clock.status(SPRING_MS)).toBe(ClockStatus.daylightSaving)
    expect(create(0, false).clock.status(winter_ms)).toBe(ClockStatus.invalid)
    expect(create(0, false).clock.status(SPRING_MS)).toBe(ClockStatus.invalid | ClockStatus.daylightSaving)
  })

  test('setting makes the time valid', () => {
    const { clock } = create(946_684_800_000, false)
    expect(clock.valid).toBe(false)
    clock.set(SPRING_MS)
    expect([clock.valid, clock.now_ms()]).toEqual([true, SPRING_MS])
  })
})
