import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RatioCarry } from '../../src/lib/ratio-carry.ts'

test('the sum of the parts is the part of the sum', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 50 }),
      fc.integer({ min: 0, max: 2e6 }),
      fc.integer({ min: 1, max: 1e6 }),
      (counts, numerator, denominator) => {
        const carry = new RatioCarry({ numerator, denominator })
        const out = counts.reduce((sum, count) => sum + BigInt(carry.add(count)), 0n)
        const all = counts.reduce((sum, count) => sum + BigInt(count), 0n)
        expect(out).toBe((all * BigInt(numerator)) / BigInt(denominator))
      },
    ),
  )
})

test('ratios that cannot be exact are refused', () => {
  for (const [numerator, denominator] of [
    [1, 0],
    [-1, 2],
    [1e9, 1e9],
    [0.5, 1],
  ])
    expect(() => new RatioCarry({ numerator, denominator })).toThrow(RangeError)
})
