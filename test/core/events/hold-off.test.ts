import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENT_BUDGET, EventBudget } from '../../../src/core/events/event-budget.ts'
import { Edge, HoldOffs } from '../../../src/core/events/hold-off.ts'
import { episodes, type Observation } from './hold-off-oracle.ts'

const steps = fc.array(fc.record({ wait_ms: fc.integer({ min: 1, max: 4 }), state: fc.constantFrom('beyond', 'between', 'within') }), {
  maxLength: 40,
})

function observations(list: readonly { readonly wait_ms: number; readonly state: string }[]): Observation[] {
  let ticks_ms = 0
  return list.map(({ wait_ms, state }) => {
    ticks_ms += wait_ms
    return { ticks_ms, beyond: state === 'beyond', within: state === 'within' }
  })
}

/** A condition beside the one that is looked at. */
const OTHER = { startHold_ms: 3, endHold_ms: 3 }

describe('HoldOffs', () => {
  test('tells what the history says, for every history and every hold-off', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 }), (list, startHold_ms, endHold_ms) => {
        const all = observations(list)
        const hold = new HoldOffs([OTHER, { startHold_ms, endHold_ms }])
        const told: [number, number, number][] = []
        for (const [index, { beyond, within, ticks_ms }] of all.entries()) {
          const edge = hold.update(1, beyond, within, ticks_ms)
          if (edge === Edge.started) told.push([index, -1, -1])
          if (edge === Edge.ended) told.push([told.pop()![0], index, hold.duration_ms(1)])
        }
        expect(told).toEqual(episodes(all, startHold_ms, endHold_ms).map((e) => [e.toldStart, e.toldEnd, e.duration_ms]))
      }),
      { numRuns: 1000 },
    )
  })

  test('what nobody can tell breaks the hold-offs, and ends nothing', () => {
    const hold = new HoldOffs([OTHER, { startHold_ms: 10, endHold_ms: 10 }])
    hold.update(1, true, false, 0)
    hold.unknown(1)
    expect(hold.update(1, true, false, 11)).toBe(Edge.none)
    expect(hold.update(1, true, false, 21)).toBe(Edge.started)
    hold.update(1, false, true, 30)
    hold.unknown(1)
    expect(hold.update(1, false, true, 41)).toBe(Edge.none)
    expect(hold.active(1)).toBe(true)
    expect(hold.update(1, false, true, 51)).toBe(Edge.ended)
    expect(hold.duration_ms(1)).toBe(30)
  })

  test('goes on after a restart with what lasted before', () => {
    const hold = new HoldOffs([OTHER, { startHold_ms: 10, endHold_ms: 5 }])
    hold.resume(1, -100)
    expect(hold.update(1, true, false, 0)).toBe(Edge.none)
    hold.update(1, false, true, 20)
    expect(hold.update(1, false, true, 25)).toBe(Edge.ended)
    expect(hold.duration_ms(1)).toBe(120)
    expect([hold.idle(0), hold.duration_ms(0), hold.allIdle]).toEqual([true, 0, true])
  })
})

describe('EventBudget', () => {
  test('allows a burst, and so many an hour', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 500 }), (waits) => {
        const budget = new EventBudget()
        let [ticks_ms, taken, refused] = [0, 0, 0]
        for (const wait_ms of waits) {
          ticks_ms += wait_ms
          if (budget.take(2, ticks_ms)) taken += 2
          else refused += 2
        }
        expect(taken).toBeLessThanOrEqual(EVENT_BUDGET.burst + (ticks_ms * EVENT_BUDGET.perHour) / 3_600_000)
        expect(budget.suppressed).toBe(refused)
      }),
    )
  })

  test('is full again after an hour', () => {
    const budget = new EventBudget({ burst: 4, perHour: 4 })
    const take = (ticks_ms: number) => budget.take(2, ticks_ms)
    expect([take(0), take(0), take(0), take(900_000), take(1_800_000), take(1_800_000)]).toEqual([true, true, false, false, true, false])
    expect(budget.takeSuppressed()).toBe(6)
    expect([take(36_000_000), take(36_000_000), take(36_000_000)]).toEqual([true, true, false])
  })
})
