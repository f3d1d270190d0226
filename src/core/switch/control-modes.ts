/**
 * States, triggers and transitions of a disconnect control, as COSEM interface class 70 has them (IEC 62056-6-2, "Disconnect control", figure "State
 * diagram" and table "Control mode"; the same tables are in the MetCom MCS301 manual 1.25, table 44, and in the enumerations of public COSEM libraries).
 */
import { SwitchEvent } from './events.ts'

/** Attribute 3, control_state. */
export const ControlState = Object.freeze({ disconnected: 0, connected: 1, readyForReconnection: 2 })
export type ControlState = (typeof ControlState)[keyof typeof ControlState]

/**
 * Who asks for what. Remote: a client, by a method or a script. Manual: a person at the meter. Local: a function of the meter itself, such as the
 * limiter.
 */
export type Trigger = 'remoteDisconnect' | 'remoteReconnect' | 'manualDisconnect' | 'manualReconnect' | 'localDisconnect' | 'localReconnect'

export interface Transition {
  /** The letter of the standard. */
  readonly name: string
  readonly trigger: Trigger
  readonly from: ControlState
  readonly to: ControlState
  /** A code of `SwitchEvent`. */
  readonly event: number
}

function transition(name: string, trigger: Trigger, from: ControlState, to: ControlState, event: number): Transition {
  return Object.freeze({ name, trigger, from, to, event })
}

const { disconnected, connected, readyForReconnection } = ControlState

export const TRANSITIONS: readonly Transition[] = Object.freeze([
  transition('a', 'remoteReconnect', disconnected, connected, SwitchEvent.remoteConnection),
  transition('b', 'remoteDisconnect', connected, disconnected, SwitchEvent.remoteDisconnection),
  transition('c', 'remoteDisconnect', readyForReconnection, disconnected, SwitchEvent.remoteDisconnection),
  transition('d', 'remoteReconnect', disconnected, readyForReconnection, SwitchEvent.readyForReconnection),
  transition('e', 'manualReconnect', readyForReconnection, connected, SwitchEvent.manualConnection),
  transition('f', 'manualDisconnect', connected, readyForReconnection, SwitchEvent.manualDisconnection),
  transition('g', 'localDisconnect', connected, readyForReconnection, SwitchEvent.localDisconnection),
  transition('h', 'localReconnect', readyForReconnection, connected, SwitchEvent.localConnection),
])

/** The transitions of each control mode, 0 to 6. In mode 0 the supply is always connected. */
const CONTROL_MODES: readonly string[] = Object.freeze(['', 'bcfgde', 'bcfgae', 'bcgde', 'bcgae', 'bcfgdeh', 'bcgdeh'])

export function isControlMode(mode: number): boolean {
  return Number.isInteger(mode) && mode >= 0 && mode < CONTROL_MODES.length
}

/** A trigger of either kind: on, or off. */
export function wantsConnection(trigger: Trigger): boolean {
  return trigger === 'remoteReconnect' || trigger === 'manualReconnect' || trigger === 'localReconnect'
}

/**
 * What a trigger does:
 * - a transition;
 * - `already`: nothing, because the state is one that the trigger leads to, or further;
 * - `not-now`: it is part of the mode, but not possible from this state;
 * - `forbidden`: the mode does not know it.
 */
export type Verdict = Transition | 'already' | 'not-now' | 'forbidden'

export function judge(mode: number, state: ControlState, trigger: Trigger): Verdict {
  const names = CONTROL_MODES[mode] ?? ''
  let known = false
  let already = false
  for (const candidate of TRANSITIONS) {
    if (candidate.trigger !== trigger || !names.includes(candidate.name)) continue
    if (candidate.from === state) return candidate
    known = true
    already ||= candidate.to === state
  }
  if (!known) return 'forbidden'
  // Who wants it off and finds it off, or wants it on and finds it on, has what he wants.
  return already || wantsConnection(trigger) === (state === connected) ? 'already' : 'not-now'
}

/** The transition with a letter; undefined for none. */
export function transitionNamed(name: string): Transition | undefined {
  return TRANSITIONS.find((candidate) => candidate.name === name)
}
