import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unbalance_permille } from '../../../src/core/quality/unbalance.ts'

/** Symmetrical components, straight from their definition: |U1 + a² U2 + a U3| / |U1 + a U2 + a² U3|. Angles are lags. */
function oracle(voltages: readonly number[], angles_ddeg: readonly number[]): number {
  const component = (turn: number) => {
    let [x, y] = [0, 0]
    for (let i = 0; i < 3; i++) {
      const angle = (-angles_ddeg[i] / 10 + turn * 120 * i) * (Math.PI / 180)
      x += voltages[i] * Math.cos(angle)
      y += voltages[i] * Math.sin(angle)
    }
    return Math.hypot(x, y)
  }
  const [positive, negative] = [component(1), component(-1)]
  return (1000 * Math.min(positive, negative)) / Math.max(positive, negative)
}

describe('unbalance_permille', () => {
  test('known values', () => {
    expect(unbalance_permille([230, 230, 230], [0, 1200, 2400])).toBe(0)
    // Either sequence: the negative one is the smaller one.
    expect(unbalance_permille([230, 230, 230], [0, 2400, 1200])).toBe(0)
    expect(unbalance_permille([230, 230, 0], [0, 1200, 2400])).toBe(500)
    expect(unbalance_permille([230, 230, 230], [0, 0, 0])).toBeUndefined()
    expect(unbalance_permille([0, 0, 0], [0, 1200, 2400])).toBeUndefined()
  })

  test('agrees with the symmetrical components', () => {
    const volt = fc.integer({ min: 100_000, max: 260_000 })
    const shift = fc.integer({ min: -300, max: 300 })
    fc.assert(
      fc.property(volt, volt, volt, shift, shift, (u1, u2, u3, d2, d3) => {
        const voltages = [u1, u2, u3]
        const angles = [0, 1200 + d2, 2400 + d3]
        expect(Math.abs((unbalance_permille(voltages, angles) ?? -9) - oracle(voltages, angles))).toBeLessThanOrEqual(0.51)
      }),
    )
  })
})
