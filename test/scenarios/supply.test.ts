import { describe, expect, test } from 'vitest'
import { ProfileStatus } from '../../src/core/events/codes.ts'
import { DAY_MS, HOUR_MS, Rig, traceStart_ms } from './rig.ts'

describe('the supply fails', () => {
  test('with warning: the last count is saved, the failure and its duration are logged', () => {
    const rig = new Rig()
    rig.run(HOUR_MS + 34_567)
    const before_mWh = rig.imported_mWh
    const { mains } = rig.machine
    mains.disturbAll(0, 90_000)
    rig.run(60_000)
    expect(rig.machine.meter).toBeUndefined()
    rig.run(60_000)
    // Between sample and cut up to a second of energy was still to be counted; nothing of the outage was.
    expect(rig.imported_mWh).toBeGreaterThanOrEqual(before_mWh)
    expect(rig.events).toEqual(['Power up', 'Power down', 'Power up', 'failure of 90 s'])
    expect(rig.core.powerFailures).toBe(1)
    expect(rig.core.lastOutage_s).toBe(90)
  })

  test('shorter than the hold-up time: the meter lives on', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    rig.machine.mains.disturbAll(0, 300)
    rig.run(10_000)
    expect(rig.machine.generation).toBe(1)
    expect(rig.events).toEqual(['Power up', 'Power down', 'Power up', 'failure of 0 s'])
  })

  test('one phase alone does not stop the meter', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    rig.machine.mains.disturb(1, 0)
    rig.run(HOUR_MS)
    expect(rig.machine.generation).toBe(1)
    expect(rig.core.now.voltage_mV[1]).toBe(0)
    expect(rig.core.now.voltage_mV[0]).toBeGreaterThan(200_000)
    expect(rig.events).toEqual(['Power up'])
  })

  test('without warning: a new meter on the same flash goes on within one save interval and logs the failure', () => {
    const rig = new Rig()
    rig.run(DAY_MS + 34_000)
    const before_mWh = rig.imported_mWh
    const died_ms = rig.machine.now_ms
    const again = new Rig({ storage: rig.storage, start_ms: died_ms + HOUR_MS })
    expect(again.imported_mWh).toBeLessThanOrEqual(before_mWh)
    expect(again.imported_mWh).toBeGreaterThan(before_mWh - 10_000_000 / 60)
    // Only a supply that lasts is one: until then a start writes nothing.
    expect(again.events).toEqual([])
    again.run(5000)
    expect(again.events).toEqual(['Power down', 'Power up', expect.stringMatching(/^failure of 36\d\d s$/)])
    expect(again.core.profile.count).toBe(96)
    again.run(HOUR_MS - 5000)
    const cursor = again.core.profile.cursor(97)
    expect(cursor.next()).toBe(true)
    expect(cursor.status & ProfileStatus.powerDown).toBe(ProfileStatus.powerDown)
    expect(cursor.next()).toBe(true)
    expect(cursor.status & ProfileStatus.powerDown).toBe(0)
  })

  test('fifty flickers in a minute lose nothing and wear nothing', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    for (let i = 0; i < 50; i++) {
      rig.machine.mains.disturbAll(0, 200)
      rig.run(1200)
    }
    rig.run(HOUR_MS)
    const undisturbed = new Rig()
    undisturbed.run(2 * HOUR_MS + 60_000)
    // 50 times 200 ms without load, at most 10 kW.
    const missing_mWh = undisturbed.imported_mWh - rig.imported_mWh
    expect(missing_mWh).toBeGreaterThanOrEqual(0)
    expect(missing_mWh).toBeLessThan((10_000 * 1000 * 10) / 3600)
    expect(Math.max(...rig.machine.flash.wear)).toBeLessThan(10)
  })
})

describe('energy flows back', () => {
  test('export is counted apart from import', () => {
    const rig = new Rig({ trace: null, config: { world: { load: 'none' } } })
    rig.machine.photovoltaics.set(true, 6000)
    rig.machine.mains.update()
    rig.run(HOUR_MS)
    expect(rig.imported_mWh).toBe(0)
    expect(Math.abs(rig.exported_mWh - 6_000_000)).toBeLessThan(10)
    expect(rig.core.now.active_mW[0]).toBeCloseTo(-6_000_000, -2)
  })
})

describe('the clock', () => {
  test('a meter whose clock lost its supply says so and marks its profile until the clock is set', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    rig.machine.mains.disturbAll(0, 5000)
    rig.run(2000)
    rig.machine.clock.loseBackup()
    rig.run(HOUR_MS)
    expect(rig.events.slice(1)).toEqual(['Power down', 'Power up', 'Clock invalid'])
    expect(rig.core.profile.lastStatus & ProfileStatus.clockInvalid).toBe(ProfileStatus.clockInvalid)
    rig.core.setClock(traceStart_ms() + 3 * HOUR_MS)
    rig.run(HOUR_MS)
    expect(rig.events.slice(-2)).toEqual(['Clock adjusted (old time)', 'Clock adjusted (new time)'])
    expect(rig.core.profile.lastStatus).toBe(0)
  })

  test('daylight saving begins at 01:00 UTC on the last Sunday of March', () => {
    const rig = new Rig({ start_ms: Date.UTC(2026, 2, 29, 0, 30) })
    rig.run(HOUR_MS)
    expect(rig.events).toEqual(['Power up', 'Daylight saving changed'])
    expect(rig.core.profile.lastStatus).toBe(ProfileStatus.daylightSaving)
  })
})
