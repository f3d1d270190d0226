import type { MeterClock } from '../core/clock/meter-clock.ts'
import { LogId, ProfileStatus, StandardEvent } from '../core/events/codes.ts'
import { EventLog, type EventRecord } from '../core/events/event-log.ts'
import { EventLogs } from '../core/events/event-logs.ts'
import type { LoggedEvent } from '../core/events/group-log.ts'
import type { Storage } from '../core/storage/storage.ts'
import { FerrarisError } from '../lib/errors.ts'

/** By `LogId`. */
const LOG_NAMES = ['standard', 'fraud', 'disconnector', 'standard', 'quality', 'communication'] as const
export type EventLogName = (typeof LOG_NAMES)[number] | 'powerFailure'
/**
 * What the world outside is told of as it happens. `log`: the one that the event belongs to, even where the flash has no room for it and the standard log
 * takes it.
 */
export type EventListener = (log: EventLogName, record: EventRecord) => void

/** What follows from an entry, or from a flash that did not take one. */
export interface JournalOwner {
  /** An event is in flash. Errors: as `Settings.set`. */
  logged(event: LoggedEvent): void
  /** Marks the running intervals with bits of `ProfileStatus`. */
  mark(status: number): void
}

/** The event logs, and everything else that is written: a flash that takes no more does not stop the metering, but whoever reads the profile is warned. */
export class Journal {
  readonly logs: EventLogs
  readonly powerFailures: EventLog
  readonly #clock: MeterClock
  readonly #owner: JournalOwner
  #failed = false

  constructor(storage: Storage, clock: MeterClock, owner: JournalOwner, onEvent: EventListener | undefined) {
    this.#clock = clock
    this.#owner = owner
    this.logs = new EventLogs(storage, (event) => {
      onEvent?.(LOG_NAMES[event.log], event)
      owner.logged(event)
    })
    this.powerFailures = new EventLog(storage.powerFailures, onEvent && ((record) => onEvent('powerFailure', record)))
  }

  /** The flash did not take something since the start. */
  get failed(): boolean {
    return this.#failed
  }

  /** Runs something that writes to flash, which may take no more. A method is given with its `owner`: then nothing has to be made for the call. */
  keep<Owner = undefined>(write: (this: Owner) => void, owner?: Owner): void {
    try {
      write.call(owner as Owner)
    } catch (error) {
      if (!(error instanceof FerrarisError && (error.code.startsWith('STORAGE') || error.code === 'SETTINGS_FULL'))) throw error
      this.fails()
    }
  }

  /** The flash does not take what it should. */
  fails(): void {
    this.#owner.mark(ProfileStatus.criticalError)
    if (this.#failed) return
    this.#failed = true
    this.record(StandardEvent.memoryNonVolatileError)
  }

  /** Appends to a log, whatever the flash does. A function of its own, because several parts hold it. */
  readonly add = (log: number, code: number, utc_s: number, parameter = 0, value = 0): void => {
    this.keep(() => this.logs.add(log, code, utc_s, parameter, value))
  }

  /** Appends to the standard log. A function of its own, as `add`. */
  readonly write = (code: number, utc_s: number, parameter = 0): void => this.add(LogId.standard, code, utc_s, parameter)

  /** Appends to the standard log, now. */
  record(code: number, parameter = 0): void {
    this.write(code, this.#clock.now_s(), parameter)
  }

  /** Events of the standard log, newest first, whoever clears it; not those that the other logs have no room for. */
  newest(count: number): LoggedEvent[] {
    return this.logs.standard.latest(count).filter(({ log }) => log === LogId.standard)
  }
}
