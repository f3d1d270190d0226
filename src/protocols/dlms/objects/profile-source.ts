/** What a profile (interface class 7) is read from. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { logicalName } from '../logical-name.ts'

const CLOCK_CLASS = 8
const TIME_ATTRIBUTE = 2

/** A column: which attribute of which object is captured. */
export interface CaptureObject {
  readonly classId: number
  /** Six bytes. */
  readonly logicalName: Uint8Array
  readonly attribute: number
  /** 0: the whole attribute. */
  readonly dataIndex: number
}

/** `captureObject(3, '1.0.1.8.0.255', 2)`. */
export function captureObject(classId: number, name: string, attribute: number, dataIndex = 0): CaptureObject {
  return Object.freeze({ classId, logicalName: logicalName(name), attribute, dataIndex })
}

/** The column whose values are the times of the entries. */
export function isClockColumn(column: CaptureObject): boolean {
  return column.classId === CLOCK_CLASS && column.attribute === TIME_ATTRIBUTE
}

/** Walks over entries from the oldest to the newest. */
export interface ProfileCursor {
  /**
   * Steps to the next entry. The cursor keeps to its entries when newer ones are captured meanwhile; false when there is none left, or when it
   * was overwritten.
   */
  next(): boolean
  /** Writes one encoded value of the current entry; `column` counts from 0. A date-time is an octet-string of 12 bytes. */
  write(column: number, writer: ByteWriter): void
}

/** The entries of a profile, oldest first. Entry numbers count from 0 at the oldest one kept. */
export interface ProfileSource {
  readonly columns: readonly CaptureObject[]
  /** 0: captured on events, not periodically. */
  readonly capturePeriod_s: number
  readonly entriesInUse: number
  readonly profileEntries: number
  /** The first entry captured at `utc_ms` or later; `entriesInUse` when there is none. */
  firstAtOrAfter(utc_ms: number): number
  /** A cursor whose first `next` steps to entry `index`. */
  cursor(index: number): ProfileCursor
  /**
   * Local time to UTC, both in milliseconds (local: the wall clock as if it were UTC), for ranges without a deviation.
   * Must give an instant for every number.
   */
  utcOfLocal(local_ms: number): number
}
