import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PulseCounter } from '../../src/lib/pulse-counter.ts'
import '../support/fast-check.ts'

const MODULUS = 2 ** 16

/** Readings once a second; gives what was counted. */
function count(counter: PulseCounter, readings: readonly number[], rate = 5, start_ms = 0): number {
  return readings.reduce((sum, reading, i) => sum + counter.read(reading, start_ms + 1000 * i, rate), 0)
}

describe('PulseCounter', () => {
  test('counts a reading when the next one continues it', () => {
    const counter = new PulseCounter(MODULUS, 20)
    expect([100, 105, 110].map((reading, i) => counter.read(reading, 1000 * i, 5))).toEqual([0, 0, 5])
    expect(counter.position).toBe(105)
  })

  test('resumes where the one before was', () => {
    const counter = new PulseCounter(MODULUS, 20)
    counter.resume(90, 60_000, 0)
    expect(count(counter, [100, 105, 105])).toBe(15)
    const fresh = new PulseCounter(MODULUS, 20)
    fresh.resume(0, 60_000, 0)
    expect(count(fresh, [3, 3])).toBe(3)
  })

  test('wraps', () => {
    const counter = new PulseCounter(MODULUS, 20)
    expect(count(counter, [MODULUS - 10, MODULUS - 5, 0, 5, 10])).toBe(15)
    expect(counter.restarts).toBe(0)
  })

  test('one wrong reading changes nothing, wherever it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 6, maxLength: 60 }),
        fc.nat(MODULUS - 1),
        fc.nat(),
        fc.nat(MODULUS - 1),
        (steps, start, at, wrong) => {
          const counter = new PulseCounter(MODULUS, 20)
          let value = start
          const readings = steps.map((step) => (value = (value + step) % MODULUS))
          const place = 2 + (at % (steps.length - 4))
          readings[place] = wrong
          // Again at the end, so that the last one is confirmed.
          readings.push(value, value, value, value, value)
          // The starting point is the first reading.
          const expected = steps.slice(1).reduce((sum, step) => sum + step, 0)
          expect(count(counter, readings, 20)).toBe(expected)
          expect(counter.restarts).toBe(0)
        },
      ),
    )
  })

  test('a start again at zero is believed after three confirmations, and counted from zero', () => {
    const counter = new PulseCounter(MODULUS, 20)
    count(counter, [30_000, 30_005, 30_010])
    expect([2, 4, 6, 8, 10].map((reading, i) => counter.read(reading, 3000 + 1000 * i, 2))).toEqual([0, 0, 0, 0, 8])
    expect([counter.read(10, 8000, 2), counter.restarts]).toEqual([2, 1])
  })

  test('a load that never shows when it is read is counted late, not lost', () => {
    const counter = new PulseCounter(MODULUS, 20)
    const readings = Array.from({ length: 41 }, (_, i) => 10 * i)
    expect(count(counter, readings, 0)).toBeGreaterThanOrEqual(10 * 35)
    expect(count(counter, [400, 400, 400, 400, 400], 0, 41_000) + (counter.position ?? 0)).toBeGreaterThanOrEqual(400)
    expect([counter.position, counter.restarts]).toEqual([400, 0])
  })

  test('the same wrong reading up to three times changes nothing', () => {
    for (const wrong of [130, 150, 9000]) {
      const counter = new PulseCounter(MODULUS, 20)
      count(counter, [100, 105, 110])
      expect(count(counter, [wrong, wrong, wrong, 130, 135, 140, 140], 5, 3000)).toBe(140 - 105)
      expect(counter.restarts).toBe(0)
    }
  })

  test('a jump to nowhere is not counted', () => {
    const counter = new PulseCounter(MODULUS, 20)
    count(counter, [100, 105, 110])
    expect(count(counter, [40_000, 40_001, 40_002, 40_003, 40_004, 40_005], 5, 3000)).toBe(1)
    expect(counter.restarts).toBe(1)
  })

  test('known restart: no doubt, counted from zero', () => {
    const counter = new PulseCounter(MODULUS, 20)
    counter.restart()
    expect(counter.restarts).toBe(0)
    count(counter, [30_000, 30_005, 30_010])
    counter.restart()
    expect(count(counter, [3, 4, 4], 5, 3000)).toBe(4)
    expect(counter.restarts).toBe(1)
  })

  test('after a silence the likely is counted at once, the possible after confirmation, the impossible never', () => {
    const counter = new PulseCounter(MODULUS, 20)
    count(counter, [100, 105, 110])
    expect(count(counter, [700, 700], 5, 122_000)).toBe(595)
    const busy = new PulseCounter(MODULUS, 20)
    count(busy, [100, 105, 110])
    expect([2000, 2000, 2000, 2000].map((reading, i) => busy.read(reading, 122_000 + 1000 * i, 5))).toEqual([5, 0, 0, 0])
    expect([busy.read(2000, 126_000, 5), busy.restarts]).toEqual([1890, 0])
    const surge = new PulseCounter(MODULUS, 20)
    count(surge, [10_000, 10_000, 10_000], 0)
    expect([11_500, 11_500, 11_500, 11_500].map((reading, i) => surge.read(reading, 122_000 + 1000 * i, 0))).toEqual([0, 0, 0, 0])
    expect([surge.read(11_500, 126_000, 0), surge.restarts]).toEqual([1500, 1])
    const reset = new PulseCounter(MODULUS, 20)
    count(reset, [65_000, 65_000, 65_000], 0)
    expect(count(reset, [40, 40, 40, 40, 40], 0, 122_000)).toBe(40)
  })

  test('where a whole turn fits into a silence, the least is counted and marked', () => {
    const counter = new PulseCounter(1000, 20)
    count(counter, [100, 105, 110])
    expect(count(counter, [300, 300, 300, 300, 300], 5, 300_000)).toBe(195)
    expect(counter.restarts).toBe(1)
  })

  test.each([
    [1, 5],
    [2.5, 5],
    [100, 0],
  ])('refuses %d, %d', (modulus, most) => {
    expect(() => new PulseCounter(modulus, most)).toThrow(RangeError)
  })
})
