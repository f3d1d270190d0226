import { setUint32 } from '../storage/format.ts'
import type { RecordLog } from '../storage/record-log.ts'

/** Bytes of an event's payload. */
export const EVENT_PAYLOAD = 4

export interface EventRecord {
  readonly sequence: number
  readonly utc_s: number
  readonly code: number
  /** What belongs to the event, such as the seconds that a power failure lasted; 0 without meaning. */
  readonly parameter: number
}

/** Parameter of a stored event. */
export function eventParameter(payload: Uint8Array): number {
  return payload.length < EVENT_PAYLOAD ? 0 : payload[0] * 0x1000000 + (payload[1] << 16) + (payload[2] << 8) + payload[3]
}

/** One event log in flash: code, time, sequence number and a parameter of 32 bits. */
export class EventLog {
  readonly log: RecordLog
  readonly #onEvent: ((record: EventRecord) => void) | undefined
  #last: EventRecord | undefined

  constructor(log: RecordLog, onEvent?: (record: EventRecord) => void) {
    this.log = log
    this.#onEvent = onEvent
    this.#last = this.newest(1)[0]
  }

  /** The newest event; undefined in an empty log. */
  get last(): EventRecord | undefined {
    return this.#last
  }

  get count(): number {
    return this.log.count
  }

  /** Appends an event; it is in flash when this returns. `parameter` is cut to 32 bits. */
  add(code: number, utc_s: number, parameter = 0): void {
    const value = Math.min(0xffffffff, Math.max(0, Math.floor(parameter)))
    const payload = this.log.scratch(EVENT_PAYLOAD)
    setUint32(payload, 0, value)
    const sequence = this.log.append(code, 0, utc_s, payload)
    this.#last = { sequence, utc_s, code, parameter: value }
    this.#onEvent?.(this.#last)
  }

  /** The last `count` events, newest first. */
  newest(count: number): EventRecord[] {
    const records: EventRecord[] = []
    const from = Math.max(this.log.firstSequence, this.log.nextSequence - count)
    const cursor = this.log.cursor(from)
    while (cursor.next()) {
      records.push({ sequence: cursor.sequence, utc_s: cursor.utc_s, code: cursor.type, parameter: eventParameter(cursor.payload) })
    }
    return records.reverse()
  }
}
