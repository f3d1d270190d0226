import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock, Timer } from '../../hal/api/time.ts'

/** A timer and a clock that run on the same time. */
export interface TimeUnderTest {
  readonly timer: Timer
  readonly clock: Clock
  /** Lets at least `ms` pass; exactly `ms` where time is virtual. Due callbacks have run when it is done. */
  advance(ms: number): void | Promise<void>
  close?(): void
}

/** The rules of `hal/api/time.ts`. Delays are long enough for a real clock on a busy computer. */
export function timeContract(name: string, open: () => TimeUnderTest | Promise<TimeUnderTest>): void {
  describe(`time: ${name}`, () => {
    let time: TimeUnderTest
    beforeEach(async () => {
      time = await open()
    })
    afterEach(() => time.close?.())

    /** Lets time pass until something has happened, 20 s at most. */
    async function passes(condition: () => boolean): Promise<void> {
      for (let turn = 0; turn < 1000 && !condition(); turn++) await time.advance(20)
      expect(condition()).toBe(true)
    }

    test('a timer fires once, after its delay, and not from inside set', async () => {
      const start_ms = time.clock.ticks_ms()
      const after_ms: number[] = []
      const note = () => after_ms.push(time.clock.ticks_ms() - start_ms)
      time.timer.set(note, 100)
      time.timer.set(note, 0)
      expect(after_ms).toEqual([])
      await passes(() => after_ms.length === 2)
      expect(after_ms[1]).toBeGreaterThanOrEqual(99)
      await time.advance(300)
      expect(after_ms).toHaveLength(2)
    })

    test('timers fire in the order of their due times', async () => {
      const order: string[] = []
      time.timer.set(() => order.push('late'), 80)
      time.timer.set(() => order.push('early'), 20)
      time.timer.set(() => order.push('middle'), 50)
      await time.advance(150)
      expect(order).toEqual(['early', 'middle', 'late'])
    })

    test('a repeated timer waits for its delay, then for each repetition', async () => {
      const start_ms = time.clock.ticks_ms()
      const after_ms: number[] = []
      const handle = time.timer.set(() => after_ms.push(time.clock.ticks_ms() - start_ms), 200, 20)
      await passes(() => after_ms.length >= 3)
      for (const [turn, ms] of after_ms.entries()) expect(ms).toBeGreaterThanOrEqual(199 + 20 * turn)
      time.timer.clear(handle)
      const before = after_ms.length
      await time.advance(60)
      expect(after_ms).toHaveLength(before)
    })

    test('a repeated timer does not drift', async () => {
      // A computer that stands still misses turns; it does not do so each time.
      let share = 0
      for (let tries = 0; tries < 10 && share < 0.5; tries++) {
        let fired = 0
        const start_ms = time.clock.ticks_ms()
        const handle = time.timer.set(() => fired++, 10, 10)
        await time.advance(500)
        const turns = (time.clock.ticks_ms() - start_ms) / 10
        time.timer.clear(handle)
        expect(fired).toBeLessThanOrEqual(turns + 1)
        share = fired / turns
      }
      expect(share).toBeGreaterThanOrEqual(0.5)
    })

    test('clear stops a timer; a handle that fired or was cleared is ignored', async () => {
      let fired = 0
      const handle = time.timer.set(() => fired++, 20)
      time.timer.clear(handle)
      time.timer.clear(handle)
      await time.advance(60)
      expect(fired).toBe(0)
      const once = time.timer.set(() => fired++, 10)
      await passes(() => fired > 0)
      time.timer.clear(once)
      expect(fired).toBe(1)
    })

    test('a callback may clear its own timer and set another', async () => {
      let fired = 0
      let second = 0
      const handle = time.timer.set(
        () => {
          fired++
          time.timer.clear(handle)
          time.timer.set(() => second++, 10)
        },
        10,
        10,
      )
      await passes(() => second > 0)
      await time.advance(50)
      expect([fired, second]).toEqual([1, 1])
    })

    test('impossible delays are refused', () => {
      expect(() => time.timer.set(() => {}, -1)).toThrow(RangeError)
      expect(() => time.timer.set(() => {}, Number.NaN)).toThrow(RangeError)
      expect(() => time.timer.set(() => {}, 1, 0)).toThrow(RangeError)
      expect(() => time.timer.set(() => {}, 1, -5)).toThrow(RangeError)
    })

    test('a delay beyond 31 bits does not fire at once', async () => {
      let fired = 0
      const handle = time.timer.set(() => fired++, 30 * 86400000)
      await time.advance(50)
      expect(fired).toBe(0)
      time.timer.clear(handle)
    })

    test('both clocks count whole milliseconds forward', async () => {
      const utc_ms = time.clock.now_ms()
      const ticks_ms = time.clock.ticks_ms()
      expect(Number.isSafeInteger(utc_ms)).toBe(true)
      expect(Number.isSafeInteger(ticks_ms)).toBe(true)
      await time.advance(100)
      expect(time.clock.now_ms() - utc_ms).toBeGreaterThanOrEqual(99)
      expect(time.clock.ticks_ms() - ticks_ms).toBeGreaterThanOrEqual(99)
    })

    test('setting the time of day makes it valid and leaves monotonic time alone', async () => {
      const ticks_ms = time.clock.ticks_ms()
      const wanted_ms = Date.UTC(2001, 1, 3, 4, 5, 6)
      time.clock.set(wanted_ms)
      expect(time.clock.valid).toBe(true)
      expect(time.clock.now_ms() - wanted_ms).toBeGreaterThanOrEqual(0)
      expect(time.clock.now_ms() - wanted_ms).toBeLessThan(60_000)
      expect(time.clock.ticks_ms() - ticks_ms).toBeGreaterThanOrEqual(0)
      expect(time.clock.ticks_ms() - ticks_ms).toBeLessThan(60_000)
      await time.advance(50)
      expect(time.clock.now_ms() - wanted_ms).toBeGreaterThanOrEqual(49)
    })

    test('a time of day that is no whole number is refused', () => {
      expect(() => time.clock.set(Number.NaN)).toThrow(RangeError)
      expect(() => time.clock.set(0.5)).toThrow(RangeError)
    })

    test('setting the clock does not move timers', async () => {
      let fired = 0
      time.timer.set(() => fired++, 300)
      time.clock.set(time.clock.now_ms() + 86400000)
      await time.advance(40)
      expect(fired).toBe(0)
      await time.advance(400)
      expect(fired).toBe(1)
    })
  })
}
