import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../src/lib/random.ts'
import { Flow } from '../../../src/world/pulse/flow.ts'
import { FlowReplay, parseFlowTrace } from '../../../src/world/pulse/flow-trace.ts'
import { Heating } from '../../../src/world/pulse/heating.ts'
import { Movement } from '../../../src/world/pulse/movement.ts'
import { PulseSensor } from '../../../src/world/pulse/pulse-sensor.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'

const FILE = 'boards/virtual/data/household_water_1s.csv'
const TEXT = readFileSync(FILE, 'utf8')
const DAY_US = 86_400_000_000

function create(start_ms: number, numerator = 1000) {
  const scheduler = new Scheduler(start_ms * 1000)
  const forward = new PulseSensor({ scheduler, random: new SeededRandom(1), kind: 'optical', drive: () => {} })
  const movement = new Movement({ scheduler, perPulse: { numerator, denominator: 1 }, forward })
  return { scheduler, movement, flow: new Flow(movement) }
}

describe('a recorded flow', () => {
  test('two weeks from a Monday, and all of its water', () => {
    const trace = parseFlowTrace(TEXT, FILE, 60)
    expect([new Date(trace.start_ms).toISOString(), trace.days, trace.second.length]).toEqual(['2019-03-11T00:00:00.000Z', 14, 9444])
    const { scheduler, movement, flow } = create(trace.start_ms - 3_600_000)
    new FlowReplay({ scheduler, flow, trace, standardOffset_min: 60 })
    scheduler.run(scheduler.now_us + 14 * DAY_US)
    expect(movement.passed).toBeCloseTo(412_121, 6)
    scheduler.run(scheduler.now_us + 14 * DAY_US)
    expect(movement.passed).toBeCloseTo(2 * 412_121, 6)
  })

  test('a start in the middle, years later, finds the same second of the week', () => {
    const trace = parseFlowTrace(TEXT, FILE, 60)
    const later_ms = trace.start_ms - 3_600_000 + 26 * 14 * 86_400_000
    const middle_s = trace.second[5000] - 3
    const { scheduler, movement, flow } = create(later_ms + middle_s * 1000 + 500)
    new FlowReplay({ scheduler, flow, trace, standardOffset_min: 60 })
    const expected = trace.flow_ml_s
      .subarray(0)
      .reduce((sum, value, i) => (trace.second[i] > middle_s && trace.second[i] < middle_s + 600 ? sum + value : sum), 0)
    scheduler.run((later_ms + middle_s * 1000 + 600_000) * 1000)
    expect(expected).toBeGreaterThan(0)
    expect(movement.passed).toBeCloseTo(expected, 6)
  })

  test.each([
    ['', 'header'],
    ['a,b\n1,2', 'columns'],
    ['epoch_s,flow_ml_per_s\n100,5\n100,5', 'row before'],
    ['epoch_s,flow_ml_per_s\n100,-5', 'flow_ml_per_s'],
    ['epoch_s,flow_ml_per_s\n100,1e9', 'flow_ml_per_s'],
    ['epoch_s,flow_ml_per_s\nx,5', 'epoch_s'],
    ['epoch_s,flow_ml_per_s\n100,5\n99999999,5', 'days'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseFlowTrace(text, 'x.csv', 0)).toThrow(new RegExp(`x\\.csv:.*${reason}`))
  })
})

describe('sources add up', () => {
  test('and each can be taken away', () => {
    const { flow, movement } = create(0)
    flow.set('tap', 5000)
    flow.set('leak', 100)
    flow.set('pump', -600)
    expect([flow.rate, movement.rate, flow.of('leak')]).toEqual([4500, 4500, 100])
    flow.set('tap', 0)
    expect([flow.rate, flow.of('tap')]).toEqual([-500, 0])
  })
})

describe('a house that is heated', () => {
  const year = (seed: number, least_W: number) => {
    const { scheduler, movement, flow } = create(1_735_686_000_000, 1_000_000)
    new Heating({ scheduler, random: new SeededRandom(seed), standardOffset_min: 60, meters: [{ flow, rate_per_W: 100 }], least_W })
    const months: number[] = []
    let before = 0
    for (let month = 0; month < 12; month++) {
      scheduler.run(scheduler.now_us + 30 * DAY_US)
      months.push(Math.round((movement.passed - before) / 1e6))
      before = movement.passed
    }
    return months
  }

  test('takes a plausible amount of gas, most in winter, some in summer, and the same for the same seed', () => {
    const months = year(1, 5000)
    const sum = months.reduce((total, value) => total + value, 0)
    // m³ at 10 kWh/m³: a house takes 1000 to 3500 a year.
    expect(sum).toBeGreaterThan(1000)
    expect(sum).toBeLessThan(4500)
    expect(months[6]).toBeGreaterThan(10)
    expect(months[0]).toBeGreaterThan(5 * months[6])
    expect(year(1, 5000)).toEqual(months)
    expect(year(2, 5000)).not.toEqual(months)
  })

  test('the burner that switches burns what the one that follows burns', () => {
    const [following, switching] = [year(3, 0), year(3, 5000)]
    for (const [month, value] of following.entries()) expect(Math.abs(switching[month] - value)).toBeLessThanOrEqual(2)
  })
})
