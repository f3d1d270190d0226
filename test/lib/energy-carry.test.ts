import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EnergyCarry } from '../../src/lib/energy-carry.ts'
import '../support/fast-check.ts'

test.each([
  // Pulses of a CSE7766 with another divider, in microjoules; counts of an ADE7953.
  [{ numerator: 953, denominator: 500 * 3_600_000 }, 131_071 * 5_900_000],
  [{ numerator: 42_127, denominator: 999_983 }, 2 ** 24],
])('amounts are carried exactly: %j', (ratio, most) => {
  fc.assert(
    fc.property(fc.array(fc.nat(most), { maxLength: 50 }), (amounts) => {
      const carry = new EnergyCarry(ratio)
      let sum = 0n
      let counts = 0
      for (const amount of amounts) {
        carry.add(amount)
        sum += BigInt(amount)
        counts += carry.take()
      }
      expect(BigInt(counts)).toBe((sum * BigInt(ratio.numerator)) / BigInt(ratio.denominator))
    }),
  )
})

test('a ratio whose products would not be exact is refused', () => {
  expect(() => new EnergyCarry({ numerator: 2 ** 53, denominator: 1 })).toThrow(RangeError)
  expect(() => new EnergyCarry({ numerator: 1, denominator: 2 ** 53 })).toThrow(RangeError)
})
