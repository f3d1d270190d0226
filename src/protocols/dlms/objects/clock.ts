/** Interface class 8 "Clock" (IEC 62056-6-2 clause 4.5.1). */
import { type ByteWriter, DecodeError } from '../../../lib/bytes.ts'
import { ActionResult, DataAccessResult } from '../apdu.ts'
import { DataTag, type DataValue, writeBoolean, writeEnum, writeInteger, writeLong, writeOctetString, writeUnsigned } from '../axdr.ts'
import { decodeDateTime, exactDateTimeToUtc, writeDateTimeOctetString } from '../datetime.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'
import { elements, integer, nothing, octets } from './parameters.ts'

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

/** A time that is to be set at the next `adjust_to_preset_time` between two others. */
export interface PresetTime {
  readonly time_ms: number
  readonly from_ms: number
  readonly until_ms: number
}

export interface ClockAdjustment {
  /** What method 5 was given last, until it was used; lost with the supply. */
  preset: PresetTime | undefined
  /** False when the meter cannot keep the time. A small difference may be worked off slowly. */
  setTime(utc_ms: number): boolean
  /** Moves the time by so much, now; false when there is no valid time, or it would become one that the meter cannot keep. */
  shift(difference_ms: number): boolean
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
/** adjust_to_quarter, adjust_to_measuring_period, adjust_to_minute, adjust_to_preset_time, preset_adjusting_time, shift_time. */
export const CLOCK_METHODS: readonly number[] = Object.freeze([1, 2, 3, 4, 5, 6])
const ADJUST_TO_PRESET = 4
const PRESET = 5
const SHIFT = 6

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
    const utc_ms = utcOf(value.value, adjustment)
    return utc_ms !== undefined && adjustment.setTime(utc_ms) ? DataAccessResult.success : DataAccessResult.otherReason
  }

  override action(method: number, parameter: DataValue | undefined): ActionResult {
    const { utc_ms, adjustment } = this.#source
    if (adjustment === undefined || !CLOCK_METHODS.includes(method)) return ActionResult.readWriteDenied
    return this.move(method, parameter, utc_ms, adjustment) ? ActionResult.success : ActionResult.otherReason
  }

  private move(method: number, parameter: DataValue | undefined, utc_ms: number, adjustment: ClockAdjustment): boolean {
    if (method === PRESET) return this.keep(parameter, adjustment)
    if (method === ADJUST_TO_PRESET) return this.adjustToPreset(parameter, utc_ms, adjustment)
    if (method !== SHIFT) return adjustment.shift(rounded_ms(method, utc_ms, parameter, adjustment) - utc_ms)
    const shift_ms = 1000 * shift_s(parameter)
    return Number.isFinite(shift_ms) && adjustment.shift(shift_ms)
  }

  /** Takes a preset time, if all three times are complete and the interval is one. */
  private keep(parameter: DataValue | undefined, adjustment: ClockAdjustment): boolean {
    const [time_ms, from_ms, until_ms] = elements(parameter, DataTag.structure, 3).map((value) => utcOf(octets(value, 12), adjustment))
    if (time_ms === undefined || from_ms === undefined || until_ms === undefined || from_ms > until_ms) return false
    adjustment.preset = { time_ms, from_ms, until_ms }
    return true
  }

  /** Once; outside the interval nothing happens. */
  private adjustToPreset(parameter: DataValue | undefined, utc_ms: number, adjustment: ClockAdjustment): boolean {
    nothing(parameter)
    const { preset } = adjustment
    if (preset === undefined || utc_ms < preset.from_ms || utc_ms > preset.until_ms) return false
    adjustment.preset = undefined
    return adjustment.setTime(preset.time_ms)
  }
}

/** Undefined for a date-time that leaves something open. */
function utcOf(bytes: Uint8Array, adjustment: ClockAdjustment): number | undefined {
  return exactDateTimeToUtc(decodeDateTime(bytes), (local_ms) => adjustment.utcOfLocal(local_ms))
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
