import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ClockAdjustment, ClockDiscipline, type TimeReference } from '../../../src/core/clock/clock-discipline.ts'
import { CLOCK_RULES } from '../../../src/core/clock/clock-rules.ts'
import { DriftEstimator } from '../../../src/core/clock/drift-estimator.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldClock, WorldTimer } from '../../../src/world/time.ts'
import { timeContract } from '../../contract/time.ts'
import { ClockRig, FakeClock } from './rig.ts'
import '../../support/fast-check.ts'

const START_MS = Date.UTC(2026, 2, 10, 12)
const DAY_MS = 86_400_000

timeContract('ClockDiscipline over the world', () => {
  const scheduler = new Scheduler(START_MS * 1000)
  return {
    timer: new WorldTimer(scheduler),
    clock: new ClockDiscipline(new WorldClock(scheduler)),
    advance: (ms) => scheduler.run(scheduler.now_us + ms * 1000),
  }
})

class Rig {
  readonly below = new FakeClock(START_MS)
  readonly adjustments: ClockAdjustment[] = []
  readonly clock: ClockDiscipline

  constructor(rules: Partial<typeof CLOCK_RULES> = {}) {
    this.clock = new ClockDiscipline(this.below, { rules, onAdjusted: (adjustment) => this.adjustments.push(adjustment) })
  }

  get true_ms(): number {
    return START_MS + this.below.true_ms
  }

  get error_ms(): number {
    return this.clock.now_ms() - this.true_ms
  }

  reference(difference_ms: number, change: Partial<TimeReference> = {}): TimeReference {
    const { clock } = this
    return { utc_ms: clock.now_ms() + difference_ms, ticks_ms: clock.ticks_ms(), uncertainty_ms: 0, trusted: true, ...change }
  }

  /** Whole seconds, with a tick in each. */
  run(seconds: number, look?: (second: number) => void): void {
    for (let second = 0; second < seconds; second++) {
      this.below.true_ms += 1000
      this.clock.tick()
      look?.(second)
    }
  }
}

describe('rules', () => {
  test.each([
    [0, 'none'],
    [20, 'none'],
    [-21, 'slew'],
    [2000, 'slew'],
    [2001, 'shift'],
    [9000, 'shift'],
    [9001, 'set'],
    [-9001, 'set'],
    [40 * DAY_MS, 'set'],
  ])('a difference of %i ms: %s', (difference_ms, action) => {
    const rig = new Rig()
    rig.run(30)
    const old_ms = rig.clock.now_ms()
    expect(rig.clock.synchronise(rig.reference(difference_ms))).toBe(action)
    const stepped = action === 'shift' || action === 'set'
    expect(rig.adjustments).toEqual(stepped ? [{ kind: action, old_ms, new_ms: old_ms + difference_ms, wasValid: true }] : [])
    expect(rig.clock.now_ms()).toBe(stepped ? old_ms + difference_ms : old_ms)
    rig.run(5000)
    expect(rig.error_ms).toBe(action === 'none' ? 0 : difference_ms)
  })

  test.each([
    [0, 'none'],
    [30, 'shift'],
    [-2000, 'shift'],
    [9000, 'shift'],
    [9001, 'set'],
    [-900_000, 'set'],
  ])('an adjustment by %i ms: %s, at once', (difference_ms, action) => {
    const rig = new Rig()
    rig.run(30)
    expect(rig.clock.adjust(difference_ms)).toBe(action)
    expect(rig.error_ms).toBe(difference_ms)
    expect(rig.adjustments.map(({ kind }) => kind)).toEqual(action === 'none' ? [] : [action])
    expect(rig.clock.drift.drift_ppm).toBeUndefined()
  })

  test('an adjustment back over a boundary waits; one of a clock without time, or out of its years, is refused', () => {
    const rig = new Rig()
    rig.run(2)
    expect(rig.clock.adjust(-5000)).toBe('waiting')
    rig.run(5)
    rig.clock.tick()
    expect(rig.error_ms).toBe(-5000)
    expect(rig.clock.adjust(Date.UTC(2100, 0))).toBe('refused')
    rig.below.valid = false
    expect(rig.clock.adjust(1000)).toBe('refused')
  })

  test('a clock without time takes any, also from a source that proves nothing', () => {
    const rig = new Rig()
    rig.below.valid = false
    expect(rig.clock.valid).toBe(false)
    expect(rig.clock.synchronise(rig.reference(1, { trusted: false }))).toBe('set')
    expect(rig.adjustments).toMatchObject([{ kind: 'set', wasValid: false }])
    expect(rig.clock.valid).toBe(true)
  })

  test('what is refused changes nothing', () => {
    const rig = new Rig()
    rig.run(100)
    const refused: Partial<TimeReference>[] = [
      { utc_ms: Date.UTC(1999, 11, 31) },
      { utc_ms: Date.UTC(2100, 0) },
      { utc_ms: Number.NaN },
      { utc_ms: 0.5 },
      { ticks_ms: rig.clock.ticks_ms() + 1 },
      { ticks_ms: rig.clock.ticks_ms() - 60_001 },
      { ticks_ms: Number.NaN },
      { uncertainty_ms: -1 },
      { uncertainty_ms: Number.NaN },
    ]
    for (const change of refused) expect(rig.clock.synchronise(rig.reference(5000, change)), JSON.stringify(change)).toBe('refused')
    expect(rig.clock.synchronise(rig.reference(3_600_001, { trusted: false }))).toBe('refused')
    expect([rig.error_ms, rig.adjustments, rig.clock.uncertainty_ms]).toEqual([0, [], undefined])
    expect(rig.clock.synchronise(rig.reference(-3_600_000, { trusted: false }))).toBe('set')
  })

  test('a reference that was taken a while ago counts from then', () => {
    const rig = new Rig()
    const reference = rig.reference(20_000)
    rig.run(30)
    rig.clock.synchronise(reference)
    expect(rig.error_ms).toBe(20_000)
  })

  test('a reference that is worth less than the difference moves nothing', () => {
    const rig = new Rig()
    expect(rig.clock.synchronise(rig.reference(900, { uncertainty_ms: 1000 }))).toBe('none')
    expect(rig.clock.synchronise(rig.reference(1100, { uncertainty_ms: 1000 }))).toBe('slew')
  })

  test('a shift back waits until it stays in its minute', () => {
    const rig = new Rig()
    rig.run(3)
    expect(rig.clock.synchronise(rig.reference(-5000))).toBe('waiting')
    rig.run(1)
    expect(rig.adjustments).toEqual([])
    rig.run(1)
    expect(rig.adjustments).toEqual([{ kind: 'shift', old_ms: START_MS + 5000, new_ms: START_MS, wasValid: true }])
    // A newer reference takes the place of a shift that waits.
    rig.clock.synchronise(rig.reference(-4000))
    rig.clock.synchronise(rig.reference(0))
    rig.run(60)
    expect(rig.adjustments).toHaveLength(1)
  })

  test('a new time ends a slew', () => {
    const rig = new Rig()
    rig.clock.synchronise(rig.reference(-1500))
    rig.run(1000)
    rig.clock.set(START_MS + 777)
    const before_ms = rig.clock.now_ms() - rig.true_ms
    rig.run(5000)
    expect(rig.error_ms).toBe(before_ms)
  })

  test('a correction that was slewed reaches the clock below', () => {
    const rig = new Rig()
    rig.clock.synchronise(rig.reference(1500))
    rig.run(2000)
    expect(rig.below.sets).toBe(0)
    rig.run(2000)
    expect([rig.below.sets, rig.below.now_ms() - rig.true_ms, rig.error_ms]).toEqual([1, 1500, 1500])
  })

  test('rules that do not fit each other are refused', () => {
    for (const rules of [{ slewLimit_ms: 10_000 }, { shiftLimit_ms: 60_000 }, { slewRate_ppm: 0 }, { commit_ms: 0 }])
      expect(() => new Rig(rules)).toThrow()
  })

  test('the time becomes doubtful when no reference comes for long', () => {
    const rig = new Rig({ doubtful_ms: 1000 })
    expect([rig.clock.doubtful, rig.clock.uncertainty_ms]).toEqual([false, undefined])
    rig.clock.synchronise(rig.reference(0, { uncertainty_ms: 50 }))
    expect(rig.clock.uncertainty_ms).toBe(50)
    rig.below.true_ms += DAY_MS
    expect(rig.clock.uncertainty_ms).toBeCloseTo(50 + 501, 0)
    expect(rig.clock.doubtful).toBe(false)
    rig.below.true_ms += DAY_MS
    expect(rig.clock.doubtful).toBe(true)
  })
})

describe('properties', () => {
  const slews = fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: -2000, max: 2000 })), { minLength: 1, maxLength: 6 })

  test('while it slews the time never goes back, and every second comes once', () => {
    fc.assert(
      fc.property(slews, fc.integer({ min: -30, max: 30 }), (list, drift_ppm) => {
        const rig = new Rig()
        rig.below.drift_ppm = drift_ppm
        let last_ms = rig.clock.now_ms()
        let last_s = Math.floor(last_ms / 1000)
        for (const [pause_s, difference_ms] of list) {
          rig.clock.synchronise(rig.reference(difference_ms))
          for (let step = 0; step < pause_s * 4; step++) {
            rig.below.true_ms += 250
            if (step % 4 === 0) rig.clock.tick()
            const now_ms = rig.clock.now_ms()
            const second_s = Math.floor(now_ms / 1000)
            if (now_ms < last_ms || second_s - last_s > 1) return false
            // No faster and no slower than the rule says, rounded.
            if (Math.abs(now_ms - last_ms - 250) > 3) return false
            last_ms = now_ms
            last_s = second_s
          }
        }
        return rig.adjustments.length === 0
      }),
      { numRuns: 60 },
    )
  })

  test('millisecond by millisecond, over a clock that slews itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2000, max: 2000 }), fc.integer({ min: -80, max: 80 }), (difference_ms, ticks_ppm) => {
        const rig = new ClockRig('RV-3028-C7', START_MS, {}, ticks_ppm)
        const clock = new ClockDiscipline(rig.clock)
        clock.set(START_MS)
        // Into the hour after the comparison with the chip, when the clock below slews.
        rig.advance(3_665_000)
        clock.synchronise({ utc_ms: clock.now_ms() + difference_ms, ticks_ms: clock.ticks_ms(), uncertainty_ms: 0, trusted: true })
        let last_ms = clock.now_ms()
        for (let i = 0; i < 8000; i++) {
          rig.advance(1)
          if (i % 1000 === 0) clock.tick()
          const now_ms = clock.now_ms()
          if (now_ms < last_ms || now_ms - last_ms > 3) return false
          last_ms = now_ms
        }
        return true
      }),
      { numRuns: 15 },
    )
  })

  test('where the clock below stands still while this one slews back, the time stands still', () => {
    const rig = new Rig()
    rig.clock.synchronise(rig.reference(-100))
    let last_ms = rig.clock.now_ms()
    for (let i = 0; i < 20_000; i++) {
      rig.below.true_ms++
      // One millisecond in two thousand, at any moment.
      if (i % 1999 === 0) rig.below.lag_ms++
      const now_ms = rig.clock.now_ms()
      expect(now_ms - last_ms).toBeGreaterThanOrEqual(0)
      last_ms = now_ms
    }
    rig.below.lag_ms += 1000
    expect(rig.clock.now_ms(), 'a step of the clock below').toBeLessThan(last_ms)
  })

  const shifts = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 400 }), fc.oneof(fc.integer({ min: -9000, max: 9000 }), fc.integer({ min: -2000, max: 2000 }))),
    { minLength: 1, maxLength: 12 },
  )

  test('slewed or shifted, no beginning of a capture period comes twice', () => {
    fc.assert(
      fc.property(shifts, (list) => {
        const rig = new Rig()
        const minutes = new Set<number>()
        let minute = Math.floor(rig.clock.now_ms() / 60_000)
        minutes.add(minute)
        for (const [pause_s, difference_ms] of list) {
          rig.clock.synchronise(rig.reference(difference_ms))
          let doubled = false
          rig.run(pause_s, () => {
            const now = Math.floor(rig.clock.now_ms() / 60_000)
            if (now === minute) return
            // Never one that was there, and none is left out.
            if (minutes.has(now) || now !== minute + 1) doubled = true
            minutes.add(now)
            minute = now
          })
          if (doubled) return false
        }
        return true
      }),
      { numRuns: 200 },
    )
  })

  test('each step is told once, and the times fit', () => {
    const differences = fc.integer({ min: -100_000, max: 100_000 })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), differences), { maxLength: 10 }), (list) => {
        const rig = new Rig()
        let steps_ms = 0
        for (const [pause_s, difference_ms] of list) {
          rig.clock.synchronise(rig.reference(difference_ms))
          rig.run(pause_s)
        }
        rig.run(5000)
        for (const { kind, old_ms, new_ms } of rig.adjustments) {
          steps_ms += new_ms - old_ms
          const size_ms = Math.abs(new_ms - old_ms)
          if (kind === 'shift' && (size_ms <= CLOCK_RULES.slewLimit_ms || size_ms > CLOCK_RULES.shiftLimit_ms)) return false
          if (kind === 'set' && size_ms <= CLOCK_RULES.shiftLimit_ms) return false
        }
        // What was not stepped was slewed.
        return Math.abs(rig.error_ms - steps_ms) <= list.length * CLOCK_RULES.slewLimit_ms
      }),
      { numRuns: 100 },
    )
  })
})

describe('drift', () => {
  /** Daily references with an uncertainty, seconds apart in ten-minute steps. */
  function days(rig: Rig, count: number, uncertainty_ms: number, synchronise = true): void {
    for (let day = 0; day < count; day++) {
      for (let i = 0; i < 1440; i++) {
        rig.below.true_ms += 60_000
        rig.clock.tick()
      }
      const utc_ms = Math.round(rig.true_ms)
      if (synchronise) rig.clock.synchronise({ utc_ms, ticks_ms: rig.clock.ticks_ms(), uncertainty_ms, trusted: true })
    }
  }

  test.each([-45, -8, 0, 3, 20])('a clock that is %i ppm fast is learned and corrected', (drift_ppm) => {
    const rig = new Rig()
    rig.below.drift_ppm = drift_ppm
    days(rig, 4, 40)
    expect(rig.clock.drift.drift_ppm).toBeCloseTo(drift_ppm, 0)
    const before_ms = rig.error_ms
    days(rig, 30, 0, false)
    // A bare crystal keeps to half a second a day now.
    expect(Math.abs(rig.error_ms - before_ms)).toBeLessThan(30 * 100)
    expect(rig.adjustments.filter(({ kind }) => kind === 'set')).toEqual([])
  })

  test('references that are worth little teach nothing until they are far apart', () => {
    const rig = new Rig()
    rig.below.drift_ppm = 10
    days(rig, 3, 1000)
    expect(rig.clock.drift.drift_ppm).toBeUndefined()
    days(rig, 12, 1000)
    expect(rig.clock.drift.drift_ppm).toBeCloseTo(10, 0)
  })

  test('a clock that was set by hand has not drifted', () => {
    const rig = new Rig()
    days(rig, 2, 10)
    rig.clock.set(Math.round(rig.true_ms) + 3_600_000)
    days(rig, 2, 10)
    expect(rig.clock.drift.drift_ppm).toBeCloseTo(0, 1)
  })

  test('what an earlier run learned counts at once', () => {
    const below = new FakeClock(START_MS)
    below.drift_ppm = 50
    const clock = new ClockDiscipline(below, { drift: new DriftEstimator({ drift_ppm: 50 }) })
    for (let i = 0; i < 1440; i++) {
      below.true_ms += 60_000
      clock.tick()
    }
    expect(Math.abs(clock.now_ms() - (START_MS + DAY_MS))).toBeLessThan(10)
  })

  test('a trimmed oscillator starts from what it was trimmed by', () => {
    const rig = new Rig()
    rig.below.drift_ppm = 10
    days(rig, 3, 10)
    rig.clock.drift.trimmed(-10)
    expect(rig.clock.drift.drift_ppm).toBeCloseTo(0, 0)
  })
})
