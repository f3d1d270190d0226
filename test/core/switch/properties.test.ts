import fc from 'fast-check'
import '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { ControlState, judge, type Trigger } from '../../../src/core/switch/control-modes.ts'
import { SwitchEvent } from '../../../src/core/switch/events.ts'
import { limitTo3kW, SwitchRig } from './rig.ts'

/**
 * A contact may be elsewhere than the control state says for as long as an operation takes (interval, three pulses, two pauses, and the second that sees it),
 * and no longer without an event; and for a minute after one.
 */
const PATIENCE_S = 12
const HOLD_OFF_S = 62

const trigger = fc.constantFrom<Trigger[]>(
  'remoteDisconnect',
  'remoteReconnect',
  'manualDisconnect',
  'manualReconnect',
  'localDisconnect',
  'localReconnect',
)
const action = fc.oneof(
  { weight: 6, arbitrary: trigger.map((name) => ({ kind: 'trigger', name }) as const) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 8 }).map((mode) => ({ kind: 'mode', mode }) as const) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(2), fc.boolean()).map(([phase, on]) => ({ kind: 'weld', phase, on }) as const) },
  { weight: 1, arbitrary: fc.boolean().map((on) => ({ kind: 'stick', on }) as const) },
  { weight: 1, arbitrary: fc.boolean().map((closed) => ({ kind: 'knock', closed }) as const) },
  { weight: 2, arbitrary: fc.constantFrom(0, 500, 5000).map((load_W) => ({ kind: 'load', load_W }) as const) },
  { weight: 2, arbitrary: fc.nat(40).map((outage_s) => ({ kind: 'cut', outage_s }) as const) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map((operation) => ({ kind: 'tear', operation }) as const) },
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never
const history = fc.array(fc.tuple(action, fc.double({ min: 0, max: 30, noNaN: true })), { maxLength: 40 })

/** Watches a meter from outside: from the relay and the log alone. */
class Watch {
  readonly rig: SwitchRig
  #differs_s = 0
  #event_s = Number.POSITIVE_INFINITY
  #seen = 0

  constructor(rig: SwitchRig) {
    this.rig = rig
  }

  /** Lets time pass second by second. */
  run(duration_s: number): void {
    for (let left_s = duration_s; left_s > 0; left_s--) {
      this.rig.run(Math.min(1, left_s))
      this.#look()
    }
  }

  #look(): void {
    const { rig } = this
    expect([rig.relay.conflicts, rig.relay.burnt]).toEqual([0, false])
    this.#event_s = rig.events.length > this.#seen ? 0 : this.#event_s + 1
    this.#seen = rig.events.length
    if (!rig.on) {
      this.#differs_s = 0
      return
    }
    const { disconnector } = rig
    const wanted = disconnector.controlState === ControlState.connected
    this.#differs_s = rig.relay.closed === wanted ? 0 : this.#differs_s + 1
    if (this.#differs_s <= PATIENCE_S || this.#event_s < HOLD_OFF_S) return
    // What lasts is a fault that was told, and attribute 2 shows it.
    expect(disconnector.outputState).toBe(rig.relay.closed)
    expect(disconnector.fault).toBeDefined()
    expect(rig.codes).toContain(SwitchEvent.failure)
  }
}

function perform(rig: SwitchRig, step: Action): void {
  switch (step.kind) {
    case 'trigger':
      rig.attempt(({ disconnector }) => {
        const { controlMode, controlState } = disconnector
        const verdict = judge(controlMode, controlState, step.name)
        const count = rig.events.length
        const result = disconnector.trigger(step.name)
        expect(result).toBe(typeof verdict !== 'string' || verdict === 'already' ? 'success' : verdict)
        expect(disconnector.controlState).toBe(typeof verdict === 'string' ? controlState : verdict.to)
        expect(rig.events.slice(count)).toEqual(typeof verdict === 'string' ? [] : [[verdict.event, 0]])
      })
      break
    case 'mode':
      rig.attempt(({ disconnector }) => disconnector.setControlMode(step.mode))
      break
    case 'weld':
      rig.relay.weld(step.phase, step.on)
      break
    case 'stick':
      rig.relay.stick(step.on)
      break
    case 'knock':
      rig.relay.knock(step.closed)
      break
    case 'load':
      rig.load_W = step.load_W
      break
    case 'cut':
      if (rig.on) rig.cut()
      rig.run(step.outage_s)
      break
    case 'tear':
      if (rig.on) rig.flash.cutAt(rig.flash.operations + step.operation, 'bits')
  }
}

describe('any commands, modes, cuts, welds and knocks', () => {
  test('the contact is never elsewhere than the control state says without an event', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), history, (mode, steps) => {
        const rig = new SwitchRig({ mode }).start()
        limitTo3kW(rig)
        const watch = new Watch(rig)
        for (const [step, pause_s] of steps) {
          perform(rig, step)
          if (!rig.on) rig.start()
          watch.run(pause_s)
        }
        if (!rig.on) rig.start()
        watch.run(80)
        const { disconnector } = rig
        if (disconnector.controlMode === 0) expect(disconnector.controlState).toBe(ControlState.connected)
      }),
      { numRuns: 150 },
    )
  })

  test('a relay that works follows in the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6 }), history, (mode, steps) => {
        const rig = new SwitchRig({ mode }).start()
        for (const [step, pause_s] of steps) {
          if (step.kind !== 'weld' && step.kind !== 'stick') perform(rig, step)
          if (!rig.on) rig.start()
          rig.run(pause_s)
        }
        if (!rig.on) rig.start()
        rig.flash.powerOn()
        rig.run(80)
        const { disconnector, relay } = rig
        expect([disconnector.settled, relay.closed]).toEqual([true, disconnector.controlState === ControlState.connected])
      }),
      { numRuns: 100 },
    )
  })
})
