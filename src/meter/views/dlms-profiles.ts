import { EVENT_PAYLOAD, eventParameter } from '../../core/events/event-log.ts'
import { tariffedOf } from '../../core/metrology/measured.ts'
import { PROFILES } from '../../core/profile/definitions.ts'
import { PROFILE_PAYLOAD, profileValue } from '../../core/profile/load-profile.ts'
import { RegisterKind, registerName } from '../../core/registers/names.ts'
import type { LogCursor } from '../../core/storage/record-log.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { writeDoubleLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { objectGroup } from '../../protocols/dlms/made-objects.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { DataObject, RegisterObject, Unit } from '../../protocols/dlms/objects/register.ts'
import type { CosemObject } from '../../protocols/dlms/source.ts'
import { type CapturedProfile, captureProfile, captureStatus } from './dlms-captures.ts'
import { READERS } from './dlms-clients.ts'
import { CLOCK_COLUMN, type EventColumn, EventColumns, StatusColumns } from './dlms-columns.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { LogProfile } from './dlms-profile.ts'
import { writeStamp } from './dlms-times.ts'

/** Duration of the last long power failure; the name that power failure logs use for their column (DSMR). */
const OUTAGE_DURATION = '0.0.96.7.19.255'

const access = READERS

/** Load profile 1: totals of the energies that have rates. */
class LoadColumns extends StatusColumns {
  readonly #meter: DlmsMeter
  readonly #quantities: readonly number[]

  constructor(meter: DlmsMeter) {
    const quantities = tariffedOf(meter.measured)
    super(meter, PROFILES.load.status, quantities.length)
    this.#meter = meter
    this.#quantities = quantities
  }

  protected valueName(index: number): string {
    return registerName(this.#meter.measured, this.#quantities[index], RegisterKind.total, 0)?.logicalName ?? ''
  }

  protected writeValue(index: number, writer: ByteWriter, payload: Uint8Array): void {
    writeDoubleLongUnsigned(writer, profileValue(payload, this.#quantities[index]) % 0x100000000)
  }
}

function loadProfile(meter: DlmsMeter): CosemObject {
  const { storage, profile, measured } = meter.core
  return new ProfileObject({
    ...{ logicalName: measured.medium?.profiles.load ?? PROFILES.load.logicalName, access },
    source: new LogProfile({
      log: storage.profile,
      payloadLength: PROFILE_PAYLOAD,
      period_s: profile.period_s,
      depth: profile.depth,
      times: meter,
      columns: new LoadColumns(meter),
    }),
  })
}

/** IEC 62056-6-1 "power failure event log": the end of each failure and its duration. */
const FAILURE_COLUMNS: readonly EventColumn<DlmsMeter>[] = Object.freeze([
  {
    column: () => CLOCK_COLUMN,
    write: (writer: ByteWriter, { utc_s, status }: LogCursor, meter: DlmsMeter) => writeStamp(writer, meter, utc_s, status),
  },
  {
    column: () => captureObject(3, OUTAGE_DURATION, 2),
    write: (writer: ByteWriter, { payload }: LogCursor) => writeDoubleLongUnsigned(writer, eventParameter(payload)),
  },
])

function powerFailureLog(meter: DlmsMeter): CosemObject {
  return new ProfileObject({
    ...{ logicalName: '1.0.99.97.0.255', access },
    source: new LogProfile({
      log: meter.core.storage.powerFailures,
      payloadLength: EVENT_PAYLOAD,
      period_s: 0,
      times: meter,
      columns: new EventColumns(FAILURE_COLUMNS, meter),
    }),
  })
}

/** Load profile and power failures. */
export const LOG_OBJECTS = objectGroup<DlmsMeter>(
  ({ core }) =>
    new DataObject({ logicalName: PROFILES.load.status, access, value: (writer) => writeUnsigned(writer, core.profile.lastStatus) }),
  ({ core }) =>
    new DataObject({ logicalName: '0.0.96.7.0.255', access, value: (writer) => writeDoubleLongUnsigned(writer, core.powerFailures) }),
  ({ core }) =>
    new RegisterObject({
      ...{ logicalName: OUTAGE_DURATION, access, scaler: 0, unit: Unit.second },
      value: (writer) => writeDoubleLongUnsigned(writer, core.lastOutage_s),
    }),
  loadProfile,
  powerFailureLog,
)

function daily(meter: DlmsMeter): CapturedProfile | undefined {
  const profile = meter.core.accounts.daily
  const { medium } = meter.measured
  const logicalName = medium?.profiles.daily ?? PROFILES.daily.logicalName
  return profile && { profile, times: meter, names: { ...PROFILES.daily, logicalName }, a: medium?.a }
}

function monthly(meter: DlmsMeter): CapturedProfile | undefined {
  const profile = meter.core.accounts.monthly
  return profile && { profile, times: meter, names: PROFILES.monthly, a: meter.measured.medium?.a }
}

/** Daily and monthly values. */
export const PERIOD_OBJECTS = objectGroup<DlmsMeter>(
  (meter) => captureStatus(daily(meter)),
  (meter) => captureProfile(daily(meter)),
  (meter) => captureStatus(monthly(meter)),
  (meter) => captureProfile(monthly(meter)),
)
