import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Life } from './life.ts'
import { flashStep, gentleStep, roughStep, type Shape, type Step, shape } from './steps.ts'

const STEPS_MAX = 14

/** A life is looked through after every step. */
function live(setup: Shape, steps: readonly Step[], damaged = false): Life {
  const life = new Life(setup)
  life.books.damaged = damaged
  for (const step of steps) {
    life.run(step)
    life.check()
  }
  life.rig.machine.stop()
  return life
}

function lives(step: fc.Arbitrary<Step>, numRuns: number, damaged = false): void {
  fc.assert(
    fc.property(shape, fc.array(step, { maxLength: STEPS_MAX }), (setup, steps) => {
      live(setup, steps, damaged)
    }),
    { numRuns },
  )
}

describe('any life of a whole meter', () => {
  test('that is told of everything: no count is lost, every rate has what flowed in it, every period has its entry', () => {
    lives(gentleStep, 20)
  })

  test('with cuts in the middle of a write, resets and a bus that fails: nothing but what was not saved is lost, and every gap says why', () => {
    lives(roughStep, 20)
  })

  test('on a flash that wears out, rots and ignores commands: energy goes on to the last count', () => {
    lives(flashStep, 10, true)
  })
})

describe('a metering IC that does not answer at the end of a demand period', () => {
  const setup: Shape = {
    start: '2026-06-30T20:30:00Z',
    seed: 1,
    profile_min: 1,
    demand_min: 1,
    periods: 1,
    rateWithoutClock: 1,
    missing: 'absent',
    save_s: 60,
    holdUp_ms: 500,
  }

  test('its counts come in the next period, which sets no maximum for that', () => {
    const silence = fc.record({ before_s: fc.integer({ min: 1, max: 59 }), seconds: fc.integer({ min: 1, max: 90 }) })
    fc.assert(
      fc.property(silence, ({ before_s, seconds }) => {
        const life = live(setup, [
          { kind: 'load', appliances: 1, photovoltaics_W: 0 },
          { kind: 'run', seconds: 120 + before_s },
          { kind: 'bus', fault: 'low', seconds, at: 0 },
          { kind: 'run', seconds: 240 },
        ])
        expect(life.rig.machine.meter).toBeUndefined()
      }),
      { numRuns: 15 },
    )
  })
})
