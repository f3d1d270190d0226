import { Billing, BillingReason } from '../core/billing/billing.ts'
import { MeterBillingContent } from '../core/billing/sections.ts'
import type { BillingContent, BillingSection } from '../core/billing/snapshot.ts'
import type { MeterClock } from '../core/clock/meter-clock.ts'
import { Demand } from '../core/demand/demand.ts'
import { ProfileStatus } from '../core/events/codes.ts'
import { demandOf, type Measured, quantitiesOf, tariffedOf } from '../core/metrology/measured.ts'
import { CaptureProfile } from '../core/profile/capture-profile.ts'
import { energyColumns, PROFILES } from '../core/profile/definitions.ts'
import { daily, monthly } from '../core/profile/schedule.ts'
import type { EnergyRegisters } from '../core/registers/energy.ts'
import { codeOf, RegisterKind, registerName } from '../core/registers/names.ts'
import type { Storage } from '../core/storage/storage.ts'
import type { Fraction } from '../lib/fraction.ts'
import type { MeterConfig } from './config.ts'
import type { Journal } from './journal.ts'

/** Power is in W also where energy is in kJ: 1 J is 5/18 mWh. */
function demandUnit(unit: Fraction, { medium }: Measured): Fraction {
  const joule = medium?.quantities[0].unitText === 'J'
  return joule ? { numerator: unit.numerator * 5, denominator: unit.denominator * 18 } : unit
}

/** Billing periods that can be read back. */
export const BILLING_DEPTH = 13

export interface AccountsOptions {
  readonly clock: MeterClock
  /** Restored from flash already: demands begin with its counts. */
  readonly energy: EnergyRegisters
  readonly storage: Storage
  readonly config: MeterConfig
  readonly measured: Measured
  /** Rates of the tariff; 1 is none. */
  readonly rates: number
  readonly journal: Journal
}

/** The meter as its accounts see it. */
export interface AccountsOwner {
  /** Bits of `ProfileStatus` that last as long as their cause. */
  persistentStatus(): number
  /** Writes the image of the registers, which must not be older than what is captured. */
  save(): void
}

/** What is made of the registers for the bill: demand with its maxima, billing periods, daily and monthly values. */
export class Accounts {
  readonly demand: Demand
  /** Absent on a flash without room for them. */
  readonly billing: Billing | undefined
  readonly #content: BillingContent
  readonly daily: CaptureProfile | undefined
  readonly monthly: CaptureProfile | undefined
  readonly #profiles: readonly CaptureProfile[]
  readonly #clock: MeterClock
  readonly #journal: Journal
  #now_s = 0
  constructor(options: AccountsOptions) {
    const { clock, energy, storage, config, measured } = options
    this.#clock = clock
    this.#journal = options.journal
    const now_s = clock.now_s()
    const rates = options.rates > 1 ? options.rates : 0
    const counts = (quantity: number, rate: number) => (rate === 0 ? energy.count(quantity, 0) : energy.rateCount(quantity, rate))
    const offset = (utc_ms: number) => clock.offset_min(utc_ms)
    const { unit } = energy
    const quantities = tariffedOf(measured)
    this.demand = new Demand(
      {
        counts,
        unit: demandUnit(unit, measured),
        settings: storage.settings,
        quantities: demandOf(measured),
        rates,
        period_s: config.demand.period_min * 60,
        periods: config.demand.periods,
        // A clock that is moved by no more than this leaves the running demand period as it is, marked.
        shiftLimit_s: config.clock.shiftLimit_s,
        outage: 'restart',
        incompleteSetsMaximum: false,
      },
      now_s,
    )
    const { demand } = this
    this.#content = new MeterBillingContent({ counts, quantities: quantitiesOf(measured), tariffed: quantities, rates, demand })
    this.billing =
      storage.billing &&
      new Billing({
        log: storage.billing,
        settings: storage.settings,
        schedule: monthly(offset, config.billing),
        unit,
        maxima: this.demand,
        blockOut_s: config.billing.blockOut_s,
        content: this.#content,
        depth: BILLING_DEPTH,
      })
    const columns = energyColumns(
      (quantity, rate) => energy.wholeUnits(counts(quantity, rate)),
      quantities,
      rates,
      (quantity, rate) => codeOf(registerName(measured, quantity, RegisterKind.total, rate)?.logicalName ?? ''),
    )
    const daylightSaving = (utc_s: number) => clock.daylightSaving(utc_s * 1000)
    // A month or a day whose end fell into a power failure has its values all the same: the registers stood still.
    const profile = (log: Storage['daily'], schedule: ReturnType<typeof daily>, depth: number) =>
      log && new CaptureProfile({ log, schedule, depth, columns, fill_max: depth, daylightSaving }, now_s)
    this.daily = profile(storage.daily, daily(offset), PROFILES.daily.depth)
    this.monthly = profile(storage.monthly, monthly(offset), PROFILES.monthly.depth)
    this.#profiles = [this.daily, this.monthly].filter((made) => made !== undefined)
  }

  /** What a snapshot of a billing period holds. */
  get sections(): readonly BillingSection[] {
    return this.#content.sections
  }

  /** Takes up what the last life left. */
  start(reason: 'first' | 'power' | 'reset'): void {
    this.#journal.keep(() => this.demand.start(reason))
    this.#journal.keep(() => this.billing?.start())
  }

  /** After a power failure, with a valid clock and before anything is counted: finds the days and months that ended meanwhile, for `fill`. */
  recover(utc_s: number): void {
    for (const profile of this.#profiles) profile.recover(utc_s)
  }

  /** Writes some of what `recover` found; once a second until it returns false. Errors: as `RecordLog.append`. */
  fill(): boolean {
    let more = false
    for (const profile of this.#profiles) more = profile.fill() || more
    return more
  }

  /** Marks the running periods with bits of `ProfileStatus`. */
  mark(status: number): void {
    this.demand.mark(status)
    for (const profile of this.#profiles) profile.mark(status)
  }

  /** Once a second, after the sample was booked. */
  second(now_s: number, owner: AccountsOwner): void {
    this.#now_s = now_s
    this.#journal.keep(this.demandSecond, this)
    // Nothing that closures catch and no iterators: on XS both would leave slots behind each second.
    const profiles = this.#profiles
    for (let i = 0; i < profiles.length; i++) if (profiles[i].due(now_s)) this.capture(profiles[i], owner)
    if (this.billing !== undefined && this.#clock.valid && this.billing.due(now_s)) this.bill(this.billing, owner)
  }

  private demandSecond(): void {
    this.demand.second(this.#now_s, this.#clock.valid ? 0 : ProfileStatus.clockInvalid)
  }

  private capture(profile: CaptureProfile, owner: AccountsOwner): void {
    owner.save()
    this.#journal.keep(() => profile.capture(this.#now_s, owner.persistentStatus()))
  }

  private bill(billing: Billing, owner: AccountsOwner): void {
    owner.save()
    this.#journal.keep(() => billing.capture(this.#now_s, owner.persistentStatus()))
  }

  clockAdjusted(old_s: number, new_s: number): void {
    this.#journal.keep(() => this.demand.clockAdjusted(old_s, new_s))
    this.billing?.clockAdjusted()
    for (const profile of this.#profiles) profile.mark(ProfileStatus.clockAdjusted)
  }

  /** Ends the billing period by a command. False while that is blocked, or on a flash without room for snapshots. */
  endBilling(now_s: number, owner: AccountsOwner): boolean {
    const { billing } = this
    if (!billing?.allowed(now_s)) return false
    owner.save()
    let ended = false
    this.#journal.keep(() => {
      ended = billing.end(now_s, BillingReason.command, owner.persistentStatus())
    })
    return ended
  }
}
