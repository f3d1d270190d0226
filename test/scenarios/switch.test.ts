import { describe, expect, test } from 'vitest'
import { switchEventText } from '../../src/core/switch/events.ts'
import { HOUR_MS, Rig } from './rig.ts'

function rigWith(config: object = {}): Rig {
  const rig = new Rig({
    trace: null,
    config: { world: { load: 'none', appliances: [{ id: 'heater', name: 'Heater', active_W: 2000, on: true }] }, meter: config },
  })
  rig.run(10_000)
  return rig
}

const disconnector = (rig: Rig) => {
  const supply = rig.machine.meter?.supplySwitch?.supply
  if (supply === undefined) throw new Error('no switch')
  return supply.disconnector
}

describe('the supply switch of the virtual meter', () => {
  test('takes the house off the mains and back, and each is an event', () => {
    const rig = rigWith()
    expect(rig.core.now.active_mW[0]).toBeGreaterThan(1_900_000)
    expect(disconnector(rig).trigger('remoteDisconnect')).toBe('success')
    rig.run(3000)
    expect(rig.core.now.active_mW[0]).toBe(0)
    const before_mWh = rig.imported_mWh
    rig.run(HOUR_MS)
    expect(rig.imported_mWh).toBe(before_mWh)
    expect(disconnector(rig).trigger('remoteReconnect')).toBe('success')
    rig.run(3000)
    expect(rig.core.now.active_mW[0]).toBeGreaterThan(1_900_000)
    expect(rig.events.filter((text) => text === switchEventText(62) || text === switchEventText(63))).toHaveLength(2)
  })

  test('stays off over a power failure', () => {
    const rig = rigWith()
    disconnector(rig).trigger('remoteDisconnect')
    rig.run(3000)
    rig.machine.mains.disturbAll(0, 10_000)
    rig.run(60_000)
    expect(disconnector(rig).outputState).toBe(false)
    expect(rig.core.now.active_mW[0]).toBe(0)
  })
})
