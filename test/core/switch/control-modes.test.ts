import { describe, expect, test } from 'vitest'
import { ControlState, judge, TRANSITIONS, type Trigger } from '../../../src/core/switch/control-modes.ts'
import { SwitchEvent, switchEventText } from '../../../src/core/switch/events.ts'

const TRIGGERS: readonly Trigger[] = [
  'remoteDisconnect',
  'remoteReconnect',
  'manualDisconnect',
  'manualReconnect',
  'localDisconnect',
  'localReconnect',
]

/**
 * Table "Control mode" of IEC 62056-6-2, written out: for each mode the state after a trigger, for the states 0 disconnected, 1 connected, 2 ready for
 * reconnection. `=` nothing to do, `!` not now, `x` forbidden.
 */
const TABLE: readonly Readonly<Record<Trigger, string>>[] = [
  {
    remoteDisconnect: 'xxx',
    remoteReconnect: 'xxx',
    manualDisconnect: 'xxx',
    manualReconnect: 'xxx',
    localDisconnect: 'xxx',
    localReconnect: 'xxx',
  },
  {
    remoteDisconnect: '=00',
    remoteReconnect: '2==',
    manualDisconnect: '=2=',
    manualReconnect: '!=1',
    localDisconnect: '=2=',
    localReconnect: 'xxx',
  },
  {
    remoteDisconnect: '=00',
    remoteReconnect: '1=!',
    manualDisconnect: '=2=',
    manualReconnect: '!=1',
    localDisconnect: '=2=',
    localReconnect: 'xxx',
  },
  {
    remoteDisconnect: '=00',
    remoteReconnect: '2==',
    manualDisconnect: 'xxx',
    manualReconnect: '!=1',
    localDisconnect: '=2=',
    localReconnect: 'xxx',
  },
  {
    remoteDisconnect: '=00',
    remoteReconnect: '1=!',
    manualDisconnect: 'xxx',
    manualReconnect: '!=1',
    localDisconnect: '=2=',
    localReconnect: 'xxx',
  },
  {
    remoteDisconnect: '=00',
    remoteReconnect: '2==',
    manualDisconnect: '=2=',
    manualReconnect: '!=1',
    localDisconnect: '=2=',
    localReconnect: '!=1',
  },
  {
    remoteDisconnect: '=00',
    remoteReconnect: '2==',
    manualDisconnect: 'xxx',
    manualReconnect: '!=1',
    localDisconnect: '=2=',
    localReconnect: '!=1',
  },
]

function outcome(mode: number, state: ControlState, trigger: Trigger): string {
  const verdict = judge(mode, state, trigger)
  if (typeof verdict !== 'string') return String(verdict.to)
  return { already: '=', 'not-now': '!', forbidden: 'x' }[verdict]
}

describe('control modes', () => {
  test.each([0, 1, 2, 3, 4, 5, 6])('mode %i', (mode) => {
    const states = Object.values(ControlState)
    const found = Object.fromEntries(TRIGGERS.map((trigger) => [trigger, states.map((state) => outcome(mode, state, trigger)).join('')]))
    expect(found).toEqual(TABLE[mode])
  })

  test('a mode that does not exist knows nothing', () => {
    for (const trigger of TRIGGERS) expect(judge(7, ControlState.connected, trigger)).toBe('forbidden')
  })

  test('transitions and their codes', () => {
    expect(TRANSITIONS.map(({ name, from, to, event }) => `${name} ${from}>${to} ${event}`)).toEqual([
      'a 0>1 63',
      'b 1>0 62',
      'c 2>0 62',
      'd 0>2 59',
      'e 2>1 61',
      'f 1>2 60',
      'g 1>2 64',
      'h 2>1 69',
    ])
  })

  test('every code has words', () => {
    for (const code of Object.values(SwitchEvent)) expect(switchEventText(code)).not.toContain('Event')
    expect(switchEventText(12)).toBe('Event 12')
  })
})
