import { describe, expect, test } from 'vitest'
import { createElectrical } from '../../src/world/electrical.ts'
import { Appliance } from '../../src/world/loads/appliances.ts'
import { Mains } from '../../src/world/mains.ts'
import { PinBank } from '../../src/world/pins.ts'
import { LatchingRelay, MonostableRelay, SwitchedLoad } from '../../src/world/relay.ts'
import { Scheduler } from '../../src/world/scheduler.ts'

const CLOSE = 1
const OPEN = 2
const FEEDBACK = 3

function latching() {
  const scheduler = new Scheduler(0)
  const pins = new PinBank(scheduler)
  const changes: number[] = []
  const relay = new LatchingRelay({ scheduler, onChange: () => changes.push(scheduler.now_us / 1000) })
  relay.connect(pins, { close: CLOSE, open: OPEN, feedback: FEEDBACK })
  changes.length = 0
  const pulse = (coil: 'close' | 'open', duration_ms: number) => {
    relay.coil(coil, true)
    scheduler.run(scheduler.now_us + duration_ms * 1000)
    relay.coil(coil, false)
    scheduler.run(scheduler.now_us + 100_000)
  }
  return { scheduler, pins, relay, changes, pulse }
}

describe('latching relay', () => {
  test('moves 20 ms after the pulse began, and stays', () => {
    const { relay, changes, pulse, pins } = latching()
    expect([relay.closed, pins.level(FEEDBACK)]).toEqual([true, 0])
    pulse('open', 100)
    expect([relay.closed, pins.level(FEEDBACK), changes]).toEqual([false, 1, [20]])
    pulse('open', 100)
    pulse('close', 100)
    expect([relay.closed, pins.level(FEEDBACK), changes]).toEqual([true, 0, [20, 420]])
    expect([relay.operations, relay.pulses]).toEqual([2, 3])
  })

  test('a pulse that is too short does nothing, however often; one that is just long enough moves', () => {
    const { relay, pulse } = latching()
    for (let i = 0; i < 10; i++) pulse('open', 14)
    expect(relay.closed).toBe(true)
    pulse('open', 15)
    expect(relay.closed).toBe(false)
  })

  test('both coils at once do nothing', () => {
    const { relay, scheduler } = latching()
    relay.coil('open', true)
    scheduler.run(10_000)
    relay.coil('close', true)
    scheduler.run(200_000)
    expect([relay.closed, relay.conflicts, relay.operations]).toEqual([true, 1, 0])
  })

  test('a coil that is left on burns out', () => {
    const { relay, pulse } = latching()
    pulse('open', 1999)
    expect(relay.burnt).toBe(false)
    pulse('close', 3000)
    expect([relay.closed, relay.burnt]).toEqual([true, true])
    pulse('open', 100)
    pulse('close', 100)
    expect(relay.closed).toBe(false)
  })

  test('the pins of the processor: what it drives, and what is left of it without a supply', () => {
    const { relay, scheduler, pins } = latching()
    const Digital = pins.constructorFor()
    const open = new Digital({ pin: OPEN, mode: 'Output' })
    const feedback = new Digital({ pin: FEEDBACK, mode: 'InputPullUp' })
    expect(feedback.read()).toBe(0)
    open.write(1)
    scheduler.run(10_000)
    pins.release()
    scheduler.run(1_000_000)
    expect([relay.closed, relay.pulses]).toEqual([true, 1])
    new Digital({ pin: OPEN, mode: 'Output' }).write(1)
    scheduler.run(1_100_000)
    expect([relay.closed, new Digital({ pin: FEEDBACK, mode: 'InputPullUp' }).read()]).toEqual([false, 1])
  })

  test('faults: welded poles, a stuck armature, a bypass, a feedback that lies', () => {
    const { relay, pulse, pins } = latching()
    const poles = () => [0, 1, 2].map((phase) => relay.conducts(phase))
    relay.weld(1, true)
    pulse('open', 100)
    expect([relay.closed, poles(), pins.level(FEEDBACK)]).toEqual([true, [false, true, false], 0])
    relay.weld(1, false)
    expect([relay.closed, poles(), pins.level(FEEDBACK)]).toEqual([false, [false, false, false], 1])
    relay.weld(2, true)
    expect(relay.closed).toBe(false)
    relay.bypass(true)
    expect([relay.closed, poles(), pins.level(FEEDBACK)]).toEqual([false, [true, true, true], 1])
    relay.bypass(false)
    relay.stick(true)
    pulse('close', 100)
    expect(relay.closed).toBe(false)
    relay.stick(false)
    relay.stickFeedback(false)
    pulse('close', 100)
    expect([relay.closed, pins.level(FEEDBACK)]).toEqual([true, 1])
  })
})

describe('monostable relay', () => {
  test('is closed for as long as its coil is driven', () => {
    const scheduler = new Scheduler(0)
    const pins = new PinBank(scheduler)
    const relay = new MonostableRelay({ scheduler, energised: 'closed' })
    relay.connect(pins, { coil: CLOSE, feedback: FEEDBACK, closed: 1 })
    const coil = new (pins.constructorFor())({ pin: CLOSE, mode: 'Output', initialValue: 1 })
    const seen: boolean[] = []
    for (const run_ms of [19, 21]) {
      scheduler.run(run_ms * 1000)
      seen.push(relay.closed)
    }
    coil.write(0)
    scheduler.run(60_000)
    coil.write(1)
    scheduler.run(70_000)
    pins.release()
    scheduler.run(200_000)
    expect([...seen, relay.closed, pins.level(FEEDBACK), relay.operations]).toEqual([false, true, false, 0, 2])
  })
})

test('a load behind the relay draws where its pole conducts; the voltage at the meter stays', () => {
  const scheduler = new Scheduler(0)
  let electrical = createElectrical()
  const mains = new Mains({
    scheduler,
    seed: 1,
    voltage_V: 230,
    frequency_Hz: 50,
    wander_ms: 0,
    onChange: (now) => {
      electrical = now
    },
  })
  const relay = new LatchingRelay({ scheduler, onChange: () => mains.update() })
  const heater = new Appliance({ id: 'heater', name: 'Heater', phase: 'all', active_W: 6000, reactive_var: 0 })
  mains.add(new SwitchedLoad(relay, heater))
  heater.switch(true)
  mains.update()
  expect([...electrical.active_W]).toEqual([2000, 2000, 2000])
  relay.weld(2, true)
  relay.coil('open', true)
  scheduler.run(100_000)
  relay.coil('open', false)
  expect([[...electrical.active_W], [...electrical.voltage_V]]).toEqual([
    [0, 0, 2000],
    [230, 230, 230],
  ])
  expect(electrical.current_A[0]).toBe(0)
})
