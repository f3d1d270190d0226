import { describe, expect, test } from 'vitest'
import { digitalPulseCount } from '../../../hal/portable/pulse-count.ts'
import { PinBank } from '../../../src/world/pins.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { pulseCountContract } from '../../contract/pulse-count.ts'

function create() {
  const scheduler = new Scheduler(0)
  const pins = new PinBank(scheduler)
  const PulseCount = digitalPulseCount({ io: pins.constructorFor(), timer: new WorldTimer(scheduler) })
  return { pins, PulseCount, pass: (duration_us: number) => scheduler.run(scheduler.now_us + duration_us) }
}

for (const filter of [5_000_000, 10_000_000]) {
  pulseCountContract(`a digital input that waits ${filter} ns`, () => {
    const { pins, PulseCount, pass } = create()
    return { PulseCount, signal: 3, filter, tooLong: 2e9, drive: (level) => pins.drive(3, level), pass }
  })
}

describe('a digital input as a counter', () => {
  test('without a filter every edge counts, as many as there are', () => {
    const { pins, PulseCount, pass } = create()
    const counter = new PulseCount({ signal: 7 })
    for (let i = 0; i < 1000; i++) {
      pins.drive(7, 0)
      pins.drive(7, 1)
    }
    pass(0)
    expect(counter.read()).toBe(1000)
  })

  test('a contact that is closed at the start is no pulse', () => {
    const { pins, PulseCount, pass } = create()
    pins.drive(7, 0)
    const counter = new PulseCount({ signal: 7, filter: 5_000_000 })
    pass(50_000)
    expect(counter.read()).toBe(0)
    pins.drive(7, 1)
    pass(50_000)
    pins.drive(7, 0)
    pass(50_000)
    expect(counter.read()).toBe(1)
  })

  test('a closed counter is not woken by an edge that was being waited for', () => {
    const { pins, PulseCount, pass } = create()
    let calls = 0
    const counter = new PulseCount({ signal: 7, filter: 5_000_000, onReadable: () => calls++ })
    pins.drive(7, 0)
    pass(1000)
    counter.close()
    pass(50_000)
    expect(calls).toBe(0)
  })
})
