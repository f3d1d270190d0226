import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fixed, grouped, localTime, power, zone } from '../../../src/meter/face/page/format.ts'
import { metres, projection, ringStep } from '../../../src/meter/face/page/map.ts'
import { PulsePacer } from '../../../src/meter/face/page/pulses.ts'

describe('the metrological LED', () => {
  /** Flashes counted frame by frame while messages arrive every 250 ms with `rate` pulses per second. */
  function flashes(rate: number, seconds: number): number {
    const pacer = new PulsePacer()
    let count = 0
    let before = 0
    for (let ms = 0; ms < seconds * 1000; ms += 16) {
      if (ms % 256 === 0) pacer.update(Math.floor((ms / 1000) * rate), rate, ms)
      const light = pacer.brightness(ms)
      if (light === 1 && before === 0) count++
      before = light
    }
    return count
  }

  test.each([0, 0.3, 1, 4])('flashes as often as the counter counts: %d per second', (rate) => {
    expect(Math.abs(flashes(rate, 60) - rate * 60)).toBeLessThanOrEqual(Math.max(1, rate))
  })

  test('goes on from the power while a message is late, and stops when none comes', () => {
    const pacer = new PulsePacer()
    pacer.update(10, 2, 0)
    let last = 0
    let count = 0
    let before = 0
    for (let ms = 0; ms < 10_000; ms += 16) {
      const light = pacer.brightness(ms)
      if (light > 0) last = ms
      if (light === 1 && before === 0) count++
      before = light
    }
    expect(count).toBeGreaterThanOrEqual(4)
    expect(last).toBeLessThan(3200)
  })

  test('is dimmed when single flashes cannot be seen', () => {
    const pacer = new PulsePacer()
    pacer.update(0, 100, 0)
    pacer.brightness(16)
    pacer.update(25, 100, 250)
    expect(pacer.brightness(266)).toBe(0.75)
  })
})

test('numbers and times for people', () => {
  expect([fixed(-0.04, 1), fixed(-1.25, 1), power(999), power(-1234), grouped(214000)]).toEqual([
    '0.0',
    '−1.3',
    '999 W',
    '−1.23 kW',
    '214\u202f000',
  ])
  expect(localTime(Date.UTC(2024, 11, 31, 23, 59, 58), 60)).toEqual({ date: '2025-01-01', time: '00:59:58' })
  expect([zone(0), zone(120), zone(-210)]).toEqual(['UTC', 'UTC+2', 'UTC−3:30'])
})

describe('the map of the air', () => {
  test('has a few rings at round distances', () => {
    for (const radius_m of [50, 130, 999, 1000, 4321, 70_000]) {
      const step_m = ringStep(radius_m)
      expect(radius_m / step_m).toBeLessThanOrEqual(3)
      expect(radius_m / step_m).toBeGreaterThan(1)
      expect(String(step_m)).toMatch(/^[125]0*$/)
    }
  })

  test('shows every station inside the picture, north up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ x_m: fc.integer({ min: -50_000, max: 50_000 }), y_m: fc.integer({ min: -50_000, max: 50_000 }) }), {
          minLength: 1,
        }),
        (places) => {
          const { at, scale } = projection(places)
          expect(scale).toBeGreaterThan(0)
          for (const place of places) {
            const [x, y] = at(place)
            expect(x >= 0 && x <= 320 && y >= 0 && y <= 240).toBe(true)
          }
        },
      ),
    )
    const { at } = projection([
      { x_m: 0, y_m: 0 },
      { x_m: 100, y_m: 100 },
    ])
    expect(at({ x_m: 0, y_m: 100 })[1]).toBeLessThan(at({ x_m: 0, y_m: 0 })[1])
    expect(at({ x_m: 100, y_m: 0 })[0]).toBeGreaterThan(at({ x_m: 0, y_m: 0 })[0])
    expect([metres(450.4), metres(1000), metres(1234), metres(12_345)]).toEqual(['450 m', '1 km', '1.2 km', '12 km'])
  })
})
