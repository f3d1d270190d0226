import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearestFraction } from '../../src/lib/fraction.ts'
import '../support/fast-check.ts'

describe('nearestFraction', () => {
  test.each([
    [25 / 8, 25, 8],
    [1, 1, 1],
    [953 / 500, 953, 500],
    [1 / 999, 1, 999],
    [999, 999, 1],
    [Math.PI, 355, 113],
  ])('%d', (value, numerator, denominator) => {
    expect(nearestFraction(value, 1000)).toEqual({ numerator, denominator })
  })

  test('finds every fraction with small terms', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 9999 }), (a, b) => {
        const { numerator, denominator } = nearestFraction(a / b, 10_000)
        expect(numerator * b).toBe(denominator * a)
      }),
    )
  })

  test('stays within the limit and close to the value', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1000, noNaN: true }), (value) => {
        const { numerator, denominator } = nearestFraction(value, 1_000_000)
        expect(Number.isInteger(numerator) && Number.isInteger(denominator)).toBe(true)
        expect(Math.max(numerator, denominator)).toBeLessThanOrEqual(1_000_000)
        expect(Math.abs(numerator / denominator / value - 1)).toBeLessThan(1e-7)
      }),
    )
  })

  test.each([0, -1, Number.NaN, 1001, 1e-4, Number.POSITIVE_INFINITY])('refuses %d', (value) => {
    expect(() => nearestFraction(value, 1000)).toThrow(RangeError)
  })
})
