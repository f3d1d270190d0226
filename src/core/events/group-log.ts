import type { BlockRing } from '../storage/block-ring.ts'
import { getUint32, setUint32 } from '../storage/format.ts'
import type { LogCursor, RecordLog } from '../storage/record-log.ts'
import { EVENT_PAYLOAD, type EventRecord, eventParameter } from './event-log.ts'

/** Parameter, then value. */
export const LOGGED_PAYLOAD = EVENT_PAYLOAD + 4
const UINT32_MAX = 0xffffffff

export interface LoggedEvent extends EventRecord {
  /** One of `LogId`: a code means something only together with it. */
  readonly log: number
  /** A second number that belongs to the event, such as the lowest voltage; 0 without meaning. */
  readonly value: number
}

/** Value of a stored event; 0 for one of a firmware that stored none. */
export function eventValue(payload: Uint8Array): number {
  return payload.length < LOGGED_PAYLOAD ? 0 : getUint32(payload, EVENT_PAYLOAD)
}

function uint32(value: number): number {
  return Math.min(UINT32_MAX, Math.max(0, Math.floor(value)))
}

/** What a view needs of a log that is read by sequence numbers: a `RecordLog`, or a `GroupLog` whose cleared entries are out of sight. */
export type ReadableLog = Pick<RecordLog, 'ring' | 'count' | 'firstSequence' | 'nextSequence' | 'cursor' | 'firstAtOrAfter'>

/**
 * One event log: code, time, sequence number, parameter and value. It can be cleared: a ring of flash blocks gives up only whole blocks, so
 * what was cleared stays in flash until it is overwritten, and is not read any more. Sequence numbers go on.
 */
export class GroupLog implements ReadableLog {
  /** One of `LogId`. */
  readonly id: number
  readonly #log: RecordLog
  readonly #onEvent: ((event: LoggedEvent) => void) | undefined
  #visible = 0
  #last: LoggedEvent | undefined

  constructor(id: number, log: RecordLog, onEvent?: (event: LoggedEvent) => void) {
    this.id = id
    this.#log = log
    this.#onEvent = onEvent
    this.#last = this.newest(1)[0]
  }

  get ring(): BlockRing {
    return this.#log.ring
  }

  get firstSequence(): number {
    return Math.max(this.#log.firstSequence, this.#visible)
  }

  get nextSequence(): number {
    return this.#log.nextSequence
  }

  get count(): number {
    return Math.max(0, this.nextSequence - this.firstSequence)
  }

  /** The newest event; undefined in an empty log. */
  get last(): LoggedEvent | undefined {
    return this.#last
  }

  /** As `RecordLog.cursor`, from the oldest entry that was not cleared on. */
  cursor(sequence = this.firstSequence): LogCursor {
    return this.#log.cursor(Math.max(sequence, this.firstSequence))
  }

  /** As `RecordLog.firstAtOrAfter`. */
  firstAtOrAfter(utc_s: number): number {
    return Math.max(this.firstSequence, this.#log.firstAtOrAfter(utc_s))
  }

  /**
   * Appends an event; it is in flash when this returns. Parameter and value are cut to 32 bits. `log`: the log that it belongs to, where the flash
   * has no room for that one. Errors: as `RecordLog.append`.
   */
  add(code: number, utc_s: number, parameter = 0, value = 0, log = this.id): void {
    const event = { code, utc_s, parameter: uint32(parameter), value: uint32(value), log }
    const payload = this.#log.scratch(LOGGED_PAYLOAD)
    setUint32(payload, 0, event.parameter)
    setUint32(payload, EVENT_PAYLOAD, event.value)
    const sequence = this.#log.append(code, log === this.id ? 0 : log, utc_s, payload)
    this.#last = { sequence, ...event }
    this.#onEvent?.(this.#last)
  }

  /** The last `count` events, newest first. */
  newest(count: number): LoggedEvent[] {
    return this.collect(Math.max(this.firstSequence, this.nextSequence - count))
  }

  /** As `newest`, with those that were cleared: for the meter's own rules, which must not depend on who clears a log. */
  latest(count: number): LoggedEvent[] {
    return this.collect(Math.max(this.#log.firstSequence, this.nextSequence - count))
  }

  /** Entries before `sequence` are not read any more. */
  hideBefore(sequence: number): void {
    this.#visible = sequence
    if (this.count === 0) this.#last = undefined
  }

  private collect(from: number): LoggedEvent[] {
    const events: LoggedEvent[] = []
    const cursor = this.#log.cursor(from)
    while (cursor.next()) events.push(this.read(cursor))
    return events.reverse()
  }

  private read({ sequence, utc_s, type, status, payload }: LogCursor): LoggedEvent {
    const log = status === 0 ? this.id : status
    return { sequence, utc_s, code: type, parameter: eventParameter(payload), value: eventValue(payload), log }
  }
}
