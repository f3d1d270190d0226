import { describe, expect, test } from 'vitest'
import { PinBank } from '../../src/world/pins.ts'
import { CounterUnit, type CounterUnitOptions } from '../../src/world/pulse-counter.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { pulseCountContract } from '../contract/pulse-count.ts'

function create(options: Partial<CounterUnitOptions> = {}) {
  const scheduler = new Scheduler(0)
  const pins = new PinBank(scheduler)
  const unit = new CounterUnit({ scheduler, pins, ...options })
  const pass = (duration_us: number) => scheduler.run(scheduler.now_us + duration_us)
  const pulse = (signal: number, count: number) => {
    for (let i = 0; i < count; i++) {
      pins.drive(signal, 0)
      pass(20_000)
      pins.drive(signal, 1)
      pass(20_000)
    }
  }
  return { pins, unit, PulseCount: unit.constructorFor(), pass, pulse }
}

for (const [name, options, filter, tooLong] of [
  ['counter of the processor', {}, 12_000, 20_000],
  ['counter with a battery', { retained: true, filterMax_ns: 100e6 }, 5_000_000, 200e6],
] as const) {
  pulseCountContract(`world, ${name}`, () => {
    const { pins, PulseCount, pass } = create(options)
    return { PulseCount, signal: 3, filter, tooLong, drive: (level) => pins.drive(3, level), pass }
  })
}

describe('counters and the supply', () => {
  test('a counter of the processor begins again with 0 and has seen nothing', () => {
    const { PulseCount, pulse } = create()
    const first = new PulseCount({ signal: 3 })
    pulse(3, 7)
    expect(first.read()).toBe(7)
    first.close()
    pulse(3, 5)
    expect(new PulseCount({ signal: 3 }).read()).toBe(0)
  })

  test('one with a battery counts on while nobody looks, until its battery is gone', () => {
    const { PulseCount, pulse, unit } = create({ retained: true })
    const first = new PulseCount({ signal: 3 })
    pulse(3, 7)
    first.close()
    pulse(3, 5)
    const second = new PulseCount({ signal: 3 })
    expect(second.read()).toBe(12)
    second.close()
    unit.loseBattery()
    pulse(3, 2)
    expect(new PulseCount({ signal: 3 }).read()).toBe(2)
  })
})
