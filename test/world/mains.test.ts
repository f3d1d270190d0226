import { describe, expect, test } from 'vitest'
import { Appliance } from '../../src/world/loads/appliances.ts'
import { Mains } from '../../src/world/mains.ts'
import { Scheduler } from '../../src/world/scheduler.ts'

function rig(wander_ms = 0) {
  const scheduler = new Scheduler(0)
  let changes = 0
  const mains = new Mains({ scheduler, seed: 1, voltage_V: 230, frequency_Hz: 50, wander_ms, onChange: () => changes++ })
  return { scheduler, mains, changes: () => changes }
}

describe('Mains', () => {
  test('sums the loads of a phase; the current follows from the apparent power', () => {
    const { mains } = rig()
    const motor = new Appliance({ id: 'motor', name: 'Motor', phase: 'all', active_W: 3000, reactive_var: 4000 * 0.75 })
    const kettle = new Appliance({ id: 'kettle', name: 'Kettle', phase: 1, active_W: 2000, reactive_var: 0 })
    for (const load of [motor, kettle]) {
      mains.add(load)
      load.switch(true)
    }
    mains.update()
    expect([...mains.electrical.active_W]).toEqual([3000, 1000, 1000])
    expect(mains.electrical.current_A[0]).toBeCloseTo(Math.hypot(3000, 1000) / 230, 9)
  })

  test('a sag draws power by the square of its voltage and ends by itself', () => {
    const { mains, scheduler } = rig()
    const kettle = new Appliance({ id: 'kettle', name: 'Kettle', phase: 1, active_W: 2000, reactive_var: 0 })
    kettle.switch(true)
    mains.add(kettle)
    mains.disturb(0, 0.5, 100)
    expect(mains.electrical.voltage_V[0]).toBe(115)
    expect(mains.electrical.active_W[0]).toBe(500)
    scheduler.run(99_999)
    expect(mains.electrical.voltage_V[0]).toBe(115)
    scheduler.run(100_000)
    expect(mains.electrical.voltage_V[0]).toBe(230)
    expect(mains.electrical.active_W[0]).toBe(2000)
  })

  test('a new disturbance replaces the running one', () => {
    const { mains, scheduler } = rig()
    mains.disturb(0, 0.5, 100)
    mains.disturb(0, 0)
    scheduler.run(1_000_000)
    expect(mains.electrical.voltage_V[0]).toBe(0)
    expect(mains.electrical.frequency_Hz).toBe(50)
    mains.disturbAll(0)
    expect(mains.electrical.frequency_Hz).toBe(0)
  })

  test('wanders around its nominal values and nowhere else', () => {
    const { mains, scheduler, changes } = rig(10_000)
    const voltages: number[] = []
    for (let i = 1; i <= 5000; i++) {
      scheduler.run(i * 10_000_000)
      voltages.push(mains.electrical.voltage_V[0])
      expect(Math.abs(mains.electrical.frequency_Hz - 50)).toBeLessThan(0.1)
    }
    expect(changes()).toBe(5000)
    const mean = voltages.reduce((sum, value) => sum + value, 0) / voltages.length
    expect(Math.abs(mean - 230)).toBeLessThan(0.1)
    expect(Math.max(...voltages) - Math.min(...voltages)).toBeGreaterThan(0.5)
    expect(Math.max(...voltages)).toBeLessThan(233)
  })
})
