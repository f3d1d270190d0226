import { EVENT_PAYLOAD, eventParameter } from '../../core/events/event-log.ts'
import type { ReadableLog } from '../../core/events/group-log.ts'
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
import { type CapturedProfile, captureProfile, captureStatus } from './dlms-captures.ts'
import { READERS } from './dlms-clients.ts'
import { CLOCK_COLUMN, type EventColumn, EventColumns, StatusColumns } from './dlms-columns.ts'
import type { DlmsMeter } from './dlms-meter.ts'
import { type LogColumns, LogProfile } from './dlms-profile.ts'
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

class LoadLog extends LogProfile {
  readonly times: DlmsMeter
  readonly payloadLength = PROFILE_PAYLOAD

  constructor(meter: DlmsMeter) {
    super()
    this.times = meter
  }

  get log(): ReadableLog {
    return this.times.core.storage.profile
  }

  get capturePeriod_s(): number {
    return this.times.core.profile.period_s
  }

  get depth(): number | undefined {
    return this.times.core.profile.depth
  }

  protected makeColumns(): LogColumns {
    return new LoadColumns(this.times)
  }
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

class FailureLog extends LogProfile {
  readonly times: DlmsMeter
  readonly payloadLength = EVENT_PAYLOAD
  readonly capturePeriod_s = 0
  readonly depth = undefined

  constructor(meter: DlmsMeter) {
    super()
    this.times = meter
  }

  get log(): ReadableLog {
    return this.times.core.storage.powerFailures
  }

  protected makeColumns(): LogColumns {
    return new EventColumns(FAILURE_COLUMNS, this.times)
  }
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
  (meter) => {
    const logicalName = meter.measured.medium?.profiles.load ?? PROFILES.load.logicalName
    return new ProfileObject({ logicalName, access, source: new LoadLog(meter) })
  },
  (meter) => new ProfileObject({ logicalName: '1.0.99.97.0.255', access, source: new FailureLog(meter) }),
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
