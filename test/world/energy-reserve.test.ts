import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EnergyReserve } from '../../src/world/energy-reserve.ts'
import { Scheduler } from '../../src/world/scheduler.ts'

/** A store of 200 mJ on a board that takes 400 mW: half a second. */
function create(options: Partial<{ energy_mJ: number; run_mW: number; charge_mW: number }> = {}) {
  const scheduler = new Scheduler(0)
  const empty: number[] = []
  const reserve = new EnergyReserve({
    scheduler,
    energy_mJ: 200,
    run_mW: 400,
    charge_mW: 2000,
    ...options,
    onEmpty: () => empty.push(scheduler.now_us / 1000),
  })
  return { scheduler, reserve, empty }
}

describe('the capacitors of a board', () => {
  test('last as long as their energy divided by the power', () => {
    const { scheduler, reserve, empty } = create()
    reserve.drain()
    expect(reserve.draining).toBe(true)
    scheduler.run(499_999)
    expect(empty).toEqual([])
    scheduler.run(600_000)
    expect(empty).toEqual([500])
    expect(reserve.stored_mJ).toBe(0)
    expect(reserve.draining).toBe(false)
  })

  test('last shorter when something takes energy beside the processor', () => {
    const { scheduler, reserve, empty } = create()
    reserve.drain()
    scheduler.run(100_000)
    expect(reserve.spend(100)).toBe(true)
    scheduler.run(1_000_000)
    expect(empty).toEqual([250])
  })

  test('what needs more than there is ends in the middle, and the board dies with it', () => {
    const { scheduler, reserve, empty } = create()
    reserve.drain()
    scheduler.run(100_000)
    expect(reserve.spend(160)).toBe(false)
    expect(empty).toEqual([])
    scheduler.run(100_000)
    expect(empty).toEqual([100])
  })

  test('charge again while the mains are there', () => {
    const { scheduler, reserve, empty } = create()
    reserve.drain()
    scheduler.run(250_000)
    reserve.charge()
    expect(reserve.stored_mJ).toBeCloseTo(100)
    scheduler.run(275_000)
    expect(reserve.stored_mJ).toBeCloseTo(150)
    reserve.drain()
    scheduler.run(10_000_000)
    expect(empty).toEqual([650])
  })

  test('give anything while the mains are there', () => {
    const { reserve } = create()
    expect(reserve.spend(1e9)).toBe(true)
    expect(reserve.stored_mJ).toBe(200)
  })

  test('never hold more than they can, never less than nothing, and end once for each failure', () => {
    const step = fc.record({ wait_ms: fc.integer({ min: 0, max: 700 }), act: fc.constantFrom('drain', 'charge', 'spend') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { scheduler, reserve, empty } = create()
        let failures = 0
        let supplied = true
        for (const { wait_ms, act } of steps) {
          scheduler.run(scheduler.now_us + wait_ms * 1000)
          if (act === 'drain') {
            if (supplied) failures++
            supplied = false
            reserve.drain()
          } else if (act === 'charge') {
            supplied = true
            reserve.charge()
          } else reserve.spend(50)
          expect(reserve.stored_mJ).toBeGreaterThanOrEqual(0)
          expect(reserve.stored_mJ).toBeLessThanOrEqual(200)
        }
        scheduler.run(scheduler.now_us + 1_000_000)
        expect(empty.length).toBeLessThanOrEqual(failures)
        if (!supplied) expect(reserve.stored_mJ).toBe(0)
      }),
    )
  })
})
