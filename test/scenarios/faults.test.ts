import { describe, expect, test } from 'vitest'
import { ProfileStatus, StandardEvent } from '../../src/core/events/codes.ts'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import { MeteringStatus } from '../../src/lib/metering-sample.ts'
import { blankFlash, HOUR_MS, Rig, traceStart_ms } from './rig.ts'

describe('a sag of all phases', () => {
  test('is no power failure, and what was counted during it survives a cut after it', () => {
    const rig = new Rig({ config: { meter: { save: { interval_s: 3600 } } } })
    rig.run(HOUR_MS)
    rig.machine.mains.disturbAll(0.65)
    rig.run(600_000)
    expect(rig.events).toEqual(['Power up'])
    const before_mWh = rig.imported_mWh
    rig.machine.mains.disturbAll(0, 60_000)
    rig.run(120_000)
    expect(rig.imported_mWh).toBeGreaterThanOrEqual(before_mWh)
    expect(rig.events.slice(1)).toEqual(['Power down', 'Power up', 'failure of 60 s'])
    expect(rig.core.powerFailures).toBe(1)
  })

  test('does not keep a clean stop from saving', () => {
    const rig = new Rig({ config: { meter: { save: { interval_s: 3600 } } } })
    rig.run(HOUR_MS)
    rig.machine.mains.disturbAll(0.65)
    rig.run(600_000)
    const before_mWh = rig.imported_mWh
    rig.machine.stop()
    const again = new Rig({ storage: rig.storage, start_ms: rig.machine.now_ms + 1000 })
    expect(again.imported_mWh).toBeGreaterThanOrEqual(before_mWh)
  })
})

test('events in the hold-up time do not make one failure two', () => {
  const rig = new Rig()
  rig.run(HOUR_MS)
  rig.machine.mains.disturbAll(0, 60_000)
  rig.run(200)
  rig.core.setClock(rig.machine.now_ms + HOUR_MS)
  rig.run(120_000)
  expect(rig.core.powerFailures).toBe(1)
  expect(rig.events.filter((text) => text === 'Power down')).toHaveLength(1)
})

describe('the metering IC', () => {
  test('missing at the start: registers stay readable, the fault is logged once, and the meter goes on when the IC answers', () => {
    const first = new Rig()
    first.run(HOUR_MS)
    const { machine } = first
    machine.mains.disturbAll(0, 10_000)
    first.run(5000)
    machine.chip.stick(1)
    first.run(HOUR_MS)
    expect(first.imported_mWh).toBeGreaterThan(0)
    expect(first.events.filter((text) => text === 'Measurement system error')).toHaveLength(1)
    expect(first.core.now.status & MeteringStatus.fault).toBe(MeteringStatus.fault)
    expect(first.core.now.active_mW[0]).toBe(0)
    machine.chip.stick(undefined)
    const before_mWh = first.imported_mWh
    first.run(HOUR_MS)
    expect(first.core.now.status & MeteringStatus.fault).toBe(0)
    expect(first.imported_mWh).toBeGreaterThan(before_mWh + 100_000)
  })
})

describe('the flash', () => {
  test('takes no more: registers go on in memory, an event says so if it can, the profile is marked', () => {
    const rig = new Rig()
    rig.run(HOUR_MS)
    const { flash } = rig.machine
    for (let block = 0; block < flash.status().blocks; block++) flash.wearOut(block)
    const before_mWh = rig.imported_mWh
    rig.run(3 * 24 * HOUR_MS)
    expect(rig.imported_mWh).toBeGreaterThan(before_mWh)
    expect(rig.events).toContain('Non-volatile memory error')
  })

  test('bit rot in an old block is found by itself and logged', () => {
    const rig = new Rig()
    rig.run(3 * 24 * HOUR_MS)
    const image = new Uint8Array(rig.storage.status().size)
    rig.storage.read(image, 0)
    // One bit of the payload of the tenth profile entry.
    const { ring } = rig.core.profile.log
    image[ring.offset(ring.at(0)) + 32 + 9 * 48 + 20] ^= 1
    const storage = blankFlash()
    storage.load(image)
    const again = new Rig({ storage, start_ms: rig.machine.now_ms + 1000 })
    expect(again.events).not.toContain('Non-volatile memory error')
    again.run(60_000)
    expect(again.events.filter((text) => text === 'Non-volatile memory error')).toHaveLength(1)
    const cursor = again.core.profile.cursor(10)
    expect(cursor.next()).toBe(true)
    expect(cursor.sequence).toBe(11)
    expect(profileValue(cursor.payload, 0)).toBeGreaterThan(0)
    // Told once, not at every start.
    const third = new Rig({ storage, start_ms: again.machine.now_ms + 1000 })
    third.run(600_000)
    expect(third.events).not.toContain('Non-volatile memory error')
  })
})

describe('the clock', () => {
  test.each([-5000, 2 ** 32 * 1000])('a real-time clock at %d ms does not stop the meter', (time_ms) => {
    const rig = new Rig({ config: { world: { rtc: 'none' } } })
    rig.run(HOUR_MS)
    rig.machine.clock.set(time_ms)
    rig.run(HOUR_MS)
    expect(rig.events).toContain('Clock invalid')
    rig.core.setClock(traceStart_ms() + 5 * HOUR_MS)
    rig.run(HOUR_MS)
    expect(rig.core.clock.valid).toBe(true)
    expect(rig.core.standardLog.last?.code).toBe(StandardEvent.clockAdjustedNew)
    expect(() => rig.core.setClock(time_ms)).toThrow(RangeError)
  })

  test('set back an hour: no time stamp comes twice', () => {
    const rig = new Rig()
    rig.run(5 * HOUR_MS)
    rig.core.setClock(rig.machine.now_ms - HOUR_MS)
    rig.run(3 * HOUR_MS)
    const stamps: number[] = []
    const cursor = rig.core.profile.cursor(rig.core.profile.log.firstSequence)
    while (cursor.next()) stamps.push(cursor.utc_s)
    expect(new Set(stamps).size).toBe(stamps.length)
    expect(rig.core.profile.lastStatus & ProfileStatus.clockAdjusted).toBe(0)
  })
})
