import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parsePlan, planSchema } from '../../src/cli/hil/plan-file.ts'
import { FerrarisError } from '../../src/lib/errors.ts'

const FOLDER = new URL('../../src/hil/plans/', import.meta.url)

function mistakes(plan: unknown): string[] {
  try {
    parsePlan(typeof plan === 'string' ? plan : JSON.stringify(plan), 'p.json')
  } catch (error) {
    if (error instanceof FerrarisError && error.code === 'PLAN') return error.message.split('\n')
    throw error
  }
  return []
}

const plan = (...steps: readonly object[]) => ({ name: 'x', steps })

describe('plans', () => {
  test.each(readdirSync(FOLDER).filter((name) => name.endsWith('.json')))('the plan %s of the package is a good one', (name) => {
    const { steps } = parsePlan(readFileSync(new URL(name, FOLDER), 'utf8'), name)
    expect(steps.length).toBeGreaterThan(0)
  })

  test('steps are in order of time, durations are numbers, a plan begins in a quiet world', () => {
    const { steps, setup } = parsePlan(
      JSON.stringify(
        plan(
          { at: '1m1s', mains: { factor: 0, for: '250ms' } },
          { at: '2s', register: { code: '1.8.0', is: 100, tolerance: 1, tolerance_percent: 1 } },
        ),
      ),
      'p.json',
    )
    expect(steps).toEqual([
      { at_ms: 2000, index: 1, kind: 'register', code: '1.8.0', is: 100, tolerance: 2, within_ms: 3000 },
      { at_ms: 61_000, index: 0, kind: 'stimulus', stimulus: { kind: 'mains', phase: 'all', factor: 0, duration_ms: 250 } },
    ])
    expect([setup.world.load, setup.world.wander, setup.world.appliances]).toEqual(['none', false, []])
  })

  test('what the setup says goes before what is quiet', () => {
    const { setup } = parsePlan(
      JSON.stringify({ ...plan({ at: '0s', mark: 'a' }), setup: { world: { wander: true, board: 'virtual-1p' } } }),
      'p.json',
    )
    expect([setup.world.wander, setup.world.board, setup.world.load]).toEqual([true, 'virtual-1p', 'none'])
  })

  test.each([
    ['{', 'p.json: not JSON'],
    [[], 'p.json: plan: found a list of 0, allowed is an object'],
    [{ name: 'x' }, 'p.json: steps: missing, allowed is a list of 1..500 entries'],
    [plan({ at: 'soon', mark: 'a' }), 'p.json: steps[0].at: found "soon", allowed is a duration such as 500ms, 5s or 1m30s'],
    [plan({ at: '1s' }), 'p.json: steps[0]: found only a time, allowed is exactly one of load, mains, cut'],
    [plan({ at: '1s', mark: 'a', cut: { for: '1s' } }), 'p.json: steps[0]: found cut and mark, allowed is exactly one of'],
    [plan({ at: '1s', laod: {} }), 'p.json: steps[0].laod: unknown field, did you mean "load"?'],
    [
      plan({ at: '1s', load: { active_W: 'much' } }),
      'p.json: steps[0].load.active_W: found "much", allowed is a number -100000..100000 (W)',
    ],
    [plan({ at: '1s', load: { phase: 4, active_W: 1 } }), 'p.json: steps[0].load.phase: found 4, allowed is 1 or 2 or 3 or "all"'],
    [
      plan({ at: '1s', energy: { since: 'a' } }, { at: '2s', mark: 'a' }),
      'p.json: steps[0].energy.since: found "a", allowed is a mark of an earlier step (there is none)',
    ],
    [
      { ...plan({ at: '1s', mark: 'a' }), setup: { meter: { dlms: { port: 'x' } } } },
      'p.json: setup.meter.dlms.port: found "x", allowed is an integer 0..65535',
    ],
    [
      { ...plan({ at: '1s', mark: 'a' }), limits: { answer_ms: 0 } },
      'p.json: limits.answer_ms: found 0, allowed is a number 1..600000 (ms)',
    ],
  ])('%j: the mistake is named', (input, start) => {
    expect(mistakes(input)[0].slice(0, start.length)).toBe(start)
  })

  test('the schema for an editor knows every kind of step', () => {
    const schema = JSON.parse(planSchema()) as { properties: { steps: { items: { properties: object } } } }
    expect(Object.keys(schema.properties.steps.items.properties)).toEqual(
      expect.arrayContaining(['at', 'load', 'mains', 'cut', 'appliance', 'tamper', 'console', 'mark', 'register', 'energy', 'event']),
    )
  })
})
