import { describe, expect, test } from 'vitest'
import { ProfileStatus } from '../../src/core/events/codes.ts'
import { quietRig, START_MS } from '../meter/views/rig.ts'
import { DAY_MS, HOUR_MS, type Rig } from './rig.ts'

const PARTS = ['RV3028', 'DS3231', 'PCF8563'] as const
const MINUTE_MS = 60_000

function withRtc(world: object, meter: object = {}): Rig {
  return quietRig({ config: { meter, world: { wander: false, load: 'none', ...world } } })
}

/** The meter's time against that of the world. */
function error_ms(rig: Rig): number {
  return rig.core.clock.now_ms() - rig.machine.now_ms
}

function outage(rig: Rig, duration_ms: number): void {
  rig.machine.mains.disturbAll(0, duration_ms)
  rig.run(duration_ms + 10_000)
}

describe.each(PARTS)('a board with %s', (rtc) => {
  test('has the time of the world from the first second on, to the millisecond', () => {
    const rig = withRtc({ rtc })
    expect([rig.core.clock.valid, error_ms(rig)]).toEqual([true, 0])
    rig.run(2 * HOUR_MS)
    expect(error_ms(rig)).toBe(0)
    expect(rig.events).toEqual(['Power up'])
  })

  test('keeps it without mains for as long as its store lasts', () => {
    const rig = withRtc({ rtc, rtcReserve_h: 24, rtcDrift_ppm: 5 })
    rig.run(HOUR_MS)
    outage(rig, 23 * HOUR_MS)
    expect(rig.core.clock.valid).toBe(true)
    // 5 ppm of a day, what is not known of a second at a start being found by now.
    expect(Math.abs(error_ms(rig))).toBeLessThan(432 + 20)
    expect(rig.events.slice(1)).toEqual(['Power down', 'Power up', `failure of ${23 * 3600} s`])
  })

  test('after that it is invalid until it is set, and says so in event, status and profile', () => {
    const rig = withRtc({ rtc, rtcReserve_h: 24 })
    rig.run(HOUR_MS)
    outage(rig, 25 * HOUR_MS)
    expect(rig.core.clock.valid).toBe(false)
    expect(rig.core.clock.status(0) & 1).toBe(1)
    expect(rig.events.slice(1)).toEqual(['Power down', 'Power up', 'Clock invalid'])
    rig.run(HOUR_MS)
    expect(rig.core.profile.lastStatus & ProfileStatus.clockInvalid).toBe(ProfileStatus.clockInvalid)
    expect(rig.core.shiftClock(1000), 'there is nothing to shift').toBe(false)
    rig.core.setClock(rig.machine.now_ms)
    rig.run(HOUR_MS)
    expect([rig.core.clock.valid, error_ms(rig)]).toEqual([true, 0])
    expect(rig.core.profile.lastStatus).toBe(0)
    // It is in the chip, too.
    outage(rig, HOUR_MS)
    expect(rig.core.clock.valid).toBe(true)
    expect(Math.abs(error_ms(rig))).toBeLessThanOrEqual(20)
  })
})

test.each([150, -150])(
  'the seconds of the meter begin with those of its clock, with a processor that is %d ppm off',
  (processorDrift_ppm) => {
    const rig = withRtc({ processorDrift_ppm })
    rig.run(10_000)
    const { core } = rig
    const second = core.second.bind(core)
    let worst_ms = 0
    core.second = () => {
      worst_ms = Math.max(worst_ms, core.clock.now_ms() % 1000)
      // An early one is followed by another within the same second.
      if (worst_ms > 900) worst_ms = 0
      second()
    }
    rig.run(HOUR_MS)
    expect(worst_ms).toBeLessThan(60)
    expect(Math.abs(error_ms(rig))).toBeLessThan(600)
  },
)

describe('faults of the clock chip', () => {
  test('a bus that is stuck at the start: invalid, told, and the time comes back with the bus', () => {
    const rig = withRtc({})
    rig.run(HOUR_MS)
    rig.machine.clock.bus.hold('data')
    outage(rig, HOUR_MS)
    expect(rig.core.clock.valid).toBe(false)
    rig.run(5 * MINUTE_MS)
    expect(rig.events.slice(1)).toEqual(['Power down', 'Power up', 'Clock invalid', 'Clock chip faulty'])
    rig.machine.clock.bus.hold(undefined)
    rig.run(2 * MINUTE_MS)
    expect(Math.abs(error_ms(rig))).toBeLessThanOrEqual(20)
    expect(rig.events.slice(5)).toEqual(['Clock adjusted (old time)', 'Clock adjusted (new time)', 'Clock chip recovered'])
    rig.run(HOUR_MS)
    const { profile } = rig.core
    const cursor = profile.cursor(profile.log.nextSequence - profile.count)
    const stamps: number[] = []
    while (cursor.next()) stamps.push(cursor.utc_s)
    expect(new Set(stamps).size).toBe(stamps.length)
  })

  test('a bus that is stuck while the meter runs costs no time, and is told once', () => {
    const rig = withRtc({ processorDrift_ppm: 20 })
    rig.run(HOUR_MS)
    rig.machine.clock.bus.hold('clock')
    rig.run(6 * HOUR_MS)
    expect(rig.core.clock.valid).toBe(true)
    expect(Math.abs(error_ms(rig))).toBeLessThan(20 * 3.6 * 8)
    expect(rig.events).toEqual(['Power up', 'Clock chip faulty'])
    rig.machine.clock.bus.hold(undefined)
    rig.run(3 * HOUR_MS)
    expect(rig.events).toEqual(['Power up', 'Clock chip faulty', 'Clock chip recovered'])
    // It follows the chip again.
    expect(Math.abs(error_ms(rig))).toBeLessThan(100)
  })

  test('an oscillator that stopped while the meter ran is set again', () => {
    const rig = withRtc({})
    rig.run(HOUR_MS)
    const { chip } = rig.machine.clock
    chip?.garble()
    rig.run(2 * HOUR_MS)
    outage(rig, HOUR_MS)
    expect([rig.core.clock.valid, Math.abs(error_ms(rig)) <= 20]).toEqual([true, true])
  })

  test('a time before the last sign of life is none', () => {
    const rig = withRtc({})
    rig.run(3 * HOUR_MS)
    rig.machine.mains.disturbAll(0, HOUR_MS)
    rig.run(MINUTE_MS)
    rig.machine.clock.set(START_MS + HOUR_MS)
    rig.run(2 * HOUR_MS)
    expect(rig.core.clock.valid).toBe(false)
    expect(rig.events.slice(1)).toEqual(['Power down', 'Power up', 'Clock invalid'])
    rig.core.setClock(rig.machine.now_ms)
    rig.run(HOUR_MS)
    expect(error_ms(rig)).toBe(0)
  })

  test('a clock that was set back stays plausible over a failure', () => {
    const rig = withRtc({})
    rig.run(2 * HOUR_MS)
    rig.core.setClock(rig.machine.now_ms - 5 * HOUR_MS)
    rig.run(MINUTE_MS)
    outage(rig, 10 * MINUTE_MS)
    expect(rig.core.clock.valid).toBe(true)
    expect(Math.abs(error_ms(rig) + 5 * HOUR_MS)).toBeLessThanOrEqual(20)
  })

  test('a store that is not charged: battery low after an hour, replace after a day', () => {
    const rig = withRtc({})
    rig.machine.clock.wearStore()
    rig.run(2 * HOUR_MS)
    expect(rig.events).toEqual(['Power up', 'Battery voltage low'])
    rig.run(DAY_MS)
    expect(rig.events).toEqual(['Power up', 'Battery voltage low', 'Replace battery'])
  })

  test('a store that a long failure has emptied is charged again before anybody complains', () => {
    const rig = withRtc({ rtcReserve_h: 2 })
    rig.run(HOUR_MS)
    outage(rig, 3 * HOUR_MS)
    rig.run(3 * HOUR_MS)
    expect(rig.events).not.toContain('Battery voltage low')
  })

  test('no chip at all: the meter meters, and says that its clock is invalid', () => {
    const rig = withRtc({})
    rig.run(HOUR_MS)
    rig.machine.clock.bus.refuse(Number.POSITIVE_INFINITY)
    outage(rig, MINUTE_MS)
    rig.run(HOUR_MS)
    expect(rig.core.clock.valid).toBe(false)
    expect(rig.core.profile.count).toBeGreaterThan(6)
    rig.core.setClock(rig.machine.now_ms)
    rig.run(HOUR_MS)
    expect([rig.core.clock.valid, error_ms(rig)]).toEqual([true, 0])
    expect(rig.events.filter((text) => text === 'Clock chip faulty')).toHaveLength(1)
  })
})
