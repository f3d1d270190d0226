/** Interface class 8 "Clock" (IEC 62056-6-2 clause 4.5.1). */
import { type ByteWriter, DecodeError } from '../../../lib/bytes.ts'
import { ActionResult, DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue, writeBoolean, writeEnum, writeInteger, writeLong, writeOctetString, writeUnsigned } from '../axdr.ts'
import { decodeDateTime, exactDateTimeToUtc, writeDateTimeOctetString } from '../datetime.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { integer, nothing } from './parameters.ts'

/** Values of attribute 9. */
export const ClockBase = Object.freeze({ notDefined: 0, internalCrystal: 1, mains50Hz: 2, mains60Hz: 3, gps: 4, radioControlled: 5 })

/** The meter's clock as it is at this moment. Minutes have the COSEM sign: UTC = local + deviation. */
export interface ClockSource {
  readonly utc_ms: number
  /** Deviation that is valid now, daylight saving included. */
  readonly deviation_min: number
  /** Bits of `ClockStatus`. */
  readonly status: number
  /** Deviation of normal time. */
  readonly timeZone_min: number
  /** Date-time patterns of 12 bytes, e.g. the last Sunday of March at 02:00. */
  readonly daylightSavingsBegin: Uint8Array
  readonly daylightSavingsEnd: Uint8Array
  /** -120..120, added to local normal time in summer. */
  readonly daylightSavingsDeviation_min: number
  readonly daylightSavingsEnabled: boolean
  /** A number of `ClockBase`. */
  readonly clockBase: number
  /** What it takes to set the clock; without it nobody can. */
  readonly adjustment?: ClockAdjustment
}

export interface ClockAdjustment {
  /** False when the meter cannot keep the time. */
  setTime(utc_ms: number): boolean
  /** Local time to UTC, for times without a deviation. */
  utcOfLocal(local_ms: number): number
  /** Seconds of the measuring period that method 2 rounds to. */
  readonly measuringPeriod_s: number
}

const TIME = 2
const QUARTER_S = 900
const MINUTE_S = 60
/** Largest `shift_time`. */
const SHIFT_MAX_S = 900
/** adjust_to_quarter, adjust_to_measuring_period, adjust_to_minute, shift_time; the preset times of methods 4 and 5 are not kept. */
export const CLOCK_METHODS: readonly number[] = Object.freeze([1, 2, 3, 6])

export interface ClockOptions extends ObjectOptions {
  readonly source: ClockSource
}

export class ClockObject extends InterfaceObject {
  readonly #source: ClockSource

  constructor(options: ClockOptions) {
    super(options, 8, 0, 9, 6)
    this.#source = options.source
  }

  get(attribute: number, _selection: Selection | undefined, _context: AssociationContext, writer: ByteWriter): DataAccessResult {
    const source = this.#source
    if (attribute === 2) writeDateTimeOctetString(writer, source.utc_ms, source.deviation_min, source.status)
    else if (attribute === 3) writeLong(writer, source.timeZone_min)
    else if (attribute === 4) writeUnsigned(writer, source.status)
    else if (attribute === 5) writeOctetString(writer, source.daylightSavingsBegin)
    else if (attribute === 6) writeOctetString(writer, source.daylightSavingsEnd)
    else if (attribute === 7) writeInteger(writer, source.daylightSavingsDeviation_min)
    else if (attribute === 8) writeBoolean(writer, source.daylightSavingsEnabled)
    else writeEnum(writer, source.clockBase)
    return DataAccessResult.success
  }

  /** Attribute 2 as octet-string of 12 bytes or as type date-time. A time that leaves something open gets "other reason". */
  override set(attribute: number, value: DataValue): DataAccessResult {
    const { adjustment } = this.#source
    if (attribute !== TIME || adjustment === undefined) return DataAccessResult.readWriteDenied
    if (value.tag !== DataTag.octetString && value.tag !== DataTag.dateTime) throw new DecodeError('a date-time')
    const utc_ms = exactDateTimeToUtc(decodeDateTime(value.value), (local_ms) => adjustment.utcOfLocal(local_ms))
    return utc_ms !== undefined && adjustment.setTime(utc_ms) ? DataAccessResult.success : DataAccessResult.otherReason
  }

  override action(method: number, parameter: DataValue | undefined): ActionResult {
    const { utc_ms, adjustment } = this.#source
    if (adjustment === undefined || !CLOCK_METHODS.includes(method)) return ActionResult.readWriteDenied
    const target_ms = method === 6 ? utc_ms + 1000 * shift_s(parameter) : rounded_ms(method, utc_ms, parameter, adjustment)
    return Number.isFinite(target_ms) && adjustment.setTime(target_ms) ? ActionResult.success : ActionResult.otherReason
  }
}

/** Seconds of `shift_time`; infinite when they are more than the standard allows. */
function shift_s(parameter: DataValue | undefined): number {
  const shift_s = integer(parameter, DataTag.long)
  return Math.abs(shift_s) > SHIFT_MAX_S ? Number.POSITIVE_INFINITY : shift_s
}

/** The nearest multiple of a quarter of an hour, a measuring period or a minute; time zones are multiples of a quarter. */
function rounded_ms(method: number, utc_ms: number, parameter: DataValue | undefined, adjustment: ClockAdjustment): number {
  nothing(parameter)
  const step_s = method === 1 ? QUARTER_S : method === 2 ? adjustment.measuringPeriod_s : MINUTE_S
  return Math.round(utc_ms / (1000 * step_s)) * 1000 * step_s
}
