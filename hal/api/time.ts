/** Handle of a running timer; opaque. */
export type TimerHandle = object

/** Moddable's `timer` module. Time is a parameter: in the world the scheduler implements it, on a PC the event loop. */
export interface Timer {
  /** Calls `callback` after `delay_ms`, then every `repeat_ms` (without it: once). Never from inside `set`. */
  set(callback: () => void, delay_ms: number, repeat_ms?: number): TimerHandle
  /** Stops a timer; a handle that has fired or was cleared is ignored. */
  clear(handle: TimerHandle): void
}

/** Time of day and monotonic time. */
export interface Clock {
  /** UTC in milliseconds since 1970-01-01, an integer. Meaningless while `valid` is false. */
  now_ms(): number
  /** Milliseconds since some fixed point; never goes back, not even when the clock is set. */
  ticks_ms(): number
  /** False after the clock lost its supply, until it is set. */
  readonly valid: boolean
  /** Sets the time of day and makes it valid. */
  set(utc_ms: number): void
}
