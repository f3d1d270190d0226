import { describe, expect, test } from 'vitest'
import { StandardEvent } from '../../../src/core/events/codes.ts'
import { type FlowLimits, FlowMonitor } from '../../../src/core/flow/flow-monitor.ts'

const HOUR_S = 3600
const LIMITS: FlowLimits = {
  leak_ms: 24 * 3_600_000,
  pause_ms: 3_600_000,
  burst: 2_000_000,
  burst_ms: 600_000,
  backflow: 10_000,
  still_ms: 30 * 86_400_000,
}

function create(limits: Partial<FlowLimits> = {}) {
  const events: [number, number][] = []
  const monitor = new FlowMonitor({ limits: { ...LIMITS, ...limits }, log: (code, parameter) => events.push([code, parameter]) }, 0)
  let now_s = 0
  /** `litres(second)` is what flows in each second, negative is backwards. */
  const seconds = (count: number, litres: (second: number) => number, flow = 0) => {
    for (let i = 0; i < count; i++) {
      const value = litres(++now_s) * 1000
      monitor.second(Math.max(0, value), Math.max(0, -value), flow, now_s * 1000)
    }
  }
  return { monitor, events, seconds, now: () => now_s }
}

const every = (period_s: number) => (second: number) => (second % period_s === 0 ? 1 : 0)
const nothing = () => 0

describe('leaks', () => {
  test('a flow without a pause of an hour for a day; it ends with the pause', () => {
    const { monitor, events, seconds } = create()
    // A litre each half hour: a dripping toilet.
    seconds(24 * HOUR_S + 1800 - 1, every(1800), 2000)
    expect([monitor.leaking, events]).toEqual([false, []])
    seconds(1, every(1800), 2000)
    expect([monitor.leaking, events]).toEqual([true, [[StandardEvent.leakSuspected, 2]]])
    seconds(5 * HOUR_S, every(1800))
    expect(events).toHaveLength(1)
    seconds(HOUR_S, nothing)
    expect(monitor.leaking).toBe(false)
    expect(events[1]).toEqual([StandardEvent.leakEnded, 29 * HOUR_S])
  })

  test('a household that sleeps has none, however much it takes by day', () => {
    const { events, seconds } = create()
    for (let day = 0; day < 7; day++) {
      seconds(22 * HOUR_S, every(10))
      seconds(2 * HOUR_S, nothing)
    }
    expect(events).toEqual([])
  })
})

describe('bursts', () => {
  test('a flow above the limit for ten minutes, with hysteresis', () => {
    const { monitor, events, seconds } = create()
    seconds(590, every(1), 2_500_000)
    seconds(1, every(1), 1_900_000)
    seconds(600, every(1), 2_500_000)
    expect(events).toEqual([])
    seconds(2, every(1), 2_500_000)
    expect([monitor.bursting, events]).toEqual([true, [[StandardEvent.burst, 2500]]])
    seconds(300, every(1), 1_900_000)
    expect(monitor.bursting).toBe(true)
    seconds(61, every(1), 1_700_000)
    expect([monitor.bursting, events[1]?.[0]]).toEqual([false, StandardEvent.burstEnded])
  })
})

describe('backflow', () => {
  test('ten litres without one forwards in between', () => {
    const { monitor, events, seconds } = create()
    seconds(9, () => -1)
    seconds(1, () => 1)
    seconds(9, () => -1)
    expect(events).toEqual([])
    seconds(1, () => -1)
    expect([monitor.flowingBack, events]).toEqual([true, [[StandardEvent.backflow, 10]]])
    seconds(50, () => -1)
    seconds(1, () => 1)
    expect([monitor.flowingBack, events.slice(1)]).toEqual([false, [[StandardEvent.backflowEnded, 51]]])
  })
})

describe('no flow', () => {
  test('for thirty days, until something flows', () => {
    const { monitor, events, seconds } = create({ still_ms: 2 * 3_600_000 })
    seconds(1, () => 1)
    seconds(2 * HOUR_S, nothing)
    expect([monitor.still, events]).toEqual([true, [[StandardEvent.noFlow, 0]]])
    seconds(HOUR_S, nothing)
    seconds(1, () => 1)
    expect([monitor.still, events.slice(1)]).toEqual([false, [[StandardEvent.noFlowEnded, 3 * HOUR_S + 1]]])
  })
})

test('each watch can be switched off', () => {
  const { events, seconds } = create({ leak_ms: 0, burst: 0, backflow: 0, still_ms: 0 })
  seconds(30 * HOUR_S, every(60), 9_000_000)
  seconds(100, () => -1)
  seconds(40 * HOUR_S, nothing)
  expect(events).toEqual([])
})
