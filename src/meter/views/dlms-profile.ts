import { HEADER_LENGTH } from '../../core/storage/format.ts'
import { recordSize } from '../../core/storage/record.ts'
import type { RecordLog } from '../../core/storage/record-log.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import type { CaptureObject, ProfileCursor, ProfileSource } from '../../protocols/dlms/objects/profile-source.ts'

/** What a column writes from a stored entry. */
export type ColumnWriter = (writer: ByteWriter, utc_s: number, type: number, status: number, payload: Uint8Array) => void

export interface LogProfileOptions {
  readonly log: RecordLog
  readonly columns: readonly (readonly [column: CaptureObject, write: ColumnWriter])[]
  /** 0: captured on events. */
  readonly period_s: number
  readonly utcOfLocal: (local_ms: number) => number
}

/** A ring log in flash as the buffer of a COSEM profile: rows go from flash into the response without becoming objects. */
export class LogProfile implements ProfileSource {
  readonly columns: readonly CaptureObject[]
  readonly capturePeriod_s: number
  readonly utcOfLocal: (local_ms: number) => number
  readonly #log: RecordLog
  readonly #writers: readonly ColumnWriter[]

  constructor(options: LogProfileOptions) {
    this.columns = options.columns.map(([column]) => column)
    this.#writers = options.columns.map(([, write]) => write)
    this.capturePeriod_s = options.period_s
    this.utcOfLocal = options.utcOfLocal
    this.#log = options.log
  }

  get entriesInUse(): number {
    return this.#log.count
  }

  /** Entries that the ring keeps at least: when it is full, a whole block is given up at once. */
  get profileEntries(): number {
    const { ring } = this.#log
    const perBlock = Math.floor((ring.blockLength - HEADER_LENGTH) / recordSize(this.#payloadLength()))
    return perBlock * (ring.extent.blocks - 2)
  }

  firstAtOrAfter(utc_ms: number): number {
    const utc_s = Math.ceil(utc_ms / 1000)
    if (utc_s <= 0) return 0
    return this.#log.firstAtOrAfter(Math.min(utc_s, 0xffffffff)) - this.#log.firstSequence
  }

  cursor(index: number): ProfileCursor {
    const cursor = this.#log.cursor(this.#log.firstSequence + index)
    const writers = this.#writers
    return {
      next: () => cursor.next(),
      write: (column, writer) => writers[column](writer, cursor.utc_s, cursor.type, cursor.status, cursor.payload),
    }
  }

  #payloadLength(): number {
    const cursor = this.#log.cursor()
    return cursor.next() ? cursor.payload.length : 0
  }
}
