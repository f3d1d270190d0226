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

export interface LogProfileOptions {
  readonly log: ReadableLog
  /** Bytes of an entry's payload: how many entries fit. */
  readonly payloadLength: number
  readonly columns: LogColumns
  /** 0: captured on events. */
  readonly period_s: number
  readonly times: LocalTimes
  /** Newest entries that can be read. Default: all that the ring keeps. */
  readonly depth?: number
}

/** A ring log in flash as the buffer of a COSEM profile: rows go from flash into the response without becoming objects. */
export class LogProfile implements ProfileSource {
  readonly #options: LogProfileOptions

  constructor(options: LogProfileOptions) {
    this.#options = options
  }

  get columns(): ColumnList {
    return this.#options.columns
  }

  get capturePeriod_s(): number {
    return this.#options.period_s
  }

  get entriesInUse(): number {
    const { log, depth = log.count } = this.#options
    return Math.min(log.count, depth)
  }

  get #first(): number {
    return this.#options.log.nextSequence - this.entriesInUse
  }

  /** Entries that the ring keeps at least: when it is full, a whole block is given up at once. */
  get profileEntries(): number {
    const { log, payloadLength, depth = Number.POSITIVE_INFINITY } = this.#options
    const { ring } = log
    const perBlock = Math.floor((ring.blockLength - HEADER_LENGTH) / recordSize(payloadLength))
    return Math.min(perBlock * (ring.extent.blocks - 2), depth)
  }

  firstAtOrAfter(utc_ms: number): number {
    const utc_s = Math.ceil(utc_ms / 1000)
    if (utc_s <= 0) return 0
    return Math.max(0, this.#options.log.firstAtOrAfter(Math.min(utc_s, 0xffffffff)) - this.#first)
  }

  cursor(index: number): ProfileCursor {
    const { log, columns } = this.#options
    return new LogRows(log, this.#first + index, columns)
  }

  utcOfLocal(local_ms: number): number {
    return this.#options.times.utcOfLocal(local_ms)
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
