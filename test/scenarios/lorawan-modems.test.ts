import { describe, expect, test } from 'vitest'
import { Connected } from './lorawan-rig.ts'
import { blankFlash, HOUR_MS, Rig } from './rig.ts'

describe.each(['RAK3172', 'LoRa-E5', 'RN2483'])('a meter with a %s', (radio) => {
  test('joins, reports, and obeys', () => {
    const meter = new Connected({}, {}, radio)
    meter.rig.run(HOUR_MS)
    expect(meter.events.filter(({ type }) => type === 'join')).toHaveLength(1)
    expect(meter.events.filter(({ type }) => type === 'refused')).toEqual([])
    expect(meter.reports.filter((report) => report.has('timestamp')).length).toBeGreaterThanOrEqual(4)
    const logged = meter.reports.map((report) => report.get('loggedTimestamp')).filter((time) => time !== undefined)
    expect(new Set(logged).size).toBe(4)
    meter.send('074800')
    meter.rig.run(30_000)
    expect(meter.rig.core.now.active_mW[0]).toBe(0)
    const told = meter.uplinks.filter(({ fPort }) => fPort !== 1).map(({ fPort, payload }) => [fPort, ...payload])
    expect(told).toEqual([
      [50, 0],
      [11, 1, 1, 0],
    ])
    expect(meter.rig.machine.meter?.health.find(({ name }) => name === 'lorawan')).toMatchObject({ faults: 0 })
  })

  test('after a failure of the supply, and a restart of the meter alone', () => {
    const meter = new Connected({}, { storage: blankFlash() }, radio)
    meter.rig.run(300_000)
    meter.rig.machine.mains.disturbAll(0, 20_000)
    meter.rig.run(1_200_000)
    meter.rig.machine.board.reset('restart')
    meter.rig.run(1_200_000)
    // The module forgets its session without supply, and keeps it while only the meter starts again.
    expect(meter.events.filter(({ type }) => type === 'join')).toHaveLength(2)
    expect(meter.events.filter(({ type }) => type === 'refused')).toEqual([])
    expect(meter.reports.filter((report) => report.has('timestamp')).length).toBeGreaterThanOrEqual(4)
  })
})

test.each([
  ['RAK3172', 'AS923'],
  ['LoRa-E5', 'US915'],
  ['RN2483', 'AU915'],
])('%s in %s', (radio, region) => {
  const meter = new Connected({ region }, {}, radio)
  meter.rig.run(HOUR_MS)
  expect(meter.reports.length).toBeGreaterThanOrEqual(4)
})

test.each(['RAK3172', 'LoRa-E5'])('%s sets the clock of the meter by the network', (radio) => {
  const meter = new Connected({}, {}, radio)
  meter.rig.core.clock.set(meter.rig.machine.now_ms - 400_000)
  meter.rig.run(1_500_000)
  expect(Math.abs(meter.rig.core.clock.now_ms() - meter.rig.machine.now_ms)).toBeLessThan(2000)
})

test('a module that does not know the region: the meter says so', () => {
  const rig = new Rig({
    trace: null,
    config: { world: { lorawan: { radio: 'RN2483' } }, meter: { lorawan: { enabled: true, region: 'AS923', appKey: '00'.repeat(16) } } },
  })
  rig.run(60_000)
  expect(rig.machine.meter?.health.find(({ name }) => name === 'lorawan')).toMatchObject({
    lastReason: 'RN2483 does not know the region AS923',
  })
})
