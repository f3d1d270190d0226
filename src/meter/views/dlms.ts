import { ProfileStatus } from '../../core/events/codes.ts'
import { EVENT_PAYLOAD, eventParameter } from '../../core/events/event-log.ts'
import { PROFILE_PAYLOAD, profileValue } from '../../core/profile/load-profile.ts'
import { REGISTER_TABLE, type RegisterEntry } from '../../core/registers/table.ts'
import type { ByteWriter } from '../../lib/bytes.ts'
import { Mechanism } from '../../protocols/dlms/acse.ts'
import {
  writeAsciiOctetString,
  writeDoubleLong,
  writeDoubleLongUnsigned,
  writeLong,
  writeLongUnsigned,
  writeUnsigned,
} from '../../protocols/dlms/axdr.ts'
import { ClockStatus, writeDateTimeOctetString } from '../../protocols/dlms/datetime.ts'
import { SUPPORTED_CONFORMANCE } from '../../protocols/dlms/initiate.ts'
import { type AccessRights, readableBy } from '../../protocols/dlms/objects/access.ts'
import { AssociationLnObject } from '../../protocols/dlms/objects/association-ln.ts'
import { ClockBase, ClockObject, type ClockSource } from '../../protocols/dlms/objects/clock.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { DataObject, RegisterObject } from '../../protocols/dlms/objects/register.ts'
import { SapAssignmentObject } from '../../protocols/dlms/objects/sap.ts'
import type { CosemObject, DlmsSource, LogicalDevice } from '../../protocols/dlms/source.ts'
import { FIRMWARE_VERSION, METER_CONSTANT, type MeterConfig, MODEL } from '../config.ts'
import type { MeterCore } from '../core.ts'
import { type ColumnWriter, LogProfile } from './dlms-profile.ts'

/** Service access points of the clients. */
export const PUBLIC_CLIENT = 16
export const READING_CLIENT = 17
/** The management logical device, the only one. */
const MANAGEMENT_DEVICE = 1

const CLOCK = '0.0.1.0.0.255'
const PROFILE_STATUS = '0.0.96.10.1.255'
const EVENT_CODE = '0.0.96.11.0.255'
/** Duration of the last long power failure; the name that power failure logs use for their column (DSMR). */
const OUTAGE_DURATION = '0.0.96.7.19.255'

/** Physical units beyond those of the registers: second, and imp/Wh ("active energy meter constant"). */
const UNIT_SECOND = 7
const UNIT_METER_CONSTANT = 45

/** Date-time pattern of the last Sunday of a month at a full hour of local time (IEC 62056-6-2, class Clock). */
function lastSunday(month: number, hour: number, status: number): Uint8Array {
  return Uint8Array.of(0xff, 0xff, month, 0xfe, 7, hour, 0, 0, 0, 0x80, 0, status)
}

const NEVER = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff)

function writeValue(writer: ByteWriter, entry: RegisterEntry, value: number): void {
  // Registers roll over like a display; an instantaneous value that its type cannot carry stays at the end of its range.
  if (entry.type === 'uint32') writeDoubleLongUnsigned(writer, entry.kind === 'energy' ? value % 0x100000000 : Math.min(value, 0xffffffff))
  else if (entry.type === 'int32') writeDoubleLong(writer, Math.max(-0x80000000, Math.min(value, 0x7fffffff)))
  else if (entry.type === 'uint16') writeLongUnsigned(writer, Math.min(value, 0xffff))
  else writeLong(writer, Math.max(-0x8000, Math.min(value, 0x7fff)))
}

/** The meter as COSEM objects: the current reading of the core, written straight into the response. */
export class DlmsView implements DlmsSource {
  readonly devices: readonly LogicalDevice[]
  readonly #core: MeterCore
  readonly #config: MeterConfig

  /** `authenticate` checks the LLS secret of the reading client. */
  constructor(core: MeterCore, config: MeterConfig, authenticate: (secret: Uint8Array) => boolean) {
    this.#core = core
    this.#config = config
    const { manufacturer, serial } = config.identity
    const name = manufacturer + serial.padStart(13, '0')
    const everyone = readableBy(PUBLIC_CLIENT, READING_CLIENT)
    const reading = readableBy(READING_CLIENT)
    this.devices = [
      {
        sap: MANAGEMENT_DEVICE,
        name,
        clients: [
          { sap: PUBLIC_CLIENT, mechanism: Mechanism.none, conformance: SUPPORTED_CONFORMANCE },
          { sap: READING_CLIENT, mechanism: Mechanism.low, conformance: SUPPORTED_CONFORMANCE },
        ],
        objects: [
          ...this.#identity(name, everyone),
          ...REGISTER_TABLE.map((entry) => this.#register(entry, reading)),
          ...this.#logs(reading),
        ],
        authenticate: (clientSap, secret) => clientSap === READING_CLIENT && authenticate(secret),
      },
    ]
  }

  #identity(name: string, access: AccessRights): CosemObject[] {
    const text = (logicalName: string, value: string) =>
      new DataObject({ logicalName, access, value: (writer) => writeAsciiOctetString(writer, value) })
    return [
      new AssociationLnObject({ access }),
      new SapAssignmentObject({ access, devices: () => this.devices }),
      text('0.0.42.0.0.255', name),
      text('0.0.96.1.0.255', this.#config.identity.serial),
      text('0.0.96.1.1.255', MODEL),
      text('1.0.0.2.0.255', FIRMWARE_VERSION),
      new ClockObject({ logicalName: CLOCK, access, source: this.#clock() }),
      new RegisterObject({
        logicalName: '1.0.0.3.0.255',
        access,
        scaler: -3,
        unit: UNIT_METER_CONSTANT,
        value: (writer) => writeDoubleLongUnsigned(writer, METER_CONSTANT),
      }),
    ]
  }

  #register(entry: RegisterEntry, access: AccessRights): CosemObject {
    const { logicalName, scaler, unit } = entry
    const { readings } = this.#core
    return new RegisterObject({ logicalName, access, scaler, unit, value: (writer) => writeValue(writer, entry, entry.read(readings)) })
  }

  #logs(access: AccessRights): CosemObject[] {
    const core = this.#core
    return [
      new DataObject({ logicalName: PROFILE_STATUS, access, value: (writer) => writeUnsigned(writer, core.profile.lastStatus) }),
      new DataObject({ logicalName: EVENT_CODE, access, value: (writer) => writeUnsigned(writer, core.lastEventCode) }),
      new DataObject({ logicalName: '0.0.96.7.0.255', access, value: (writer) => writeDoubleLongUnsigned(writer, core.powerFailures) }),
      new RegisterObject({
        logicalName: OUTAGE_DURATION,
        access,
        scaler: 0,
        unit: UNIT_SECOND,
        value: (writer) => writeDoubleLongUnsigned(writer, core.lastOutage_s),
      }),
      new ProfileObject({ logicalName: '1.0.99.1.0.255', access, source: this.#loadProfile() }),
      new ProfileObject({ logicalName: '0.0.99.98.0.255', access, source: this.#standardLog() }),
      new ProfileObject({ logicalName: '1.0.99.97.0.255', access, source: this.#powerFailureLog() }),
    ]
  }

  /** The time stamp of an entry: local time with its deviation. */
  #timeColumn(): ColumnWriter {
    const { clock } = this.#core
    return (writer, utc_s, _type, status) => {
      const utc_ms = utc_s * 1000
      const offset_min = clock.offset_min(utc_ms)
      const invalid = status & ProfileStatus.clockInvalid ? ClockStatus.invalidValue : 0
      const saving = offset_min === clock.standardOffset_min ? 0 : ClockStatus.daylightSavingActive
      writeDateTimeOctetString(writer, utc_ms, -offset_min, invalid | saving)
    }
  }

  #loadProfile(): LogProfile {
    const { storage, profile } = this.#core
    const energy = (name: string, index: number) =>
      [
        captureObject(3, name, 2),
        ((writer, _utc_s, _type, _status, payload) =>
          writeDoubleLongUnsigned(writer, profileValue(payload, index) % 0x100000000)) satisfies ColumnWriter,
      ] as const
    return new LogProfile({
      log: storage.profile,
      payloadLength: PROFILE_PAYLOAD,
      period_s: profile.period_s,
      utcOfLocal: (local_ms) => this.#utcOfLocal(local_ms),
      columns: [
        [captureObject(8, CLOCK, 2), this.#timeColumn()],
        [
          captureObject(1, PROFILE_STATUS, 2),
          (writer, _utc_s, _type, status) => writeUnsigned(writer, status),
          (writer) => writeUnsigned(writer, ProfileStatus.dataNotValid),
        ],
        energy('1.0.1.8.0.255', 0),
        energy('1.0.2.8.0.255', 1),
        energy('1.0.3.8.0.255', 2),
        energy('1.0.4.8.0.255', 3),
      ],
    })
  }

  #standardLog(): LogProfile {
    return new LogProfile({
      log: this.#core.storage.events,
      payloadLength: EVENT_PAYLOAD,
      period_s: 0,
      utcOfLocal: (local_ms) => this.#utcOfLocal(local_ms),
      columns: [
        [captureObject(8, CLOCK, 2), this.#timeColumn()],
        [captureObject(1, EVENT_CODE, 2), (writer, _utc_s, type) => writeUnsigned(writer, type)],
      ],
    })
  }

  /** IEC 62056-6-1 "power failure event log": the end of each failure and its duration. */
  #powerFailureLog(): LogProfile {
    return new LogProfile({
      log: this.#core.storage.powerFailures,
      payloadLength: EVENT_PAYLOAD,
      period_s: 0,
      utcOfLocal: (local_ms) => this.#utcOfLocal(local_ms),
      columns: [
        [captureObject(8, CLOCK, 2), this.#timeColumn()],
        [
          captureObject(3, OUTAGE_DURATION, 2),
          (writer, _utc_s, _type, _status, payload) => writeDoubleLongUnsigned(writer, eventParameter(payload)),
        ],
      ],
    })
  }

  /** Local time may name an hour twice or not at all; the offset that is valid at the standard time decides. */
  #utcOfLocal(local_ms: number): number {
    const { clock } = this.#core
    const standard_ms = local_ms - clock.standardOffset_min * 60_000
    return local_ms - clock.offset_min(standard_ms) * 60_000
  }

  #clock(): ClockSource {
    const { clock } = this.#core
    const { standardOffset_min, daylightSaving } = this.#config.localTime
    const european = daylightSaving === 'eu'
    return {
      get utc_ms() {
        return clock.now_ms()
      },
      get deviation_min() {
        return -clock.offset_min(clock.now_ms())
      },
      get status() {
        return clock.status(clock.now_ms())
      },
      timeZone_min: -standardOffset_min,
      // 01:00 UTC in the local time that is valid before the change.
      daylightSavingsBegin: european ? lastSunday(3, 1 + standardOffset_min / 60, 0) : NEVER,
      daylightSavingsEnd: european ? lastSunday(10, 2 + standardOffset_min / 60, 0x80) : NEVER,
      daylightSavingsDeviation_min: european ? 60 : 0,
      daylightSavingsEnabled: european,
      clockBase: ClockBase.internalCrystal,
    }
  }
}
