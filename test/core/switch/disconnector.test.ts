import { describe, expect, test } from 'vitest'
import { ControlState } from '../../../src/core/switch/control-modes.ts'
import { Disconnector } from '../../../src/core/switch/disconnector.ts'
import { SwitchEvent, SwitchFailure } from '../../../src/core/switch/events.ts'
import { FerrarisError } from '../../../src/lib/errors.ts'
import { SwitchRig } from './rig.ts'

/** Control state, whether the contact is closed, and what attribute 2 says of it. */
function look(rig: SwitchRig): [number, boolean, boolean] {
  return [rig.disconnector.controlState, rig.relay.closed, rig.disconnector.outputState]
}

/** Settings in memory that fail when told to. */
function memory() {
  const values = new Map<string, Uint8Array>()
  const settings = {
    code: '',
    values,
    get: (key: string) => values.get(key),
    set: (key: string, value: Uint8Array) => {
      if (settings.code !== '') throw new FerrarisError(settings.code, 'no')
      values.set(key, value)
    },
  }
  return settings
}

describe('disconnector', () => {
  test('a new meter is connected', () => {
    const rig = new SwitchRig().start()
    rig.run(20)
    expect(look(rig)).toEqual([ControlState.connected, true, true])
    expect([rig.events, rig.disconnector.settled, rig.relay.pulses]).toEqual([[], true, 0])
  })

  test('mode 1: off remotely, released remotely, on by hand', () => {
    const rig = new SwitchRig().start()
    const { disconnector } = rig
    rig.run(10)
    expect(disconnector.trigger('remoteDisconnect')).toBe('success')
    expect(look(rig)).toEqual([ControlState.disconnected, true, true])
    expect([disconnector.pending, disconnector.settled]).toEqual([true, false])
    rig.run(2)
    expect(look(rig)).toEqual([ControlState.disconnected, false, false])
    expect([disconnector.pending, disconnector.settled]).toEqual([false, true])
    expect(disconnector.trigger('manualReconnect')).toBe('not-now')
    expect(disconnector.trigger('remoteReconnect')).toBe('success')
    rig.run(10)
    expect(look(rig)).toEqual([ControlState.readyForReconnection, false, false])
    expect(disconnector.trigger('manualReconnect')).toBe('success')
    rig.run(10)
    expect(look(rig)).toEqual([ControlState.connected, true, true])
    expect(rig.events).toEqual([
      [SwitchEvent.remoteDisconnection, 0],
      [SwitchEvent.readyForReconnection, 0],
      [SwitchEvent.manualConnection, 0],
    ])
  })

  test('mode 4: on remotely; what is done already and what is forbidden changes nothing', () => {
    const rig = new SwitchRig({ mode: 4 }).start()
    const { disconnector } = rig
    expect(disconnector.trigger('manualDisconnect')).toBe('forbidden')
    expect(disconnector.trigger('remoteReconnect')).toBe('success')
    expect(disconnector.trigger('localDisconnect')).toBe('success')
    expect(disconnector.trigger('localDisconnect')).toBe('success')
    expect(disconnector.trigger('remoteReconnect')).toBe('not-now')
    expect(disconnector.trigger('remoteDisconnect')).toBe('success')
    expect(disconnector.trigger('remoteReconnect')).toBe('success')
    rig.run(20)
    expect(look(rig)).toEqual([ControlState.connected, true, true])
    expect(rig.codes).toEqual([SwitchEvent.localDisconnection, SwitchEvent.remoteDisconnection, SwitchEvent.remoteConnection])
  })

  test('the control mode', () => {
    expect(() => new SwitchRig({ mode: 7 }).start()).toThrow(RangeError)
    const rig = new SwitchRig({ mode: 6 }).start()
    const { disconnector } = rig
    expect([disconnector.setControlMode(7), disconnector.setControlMode(1.5), disconnector.setControlMode(6)]).toEqual([
      'forbidden',
      'forbidden',
      'success',
    ])
    disconnector.trigger('localDisconnect')
    expect(disconnector.setControlMode(0)).toBe('not-now')
    expect(disconnector.setControlMode(5)).toBe('success')
    disconnector.trigger('localReconnect')
    expect(disconnector.setControlMode(0)).toBe('success')
    expect(disconnector.trigger('remoteDisconnect')).toBe('forbidden')
    rig.cut()
    rig.run(5)
    rig.start()
    expect(rig.disconnector.controlMode).toBe(0)
    expect(rig.events.filter(([code]) => code === SwitchEvent.controlModeChanged)).toEqual([
      [SwitchEvent.controlModeChanged, 5],
      [SwitchEvent.controlModeChanged, 0],
    ])
  })

  test('the state survives; a contact that is where it should be gets no pulse', () => {
    const rig = new SwitchRig().start()
    rig.disconnector.trigger('remoteDisconnect')
    rig.run(10)
    rig.cut()
    rig.run(3600)
    rig.events = []
    const { pulses } = rig.relay
    rig.start()
    rig.run(30)
    expect(look(rig)).toEqual([ControlState.disconnected, false, false])
    expect([rig.events, rig.relay.pulses - pulses]).toEqual([[], 0])
  })

  test.each(['assert', 'leave'] as const)('a command that the supply interrupts is completed and told again (%s)', (position) => {
    const rig = new SwitchRig({ position }).start()
    rig.run(10)
    rig.disconnector.trigger('remoteDisconnect')
    // In the middle of the pulse, before the armature moves.
    rig.run(0.01)
    rig.cut()
    expect(rig.relay.closed).toBe(true)
    rig.run(60)
    expect(rig.relay.closed).toBe(true)
    rig.start()
    rig.run(10)
    expect(look(rig)).toEqual([ControlState.disconnected, false, false])
    expect(rig.events).toEqual([
      [SwitchEvent.remoteDisconnection, 0],
      [SwitchEvent.remoteDisconnection, 1],
    ])
  })

  test('moved while there was no supply: moved back, or only told', () => {
    for (const [position, closed] of [
      ['assert', false],
      ['leave', true],
    ] as const) {
      const rig = new SwitchRig({ position }).start()
      rig.disconnector.trigger('remoteDisconnect')
      rig.run(10)
      rig.cut()
      rig.relay.knock(true)
      rig.run(10)
      rig.events = []
      rig.start()
      rig.run(300)
      expect(look(rig)).toEqual([ControlState.disconnected, closed, closed])
      expect(rig.events).toEqual([[SwitchEvent.failure, SwitchFailure.moved]])
    }
  })

  test('a contact that is moved again and again is logged and moved back once a minute', () => {
    const rig = new SwitchRig().start()
    for (let i = 0; i < 300; i++) {
      rig.relay.knock(false)
      rig.run(1)
    }
    rig.run(70)
    expect(rig.relay.closed).toBe(true)
    expect(rig.events.length).toBeGreaterThanOrEqual(5)
    expect(rig.events.length).toBeLessThanOrEqual(7)
    expect(new Set(rig.events.map(String))).toEqual(new Set([`${SwitchEvent.failure},${SwitchFailure.moved}`]))
  })

  test('welded: given up after three pulses, told once; the next command tries again', () => {
    const rig = new SwitchRig().start()
    rig.relay.weld(1, true)
    rig.disconnector.trigger('remoteDisconnect')
    rig.run(60)
    expect(look(rig)).toEqual([ControlState.disconnected, true, true])
    expect([rig.disconnector.fault, rig.relay.pulses]).toEqual(['did-not-open', 3])
    expect(rig.events).toEqual([
      [SwitchEvent.remoteDisconnection, 0],
      [SwitchEvent.failure, SwitchFailure.didNotOpen],
    ])
    rig.disconnector.trigger('remoteDisconnect')
    rig.run(60)
    expect([rig.relay.pulses, rig.events.length]).toEqual([6, 3])
    rig.relay.weld(1, false)
    rig.disconnector.trigger('remoteDisconnect')
    rig.run(60)
    expect(look(rig)).toEqual([ControlState.disconnected, false, false])
    expect([rig.disconnector.fault, rig.disconnector.settled, rig.events.length]).toEqual([undefined, true, 3])
  })

  test('without feedback: current tells that a pole is welded', () => {
    const rig = new SwitchRig({ feedback: false }).start()
    rig.run(10)
    rig.relay.weld(0, true)
    rig.disconnector.trigger('remoteDisconnect')
    rig.run(5)
    expect(rig.disconnector.outputState).toBe(false)
    rig.run(20)
    expect([rig.disconnector.outputState, rig.disconnector.fault]).toEqual([true, 'current-while-open'])
    expect(rig.codes).toEqual([SwitchEvent.remoteDisconnection, SwitchEvent.failure])
  })

  test('bypassed: the contact is open, and current flows', () => {
    const rig = new SwitchRig().start()
    rig.disconnector.trigger('remoteDisconnect')
    rig.run(10)
    rig.relay.bypass(true)
    rig.run(30)
    expect([rig.disconnector.outputState, rig.disconnector.fault]).toEqual([false, 'current-while-open'])
    expect(rig.events.at(-1)).toEqual([SwitchEvent.failure, SwitchFailure.currentWhileOpen])
    rig.relay.bypass(false)
    rig.run(30)
    expect([rig.disconnector.fault, rig.events.length]).toEqual([undefined, 2])
  })

  test('flash that takes no more: nothing is switched', () => {
    const settings = memory()
    const events: number[][] = []
    const options = {
      settings,
      ticks_ms: () => 0,
      mode: 1,
      position: 'assert',
      onEvent: (...event: number[]) => events.push(event),
    } as const
    const disconnector = new Disconnector(options)
    for (const code of ['STORAGE_WORN', 'SETTINGS_FULL']) {
      settings.code = code
      expect(disconnector.trigger('remoteDisconnect')).toBe('hardware-fault')
      expect(disconnector.setControlMode(2)).toBe('hardware-fault')
    }
    expect([disconnector.controlState, disconnector.controlMode]).toEqual([ControlState.connected, 1])
    expect(events).toEqual(Array(2).fill([SwitchEvent.failure, SwitchFailure.notStored]))
    settings.code = 'POWER_LOSS'
    expect(() => disconnector.trigger('remoteDisconnect')).toThrow('no')
  })

  test('what another firmware may have stored counts as nothing', () => {
    for (const bytes of [[], [2, 0, 1, 0, 0], [1, 3, 1, 0, 0], [1, 0, 9, 0, 0], [1, 0, 0, 0, 0], [1, 0, 1, 3, 0], [1, 0, 1, 0, 0x7a]]) {
      const settings = memory()
      settings.values.set('switch.state', Uint8Array.from(bytes))
      const disconnector = new Disconnector({ settings, ticks_ms: () => 0, mode: 3, position: 'assert', onEvent: () => {} })
      expect([disconnector.controlState, disconnector.controlMode], String(bytes)).toEqual([ControlState.connected, 3])
    }
  })

  test('without a relay commands are taken, and followed when it is there', () => {
    const rig = new SwitchRig().start()
    rig.disconnector.detach()
    rig.disconnector.trigger('remoteDisconnect')
    rig.run(10)
    expect(look(rig)).toEqual([ControlState.disconnected, true, true])
    rig.disconnector.attach(rig.driver)
    rig.run(10)
    expect(look(rig)).toEqual([ControlState.disconnected, false, false])
  })
})
