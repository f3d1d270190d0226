import { getUint32, setUint32 } from '../storage/format.ts'
import type { RecordLog } from '../storage/record-log.ts'
import { LogId, StandardEvent } from './codes.ts'
import { GroupLog, type LoggedEvent } from './group-log.ts'

/** Sequence number of the first entry that can be read, four bytes for each log in the order of `ORDER`; 0 for one that was never cleared. */
const KEY = 'events.cleared'
/** Stored: only ever added to. */
const ORDER: readonly number[] = Object.freeze([LogId.standard, LogId.fraud, LogId.disconnector, LogId.quality, LogId.communication])

/** `Storage` has this shape. */
export interface EventStores {
  readonly events: RecordLog
  readonly fraud: RecordLog | undefined
  readonly disconnector: RecordLog | undefined
  readonly quality: RecordLog | undefined
  readonly communication: RecordLog | undefined
  readonly settings: {
    get(key: string): Uint8Array | undefined
    set(key: string, value: Uint8Array): void
  }
}

/**
 * The event logs of the meter. Where the flash has no room for one of them, its events stand in the standard log, and their status byte says which
 * log they belong to: a code alone would mean something else there.
 */
export class EventLogs {
  readonly standard: GroupLog
  readonly #logs = new Map<number, GroupLog>()
  readonly #settings: EventStores['settings']

  /** `onEvent` is told of each event when it is in flash. `start` must follow. */
  constructor(stores: EventStores, onEvent?: (event: LoggedEvent) => void) {
    this.#settings = stores.settings
    const { fraud, disconnector, quality, communication } = stores
    const own = [
      [LogId.fraud, fraud],
      [LogId.disconnector, disconnector],
      [LogId.quality, quality],
      [LogId.communication, communication],
    ] as const
    this.standard = new GroupLog(LogId.standard, stores.events, onEvent)
    this.#logs.set(LogId.standard, this.standard)
    for (const [id, log] of own) if (log !== undefined) this.#logs.set(id, new GroupLog(id, log, onEvent))
    this.hide()
  }

  /**
   * Brings a clearing that was cut off to its end. After damage a log may have less entries than were cleared: then it begins with the next one.
   * Errors: as `RecordLog.append` and `Settings.set`.
   */
  start(utc_s: number): void {
    const cleared = this.cleared()
    const unfinished = [...this.#logs.values()].filter((log) => cleared[log.id] > 0 && cleared[log.id] >= log.nextSequence)
    for (const log of unfinished) cleared[log.id] = log.nextSequence
    if (unfinished.length > 0) this.store(cleared)
    for (const log of unfinished) log.add(StandardEvent.logCleared, utc_s)
  }

  /** One of `LogId`; undefined where the flash has no room for it. */
  get(id: number): GroupLog | undefined {
    return this.#logs.get(id)
  }

  /** The logs that there are. */
  all(): GroupLog[] {
    return [...this.#logs.values()]
  }

  /** Appends an event to the log `id`. Errors: as `RecordLog.append`. */
  add(id: number, code: number, utc_s: number, parameter = 0, value = 0): void {
    const log = this.#logs.get(id) ?? this.standard
    log.add(code, utc_s, parameter, value, id)
  }

  /**
   * Clears a log. Its first entry then says so, with the count of cleared ones as parameter. False for a log that is not there.
   * Errors: as `RecordLog.append` and `Settings.set`.
   */
  clear(id: number, utc_s: number): boolean {
    const log = this.#logs.get(id)
    if (log === undefined) return false
    const { count, nextSequence } = log
    const cleared = this.cleared()
    cleared[id] = nextSequence
    // First what is not to be read any more, then the entry with just that number: a start in between finds that it is missing.
    this.store(cleared)
    log.add(StandardEvent.logCleared, utc_s, count)
    return true
  }

  /** By log. */
  private cleared(): number[] {
    const cleared = [0, 0, 0, 0, 0, 0]
    const stored = this.#settings.get(KEY)
    for (const [index, id] of ORDER.entries()) {
      if (stored !== undefined && stored.length >= 4 * index + 4) cleared[id] = getUint32(stored, 4 * index)
    }
    return cleared
  }

  private store(cleared: readonly number[]): void {
    const bytes = new Uint8Array(4 * ORDER.length)
    for (const [index, id] of ORDER.entries()) setUint32(bytes, 4 * index, cleared[id])
    this.#settings.set(KEY, bytes)
    this.hide()
  }

  private hide(): void {
    const cleared = this.cleared()
    for (const log of this.#logs.values()) log.hideBefore(Math.min(cleared[log.id], log.nextSequence))
  }
}
