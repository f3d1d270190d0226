import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromDecibel, toDecibel } from '../../src/lib/decibel.ts'

test('levels and ratios agree with the functions of the engine', () => {
  fc.assert(
    fc.property(fc.double({ min: -200, max: 200, noNaN: true }), (level_dB) => {
      const ratio = 10 ** (level_dB / 10)
      expect(Math.abs(fromDecibel(level_dB) / ratio - 1)).toBeLessThan(1e-12)
      expect(Math.abs(toDecibel(ratio) - level_dB)).toBeLessThan(1e-11)
    }),
  )
  expect([toDecibel(1), fromDecibel(0)]).toEqual([0, 1])
})
