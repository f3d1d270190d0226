import { ProfileStatus } from '../../core/events/codes.ts'
import type { LogCursor } from '../../core/storage/record-log.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeNull, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { type CaptureObject, captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { CLOCK } from './dlms-clock.ts'
import type { LogColumns } from './dlms-profile.ts'
import { type LocalTimes, writeStamp } from './dlms-times.ts'

export const CLOCK_COLUMN = captureObject(8, CLOCK, 2)
/** Columns before the values. */
const TIME = 0
const STATUS = 1
const FIRST_VALUE = 2

/** What all profiles with a period have: the time of an entry, its AMR profile status, and then values. */
export abstract class StatusColumns implements LogColumns {
  readonly length: number
  readonly #times: LocalTimes
  readonly #status: string

  /** `status`: name of the object with the status of the newest entry; `values`: how many columns follow it. */
  constructor(times: LocalTimes, status: string, values: number) {
    this.#times = times
    this.#status = status
    this.length = FIRST_VALUE + values
  }

  at(index: number): CaptureObject | undefined {
    if (index === TIME) return CLOCK_COLUMN
    if (index === STATUS) return captureObject(1, this.#status, 2)
    return index < this.length ? captureObject(3, this.valueName(index - FIRST_VALUE), 2) : undefined
  }

  write(column: number, writer: ByteWriter, entry: LogCursor): void {
    if (column === TIME) writeStamp(writer, this.#times, entry.utc_s, entry.status)
    else if (column === STATUS) writeUnsigned(writer, entry.status)
    else this.writeValue(column - FIRST_VALUE, writer, entry.payload)
  }

  writeMissing(column: number, writer: ByteWriter): void {
    if (column === STATUS) writeUnsigned(writer, ProfileStatus.dataNotValid)
    else writeNull(writer)
  }

  /** Logical name of the register of a value; values count from 0. */
  protected abstract valueName(index: number): string
  protected abstract writeValue(index: number, writer: ByteWriter, payload: Uint8Array): void
}

/** A column of a log without a period, as a constant. */
export interface EventColumn<S> {
  readonly column: (source: S) => CaptureObject
  readonly write: (writer: ByteWriter, entry: LogCursor, source: S) => void
}

/** Columns of a log from a table. */
export class EventColumns<S> implements LogColumns {
  readonly length: number
  readonly #table: readonly EventColumn<S>[]
  readonly #source: S

  constructor(table: readonly EventColumn<S>[], source: S, length = table.length) {
    this.#table = table
    this.#source = source
    this.length = length
  }

  at(index: number): CaptureObject | undefined {
    return index < this.length ? this.#table[index].column(this.#source) : undefined
  }

  write(column: number, writer: ByteWriter, entry: LogCursor): void {
    this.#table[column].write(writer, entry, this.#source)
  }

  writeMissing(_column: number, writer: ByteWriter): void {
    writeNull(writer)
  }
}
