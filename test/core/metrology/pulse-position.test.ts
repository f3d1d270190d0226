import fc from 'fast-check'
import { expect, test } from 'vitest'
import { advancedPosition } from '../../../src/core/metrology/pulse-position.ts'
import '../../support/fast-check.ts'

const TURN = 2 ** 24

test('the stored position never decreases and always gives the reading back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: TURN - 1 }), { minLength: 1 }), (readings) => {
      let stored = 0
      for (const reading of readings) {
        const next = advancedPosition(stored, reading)
        expect(next).toBeGreaterThanOrEqual(stored)
        expect(next - stored).toBeLessThan(TURN)
        expect(next % TURN).toBe(reading)
        stored = next
      }
    }),
  )
})

test('a counter that goes on, wraps, and starts again', () => {
  expect(advancedPosition(0, 5)).toBe(5)
  expect(advancedPosition(5, 5)).toBe(5)
  expect(advancedPosition(TURN - 1, 3)).toBe(TURN + 3)
  expect(advancedPosition(3 * TURN + 100, 0)).toBe(4 * TURN)
})
