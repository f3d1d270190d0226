import { describe, expect, test } from 'vitest'
import { Scheduler } from '../../src/world/scheduler.ts'
import { WorldClock, WorldTimer } from '../../src/world/time.ts'
import { timeContract } from '../contract/time.ts'

const START_MS = Date.UTC(2026, 0, 5, 12)

timeContract('world', () => {
  const scheduler = new Scheduler(START_MS * 1000)
  return {
    timer: new WorldTimer(scheduler),
    clock: new WorldClock(scheduler),
    advance: (ms) => scheduler.run(scheduler.now_us + ms * 1000),
  }
})

describe('WorldTimer', () => {
  test('stop is a power cut: nothing planned happens, and nothing can be planned any more', () => {
    const scheduler = new Scheduler(0)
    const dead = new WorldTimer(scheduler)
    const alive = new WorldTimer(scheduler)
    const fired: string[] = []
    dead.set(() => fired.push('once'), 10)
    dead.set(() => fired.push('repeated'), 10, 10)
    alive.set(() => fired.push('other device'), 10)
    dead.stop()
    dead.set(() => fired.push('after the cut'), 0)
    scheduler.run(1_000_000)
    expect(fired).toEqual(['other device'])
    expect(scheduler.pending).toBe(0)
  })

  test('a callback may cut the power of its own device', () => {
    const scheduler = new Scheduler(0)
    const timer = new WorldTimer(scheduler)
    let fired = 0
    timer.set(
      () => {
        fired++
        timer.stop()
      },
      5,
      5,
    )
    scheduler.run(1_000_000)
    expect(fired).toBe(1)
  })

  test('a handle of something else is ignored', () => {
    expect(() => new WorldTimer(new Scheduler(0)).clear({})).not.toThrow()
  })
})

describe('WorldClock', () => {
  test('follows the world exactly, and keeps an offset once it is set', () => {
    const scheduler = new Scheduler(START_MS * 1000 + 999)
    const clock = new WorldClock(scheduler)
    expect([clock.now_ms(), clock.ticks_ms(), clock.valid]).toEqual([START_MS, START_MS, true])
    clock.set(START_MS - 86_400_000)
    scheduler.run(scheduler.now_us + 1_500_000)
    expect(clock.now_ms()).toBe(START_MS - 86_400_000 + 1500)
    expect(clock.ticks_ms()).toBe(START_MS + 1500)
  })

  test('forgets the time with its battery, and is invalid until it is set', () => {
    const scheduler = new Scheduler(START_MS * 1000)
    const clock = new WorldClock(scheduler)
    clock.loseBackup()
    expect([clock.valid, clock.now_ms()]).toEqual([false, Date.UTC(2000, 0, 1)])
    scheduler.run(scheduler.now_us + 3_000_000)
    expect([clock.valid, clock.now_ms()]).toEqual([false, Date.UTC(2000, 0, 1) + 3000])
    clock.set(START_MS)
    expect([clock.valid, clock.now_ms()]).toEqual([true, START_MS])
  })
})
