import { feedWatchdog, resetReason, restart, startWatchdog } from 'ferraris/system'
import type { ResetReason, Watchdog } from '../api/watchdog.ts'

/** Why the firmware started. A software reset that nobody asked for is the engine's: out of memory, an exception that nothing caught. */
export function esp32ResetReason(): ResetReason {
  return resetReason()
}

/** Starts the firmware again; never returns. */
export function esp32Restart(): void {
  restart()
}

/** A user of the task watchdog, beside the one with which the SDK watches its own loop: that the loop turns does not say that the meter works. */
class Esp32Watchdog implements Watchdog {
  readonly timeout_ms: number

  constructor(timeout_ms: number) {
    startWatchdog(timeout_ms)
    this.timeout_ms = timeout_ms
  }

  feed(): void {
    feedWatchdog()
  }
}

/** Starts the watchdog. RangeError for a time below 1 ms. */
export function startEsp32Watchdog(timeout_ms: number): Watchdog {
  return new Esp32Watchdog(timeout_ms)
}
