import type { ReadableLog } from '../../core/events/group-log.ts'
import { HEADER_LENGTH } from '../../core/storage/format.ts'
import { recordSize } from '../../core/storage/record.ts'
import type { LogCursor } from '../../core/storage/record-log.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeNull } from '../../protocols/dlms/axdr.ts'
import type { CaptureObject, ProfileCursor, ProfileSource } from '../../protocols/dlms/objects/profile-source.ts'

/** What a column writes from a stored entry. */
export type ColumnWriter = (writer: ByteWriter, utc_s: number, type: number, status: number, payload: Uint8Array, sequence: number) => void

/** Writes a column of an entry that cannot be read any more. */
export type MissingWriter = (writer: ByteWriter) => void

export interface LogProfileOptions {
  readonly log: ReadableLog
  /** Bytes of an entry's payload: how many entries fit. */
  readonly payloadLength: number
  /** The third member writes what stands for a damaged entry; null-data without it. */
  readonly columns: readonly (readonly [column: CaptureObject, write: ColumnWriter, missing?: MissingWriter])[]
  /** 0: captured on events. */
  readonly period_s: number
  readonly utcOfLocal: (local_ms: number) => number
  /** Newest entries that can be read. Default: all that the ring keeps. */
  readonly depth?: number
}

/** A ring log in flash as the buffer of a COSEM profile: rows go from flash into the response without becoming objects. */
export class LogProfile implements ProfileSource {
  readonly columns: readonly CaptureObject[]
  readonly capturePeriod_s: number
  readonly utcOfLocal: (local_ms: number) => number
  readonly #log: ReadableLog
  readonly #payloadLength: number
  readonly #depth: number
  readonly #writers: readonly ColumnWriter[]
  readonly #missing: readonly MissingWriter[]

  constructor(options: LogProfileOptions) {
    this.columns = options.columns.map(([column]) => column)
    this.#writers = options.columns.map(([, write]) => write)
    this.#missing = options.columns.map(([, , missing]) => missing ?? writeNull)
    this.capturePeriod_s = options.period_s
    this.utcOfLocal = options.utcOfLocal
    this.#log = options.log
    this.#payloadLength = options.payloadLength
    this.#depth = options.depth ?? Number.POSITIVE_INFINITY
  }

  get entriesInUse(): number {
    return Math.min(this.#log.count, this.#depth)
  }

  get #first(): number {
    return this.#log.nextSequence - this.entriesInUse
  }

  /** Entries that the ring keeps at least: when it is full, a whole block is given up at once. */
  get profileEntries(): number {
    const { ring } = this.#log
    const perBlock = Math.floor((ring.blockLength - HEADER_LENGTH) / recordSize(this.#payloadLength))
    return Math.min(perBlock * (ring.extent.blocks - 2), this.#depth)
  }

  firstAtOrAfter(utc_ms: number): number {
    const utc_s = Math.ceil(utc_ms / 1000)
    if (utc_s <= 0) return 0
    return Math.max(0, this.#log.firstAtOrAfter(Math.min(utc_s, 0xffffffff)) - this.#first)
  }

  cursor(index: number): ProfileCursor {
    return new LogRows(this.#log, this.#first + index, this.#writers, this.#missing)
  }
}

/**
 * The rows of a log from a sequence number on. An entry that bit rot took keeps its place, so that the rows are as many as announced: its columns
 * are null-data (in a profile with a period: the time follows from the row before, the value is the same).
 */
class LogRows implements ProfileCursor {
  readonly #log: ReadableLog
  readonly #cursor: LogCursor
  readonly #writers: readonly ColumnWriter[]
  readonly #missing: readonly MissingWriter[]
  readonly #end: number
  #wanted: number
  /** The cursor stands on an entry that is not behind `#wanted`. */
  #found = false

  constructor(log: ReadableLog, sequence: number, writers: readonly ColumnWriter[], missing: readonly MissingWriter[]) {
    this.#log = log
    this.#writers = writers
    this.#missing = missing
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
    if (!this.#found || cursor.sequence !== this.#wanted) this.#missing[column](writer)
    else this.#writers[column](writer, cursor.utc_s, cursor.type, cursor.status, cursor.payload, cursor.sequence)
  }
}
