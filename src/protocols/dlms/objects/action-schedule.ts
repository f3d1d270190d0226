/** Interface class 22 "Single action schedule", version 0 (IEC 62056-6-2 clause 4.5.7): one script at one point in time. */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { MS_PER_DAY } from '../../../lib/calendar.ts'
import { DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue, writeArray, writeEnum, writeLongUnsigned, writeStructure } from '../axdr.ts'
import { decodeDateTime, exactDateTimeToUtc, writeDateOctetString, writeTimeOctetString } from '../datetime.ts'
import { writeLogicalName } from '../logical-name.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { elements, octets } from './parameters.ts'

const EXECUTION_TIME = 4
/** Value of `type`: all execution times have the same time of day, and their dates no wildcards. */
const NO_WILDCARDS = 2

/** When the script runs. */
export interface ActionScheduleSource {
  /** Undefined: nothing is scheduled. */
  readonly utc_ms: number | undefined
  /** False when the meter does not take the time, for example because it is over. Undefined cancels. */
  schedule(utc_ms: number | undefined): boolean
  /** Local time to UTC; times of the attribute are local. */
  utcOfLocal(local_ms: number): number
  /** The wall clock at an instant, as if it were UTC. */
  localOfUtc(utc_ms: number): number
}

export interface ActionScheduleOptions extends ObjectOptions {
  /** Logical name of the script table, 'a.b.c.d.e.f', and the script in it. */
  readonly script: { readonly table: string; readonly identifier: number }
  readonly source: ActionScheduleSource
}

/** Time (4 bytes) and date (5 bytes) as one date-time of local time. */
function join(time: Uint8Array, date: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12)
  bytes.set(date)
  bytes.set(time, 5)
  bytes[9] = 0x80
  return bytes
}

export class ActionScheduleObject extends InterfaceObject {
  readonly #table: string
  readonly #identifier: number
  readonly #source: ActionScheduleSource

  constructor(options: ActionScheduleOptions) {
    super(options, 22, 0, 4, 0)
    this.#table = options.script.table
    this.#identifier = options.script.identifier
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    if (attribute === 2) {
      writeStructure(writer, 2)
      writeLogicalName(writer, this.#table)
      writeLongUnsigned(writer, this.#identifier)
    } else if (attribute === 3) writeEnum(writer, NO_WILDCARDS)
    else this.writeExecutionTime(writer)
    return DataAccessResult.success
  }

  /** `execution_time`: an array of one structure { time, date }, or an empty one to cancel. Wildcards, and more than one, get "other reason". */
  override set(attribute: number, value: DataValue): DataAccessResult {
    if (attribute !== EXECUTION_TIME) return DataAccessResult.readWriteDenied
    const entries = elements(value, DataTag.array)
    if (entries.length > 1) return DataAccessResult.otherReason
    let utc_ms: number | undefined
    if (entries.length === 1) {
      const [time, date] = elements(entries[0], DataTag.structure, 2)
      const local = decodeDateTime(join(octets(time, 4), octets(date, 5)))
      utc_ms = exactDateTimeToUtc(local, (local_ms) => this.#source.utcOfLocal(local_ms))
      if (utc_ms === undefined) return DataAccessResult.otherReason
    }
    return this.#source.schedule(utc_ms) ? DataAccessResult.success : DataAccessResult.otherReason
  }

  private writeExecutionTime(writer: ByteWriter): void {
    const { utc_ms } = this.#source
    writeArray(writer, utc_ms === undefined ? 0 : 1)
    if (utc_ms === undefined) return
    const local_ms = this.#source.localOfUtc(utc_ms)
    const days = Math.floor(local_ms / MS_PER_DAY)
    writeStructure(writer, 2)
    writeTimeOctetString(writer, local_ms - days * MS_PER_DAY)
    writeDateOctetString(writer, days)
  }
}
