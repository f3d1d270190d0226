import { describe, expect, test } from 'vitest'
import { Connected } from './lorawan-rig.ts'
import { blankFlash, HOUR_MS, Rig } from './rig.ts'

describe('a meter on LoRaWAN', () => {
  test('joins, reports what its registers say, and every profile entry once', () => {
    const meter = new Connected()
    meter.rig.run(3 * HOUR_MS)
    expect(meter.events.filter(({ type }) => type === 'join')).toHaveLength(1)
    expect(meter.events.filter(({ type }) => type === 'refused')).toEqual([])
    const live = meter.reports.filter((report) => report.has('timestamp'))
    expect(live).toHaveLength(13)
    for (const report of live) expect(report.get('activePower')).toBeGreaterThan(1900)
    const last = live[live.length - 1]
    const energy_Wh = meter.rig.core.energy.value(0, 0)
    expect(last.get('activeImportT1')).toBeLessThanOrEqual(energy_Wh)
    expect(last.get('activeImportT1')).toBeGreaterThan(energy_Wh - 600)
    const logged = meter.reports.map((report) => report.get('loggedTimestamp')).filter((time) => time !== undefined)
    expect(logged).toHaveLength(12)
    expect(new Set(logged).size).toBe(12)
    for (const time_s of logged) expect(time_s % 900).toBe(0)
  })

  test('what nobody heard is told when somebody listens again, oldest first and within the duty cycle', () => {
    const meter = new Connected({ confirmed: true, dataRate: 5 })
    meter.rig.run(HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = true
    meter.rig.run(5 * HOUR_MS)
    for (const gateway of meter.gateways) gateway.broken = false
    meter.rig.run(4 * HOUR_MS)
    const logged = meter.reports.map((report) => report.get('loggedTimestamp')).filter((time) => time !== undefined)
    expect(logged).toEqual([...logged].sort((a, b) => a - b))
    const distinct = [...new Set(logged)]
    expect(distinct.length).toBeGreaterThanOrEqual(39)
    for (let i = 1; i < distinct.length; i++) expect(distinct[i] - distinct[i - 1]).toBe(900)
  })

  test('obeys: opens and closes the relay, changes its interval, and says when it cannot', () => {
    const meter = new Connected()
    meter.rig.run(60_000)
    meter.send('074800')
    meter.rig.run(30_000)
    expect(meter.rig.core.now.active_mW[0]).toBe(0)
    meter.send('074801')
    meter.rig.run(30_000)
    expect(meter.rig.core.now.active_mW[0]).toBeGreaterThan(1_900_000)
    // A setting that it does not have.
    meter.send('ff320064')
    meter.rig.run(30_000)
    const told = meter.uplinks.filter(({ fPort }) => fPort !== 1).map(({ fPort, payload }) => [fPort, ...payload])
    expect(told).toEqual([
      [50, 0],
      [11, 1, 1, 0],
      [50, 0],
      [11, 1, 1, 1],
      [50, 1],
    ])
    const before = meter.reports.filter((report) => report.has('timestamp')).length
    meter.send('ff1405')
    meter.rig.run(HOUR_MS)
    expect(meter.reports.filter((report) => report.has('timestamp')).length - before).toBeGreaterThanOrEqual(11)
  })

  test('sets its clock by the network', () => {
    const meter = new Connected()
    meter.rig.core.clock.set(meter.rig.machine.now_ms - 400_000)
    meter.rig.run(1_200_000)
    expect(Math.abs(meter.rig.core.clock.now_ms() - meter.rig.machine.now_ms)).toBeLessThan(2000)
  })

  test('numbers never repeat over failures of the supply, and the session goes on', () => {
    const storage = blankFlash()
    const meter = new Connected({}, { storage })
    meter.rig.run(600_000)
    for (let i = 0; i < 6; i++) {
      meter.rig.machine.mains.disturbAll(0, 20_000)
      meter.rig.run(1_200_000 + i * 777)
    }
    expect(meter.events.filter(({ type }) => type === 'join')).toHaveLength(1)
    expect(meter.events.filter(({ type }) => type === 'refused')).toEqual([])
    const counts = meter.uplinks.map(({ fCnt }) => fCnt)
    expect(new Set(counts).size).toBe(counts.length)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    // The end and the return of the supply are told, as far as the capacitors last.
    const supply = meter.uplinks.filter(({ fPort, payload }) => fPort === 50 && payload[1] === 0x0b).map(({ payload }) => payload[2])
    expect(supply.filter((state) => state === 1)).toHaveLength(6)
  })

  test.each(['US915', 'AU915', 'AS923', 'IN865'])('%s', (region) => {
    const meter = new Connected({ region })
    meter.rig.run(HOUR_MS)
    expect(meter.reports.filter((report) => report.has('activeImportT1')).length).toBeGreaterThanOrEqual(4)
  })
})

test('without a key the part waits, and says why', () => {
  const rig = new Rig({ trace: null, config: { meter: { lorawan: { enabled: true } } } })
  rig.run(60_000)
  expect(rig.machine.meter?.health.find(({ name }) => name === 'lorawan')).toMatchObject({
    lastReason: expect.stringMatching(/lorawan.appKey/),
  })
})
