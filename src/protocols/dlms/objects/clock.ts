/** Interface class 8 "Clock" (IEC 62056-6-2 clause 4.5.1). */
import type { ByteWriter } from '../../../lib/bytes.ts'
import { DataAccessResult } from '../apdu.ts'
import { writeBoolean, writeEnum, writeInteger, writeLong, writeOctetString, writeUnsigned } from '../axdr.ts'
import { writeDateTimeOctetString } from '../datetime.ts'
import type { AssociationContext, Selection } from '../source.ts'
import type { ObjectOptions } from './access.ts'
import { InterfaceObject } from './base.ts'

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
}

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
}
