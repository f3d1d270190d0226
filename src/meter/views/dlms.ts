import { ProfileStatus } from '../../core/events/codes.ts'
import { EVENT_PAYLOAD, eventParameter } from '../../core/events/event-log.ts'
import { tariffedOf } from '../../core/metrology/measured.ts'
import { PROFILES } from '../../core/profile/definitions.ts'
import { PROFILE_PAYLOAD, profileValue } from '../../core/profile/load-profile.ts'
import { RegisterKind, registerName } from '../../core/registers/names.ts'
import type { RegisterEntry } from '../../core/registers/table.ts'
import type { SupplySwitch } from '../../core/switch/supply-switch.ts'
import type { ActivityCalendar, SpecialDay } from '../../core/tariff/activity-calendar.ts'
import { writeAsciiOctetString, writeDoubleLongUnsigned, writeUnsigned } from '../../protocols/dlms/axdr.ts'
import { ClockStatus, writeDateTimeOctetString } from '../../protocols/dlms/datetime.ts'
import { LockOut } from '../../protocols/dlms/lock-out.ts'
import { AssociationLnObject } from '../../protocols/dlms/objects/association-ln.ts'
import { CLOCK_METHODS, ClockBase, ClockObject, type ClockSource } from '../../protocols/dlms/objects/clock.ts'
import { ProfileObject } from '../../protocols/dlms/objects/profile.ts'
import { captureObject } from '../../protocols/dlms/objects/profile-source.ts'
import { DataObject, RegisterObject } from '../../protocols/dlms/objects/register.ts'
import { SapAssignmentObject } from '../../protocols/dlms/objects/sap.ts'
import type { CosemObject, DlmsSource, LogicalDevice } from '../../protocols/dlms/source.ts'
import { BILLING_DEPTH } from '../accounts.ts'
import { type MeterConfig, modelOf } from '../config.ts'
import type { MeterCore } from '../core.ts'
import type { MetrologyParameters } from '../metrology-parameters.ts'
import type { MeterPrepayment } from '../prepayment/prepayment.ts'
import { type AlarmSource, alarmObjects } from './dlms-alarms.ts'
import { billingObjects } from './dlms-billing.ts'
import { captureProfileObjects } from './dlms-captures.ts'
import { CLIENTS, EVERYONE, MANAGEMENT_CLIENT, managed, READERS, READING_CLIENT } from './dlms-clients.ts'
import { demandObjects } from './dlms-demand.ts'
import { eventLogObjects } from './dlms-events.ts'
import { identityObjects } from './dlms-identity.ts'
import type { FirmwareTransfer } from './dlms-image.ts'
import { imageObjects, type PowerFailPush, pushObjects } from './dlms-management.ts'
import { prepaymentObjects } from './dlms-prepayment.ts'
import { type ColumnWriter, LogProfile } from './dlms-profile.ts'
import { qualityObjects } from './dlms-quality.ts'
import { switchObjects } from './dlms-switch.ts'
import { type TariffTimes, tariffObjects } from './dlms-tariff.ts'
import type { LocalTimes } from './dlms-times.ts'
import { writeRegisterValue } from './dlms-value.ts'

export { MANAGEMENT_CLIENT, PUBLIC_CLIENT, READING_CLIENT } from './dlms-clients.ts'

/** The management logical device, the only one. */
const MANAGEMENT_DEVICE = 1

const CLOCK = '0.0.1.0.0.255'
const CLOCK_TIME = 2
const PROFILE_STATUS = '0.0.96.10.1.255'
/** Duration of the last long power failure; the name that power failure logs use for their column (DSMR). */
const OUTAGE_DURATION = '0.0.96.7.19.255'

/** Physical unit beyond those of the registers: second. */
const UNIT_SECOND = 7

/** Date-time pattern of the last Sunday of a month at a full hour of local time (IEC 62056-6-2, class Clock). */
function lastSunday(month: number, hour: number, status: number): Uint8Array {
  return Uint8Array.of(0xff, 0xff, month, 0xfe, 7, hour, 0, 0, 0, 0x80, 0, status)
}

const NEVER = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff)

export interface DlmsViewOptions {
  readonly core: MeterCore
  readonly config: MeterConfig
  /** Of the firmware that runs. */
  readonly version: string
  /** Whether `secret` is the LLS secret of a client: the reading or the management client. False for one that has none. */
  readonly authenticate: (clientSap: number, secret: Uint8Array) => boolean
  /** A client sent too many wrong secrets and is refused for so long. */
  readonly onLockOut?: (clientSap: number, duration_ms: number) => void
  /** Sets the clock; throws RangeError for a time that the meter cannot keep. Default: `core.setClock`. */
  readonly setClock?: (utc_ms: number) => void
  /** Absent where firmware cannot be replaced. */
  readonly image?: FirmwareTransfer
  readonly push?: PowerFailPush
  /** Absent: nobody can change what is sealed. */
  readonly parameters?: MetrologyParameters
  /** Absent on a meter without a relay. */
  readonly supply?: Pick<SupplySwitch, 'disconnector' | 'limiter'>
  /** Absent where energy is paid for afterwards. */
  readonly prepayment?: MeterPrepayment
}

/** COSEM logical device name: FLAG identification and serial number. */
export function logicalDeviceName({ identity }: MeterConfig): string {
  return identity.manufacturer + identity.serial.padStart(13, '0')
}

/** The meter as COSEM objects: the current reading of the core, written straight into the response. */
export class DlmsView implements DlmsSource {
  readonly devices: readonly LogicalDevice[]
  readonly #core: MeterCore
  readonly #config: MeterConfig
  readonly #setClock: (utc_ms: number) => void

  constructor(options: DlmsViewOptions) {
    const { core, config, authenticate, onLockOut, setClock = (utc_ms) => core.setClock(utc_ms) } = options
    this.#core = core
    this.#config = config
    this.#setClock = setClock
    const name = logicalDeviceName(config)
    const lockOut = new LockOut([MANAGEMENT_CLIENT, READING_CLIENT], { ticks_ms: () => core.clock.ticks_ms(), onLockOut })
    this.devices = [
      {
        sap: MANAGEMENT_DEVICE,
        name,
        clients: CLIENTS,
        objects: [
          ...this.#identity(name),
          ...core.registers.map((entry) => this.#register(entry)),
          ...this.#logs(),
          ...this.#management(options),
        ],
        authenticate: (clientSap, secret) => lockOut.admit(clientSap, () => authenticate(clientSap, secret)),
      },
    ]
  }

  #identity(name: string): CosemObject[] {
    const access = EVERYONE
    const text = (logicalName: string, value: string) =>
      new DataObject({ logicalName, access, value: (writer) => writeAsciiOctetString(writer, value) })
    return [
      new AssociationLnObject({ access }),
      new SapAssignmentObject({ access, devices: () => this.devices }),
      text('0.0.42.0.0.255', name),
      text('0.0.96.1.0.255', this.#config.identity.serial),
      text('0.0.96.1.1.255', modelOf(this.#core.measured)),
      new ClockObject({ logicalName: CLOCK, access: managed([CLOCK_TIME], CLOCK_METHODS), source: this.#clock() }),
    ]
  }

  #management({ image, push, supply, prepayment, version, parameters }: DlmsViewOptions): CosemObject[] {
    const { clock } = this.#core
    const times = {
      now_ms: () => clock.now_ms(),
      utcOfLocal: (local_ms: number) => this.#utcOfLocal(local_ms),
      localOfUtc: (utc_ms: number) => utc_ms + clock.offset_min(utc_ms) * 60_000,
      offset_min: (utc_ms: number) => clock.offset_min(utc_ms),
      standardOffset_min: clock.standardOffset_min,
      status: (utc_ms: number) => clock.status(utc_ms),
    }
    return [
      ...(image === undefined ? [] : imageObjects(image, times)),
      ...(push === undefined ? [] : pushObjects(push)),
      ...(supply === undefined ? [] : switchObjects(supply, times)),
      ...(prepayment === undefined ? [] : prepaymentObjects(prepayment, this.#config, times)),
      ...this.#accounts(times),
      ...eventLogObjects(this.#core.logs, times, (log) => this.#core.clearLog(log)),
      ...alarmObjects(this.#alarms()),
      ...(this.#core.measured.medium === undefined ? qualityObjects(this.#core, times) : []),
      ...identityObjects({ core: this.#core, version, parameters, times }),
    ]
  }

  #alarms(): AlarmSource {
    const { watch, clock } = this.#core
    const { alarms, errors, tamper } = watch
    return { alarms, errors, tamper, now_s: () => clock.now_s(), resetTamper: () => watch.resetTamper() }
  }

  /** Tariffs, demand, billing periods, daily and monthly values. */
  #accounts(times: LocalTimes & TariffTimes): CosemObject[] {
    const core = this.#core
    const { accounts, tariff, measured } = core
    const { medium } = measured
    const dailyNames = medium === undefined ? PROFILES.daily : { ...PROFILES.daily, logicalName: medium.profiles.daily }
    const { demand, billing, daily, monthly, sections } = accounts
    const moment = this.#config.billing
    const tariffSource = {
      setPassive: (calendar: ActivityCalendar) => core.setPassive(calendar),
      setSpecialDays: (days: readonly SpecialDay[]) => core.setSpecialDays(days),
      activateAt: (utc_s: number | undefined) => tariff.activateAt(utc_s),
      activatePassive: () => core.activatePassive(),
    }
    const end = () => core.endBilling()
    return [
      ...tariffObjects(tariff, tariffSource, times, measured, demand),
      ...demandObjects(demand, times, measured),
      ...(billing === undefined ? [] : billingObjects({ billing, sections, depth: BILLING_DEPTH, moment, times, measured, end })),
      ...(daily === undefined ? [] : captureProfileObjects(daily, dailyNames, times, medium?.a)),
      ...(monthly === undefined ? [] : captureProfileObjects(monthly, PROFILES.monthly, times, medium?.a)),
    ]
  }

  #register(entry: RegisterEntry): CosemObject {
    const { logicalName, scaler, unit } = entry
    const access = READERS
    const { readings } = this.#core
    return new RegisterObject({
      logicalName,
      access,
      scaler,
      unit,
      value: (writer) => writeRegisterValue(writer, entry, entry.read(readings)),
    })
  }

  #logs(): CosemObject[] {
    const core = this.#core
    const access = READERS
    return [
      new DataObject({ logicalName: PROFILE_STATUS, access, value: (writer) => writeUnsigned(writer, core.profile.lastStatus) }),
      new DataObject({ logicalName: '0.0.96.7.0.255', access, value: (writer) => writeDoubleLongUnsigned(writer, core.powerFailures) }),
      new RegisterObject({
        logicalName: OUTAGE_DURATION,
        access,
        scaler: 0,
        unit: UNIT_SECOND,
        value: (writer) => writeDoubleLongUnsigned(writer, core.lastOutage_s),
      }),
      new ProfileObject({
        logicalName: core.measured.medium?.profiles.load ?? PROFILES.load.logicalName,
        access,
        source: this.#loadProfile(),
      }),
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
    const { storage, profile, measured } = this.#core
    const energy = (quantity: number) =>
      [
        captureObject(3, registerName(measured, quantity, RegisterKind.total, 0)?.logicalName ?? '', 2),
        ((writer, _utc_s, _type, _status, payload) =>
          writeDoubleLongUnsigned(writer, profileValue(payload, quantity) % 0x100000000)) satisfies ColumnWriter,
      ] as const
    return new LogProfile({
      log: storage.profile,
      payloadLength: PROFILE_PAYLOAD,
      period_s: profile.period_s,
      depth: profile.depth,
      utcOfLocal: (local_ms) => this.#utcOfLocal(local_ms),
      columns: [
        [captureObject(8, CLOCK, 2), this.#timeColumn()],
        [
          captureObject(1, PROFILE_STATUS, 2),
          (writer, _utc_s, _type, status) => writeUnsigned(writer, status),
          (writer) => writeUnsigned(writer, ProfileStatus.dataNotValid),
        ],
        ...tariffedOf(measured).map(energy),
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
      adjustment: {
        setTime: (new_ms) => this.#setTime(new_ms),
        shift: (difference_ms) => this.#core.shiftClock(difference_ms),
        utcOfLocal: (local_ms) => this.#utcOfLocal(local_ms),
        measuringPeriod_s: this.#core.profile.period_s,
      },
    }
  }

  /** False for a time that the meter cannot keep. */
  #setTime(utc_ms: number): boolean {
    try {
      this.#setClock(utc_ms)
      return true
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
  }
}
