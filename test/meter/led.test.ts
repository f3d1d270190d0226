import { describe, expect, test } from 'vitest'
import { MetrologicalLed } from '../../src/meter/led.ts'
import { PinBank } from '../../src/world/pins.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { WorldTimer } from '../../src/world/time.ts'

const SECOND_US = 1_000_000

function create() {
  const scheduler = new Scheduler(0)
  const pins = new PinBank(scheduler)
  const rising_us: number[] = []
  const lengths_us: number[] = []
  pins.listen(2, (level) => {
    if (level === 1) rising_us.push(scheduler.now_us)
    else lengths_us.push(scheduler.now_us - rising_us[rising_us.length - 1])
  })
  const Digital = pins.constructorFor()
  const led = new MetrologicalLed(1000)
  led.attach(new Digital({ pin: 2, mode: 'Output' }), new WorldTimer(scheduler))
  const pass = (energy_mWh: number) => {
    led.update(energy_mWh)
    scheduler.run(scheduler.now_us + SECOND_US)
  }
  return { led, rising_us, lengths_us, pass }
}

describe('MetrologicalLed', () => {
  test('one flash of 40 ms per Wh, none for what the register held before', () => {
    const { led, rising_us, lengths_us, pass } = create()
    pass(123_456_789)
    expect(rising_us).toEqual([])
    for (let second = 1; second <= 3600; second++) pass(123_456_789 + Math.floor(second * 555.5))
    expect(rising_us.length).toBe(Math.floor((123_456_789 + 1_999_800) / 1000) - 123_456)
    expect(led.pulses).toBe(125_456)
    expect(new Set(lengths_us)).toEqual(new Set([40_000]))
  })

  test('no burst: the flashes of a second are spread over the next one, and never run into each other', () => {
    const { rising_us, lengths_us, pass } = create()
    pass(0)
    // 39.6 kW, nearly the full load of 3 x 60 A at 230 V: eleven flashes a second.
    for (let second = 1; second <= 100; second++) pass(second * 11_000)
    expect(rising_us.length).toBe(1100)
    expect(lengths_us.length).toBe(1100)
    const gaps_us = rising_us.slice(1).map((time_us, i) => time_us - rising_us[i])
    expect(Math.min(...gaps_us)).toBeGreaterThanOrEqual(80_000)
    expect(Math.max(...gaps_us)).toBeLessThanOrEqual(100_000)
  })

  test('a register that stands still does not flash', () => {
    const { led, rising_us, pass } = create()
    for (let second = 0; second < 100; second++) pass(5_000_999)
    expect([rising_us.length, led.pulses]).toEqual([0, 5000])
  })

  test('counts without a lamp', () => {
    const led = new MetrologicalLed(10_000)
    expect(led.pulses).toBe(0)
    led.update(0)
    led.update(12_345)
    expect(led.pulses).toBe(123)
  })
})
