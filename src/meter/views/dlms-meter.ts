import type { BillingSection } from '../../core/billing/snapshot.ts'
import type { Measured } from '../../core/metrology/measured.ts'
import type { MonthlyMoment } from '../../core/profile/schedule.ts'
import type { SupplySwitch } from '../../core/switch/supply-switch.ts'
import type { ActivityCalendar, SpecialDay } from '../../core/tariff/activity-calendar.ts'
import type { PresetTime } from '../../protocols/dlms/objects/clock.ts'
import { BILLING_DEPTH } from '../accounts.ts'
import type { MeterConfig } from '../config.ts'
import type { MeterCore } from '../core.ts'
import type { MetrologyParameters } from '../metrology-parameters.ts'
import type { MeterPrepayment } from '../prepayment/prepayment.ts'
import type { BillingView } from './dlms-billing.ts'
import type { FirmwareTransfer } from './dlms-image.ts'
import type { PowerFailPush } from './dlms-management.ts'
import type { TariffCommands, TariffView } from './dlms-tariff.ts'
import type { MeterTimes } from './dlms-times.ts'

export interface DlmsMeterOptions {
  readonly core: MeterCore
  readonly config: MeterConfig
  /** Of the firmware that runs. */
  readonly version: string
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

/**
 * What all COSEM objects are made from: the only thing of them that is there between two requests. Everything here leads on to the core, so that nothing is
 * kept twice.
 */
export class DlmsMeter implements MeterTimes, TariffCommands, TariffView, BillingView {
  readonly options: DlmsMeterOptions
  readonly core: MeterCore
  readonly config: MeterConfig
  /** Of the clock; lost with the supply. */
  preset: PresetTime | undefined

  constructor(options: DlmsMeterOptions) {
    this.options = options
    this.core = options.core
    this.config = options.config
  }

  get name(): string {
    return logicalDeviceName(this.config)
  }

  get measured(): Measured {
    return this.core.measured
  }

  get times(): MeterTimes {
    return this
  }

  get commands(): TariffCommands {
    return this
  }

  get tariff(): TariffView['tariff'] {
    return this.core.tariff
  }

  get demand(): MeterCore['accounts']['demand'] {
    return this.core.accounts.demand
  }

  get billing(): BillingView['billing'] {
    return this.core.accounts.billing
  }

  get sections(): readonly BillingSection[] {
    return this.core.accounts.sections
  }

  get depth(): number {
    return BILLING_DEPTH
  }

  get moment(): MonthlyMoment | undefined {
    return this.config.billing
  }

  endBilling(): boolean {
    return this.core.endBilling()
  }

  setPassive(calendar: ActivityCalendar): void {
    this.core.setPassive(calendar)
  }

  setSpecialDays(days: readonly SpecialDay[]): void {
    this.core.setSpecialDays(days)
  }

  activateAt(utc_s: number | undefined): void {
    this.core.tariff.activateAt(utc_s)
  }

  activatePassive(): void {
    this.core.activatePassive()
  }

  now_ms(): number {
    return this.core.clock.now_ms()
  }

  /** Local time may name an hour twice or not at all; the offset that is valid at the standard time decides. */
  utcOfLocal(local_ms: number): number {
    const { clock } = this.core
    const standard_ms = local_ms - clock.standardOffset_min * 60_000
    return local_ms - clock.offset_min(standard_ms) * 60_000
  }

  localOfUtc(utc_ms: number): number {
    return utc_ms + this.offset_min(utc_ms) * 60_000
  }

  offset_min(utc_ms: number): number {
    return this.core.clock.offset_min(utc_ms)
  }

  get standardOffset_min(): number {
    return this.core.clock.standardOffset_min
  }

  status(utc_ms: number): number {
    return this.core.clock.status(utc_ms)
  }

  /** False for a time that the meter cannot keep. */
  setTime(utc_ms: number): boolean {
    const { setClock } = this.options
    try {
      if (setClock === undefined) this.core.setClock(utc_ms)
      else setClock(utc_ms)
      return true
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
  }
}
