import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../src/lib/random.ts'
import { Movement } from '../../../src/world/pulse/movement.ts'
import { PulseSensor, type SensorKind } from '../../../src/world/pulse/pulse-sensor.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'

function create(kind: SensorKind = 'reed', perPulse = { numerator: 1000, denominator: 1 }, twoOutputs = false) {
  const scheduler = new Scheduler(0)
  const edges: { at_us: number; level: 0 | 1 }[] = []
  const random = new SeededRandom(1, 1)
  const sensor = new PulseSensor({ scheduler, random, kind, drive: (level) => edges.push({ at_us: scheduler.now_us, level }) })
  const back: number[] = []
  const reverse = twoOutputs ? new PulseSensor({ scheduler, random, kind, drive: (level) => back.push(level) }) : undefined
  const movement = new Movement({ scheduler, perPulse, forward: sensor, reverse })
  const run = (duration_ms: number) => scheduler.run(scheduler.now_us + duration_ms * 1000)
  /** Edges that stay for 3 ms: what is left without the bouncing. */
  const settled = () => edges.filter(({ at_us }, i) => (edges[i + 1]?.at_us ?? scheduler.now_us + 1e9) - at_us >= 3000)
  return { scheduler, edges, sensor, back, movement, run, settled }
}

describe('the wheel of a meter', () => {
  test('a litre at 100 ml/s takes 10 s, and the contact is closed for three tenths of it', () => {
    const { movement, run, settled } = create()
    movement.rate = 100 * 3600
    run(40_000)
    expect(movement.passed).toBeCloseTo(4000, 9)
    const closed = settled().filter(({ level }) => level === 0)
    // It began where the contact had just opened.
    expect(closed.map(({ at_us }) => Math.round(at_us / 10_000))).toEqual([700, 1700, 2700, 3700])
    const opened = settled().filter(({ level, at_us }) => level === 1 && at_us > 0)
    expect(opened.map(({ at_us }) => Math.round(at_us / 100_000))).toEqual([100, 200, 300, 400])
  })

  test('what stands still with a closed contact keeps it closed; what goes on opens it', () => {
    const { movement, run, settled } = create()
    movement.rate = 360_000
    run(8000)
    movement.rate = 0
    run(3_600_000)
    expect(settled().at(-1)?.level).toBe(0)
    movement.rate = 360_000
    run(3000)
    expect(settled().at(-1)?.level).toBe(1)
  })

  test('one contact does not know the direction', () => {
    const { movement, run, sensor } = create()
    movement.rate = 360_000
    run(100_000)
    movement.rate = -360_000
    run(100_000)
    expect([movement.passed, sensor.given]).toEqual([0, 20])
  })

  test('two outputs tell the directions apart', () => {
    const { movement, run, sensor, back } = create('openCollector', { numerator: 1000, denominator: 1 }, true)
    movement.rate = 360_000
    run(105_000)
    movement.rate = -360_000
    run(57_000)
    run(1000)
    expect([movement.passed, movement.passedBack, sensor.given, back.filter((level) => level === 0).length]).toEqual([10_500, 5800, 10, 6])
  })

  test('the pulses are the integral of any flow to the last microsecond', () => {
    const rates = fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000_000 }), fc.integer({ min: 1, max: 60_000_000 })), { maxLength: 10 })
    const weights = fc.constantFrom([1000, 1], [100, 1], [1000, 3], [10_000, 1], [7, 1])
    fc.assert(
      fc.property(rates, weights, (parts, [numerator, denominator]) => {
        const { scheduler, movement, sensor } = create('openCollector', { numerator, denominator })
        let parts_us = 0n
        for (const [rate, duration_us] of parts) {
          movement.rate = rate
          scheduler.run(scheduler.now_us + duration_us)
          parts_us += BigInt(rate) * BigInt(duration_us)
        }
        const turn = BigInt(numerator) * 3_600_000_000n
        // The wheel began at three tenths of a turn.
        const begun = BigInt(Math.floor(Number(turn) * 0.3))
        expect(BigInt(sensor.given)).toBe((parts_us * BigInt(denominator) + begun) / turn)
      }),
      { numRuns: 30 },
    )
  })
})

describe('what the wire shows', () => {
  test('a reed bounces for up to 2 ms, electronics do not', () => {
    const reed = create('reed')
    reed.movement.rate = 3_600_000
    reed.run(20_000)
    expect(reed.edges.length).toBeGreaterThan(60)
    expect(reed.settled().filter(({ level }) => level === 0)).toHaveLength(20)
    const electronic = create('optical')
    electronic.movement.rate = 3_600_000
    electronic.run(20_000)
    expect(electronic.edges.filter(({ level }) => level === 0)).toHaveLength(20)
  })

  test('a magnet holds a reed and no transistor; a stuck output gives nothing; a weak magnet gives less', () => {
    for (const [kind, count] of [
      ['reed', 0],
      ['openCollector', 10],
    ] as const) {
      const { movement, sensor, run, settled } = create(kind)
      sensor.magnet = true
      run(100)
      const before = settled().filter(({ level }) => level === 0).length
      movement.rate = 360_000
      run(100_000)
      expect(settled().filter(({ level }) => level === 0).length - before).toBe(count)
    }
    const { movement, sensor, run, settled } = create('openCollector')
    sensor.stuck = 'open'
    movement.rate = 360_000
    run(100_000)
    expect(settled().filter(({ level }) => level === 0)).toHaveLength(0)
    sensor.stuck = undefined
    sensor.missing_permille = 500
    run(1_000_000)
    const given = settled().filter(({ level }) => level === 0).length
    expect(given).toBeGreaterThan(30)
    expect(given).toBeLessThan(70)
  })
})
