import type { MeterClock } from '../core/clock/meter-clock.ts'
import { EventBudget } from '../core/events/event-budget.ts'
import { CommunicationEvent } from '../core/events/log-codes-table.ts'

/** The same client, or the same failure, is logged once in so long: whoever reads each minute shall not fill the log. Ours. */
const SPACING_MS = 3_600_000
/** The management is worth more lines. */
const MANAGEMENT_SPACING_MS = 60_000

export interface CommunicationWatchOptions {
  readonly clock: MeterClock
  /** Logs in the communication log. */
  readonly log: (code: number, utc_s: number, parameter: number) => void
  /** The client whose associations are logged each time. */
  readonly managementClient: number
  /** So long without any client is an event; 0: never. */
  readonly silence_s: number
}

/** Who talks with the meter, and when nobody does. */
export class CommunicationWatch {
  readonly #options: CommunicationWatchOptions
  readonly #budget = new EventBudget()
  /** Ticks at which a pair of code and parameter was logged last. */
  readonly #told = new Map<number, number>()
  #heard_ms: number
  #silent = false

  constructor(options: CommunicationWatchOptions) {
    this.#options = options
    this.#heard_ms = options.clock.ticks_ms()
  }

  /** A client has an association. */
  associated(clientSap: number): void {
    const { clock, managementClient } = this.#options
    this.#heard_ms = clock.ticks_ms()
    this.#silent = false
    this.tell(CommunicationEvent.clientConnected, clientSap, clientSap === managementClient ? MANAGEMENT_SPACING_MS : SPACING_MS)
  }

  /** A client sent too many wrong secrets. Rare enough by itself: each lock-out lasts a minute at least. */
  lockedOut(clientSap: number): void {
    this.tell(CommunicationEvent.clientLockedOut, clientSap, 0)
  }

  /** Somebody is at the service port. */
  local(): void {
    this.tell(CommunicationEvent.localCommunication, 0, MANAGEMENT_SPACING_MS)
  }

  /** A message did not leave. */
  pushFailed(): void {
    this.tell(CommunicationEvent.pushFailed, 0, SPACING_MS)
  }

  /** Once a second. */
  second(): void {
    const { clock, silence_s } = this.#options
    if (this.#silent || silence_s === 0 || clock.ticks_ms() - this.#heard_ms < 1000 * silence_s) return
    this.#silent = true
    this.tell(CommunicationEvent.noConnection, silence_s, 0)
  }

  private tell(code: number, parameter: number, spacing_ms: number): void {
    const { clock, log } = this.#options
    const ticks_ms = clock.ticks_ms()
    const key = code * 0x10000 + parameter
    const told_ms = this.#told.get(key)
    if (told_ms !== undefined && ticks_ms - told_ms < spacing_ms) return
    if (!this.#budget.take(1, ticks_ms)) return
    this.#told.set(key, ticks_ms)
    const suppressed = this.#budget.takeSuppressed()
    if (suppressed > 0) log(CommunicationEvent.eventsSuppressed, clock.now_s(), suppressed)
    log(code, clock.now_s(), parameter)
  }
}
