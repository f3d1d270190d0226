import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cosineOfDegrees, degreesOf, sineOfDegrees } from '../../src/lib/trig.ts'

const EPSILON = 1e-9
const radians = (degrees: number) => (degrees * Math.PI) / 180

/** The way round the circle between two angles. */
function between(a: number, b: number): number {
  const turn = Math.abs(a - b) % 360
  return Math.min(turn, 360 - turn)
}

test('sine and cosine over the whole circle and two turns around it', () => {
  for (let step = -7200; step <= 7200; step++) {
    const degrees = step / 10
    expect(Math.abs(sineOfDegrees(degrees) - Math.sin(radians(degrees)))).toBeLessThan(EPSILON)
    expect(Math.abs(cosineOfDegrees(degrees) - Math.cos(radians(degrees)))).toBeLessThan(EPSILON)
  }
})

test('sine and cosine anywhere', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e4, max: 1e4, noNaN: true }), (degrees) => {
      expect(Math.abs(sineOfDegrees(degrees) - Math.sin(radians(degrees)))).toBeLessThan(EPSILON)
      expect(Math.abs(cosineOfDegrees(degrees) - Math.cos(radians(degrees)))).toBeLessThan(EPSILON)
    }),
  )
})

test('the corners are exact', () => {
  expect([0, 90, 180, 270, 360].map((degrees) => sineOfDegrees(degrees) + 0)).toEqual([0, 1, 0, -1, 0])
})

test('the angle of a point equals atan2', () => {
  for (let step = 0; step < 3600; step++) {
    const [x, y] = [Math.cos(radians(step / 10)), Math.sin(radians(step / 10))]
    expect(between(degreesOf(y, x), (Math.atan2(y, x) * 180) / Math.PI)).toBeLessThan(EPSILON)
  }
  const coordinate = fc.double({ min: -1e6, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(coordinate, coordinate, (y, x) => {
      const angle = degreesOf(y, x)
      expect(angle).toBeGreaterThanOrEqual(0)
      expect(angle).toBeLessThan(360)
      // The point 0 has no angle; atan2 tells its signs of zero apart, degreesOf does not.
      if (x !== 0 || y !== 0) expect(between(angle, (Math.atan2(y, x) * 180) / Math.PI)).toBeLessThan(EPSILON)
    }),
  )
  expect(degreesOf(0, 0)).toBe(0)
})

test('angle and components are inverse', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 359_999 }), (thousandths) => {
      const degrees = thousandths / 1000
      expect(between(degreesOf(sineOfDegrees(degrees), cosineOfDegrees(degrees)), degrees)).toBeLessThan(EPSILON)
    }),
  )
})
