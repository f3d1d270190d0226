import { ProfileStatus } from '../../core/events/codes.ts'
import { type CaptureProfile, payloadLength, storedValue } from '../../core/profile/capture-profile.ts'
import { writeDoubleLongUnsigned, writeLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { DataObject, RegisterObject, Unit } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { READERS } from './dlms-clients.ts'
import { type ColumnWriter, LogProfile } from './dlms-profile.ts'
import { type LocalTimes, writeStamp } from './dlms-times.ts'

const UINT32 = 0x100000000
const REGISTER_CLASS = 3
/** A value of up to this many bytes is long-unsigned, a longer one rolls over as double-long-unsigned. */
const SHORT_BYTES = 2

/** What `PROFILES` of src/core says about a profile. */
export interface ProfileNames {
  readonly logicalName: string
  /** Object that shows the AMR profile status of the newest entry. */
  readonly status: string
  readonly depth: number
}

/** OBIS value group A of electricity. */
const ELECTRICITY = 1
const registerName = (a: number, code: string) => `${a}.0.${code}.255`

function valueWriter(at: number, bytes: number): ColumnWriter {
  if (bytes <= SHORT_BYTES) return (writer, _utc_s, _type, _status, payload) => writeLongUnsigned(writer, storedValue(payload, at, bytes))
  return (writer, _utc_s, _type, _status, payload) => writeDoubleLongUnsigned(writer, storedValue(payload, at, bytes) % UINT32)
}

/**
 * A capture profile and the object of its status. Columns: clock, status, then the value of each register that is captured. `a` is their OBIS value
 * group A.
 */
export function captureProfileObjects(profile: CaptureProfile, names: ProfileNames, times: LocalTimes, a = ELECTRICITY): CosemObject[] {
  let at = 0
  const values = profile.columns.map(({ code, bytes }) => {
    const write = valueWriter(at, bytes)
    at += bytes
    return [captureObject(REGISTER_CLASS, registerName(a, code), 2), write] as const
  })
  const source = new LogProfile({
    log: profile.log,
    payloadLength: payloadLength(profile.columns),
    period_s: profile.schedule.period_s,
    utcOfLocal: (local_ms) => times.utcOfLocal(local_ms),
    depth: names.depth,
    columns: [
      [captureObject(8, '0.0.1.0.0.255', 2), (writer, utc_s, _type, status) => writeStamp(writer, times, utc_s, status)],
      [
        captureObject(1, names.status, 2),
        (writer, _utc_s, _type, status) => writeUnsigned(writer, status),
        (writer) => writeUnsigned(writer, ProfileStatus.dataNotValid),
      ],
      ...values,
    ],
  })
  return [
    new DataObject({ logicalName: names.status, access: READERS, value: (writer) => writeUnsigned(writer, profile.lastStatus) }),
    new ProfileObject({ logicalName: names.logicalName, access: READERS, source }),
  ]
}

/** Scaler and unit of a column of the power quality profile: 0.1 V, 0.01 Hz, 0.1 %, s. */
function scale(code: string): readonly [scaler: number, unit: number] {
  const [c, , e] = code.split('.')
  if (c === '0') return [0, Unit.second]
  if (c === '14') return [-2, Unit.hertz]
  return [-1, e === '124' ? Unit.percent : Unit.volt]
}

/**
 * The registers that the power quality profile captures: their values in the newest entry, 0 before there is one. A client needs them for scaler and
 * unit of the columns.
 */
export function powerQualityRegisters(profile: CaptureProfile): CosemObject[] {
  let at = 0
  return profile.columns.map(({ code, bytes }) => {
    const first = at
    at += bytes
    const [scaler, unit] = scale(code)
    const newest = () => {
      const cursor = profile.log.cursor(profile.log.nextSequence - 1)
      return cursor.next() ? storedValue(cursor.payload, first, bytes) : 0
    }
    return new RegisterObject({
      logicalName: registerName(ELECTRICITY, code),
      access: READERS,
      scaler,
      unit,
      value: (writer) => writeLongUnsigned(writer, newest()),
    })
  })
}
