import type { ReadableLog } from '../../core/events/group-log.ts'
import { HEADER_LENGTH } from '../../core/storage/format.ts'
import { recordSize } from '../../core/storage/record.ts'
import type { LogCursor } from '../../core/storage/record-log.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import type { ColumnList, ProfileCursor, ProfileSource } from '../../protocols/dlms/objects/profile-source.ts'
import type { LocalTimes } from './dlms-times.ts'

/** Columns, and what they write from a stored entry. They count from 0. */
export interface LogColumns extends ColumnList {
  write(column: number, writer: ByteWriter, entry: LogCursor): void
  /** Stands for an entry that cannot be read any more. */
  writeMissing(column: number, writer: ByteWriter): void
}

/**
 * A ring log in flash as the buffer of a COSEM profile: rows go from flash into the response without becoming objects. Columns are made when somebody wants
 * to know them.
 */
export abstract class LogProfile implements ProfileSource {
  abstract readonly log: ReadableLog
  /** Bytes of an entry's payload: how many entries fit. */
  abstract readonly payloadLength: number
  abstract readonly times: LocalTimes
  /** Newest entries that can be read, if not all that the ring keeps. */
  abstract readonly depth: number | undefined
  /** 0: captured on events. */
  abstract readonly capturePeriod_s: number
  #columns: LogColumns | undefined

  protected abstract makeColumns(): LogColumns

  get columns(): LogColumns {
    this.#columns ??= this.makeColumns()
    return this.#columns
  }

  get entriesInUse(): number {
    const { log, depth } = this
    return depth === undefined ? log.count : Math.min(log.count, depth)
  }

  private get first(): number {
    return this.log.nextSequence - this.entriesInUse
  }

  /** Entries that the ring keeps at least: when it is full, a whole block is given up at once. */
  get profileEntries(): number {
    const { log, depth = Number.POSITIVE_INFINITY } = this
    const { ring } = log
    const perBlock = Math.floor((ring.blockLength - HEADER_LENGTH) / recordSize(this.payloadLength))
    return Math.min(perBlock * (ring.extent.blocks - 2), depth)
  }

  firstAtOrAfter(utc_ms: number): number {
    const utc_s = Math.ceil(utc_ms / 1000)
    if (utc_s <= 0) return 0
    return Math.max(0, this.log.firstAtOrAfter(Math.min(utc_s, 0xffffffff)) - this.first)
  }

  cursor(index: number): ProfileCursor {
    return new LogRows(this.log, this.first + index, this.columns)
  }

  utcOfLocal(local_ms: number): number {
    return this.times.utcOfLocal(local_ms)
  }
}

/**
 * The rows of a log from a sequence number on. An entry that bit rot took keeps its place, so that the rows are as many as announced: its columns
 * are null-data (in a profile with a period: the time follows from the row before, the value is the same).
 */
class LogRows implements ProfileCursor {
  readonly #log: ReadableLog
  readonly #cursor: LogCursor
  readonly #columns: LogColumns
  readonly #end: number
  #wanted: number
  /** The cursor stands on an entry that is not behind `#wanted`. */
  #found = false

  constructor(log: ReadableLog, sequence: number, columns: LogColumns) {
    this.#log = log
    this.#columns = columns
    this.#end = log.nextSequence
    this.#wanted = sequence - 1
    this.#cursor = log.cursor(sequence)
  }

  next(): boolean {
    const wanted = ++this.#wanted
    if (wanted >= this.#end || wanted < this.#log.firstSequence) return false
    if (!this.#found || this.#cursor.sequence < wanted) this.#found = this.#cursor.next()
    return true
  }

  write(column: number, writer: ByteWriter): void {
    const cursor = this.#cursor
    if (!this.#found || cursor.sequence !== this.#wanted) this.#columns.writeMissing(column, writer)
    else this.#columns.write(column, writer, cursor)
  }
}
