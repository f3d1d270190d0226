/**
 * Event codes of the disconnector log (OBIS 0.0.99.98.2.255), in the numbering of the IDIS companion standard. The code space of this log overlaps
 * with that of the standard event log.
 */
export const SwitchEvent = Object.freeze({
  readyForReconnection: 59,
  manualDisconnection: 60,
  manualConnection: 61,
  remoteDisconnection: 62,
  remoteConnection: 63,
  localDisconnection: 64,
  /** Parameter: the monitored value. */
  limiterExceeded: 65,
  /** Parameter: the monitored value. */
  limiterNormal: 66,
  /** Parameter: the attribute of the limiter (interface class 71) that changed; 10 when its emergency profile began or ended. */
  limiterChanged: 67,
  /** Parameter: one of `SwitchFailure`. */
  failure: 68,
  localConnection: 69,
  /** From 200 on: our own, where the companion standard has no code. Parameter: the new control mode. */
  controlModeChanged: 200,
})

/** Parameter of an operation's event that is told once more, because the supply failed before the operation came to its end. */
export const RESUMED = 1

/** Parameter of `SwitchEvent.failure`. */
export const SwitchFailure = Object.freeze({
  /** Closed after all attempts to open it: most likely welded. */
  didNotOpen: 1,
  didNotClose: 2,
  /** The contact is open, or was opened, and current flows all the same: welded without a feedback contact, bypassed with one. */
  currentWhileOpen: 3,
  /** The contact is not where the last operation left it. */
  moved: 4,
  /** The flash did not take the new state, so nothing was switched. */
  notStored: 5,
})
export type SwitchFailure = (typeof SwitchFailure)[keyof typeof SwitchFailure]

const TEXTS: ReadonlyMap<number, string> = new Map([
  [SwitchEvent.readyForReconnection, 'Ready for manual reconnection'],
  [SwitchEvent.manualDisconnection, 'Disconnected by hand'],
  [SwitchEvent.manualConnection, 'Reconnected by hand'],
  [SwitchEvent.remoteDisconnection, 'Disconnected remotely'],
  [SwitchEvent.remoteConnection, 'Reconnected remotely'],
  [SwitchEvent.localDisconnection, 'Disconnected by the meter'],
  [SwitchEvent.limiterExceeded, 'Limiter threshold exceeded'],
  [SwitchEvent.limiterNormal, 'Limiter threshold no longer exceeded'],
  [SwitchEvent.limiterChanged, 'Limiter changed'],
  [SwitchEvent.failure, 'Supply switch failed'],
  [SwitchEvent.localConnection, 'Reconnected by the meter'],
  [SwitchEvent.controlModeChanged, 'Control mode changed'],
])

/** Plain words for a person. */
export function switchEventText(code: number): string {
  return TEXTS.get(code) ?? `Event ${code}`
}
