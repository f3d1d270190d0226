/** What a profile (interface class 7) is read from. */
import type { ByteWriter } from '../../../lib/bytes.ts'

const CLOCK_CLASS = 8
const TIME_ATTRIBUTE = 2

/** A column: which attribute of which object is captured. */
export interface CaptureObject {
  readonly classId: number
  /** 'a.b.c.d.e.f' */
  readonly logicalName: string
  readonly attribute: number
  /** 0: the whole attribute. */
  readonly dataIndex: number
}

/** `captureObject(3, '1.0.1.8.0.255', 2)`. */
export function captureObject(classId: number, name: string, attribute: number, dataIndex = 0): CaptureObject {
  return Object.freeze({ classId, logicalName: name, attribute, dataIndex })
}

/** Columns, as many as wanted: an array is a list of those that are there. */
export interface ColumnList {
  readonly length: number
  /** Undefined beyond the last one. It may be made for the call. */
  at(index: number): CaptureObject | undefined
}

/** Where the first column is that a test fits; -1 when there is none. */
export function findColumn(columns: ColumnList, test: (column: CaptureObject) => boolean): number {
  for (let index = 0; index < columns.length; index++) {
    const column = columns.at(index)
    if (column !== undefined && test(column)) return index
  }
  return -1
}

function isClockColumn(column: CaptureObject): boolean {
  return column.classId === CLOCK_CLASS && column.attribute === TIME_ATTRIBUTE
}

/** The column whose values are the times of the entries. */
export function clockColumn(columns: ColumnList): CaptureObject | undefined {
  const index = findColumn(columns, isClockColumn)
  return index < 0 ? undefined : columns.at(index)
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
  readonly columns: ColumnList
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
