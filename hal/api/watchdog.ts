/** Resets the device when nobody has fed it for `timeout_ms`. Runs from the start of the firmware on and cannot be stopped. */
export interface Watchdog {
  readonly timeout_ms: number
  feed(): void
}

/** Why the firmware started. `watchdog`: it was not fed; `fault`: the engine gave up (out of memory, an exception that nothing caught). */
export type ResetReason = 'power' | 'restart' | 'watchdog' | 'fault'
