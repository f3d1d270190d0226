import { type CaptureProfile, type ProfileColumn, payloadLength, storedValue } from '../../core/profile/capture-profile.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeDoubleLongUnsigned, writeLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { DataObject, RegisterObject, Unit } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { READERS } from './dlms-clients.ts'
import { StatusColumns } from './dlms-columns.ts'
import { type LogColumns, LogProfile } from './dlms-profile.ts'
import type { LocalTimes } from './dlms-times.ts'

const UINT32 = 0x100000000
/** A value of up to this many bytes is long-unsigned, a longer one rolls over as double-long-unsigned. */
const SHORT_BYTES = 2

/** What `PROFILES` of src/core says about a profile. */
export interface ProfileNames {
  readonly logicalName: string
  /** Object that shows the AMR profile status of the newest entry. */
  readonly status: string
  readonly depth: number
}

/** A capture profile and how clients see it. */
export interface CapturedProfile {
  readonly profile: CaptureProfile
  readonly names: ProfileNames
  readonly times: LocalTimes
  /** OBIS value group A of the registers that are captured. Default: electricity. */
  readonly a?: number
}

const ELECTRICITY = 1
const registerName = (a: number, code: string) => `${a}.0.${code}.255`

/** Where the value of each column begins in an entry. */
function offsetsOf(columns: readonly ProfileColumn[]): Uint16Array {
  const offsets = new Uint16Array(columns.length)
  for (let i = 1; i < columns.length; i++) offsets[i] = offsets[i - 1] + columns[i - 1].bytes
  return offsets
}

/** Clock, status, then the value of each register that is captured. */
class CaptureColumns extends StatusColumns {
  readonly #a: number
  readonly #columns: readonly ProfileColumn[]
  readonly #offsets: Uint16Array

  constructor(captured: CapturedProfile) {
    const { names, times, a = ELECTRICITY } = captured
    // Made anew each time they are asked for.
    const { columns } = captured.profile
    super(times, names.status, columns.length)
    this.#a = a
    this.#columns = columns
    this.#offsets = offsetsOf(columns)
  }

  protected valueName(index: number): string {
    return registerName(this.#a, this.#columns[index].code)
  }

  protected writeValue(index: number, writer: ByteWriter, payload: Uint8Array): void {
    const { bytes } = this.#columns[index]
    const value = storedValue(payload, this.#offsets[index], bytes)
    if (bytes <= SHORT_BYTES) writeLongUnsigned(writer, value)
    else writeDoubleLongUnsigned(writer, value % UINT32)
  }
}

/** The object with the status of the newest entry. */
export function captureStatus(captured: CapturedProfile | undefined): CosemObject | undefined {
  if (captured === undefined) return undefined
  const { profile, names } = captured
  return new DataObject({ logicalName: names.status, access: READERS, value: (writer) => writeUnsigned(writer, profile.lastStatus) })
}

class CaptureLog extends LogProfile {
  readonly #captured: CapturedProfile

  constructor(captured: CapturedProfile) {
    super()
    this.#captured = captured
  }

  get log(): CaptureProfile['log'] {
    return this.#captured.profile.log
  }

  get payloadLength(): number {
    return payloadLength(this.#captured.profile.columns)
  }

  get times(): LocalTimes {
    return this.#captured.times
  }

  get depth(): number {
    return this.#captured.names.depth
  }

  get capturePeriod_s(): number {
    return this.#captured.profile.schedule.period_s
  }

  protected makeColumns(): LogColumns {
    return new CaptureColumns(this.#captured)
  }
}

/** The profile itself. */
export function captureProfile(captured: CapturedProfile | undefined): CosemObject | undefined {
  return captured && new ProfileObject({ logicalName: captured.names.logicalName, access: READERS, source: new CaptureLog(captured) })
}

/** Scaler and unit of a column of the power quality profile: 0.1 V, 0.01 Hz, 0.1 %, s. */
function scale(code: string): readonly [scaler: number, unit: number] {
  const [c, , e] = code.split('.')
  if (c === '0') return [0, Unit.second]
  if (c === '14') return [-2, Unit.hertz]
  return [-1, e === '124' ? Unit.percent : Unit.volt]
}

/**
 * A register that the power quality profile captures: its value in the newest entry, 0 before there is one. A client needs it for scaler and unit of the
 * column.
 */
export function powerQualityRegister(profile: CaptureProfile, index: number): CosemObject {
  const { columns } = profile
  const { code, bytes } = columns[index]
  const [scaler, unit] = scale(code)
  const newest = () => {
    const cursor = profile.log.cursor(profile.log.nextSequence - 1)
    return cursor.next() ? storedValue(cursor.payload, offsetsOf(columns)[index], bytes) : 0
  }
  return new RegisterObject({
    ...{ logicalName: registerName(ELECTRICITY, code), access: READERS, scaler, unit },
    value: (writer) => writeLongUnsigned(writer, newest()),
  })
}
