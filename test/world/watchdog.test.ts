import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Scheduler } from '../../src/world/scheduler.ts'
import { WorldWatchdog } from '../../src/world/watchdog.ts'

function create(timeout_ms = 8000) {
  const scheduler = new Scheduler(1_000_000)
  const resets_ms: number[] = []
  const onReset = () => resets_ms.push(scheduler.now_us / 1000)
  const watchdog = new WorldWatchdog({ scheduler, timeout_ms, onReset })
  return { scheduler, watchdog, resets_ms, run: (until_ms: number) => scheduler.run(until_ms * 1000) }
}

describe('WorldWatchdog', () => {
  test('never fed: one reset when the time is over, and no second one', () => {
    const { resets_ms, run } = create()
    run(8999)
    expect(resets_ms).toEqual([])
    run(100_000)
    expect(resets_ms).toEqual([9000])
  })

  test('resets exactly the time-out after the last feed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 7999 }), { maxLength: 50 }), (pauses_ms) => {
        const { watchdog, resets_ms, run } = create()
        let now_ms = 1000
        for (const pause_ms of pauses_ms) {
          now_ms += pause_ms
          run(now_ms)
          watchdog.feed()
        }
        run(now_ms + 7999)
        expect(resets_ms).toEqual([])
        run(now_ms + 100_000)
        expect(resets_ms).toEqual([now_ms + 8000])
      }),
    )
  })

  test('stopped: nothing is planned any more', () => {
    const { watchdog, scheduler, resets_ms, run } = create()
    watchdog.stop()
    watchdog.stop()
    expect(scheduler.pending).toBe(0)
    run(100_000)
    expect(resets_ms).toEqual([])
  })

  test.each([0, -1, 1.5, Number.NaN])('refuses a time-out of %d ms', (timeout_ms) => {
    expect(() => create(timeout_ms)).toThrow(RangeError)
  })
})
