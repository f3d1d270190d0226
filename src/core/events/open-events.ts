import { type EventRecord, eventParameter } from './event-log.ts'
import { eventValue, type ReadableLog } from './group-log.ts'

/** Codes of a start and its end. */
export interface OpenCodes {
  readonly start: number
  readonly end: number
}

/** Newest entries that are looked at: more than an hour of the largest budget, and little enough to be read at each start. */
const LOOKED_AT = 256

export interface OpenEvent extends EventRecord {
  readonly value: number
}

function from(log: ReadableLog): number {
  return Math.max(log.firstSequence, log.nextSequence - LOOKED_AT)
}

/** Starts in the newest entries of a log that no end follows, by their code. An end closes all that share its code. */
export function openEvents(log: ReadableLog, pairs: readonly OpenCodes[]): Map<number, OpenEvent> {
  const open = new Map<number, OpenEvent>()
  const cursor = log.cursor(from(log))
  while (cursor.next()) {
    const { sequence, utc_s, type: code, payload } = cursor
    for (const { start, end } of pairs) {
      if (code === start) open.set(start, { sequence, utc_s, code, parameter: eventParameter(payload), value: eventValue(payload) })
      if (code === end) open.delete(start)
    }
  }
  return open
}

/** The newest end `code` in the log, as a disturbance; leaves `into` as it is when there is none. */
export function lastDisturbance(log: ReadableLog, code: number, into: { magnitude_mV: number; duration_ms: number }): void {
  const cursor = log.cursor(from(log))
  while (cursor.next()) {
    if (cursor.type !== code) continue
    into.duration_ms = eventParameter(cursor.payload)
    into.magnitude_mV = eventValue(cursor.payload)
  }
}
