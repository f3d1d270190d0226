import { describe, expect, test } from 'vitest'
import { ControlState, type Trigger } from '../../../src/core/switch/control-modes.ts'
import { SwitchEvent } from '../../../src/core/switch/events.ts'
import type { Tear } from '../../../src/world/chips/nor-flash.ts'
import { SwitchRig } from './rig.ts'

const STEPS: readonly [Trigger, ControlState, number][] = [
  ['remoteDisconnect', ControlState.disconnected, SwitchEvent.remoteDisconnection],
  ['remoteReconnect', ControlState.readyForReconnection, SwitchEvent.readyForReconnection],
  ['manualReconnect', ControlState.connected, SwitchEvent.manualConnection],
  ['manualDisconnect', ControlState.readyForReconnection, SwitchEvent.manualDisconnection],
]
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'reordered']

/** Seconds from the command to the cut: around the pulse (150 ms), the confirmation, and long after. */
const MOMENTS_S = [0, 0.005, 0.014, 0.016, 0.025, 0.05, 0.099, 0.101, 0.149, 0.151, 0.5, 0.999, 1.001, 3]

/** The contact is where the state says, whichever that is. */
function expectSettled(rig: SwitchRig, name: string): void {
  const { disconnector, relay } = rig
  expect(relay.closed, name).toBe(disconnector.controlState === ControlState.connected)
  expect([disconnector.settled, disconnector.outputState, relay.burnt], name).toEqual([true, relay.closed, false])
}

/** The state is the one before or the one after; after, its event is in the log; and the contact follows. */
function expectWhole(rig: SwitchRig, before: ControlState, after: ControlState, code: number, name: string): void {
  const state = rig.disconnector.controlState
  expect([before, after], name).toContain(state)
  expectSettled(rig, name)
  if (state === after) expect(rig.codes, name).toContain(code)
}

describe('a power cut during an operation', () => {
  test.each(TEARS)('in every flash operation, %s', (tear) => {
    let cuts = 0
    for (let operation = 1; operation < 100; operation++) {
      const rig = new SwitchRig().start()
      rig.run(10)
      rig.flash.cutAt(rig.flash.operations + operation, tear)
      let before: ControlState = ControlState.connected
      let done = false
      for (const [trigger, after, code] of STEPS) {
        rig.events = []
        rig.attempt((parts) => parts.disconnector.trigger(trigger))
        rig.run(10)
        if (!rig.on) {
          cuts++
          done = true
          rig.run(60)
          rig.start()
          rig.run(20)
          const name = `${trigger} cut in operation ${operation}`
          // A cache that loses what it has acknowledged loses whole transitions.
          if (tear === 'reordered') expectSettled(rig, name)
          else expectWhole(rig, before, after, code, name)
          break
        }
        before = after
      }
      if (!done) break
    }
    expect(cuts).toBeGreaterThan(4)
  })

  test.each(MOMENTS_S)('%f s after the command', (moment_s) => {
    const rig = new SwitchRig().start()
    rig.run(10)
    let before: ControlState = ControlState.connected
    for (const [trigger, after, code] of STEPS) {
      rig.events = []
      rig.attempt((parts) => parts.disconnector.trigger(trigger))
      rig.run(moment_s)
      rig.cut()
      rig.run(60)
      rig.start()
      rig.run(20)
      expect(rig.disconnector.controlState).toBe(after)
      expectWhole(rig, before, after, code, `${trigger} cut after ${moment_s} s`)
      before = after
    }
  })
})
