import { describe, expect, test } from 'vitest'
import type { Relay } from '../../../src/core/switch/relay.ts'
import { PushButton } from '../../../src/drivers/relay/push-button.ts'
import { SupplyRelay, type SupplyRelayOptions } from '../../../src/drivers/relay/supply-relay.ts'
import { PinBank } from '../../../src/world/pins.ts'
import { LatchingRelay, MonostableRelay } from '../../../src/world/relay.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldTimer } from '../../../src/world/time.ts'

const CLOSE = 1
const OPEN = 2
const FEEDBACK = 3

interface Options extends Partial<SupplyRelayOptions> {
  readonly withFeedback?: boolean
}

function create({ withFeedback = true, ...options }: Options = {}) {
  const scheduler = new Scheduler(0)
  const pins = new PinBank(scheduler)
  const relay = new LatchingRelay({ scheduler })
  relay.connect(pins, { close: CLOSE, open: OPEN, feedback: FEEDBACK })
  const io = pins.constructorFor()
  const driver = new SupplyRelay({
    coil: { type: 'bistable', io, closePin: CLOSE, openPin: OPEN },
    ...(withFeedback ? { feedback: { io, pin: FEEDBACK, closed: 0 } } : {}),
    timer: new WorldTimer(scheduler),
    ticks_ms: () => Math.floor(scheduler.now_us / 1000),
    ...options,
  })
  const run = (duration_ms: number) => scheduler.run(scheduler.now_us + duration_ms * 1000)
  /** As a meter does: once a second. */
  const seconds = (count: number, current_A: number | undefined = 0) => {
    for (let i = 0; i < count; i++) {
      driver.watch(current_A)
      run(1000)
    }
  }
  return { scheduler, pins, io, relay, driver, run, seconds }
}

describe('supply relay, bistable', () => {
  test('begins without a pulse, and knows where the contact is', () => {
    const { driver, relay, run } = create()
    run(1000)
    expect([driver.closed, driver.busy, driver.fault, relay.pulses]).toEqual([true, false, undefined, 0])
    const shape: Relay = driver
    expect(shape).toBe(driver)
  })

  test('one pulse of 100 ms on the right coil, then the feedback counts', () => {
    const { driver, relay, run, pins } = create()
    driver.operate(false)
    expect([driver.closed, driver.busy, pins.level(OPEN)]).toEqual([true, true, 0])
    run(0)
    expect(pins.level(OPEN)).toBe(1)
    run(99)
    expect([pins.level(OPEN), pins.level(CLOSE), driver.closed]).toEqual([1, 0, true])
    run(1)
    expect([pins.level(OPEN), driver.busy]).toEqual([0, true])
    run(50)
    expect([driver.closed, driver.busy, driver.fault, relay.pulses]).toEqual([false, false, undefined, 1])
  })

  test('the interval between operations; the last command counts', () => {
    const { driver, relay, run } = create()
    driver.operate(false)
    run(200)
    driver.operate(true)
    driver.operate(false)
    driver.operate(true)
    run(4800)
    expect([relay.closed, driver.busy]).toEqual([false, true])
    run(300)
    expect([relay.closed, driver.closed, relay.pulses]).toEqual([true, true, 2])
  })

  test('another command in the middle of a pulse: the pulse ends, then the other way', () => {
    const { driver, relay, run } = create()
    driver.operate(false)
    run(50)
    driver.operate(true)
    driver.operate(true)
    run(100)
    expect(relay.closed).toBe(false)
    run(6000)
    expect([relay.closed, driver.closed, driver.busy, relay.pulses, relay.conflicts]).toEqual([true, true, false, 2, 0])
  })

  test('tries three times, then gives up; what frees itself later is found', () => {
    const { driver, relay, run, seconds } = create()
    relay.stick(true)
    driver.operate(false)
    run(60_000)
    expect([driver.closed, driver.fault, driver.busy, relay.pulses]).toEqual([true, 'did-not-open', false, 3])
    relay.stick(false)
    relay.knock(false)
    seconds(1)
    expect(driver.closed).toBe(true)
    seconds(1)
    expect([driver.closed, driver.fault]).toEqual([false, undefined])
    relay.stick(true)
    driver.operate(true)
    run(60_000)
    expect(driver.fault).toBe('did-not-close')
  })

  test('a pulse that is too short never moves it', () => {
    const { driver, relay, run } = create()
    driver.configure({ pulse_ms: 10, attempts: 5, retry_ms: 10 })
    driver.operate(false)
    run(1000)
    expect([driver.fault, relay.pulses, relay.closed]).toEqual(['did-not-open', 5, true])
  })

  test('waits for energy', () => {
    let ready = false
    const { driver, relay, run } = create({ ready: () => ready })
    driver.operate(false)
    run(30_000)
    expect([driver.busy, relay.pulses]).toEqual([true, 0])
    ready = true
    run(2000)
    expect([driver.closed, relay.closed, relay.pulses]).toEqual([false, false, 1])
  })

  test('one reading of the feedback is no proof', () => {
    const { driver, relay, seconds } = create()
    seconds(3)
    relay.stickFeedback(false)
    seconds(1)
    relay.stickFeedback(undefined)
    seconds(3)
    expect(driver.closed).toBe(true)
    relay.stickFeedback(false)
    seconds(2)
    expect(driver.closed).toBe(false)
  })

  test('without feedback: believed, until current says otherwise', () => {
    const { driver, relay, run, seconds } = create({ withFeedback: false })
    expect(driver.closed).toBeUndefined()
    relay.weld(0, true)
    driver.operate(false)
    run(200)
    expect([driver.closed, driver.fault]).toEqual([false, undefined])
    seconds(10, 0.2)
    seconds(10, 5)
    expect(driver.fault).toBeUndefined()
    seconds(1, 5)
    expect([driver.closed, driver.fault]).toEqual([true, 'current-while-open'])
    seconds(100, 0)
    expect(driver.fault).toBe('current-while-open')
    relay.weld(0, false)
    driver.operate(false)
    run(200)
    expect([driver.closed, driver.fault]).toEqual([false, undefined])
  })

  test('current that is not known or that pauses proves nothing', () => {
    const { driver, run, seconds } = create()
    driver.operate(false)
    run(200)
    for (let i = 0; i < 5; i++) {
      seconds(9, 5)
      seconds(1, 0)
    }
    seconds(30, undefined)
    expect(driver.fault).toBeUndefined()
    seconds(30, 5)
    expect([driver.closed, driver.fault]).toEqual([false, 'current-while-open'])
    seconds(12, 0)
    expect(driver.fault).toBeUndefined()
  })

  test('refuses times that cannot be, and changes nothing then', () => {
    const { driver, relay, run } = create()
    for (const wrong of [{ pulse_ms: 0 }, { attempts: 0 }, { attempts: 1.5 }, { settle_ms: -1 }, { interval_ms: Number.NaN }]) {
      expect(() => driver.configure({ retry_ms: 7, ...wrong }), JSON.stringify(wrong)).toThrow(RangeError)
    }
    driver.operate(false)
    run(200)
    expect(relay.closed).toBe(false)
  })

  test('closed in the middle of a pulse: no coil stays on, nothing happens later, the pins are free', () => {
    const { driver, relay, run, pins, io } = create()
    driver.operate(false)
    run(5)
    driver.close()
    driver.close()
    expect(pins.level(OPEN)).toBe(0)
    run(10_000)
    expect([relay.closed, relay.burnt]).toEqual([true, false])
    for (const method of [() => driver.operate(true), () => driver.watch(0), () => driver.configure({})]) expect(method).toThrow('closed')
    for (const pin of [CLOSE, OPEN, FEEDBACK]) new io({ pin, mode: 'Input' }).close()
  })

  test('takes no pin when one of them is in use', () => {
    const { driver, io } = create()
    driver.close()
    const timer = { set: () => ({}), clear: () => {} }
    for (const used of [CLOSE, OPEN, FEEDBACK]) {
      const other = new io({ pin: used, mode: 'Input' })
      const coil = { type: 'bistable', io, closePin: CLOSE, openPin: OPEN } as const
      expect(() => new SupplyRelay({ coil, feedback: { io, pin: FEEDBACK, closed: 0 }, timer, ticks_ms: () => 0 })).toThrow('in use')
      other.close()
      for (const pin of [CLOSE, OPEN, FEEDBACK]) new io({ pin, mode: 'Input' }).close()
    }
  })
})

describe('supply relay, monostable', () => {
  test.each(['closed', 'open'] as const)('energised: %s', (energised) => {
    const scheduler = new Scheduler(0)
    const pins = new PinBank(scheduler)
    const relay = new MonostableRelay({ scheduler, energised })
    relay.connect(pins, { coil: CLOSE })
    const io = pins.constructorFor()
    const timer = new WorldTimer(scheduler)
    const options = { coil: { type: 'monostable', io, pin: CLOSE, energised }, timer, ticks_ms: () => scheduler.now_us / 1000 } as const
    const driver = new SupplyRelay({ ...options, closed: true })
    scheduler.run(1_000_000)
    expect([relay.closed, driver.closed]).toEqual([true, true])
    for (const closed of [false, true]) {
      driver.operate(closed)
      scheduler.run(scheduler.now_us + 10_000_000)
      expect([relay.closed, driver.closed, driver.fault]).toEqual([closed, closed, undefined])
    }
    driver.close()
  })
})

describe('push button', () => {
  test('tells how long it was pressed; bouncing and a button that is held at the start count nothing', () => {
    const scheduler = new Scheduler(0)
    const pins = new PinBank(scheduler)
    const presses: number[] = []
    const run = (duration_ms: number) => scheduler.run(scheduler.now_us + duration_ms * 1000)
    pins.drive(CLOSE, 0)
    const button = new PushButton({
      io: pins.constructorFor(),
      pin: CLOSE,
      timer: new WorldTimer(scheduler),
      ticks_ms: () => scheduler.now_us / 1000,
      onPress: (duration_ms) => presses.push(duration_ms),
    })
    run(1000)
    pins.drive(CLOSE, 1)
    run(100)
    for (const level of [0, 1, 0] as const) {
      pins.drive(CLOSE, level)
      run(5)
    }
    run(2000)
    for (const level of [1, 0, 1] as const) {
      pins.drive(CLOSE, level)
      run(5)
    }
    run(100)
    pins.drive(CLOSE, 0)
    run(10)
    pins.drive(CLOSE, 1)
    run(100)
    expect(presses).toEqual([2015])
    button.close()
    button.close()
    pins.drive(CLOSE, 0)
    run(100)
    pins.drive(CLOSE, 1)
    run(100)
    expect(presses).toHaveLength(1)
  })
})
