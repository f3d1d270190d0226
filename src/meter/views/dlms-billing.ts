import type { Billing } from '../../core/billing/billing.ts'
import { type BillingSection, BillingSnapshot, type SnapshotValue, snapshotLength } from '../../core/billing/snapshot.ts'
import type { Measured } from '../../core/metrology/measured.ts'
import type { MonthlyMoment } from '../../core/profile/schedule.ts'
import { registerName } from '../../core/registers/names.ts'
import { HEADER_LENGTH } from '../../core/storage/format.ts'
import { recordSize } from '../../core/storage/record.ts'
import type { LogCursor } from '../../core/storage/record-log.ts'
import { type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { ActionResult } from '../../protocols/dlms/apdu.ts'
import { writeDoubleLongUnsigned, writeNull, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { type ObjectMaker, objectGroup } from '../../protocols/dlms/made-objects.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import {
  type CaptureObject,
  type ColumnList,
  captureObject,
  type ProfileCursor,
  type ProfileSource,
} from '../../protocols/dlms/objects/profile-source.ts'
import { RecurringScheduleObject } from '../../protocols/dlms/objects/recurring-schedule.ts'
import { DataObject } from '../../protocols/dlms/objects/register.ts'
import { ScriptTableObject } from '../../protocols/dlms/objects/script-table.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { managedByReaders, READERS } from './dlms-clients.ts'
import { CLOCK_COLUMN } from './dlms-columns.ts'
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

const REGISTER_CLASS = 3
const EXTENDED_REGISTER_CLASS = 4
const MAXIMUM = 6
const ENERGY = 8
const UINT32 = 0x100000000

/** What the objects are made from. */
export interface BillingView {
  /** Absent on a flash without room for it: no objects then. */
  readonly billing: Billing | undefined
  /** The registers that a snapshot of this firmware holds: the columns. */
  readonly sections: readonly BillingSection[]
  /** Newest snapshots that can be read, of those that the ring keeps. */
  readonly depth: number
  /** When billing periods end by themselves, in local time. Undefined: by command only. */
  readonly moment: MonthlyMoment | undefined
  readonly times: LocalTimes
  /** What the meter measures: it names the columns. */
  readonly measured: Measured
  /** Ends the billing period now, by a command. False while that is not allowed. Whoever implements it saves the registers before. */
  endBilling(): boolean
}

const access = READERS
const SCRIPT_ACCESS = managedByReaders([], [1])

function data(logicalName: string, write: (writer: ByteWriter, billing: Billing, times: LocalTimes) => void): ObjectMaker<BillingView> {
  return ({ billing, times }) => billing && new DataObject({ logicalName, access, value: (writer) => write(writer, billing, times) })
}

function scripts(view: BillingView): CosemObject | undefined {
  const script = {
    identifier: END_SCRIPT,
    classId: 7,
    logicalName: BILLING_PROFILE,
    method: CAPTURE,
    // What is refused within the block-out time is taken later.
    execute: () => (view.endBilling() ? ActionResult.success : ActionResult.temporaryFailure),
  }
  return view.billing && new ScriptTableObject({ logicalName: SCRIPTS, access: SCRIPT_ACCESS, scripts: [script] })
}

/** Snapshots, their counters, and the script that ends a billing period with its schedule. Clients with a secret read, the management client executes. */
export const BILLING_OBJECTS = objectGroup<BillingView>(
  data(COUNTER, (writer, { counter }) => writeDoubleLongUnsigned(writer, counter)),
  data(AVAILABLE, (writer, { count }) => writeDoubleLongUnsigned(writer, count)),
  data(LAST_TIME, (writer, { last_s }, times) => writeStampIfAny(writer, times, last_s, 0)),
  data(STATUS, (writer, billing) => writeUnsigned(writer, billing.read(1)?.status ?? 0)),
  (view) => view.billing && new ProfileObject({ logicalName: BILLING_PROFILE, access, source: new BillingProfile(view, view.billing) }),
  scripts,
  ({ billing, moment }) =>
    billing &&
    new RecurringScheduleObject({
      logicalName: SCHEDULE,
      access,
      script: { table: SCRIPTS, identifier: END_SCRIPT },
      time: moment && { date: { day: moment.day === 'last' ? 0xfe : moment.day }, secondOfDay: moment.hour * 3600 },
    }),
)

/** A snapshot, and its values by `key`. */
interface Row {
  readonly snapshot: BillingSnapshot
  readonly values: ReadonlyMap<number, SnapshotValue>
}

/** OBIS value groups C, D, E as one number, of 24 bits. */
const key = (c: number, d: number, e: number) => (c << 16) | (d << 8) | e
/** On top of them: the time of a maximum. */
const TIME = 1 << 24

const HEAD: readonly (readonly [
  column: CaptureObject,
  write: (writer: ByteWriter, snapshot: BillingSnapshot, times: LocalTimes) => void,
])[] = Object.freeze([
  [CLOCK_COLUMN, (writer, { utc_s, status }, times) => writeStamp(writer, times, utc_s, status)],
  [captureObject(1, STATUS, 2), (writer, { status }) => writeUnsigned(writer, status)],
  [captureObject(1, COUNTER, 2), (writer, { number }) => writeDoubleLongUnsigned(writer, number)],
])

/** Clock, status, counter, and then what the sections hold: each register, each maximum with its time. */
class BillingColumns implements ColumnList {
  readonly times: LocalTimes
  readonly #measured: Measured
  /** `key` of each value, with `TIME` for times. */
  readonly #values: Uint32Array

  constructor({ sections, times, measured }: BillingView) {
    this.times = times
    this.#measured = measured
    const values: number[] = []
    for (const { c, d, count } of sections) {
      for (let e = 0; e < count; e++) {
        // Kept, but the medium may have no name for it.
        if (measured.medium !== undefined && registerName(measured, c - 1, d, e) === undefined) continue
        values.push(key(c, d, e))
        if (d === MAXIMUM) values.push(key(c, d, e) | TIME)
      }
    }
    this.#values = Uint32Array.from(values)
  }

  get length(): number {
    return HEAD.length + this.#values.length
  }

  at(index: number): CaptureObject | undefined {
    if (index < HEAD.length) return HEAD[index][0]
    const value = this.#values[index - HEAD.length]
    if (value === undefined) return undefined
    const [c, d, e] = [(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]
    const { logicalName = '' } = registerName(this.#measured, c - 1, d, e) ?? {}
    return captureObject(d === MAXIMUM ? EXTENDED_REGISTER_CLASS : REGISTER_CLASS, logicalName, (value & TIME) === 0 ? 2 : 5)
  }

  write(index: number, writer: ByteWriter, { snapshot, values }: Row): void {
    if (index < HEAD.length) HEAD[index][1](writer, snapshot, this.times)
    else this.writeValue(this.#values[index - HEAD.length], writer, snapshot, values)
  }

  /** A snapshot of another firmware may not have it. */
  private writeValue(column: number, writer: ByteWriter, snapshot: BillingSnapshot, values: Row['values']): void {
    const found = values.get(column & ~TIME)
    const d = (column >> 8) & 0xff
    const value = d === ENERGY ? snapshot.energy(column >> 16, column & 0xff) : found?.value
    if (value === undefined) writeNull(writer)
    else if ((column & TIME) !== 0) writeStampIfAny(writer, this.times, found?.time_s ?? 0, found?.status ?? 0)
    else writeDoubleLongUnsigned(writer, d === MAXIMUM ? Math.min(value, UINT32 - 1) : value % UINT32)
  }
}

/** The snapshots as the buffer of a COSEM profile. */
class BillingProfile implements ProfileSource {
  readonly capturePeriod_s = 0
  readonly #billing: Billing
  readonly #view: BillingView
  #columns: BillingColumns | undefined

  constructor(view: BillingView, billing: Billing) {
    this.#billing = billing
    this.#view = view
  }

  get columns(): BillingColumns {
    this.#columns ??= new BillingColumns(this.#view)
    return this.#columns
  }

  get profileEntries(): number {
    const { sections, depth } = this.#view
    const { ring } = this.#billing.log
    const perBlock = Math.floor((ring.blockLength - HEADER_LENGTH) / recordSize(snapshotLength(sections)))
    return Math.min(perBlock * (ring.extent.blocks - 2) + 1, depth)
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
    return new BillingRows(this.#billing, index, this.columns)
  }

  utcOfLocal(local_ms: number): number {
    return this.#view.times.utcOfLocal(local_ms)
  }
}

/** Each snapshot is taken apart once. One that cannot be read keeps its place, with columns of null-data. */
class BillingRows implements ProfileCursor {
  readonly #billing: Billing
  readonly #cursor: LogCursor
  readonly #columns: BillingColumns
  readonly #end: number
  #wanted: number
  #found = false
  #row: Row | undefined

  constructor(billing: Billing, index: number, columns: BillingColumns) {
    const { log, count } = billing
    this.#billing = billing
    this.#columns = columns
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
    else this.#columns.write(column, writer, this.#row)
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
