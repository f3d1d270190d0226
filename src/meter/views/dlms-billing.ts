import type { Billing } from '../../core/billing/billing.ts'
import { type BillingSection, BillingSnapshot, type SnapshotValue, snapshotLength } from '../../core/billing/snapshot.ts'
import { EVERYTHING, type Measured } from '../../core/metrology/measured.ts'
import type { MonthlyMoment } from '../../core/profile/schedule.ts'
import { registerName } from '../../core/registers/names.ts'
import { HEADER_LENGTH } from '../../core/storage/format.ts'
import { recordSize } from '../../core/storage/record.ts'
import type { LogCursor } from '../../core/storage/record-log.ts'
import { type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { ActionResult } from '../../protocols/dlms/apdu.ts'
import { writeDoubleLongUnsigned, writeNull, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { type CaptureObject, captureObject, type ProfileCursor, type ProfileSource } from '../../protocols/dlms/objects/profile-source.ts'
import { RecurringScheduleObject } from '../../protocols/dlms/objects/recurring-schedule.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import { ScriptTableObject } from '../../protocols/dlms/objects/script-table.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import { type LocalTimes, writeStamp, writeStampIfAny } from './dlms-times.ts'

/** "Data of billing period 1". */
const BILLING_PROFILE = '0.0.98.1.0.255'
const CAPTURE = 2
/** Billing period counter, number of available billing periods, time stamp of the most recent one. */
const COUNTER = '1.0.0.1.0.255'
const AVAILABLE = '1.0.0.1.1.255'
const LAST_TIME = '1.0.0.1.2.255'
/** Status of the newest entry; the name that goes on from those of the other profiles. */
const STATUS = '0.0.96.10.5.255'
/** "MDI reset / end of billing period" among the script tables, and its schedule, of the Blue Book. */
const SCRIPTS = '0.0.10.0.1.255'
const SCHEDULE = '0.0.15.0.0.255'
const END_SCRIPT = 1

const CLOCK_CLASS = 8
const EXTENDED_REGISTER_CLASS = 4
const MAXIMUM = 6
const ENERGY = 8
const UINT32 = 0x100000000

export interface BillingViewOptions {
  readonly billing: Billing
  /** The registers that a snapshot of this firmware holds: the columns. */
  readonly sections: readonly BillingSection[]
  /** Newest snapshots that can be read, if not all that the ring keeps. */
  readonly depth?: number
  /** When billing periods end by themselves, in local time. Absent: by command only. */
  readonly moment?: MonthlyMoment
  readonly times: LocalTimes
  /** What the meter measures: it names the columns. Default: everything. */
  readonly measured?: Measured
  /** Ends the billing period now, by a command. False while that is not allowed. Whoever implements it saves the registers before. */
  readonly end: () => boolean
}

/** Snapshots, their counters, and the script that ends a billing period with its schedule. Clients with a secret read, the management client executes. */
export function billingObjects(options: BillingViewOptions): CosemObject[] {
  const { billing, times, moment, end } = options
  const access = READERS
  const script = {
    identifier: END_SCRIPT,
    classId: 7,
    logicalName: BILLING_PROFILE,
    method: CAPTURE,
    // What is refused within the block-out time is taken later.
    execute: () => (end() ? ActionResult.success : ActionResult.temporaryFailure),
  }
  return [
    new DataObject({ logicalName: COUNTER, access, value: (writer) => writeDoubleLongUnsigned(writer, billing.counter) }),
    new DataObject({ logicalName: AVAILABLE, access, value: (writer) => writeDoubleLongUnsigned(writer, billing.count) }),
    new DataObject({ logicalName: LAST_TIME, access, value: (writer) => writeStampIfAny(writer, times, billing.last_s, 0) }),
    new DataObject({ logicalName: STATUS, access, value: (writer) => writeUnsigned(writer, billing.read(1)?.status ?? 0) }),
    new ProfileObject({ logicalName: BILLING_PROFILE, access, source: new BillingProfile(options) }),
    new ScriptTableObject({ logicalName: SCRIPTS, access: managedByReaders([], [1]), scripts: [script] }),
    new RecurringScheduleObject({
      logicalName: SCHEDULE,
      access,
      script: { table: SCRIPTS, identifier: END_SCRIPT },
      time: moment && { date: { day: moment.day === 'last' ? 0xfe : moment.day }, secondOfDay: moment.hour * 3600 },
    }),
  ]
}

/** A snapshot, and its values by `key`. */
interface Row {
  readonly snapshot: BillingSnapshot
  readonly values: ReadonlyMap<number, SnapshotValue>
}

type RowWriter = (writer: ByteWriter, row: Row) => void
type Column = readonly [column: CaptureObject, write: RowWriter]

/** OBIS value groups C, D, E as one number. */
const key = (c: number, d: number, e: number) => (c << 16) | (d << 8) | e

function valueColumn(c: number, d: number, e: number, logicalName: string): Column {
  const classId = d === MAXIMUM ? EXTENDED_REGISTER_CLASS : 3
  const write: RowWriter = (writer, { snapshot, values }) => {
    const value = d === ENERGY ? snapshot.energy(c, e) : values.get(key(c, d, e))?.value
    // A snapshot of another firmware may not have it.
    if (value === undefined) writeNull(writer)
    else if (d === MAXIMUM) writeDoubleLongUnsigned(writer, Math.min(value, UINT32 - 1))
    else writeDoubleLongUnsigned(writer, value % UINT32)
  }
  return [captureObject(classId, logicalName, 2), write]
}

function timeColumn(c: number, e: number, logicalName: string, times: LocalTimes): Column {
  const write: RowWriter = (writer, { values }) => {
    const maximum = values.get(key(c, MAXIMUM, e))
    if (maximum === undefined) writeNull(writer)
    else writeStampIfAny(writer, times, maximum.time_s, maximum.status)
  }
  return [captureObject(EXTENDED_REGISTER_CLASS, logicalName, 5), write]
}

function columnsOf(sections: readonly BillingSection[], times: LocalTimes, measured: Measured): Column[] {
  const columns: Column[] = [
    [captureObject(CLOCK_CLASS, '0.0.1.0.0.255', 2), (writer, { snapshot }) => writeStamp(writer, times, snapshot.utc_s, snapshot.status)],
    [captureObject(1, STATUS, 2), (writer, { snapshot }) => writeUnsigned(writer, snapshot.status)],
    [captureObject(1, COUNTER, 2), (writer, { snapshot }) => writeDoubleLongUnsigned(writer, snapshot.number)],
  ]
  for (const { c, d, count } of sections) {
    for (let e = 0; e < count; e++) {
      const name = registerName(measured, c - 1, d, e)?.logicalName
      // Kept, but the medium has no name for it.
      if (name === undefined) continue
      columns.push(valueColumn(c, d, e, name))
      if (d === MAXIMUM) columns.push(timeColumn(c, e, name, times))
    }
  }
  return columns
}

/** The snapshots as the buffer of a COSEM profile. */
class BillingProfile implements ProfileSource {
  readonly columns: readonly CaptureObject[]
  readonly capturePeriod_s = 0
  readonly profileEntries: number
  readonly utcOfLocal: (local_ms: number) => number
  readonly #billing: Billing
  readonly #writers: readonly RowWriter[]

  constructor({ billing, sections, depth = Number.POSITIVE_INFINITY, times, measured = EVERYTHING }: BillingViewOptions) {
    const columns = columnsOf(sections, times, measured)
    this.columns = columns.map(([column]) => column)
    this.#writers = columns.map(([, write]) => write)
    this.#billing = billing
    this.utcOfLocal = (local_ms) => times.utcOfLocal(local_ms)
    const { ring } = billing.log
    const perBlock = Math.floor((ring.blockLength - HEADER_LENGTH) / recordSize(snapshotLength(sections)))
    this.profileEntries = Math.min(perBlock * (ring.extent.blocks - 2) + 1, depth)
  }

  get entriesInUse(): number {
    return this.#billing.count
  }

  /** There are a few dozen at most. */
  firstAtOrAfter(utc_ms: number): number {
    const { log, count } = this.#billing
    const first = log.nextSequence - count
    const cursor = this.#billing.cursor()
    while (cursor.next()) if (cursor.utc_s * 1000 >= utc_ms) return cursor.sequence - first
    return count
  }

  cursor(index: number): ProfileCursor {
    return new BillingRows(this.#billing, index, this.#writers)
  }
}

/** Each snapshot is taken apart once. One that cannot be read keeps its place, with columns of null-data. */
class BillingRows implements ProfileCursor {
  readonly #billing: Billing
  readonly #cursor: LogCursor
  readonly #writers: readonly RowWriter[]
  readonly #end: number
  #wanted: number
  #found = false
  #row: Row | undefined

  constructor(billing: Billing, index: number, writers: readonly RowWriter[]) {
    const { log, count } = billing
    this.#billing = billing
    this.#writers = writers
    this.#end = log.nextSequence
    this.#wanted = log.nextSequence - count + index - 1
    this.#cursor = log.cursor(this.#wanted + 1)
  }

  next(): boolean {
    const wanted = ++this.#wanted
    if (wanted >= this.#end || wanted < this.#billing.log.firstSequence) return false
    if (!this.#found || this.#cursor.sequence < wanted) this.#found = this.#cursor.next()
    this.#row = this.#found && this.#cursor.sequence === wanted ? readRow(this.#cursor) : undefined
    return true
  }

  write(column: number, writer: ByteWriter): void {
    if (this.#row === undefined) writeNull(writer)
    else this.#writers[column](writer, this.#row)
  }
}

function readRow({ payload, utc_s, type, status }: LogCursor): Row | undefined {
  try {
    const snapshot = new BillingSnapshot(payload, utc_s, type, status)
    return { snapshot, values: new Map(snapshot.values.map((value) => [key(value.c, value.d, value.e), value])) }
  } catch (error) {
    // Written by a newer firmware that was taken back since.
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
