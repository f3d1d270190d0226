import { describe, expect, test } from 'vitest'
import { PulseRate } from '../../src/lib/pulse-rate.ts'

describe('rate of a pulse train', () => {
  test('two pulses are needed, then the interval counts', () => {
    const rate = new PulseRate(900_000)
    expect(rate.perHour(0)).toBe(0)
    rate.pulse(1, 1000)
    expect(rate.perHour(1500)).toBe(0)
    rate.pulse(2, 11_000)
    expect(rate.perHour(11_000)).toBe(360)
    expect(rate.perHour(21_000)).toBe(360)
  })

  test('without a pulse it falls, and is 0 in the end', () => {
    const rate = new PulseRate(900_000)
    rate.pulse(1, 0)
    rate.pulse(2, 10_000)
    expect(rate.perHour(10_000 + 100_000)).toBe(36)
    expect(rate.perHour(10_000 + 899_999)).toBeCloseTo(4, 3)
    expect(rate.perHour(10_000 + 900_000)).toBe(0)
    // The first pulse after that says nothing about the rate.
    rate.pulse(3, 2_000_000)
    expect(rate.perHour(2_000_000)).toBe(0)
    rate.pulse(4, 2_005_000)
    expect(rate.perHour(2_005_000)).toBe(720)
  })

  test('fast pulses are averaged over ten seconds or sixteen pulses, several in a millisecond are one entry', () => {
    const rate = new PulseRate(900_000)
    for (let i = 1; i <= 41; i++) rate.pulse(i, 1000 * Math.floor(i / 2))
    expect(rate.perHour(20_000)).toBeCloseTo(7200, 6)
    const slow = new PulseRate(900_000)
    for (let i = 1; i <= 40; i++) slow.pulse(i, 4000 * i + (i % 2 ? 500 : 0))
    // 8 s or 2 intervals in the window: the jitter of one pulse is halved at least.
    expect(Math.abs(slow.perHour(160_000) - 900)).toBeLessThan(65)
  })

  test('a counter that wraps or jumps back gives no rate below 0 for long', () => {
    const rate = new PulseRate(900_000)
    for (let i = 0; i < 5; i++) rate.pulse(0x7ffffffe + i, 1000 * i)
    expect(rate.perHour(4000)).toBe(3600)
  })
})
