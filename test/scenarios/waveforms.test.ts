import { describe, expect, test } from 'vitest'
import { thdOf } from '../../src/world/distortion.ts'
import { HOUR_MS, Rig } from './rig.ts'

const APPLIANCES = [
  { id: 'laptop', name: 'Laptop', active_W: 60, waveform: 'laptop-charger', on: true },
  { id: 'lamps', name: 'Lamps', phase: 'all', active_W: 90, waveform: 'cfl', on: true },
  { id: 'heater', name: 'Heater', phase: 2, active_W: 1500, on: true },
]

describe('a house of distorted currents', () => {
  const world = { load: 'none', wander: false, appliances: APPLIANCES, voltageHarmonics: [{ order: 5, percent: 3, angle_deg: 180 }] }
  const rig = new Rig({ trace: null, config: { world } })
  const { electrical } = rig.machine.mains
  const power_W = electrical.active_W.reduce((sum, value) => sum + value, 0)
  const before_mWh = rig.imported_mWh
  rig.run(HOUR_MS)

  test('the registers have the energy of all harmonics', () => {
    // The heater takes 0.09 % more, and the 5th harmonics of the others their part.
    expect(Math.abs(power_W - 1650)).toBeGreaterThan(1)
    expect(Math.abs(rig.imported_mWh - before_mWh - 1000 * power_W)).toBeLessThan(power_W)
  })

  test('instantaneous values: power factor, apparent power and neutral current of a distorted load', () => {
    const { now } = rig.core
    const apparent_VA = electrical.voltage_V[0] * electrical.current_A[0]
    expect(Math.abs(now.apparent_mVA[1] / 1000 - apparent_VA)).toBeLessThan(0.01)
    expect(Math.abs(now.powerFactor_milli[1] / 1000 - electrical.active_W[0] / apparent_VA)).toBeLessThan(0.001)
    expect(now.powerFactor_milli[1]).toBeLessThan(600)
    const { distortion } = electrical
    if (distortion === undefined) throw new Error('sines')
    expect([0, 1, 2].map((phase) => thdOf(distortion.voltage, phase))).toEqual([0.03, 0.03, 0.03].map((value) => expect.closeTo(value, 9)))
    expect(thdOf(distortion.current, 2)).toBeGreaterThan(0.6)
  })

  test('switched off on the page, everything is a sine again', () => {
    const plain = new Rig({ trace: null, config: { world: { load: 'none', wander: false, appliances: APPLIANCES } } })
    for (const appliance of plain.machine.appliances) if (appliance.id !== 'heater') appliance.switch(false)
    plain.machine.mains.update()
    plain.run(2000)
    expect(plain.machine.mains.electrical.distortion).toBeUndefined()
    expect([...plain.core.now.active_mW]).toEqual([1_500_000, 0, 1_500_000, 0])
  })
})
