import { ProfileStatus } from '../../core/events/codes.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeOctetString } from '../../protocols/dlms/axdr.ts'
import { ClockStatus, writeDateTimeOctetString } from '../../protocols/dlms/datetime.ts'
import { NO_TIME } from '../../protocols/dlms/objects/activity-calendar.ts'

/** Local time, as clients see it. The clock of the meter is one, but for `utcOfLocal`. */
export interface LocalTimes {
  /** Local time as if it were UTC, in milliseconds. Must give an instant for every number. */
  utcOfLocal(local_ms: number): number
  /** Minutes that local time is ahead of UTC at a moment. */
  offset_min(utc_ms: number): number
  /** The same without daylight saving. */
  readonly standardOffset_min: number
}

/** The meter's time. */
export interface MeterTimes extends LocalTimes {
  now_ms(): number
  localOfUtc(utc_ms: number): number
  /** Clock status of a moment. */
  status(utc_ms: number): number
}

/** A stored time as date-time: local time with its deviation. `status` are bits of `ProfileStatus`. */
export function writeStamp(
  writer: ByteWriter,
  times: Pick<LocalTimes, 'offset_min' | 'standardOffset_min'>,
  utc_s: number,
  status: number,
): void {
  const utc_ms = utc_s * 1000
  const offset_min = times.offset_min(utc_ms)
  const invalid = status & ProfileStatus.clockInvalid ? ClockStatus.invalidValue : 0
  const saving = offset_min === times.standardOffset_min ? 0 : ClockStatus.daylightSavingActive
  writeDateTimeOctetString(writer, utc_ms, -offset_min, invalid | saving)
}

/** As `writeStamp`; "not specified" for 0, the time of what has not happened yet. */
export function writeStampIfAny(writer: ByteWriter, times: LocalTimes, utc_s: number, status: number): void {
  if (utc_s === 0) writeOctetString(writer, NO_TIME)
  else writeStamp(writer, times, utc_s, status)
}
