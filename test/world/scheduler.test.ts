import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Scheduler, type Task } from '../../src/world/scheduler.ts'

describe('Scheduler', () => {
  test('runs tasks in order of time, then of planning', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 60 }), (times) => {
        const scheduler = new Scheduler(0)
        const order: number[] = []
        for (const [index, time_us] of times.entries()) scheduler.at(time_us, () => order.push(index))
        scheduler.run(100)
        const expected = times.map((time_us, index) => ({ time_us, index })).sort((a, b) => a.time_us - b.time_us || a.index - b.index)
        expect(order).toEqual(expected.map(({ index }) => index))
        expect(scheduler.now_us).toBe(100)
        expect(scheduler.pending).toBe(0)
      }),
    )
  })

  test('a cancelled task does not run, whatever else is planned', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ time_us: fc.nat(50), keep: fc.boolean() }), { maxLength: 60 }), (plans) => {
        const scheduler = new Scheduler(0)
        const ran = new Set<number>()
        const tasks: Task[] = plans.map(({ time_us }, index) => scheduler.at(time_us, () => ran.add(index)))
        for (const [index, { keep }] of plans.entries()) if (!keep) scheduler.cancel(tasks[index])
        scheduler.run(100)
        for (const [index, { keep }] of plans.entries()) expect(ran.has(index)).toBe(keep)
      }),
    )
  })

  test('time is that of the running task, and jumps over gaps', () => {
    const scheduler = new Scheduler(1000)
    const seen: number[] = []
    scheduler.after(500, () => seen.push(scheduler.now_us), 1_000_000)
    scheduler.run(3_000_000)
    expect(seen).toEqual([1500, 1_001_500, 2_001_500])
    expect(scheduler.next_us).toBe(3_001_500)
  })

  test('a task may plan and cancel others, itself included', () => {
    const scheduler = new Scheduler(0)
    const log: string[] = []
    const victim = scheduler.at(20, () => log.push('victim'))
    const repeated = scheduler.at(
      5,
      () => {
        log.push(`tick ${scheduler.now_us}`)
        if (scheduler.now_us === 15) scheduler.cancel(repeated)
      },
      5,
    )
    scheduler.at(10, () => {
      scheduler.cancel(victim)
      scheduler.after(0, () => log.push('child'))
    })
    scheduler.run(100)
    expect(log).toEqual(['tick 5', 'tick 10', 'child', 'tick 15'])
  })

  test('what is planned for the past runs now', () => {
    const scheduler = new Scheduler(50)
    let at_us = 0
    scheduler.at(10, () => {
      at_us = scheduler.now_us
    })
    scheduler.run(50)
    expect(at_us).toBe(50)
  })
})
