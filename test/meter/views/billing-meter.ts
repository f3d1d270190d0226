import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Billing, BillingReason } from '../../../src/core/billing/billing.ts'
import { MeterBillingContent } from '../../../src/core/billing/sections.ts'
import { Demand } from '../../../src/core/demand/demand.ts'
import { EVERYTHING } from '../../../src/core/metrology/measured.ts'
import { CaptureProfile } from '../../../src/core/profile/capture-profile.ts'
import { energyColumns, PROFILES } from '../../../src/core/profile/definitions.ts'
import { PowerQualityProfile } from '../../../src/core/profile/power-quality.ts'
import { daily, monthly } from '../../../src/core/profile/schedule.ts'
import { EnergyRegisters } from '../../../src/core/registers/energy.ts'
import { createWorkspace } from '../../../src/core/storage/record.ts'
import { RecordLog } from '../../../src/core/storage/record-log.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { type ActivityCalendar, ONE_RATE } from '../../../src/core/tariff/activity-calendar.ts'
import { TariffEngine } from '../../../src/core/tariff/tariff-engine.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { BILLING_OBJECTS } from '../../../src/meter/views/dlms-billing.ts'
import { captureProfile, captureStatus, type ProfileNames, powerQualityRegister } from '../../../src/meter/views/dlms-captures.ts'
import { CLIENTS, EVERYONE, MANAGEMENT_CLIENT } from '../../../src/meter/views/dlms-clients.ts'
import { DEMAND_OBJECTS } from '../../../src/meter/views/dlms-demand.ts'
import { TARIFF_OBJECTS } from '../../../src/meter/views/dlms-tariff.ts'
import { MadeObjects, objectGroup } from '../../../src/protocols/dlms/made-objects.ts'
import { AssociationLnObject } from '../../../src/protocols/dlms/objects/association-ln.ts'
import type { DlmsSource, LogicalDevice } from '../../../src/protocols/dlms/source.ts'
import { sampleOf, TestClock, tariff } from '../../core/tariff/rig.ts'
import { ascii } from '../../protocols/dlms/bytes.ts'
import { MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import { NAME, SECRET } from '../../protocols/dlms/memory-source.ts'

const BLOCK = 4096
const STEP_S = 60
/** One count is 1 Wh. */
const UNIT = { numerator: 1000, denominator: 1 }
const DAY_RATE = 2

/** Rate 2 from 06:00 to 22:00, rate 1 else. */
export const DAY_AND_NIGHT: ActivityCalendar = {
  name: 'DAYNIGHT',
  seasons: [{ name: 'YEAR', start: { month: 1, day: 1 }, week: 'ALL' }],
  weeks: [{ name: 'ALL', days: [1, 1, 1, 1, 1, 2, 2] }],
  days: [
    {
      id: 1,
      switches: [
        { start_s: 6 * 3600, script: DAY_RATE },
        { start_s: 22 * 3600, script: 1 },
      ],
    },
    { id: 2, switches: [{ start_s: 0, script: 1 }] },
  ],
}

export interface BillingMeterOptions {
  readonly rates?: number
  readonly start?: string
}

/** The parts of a meter that bill, on flash in memory, with their DLMS objects and nothing else. Local time is Central European. */
export class BillingMeter implements DlmsSource {
  readonly devices: readonly LogicalDevice[]
  readonly clock: TestClock
  readonly energy = new EnergyRegisters(UNIT)
  readonly tariff: TariffEngine
  readonly demand: Demand
  readonly billing: Billing
  readonly daily: CaptureProfile
  readonly monthly: CaptureProfile
  readonly quality: PowerQualityProfile
  readonly settings: Settings
  /** What the objects asked for that changes something. */
  readonly commands: string[] = []
  /** Counts of each quantity in a minute. */
  load = 0
  /** Thrown by the next command. */
  failure: Error | undefined

  constructor({ rates = 2, start = '2026-01-05T12:00:00Z' }: BillingMeterOptions = {}) {
    this.clock = new TestClock(start)
    const { clock, energy } = this
    const flash = new MemoryFlash({ blocks: 32, blockLength: BLOCK })
    const workspace = createWorkspace(BLOCK)
    const log = (area: number, firstBlock: number, maxPayload?: number) => {
      const created = new RecordLog(flash, { area, firstBlock, blocks: 4, workspace, ...(maxPayload === undefined ? {} : { maxPayload }) })
      created.mount()
      return created
    }
    this.settings = new Settings(flash, { area: 1, firstBlock: 0, blocks: 4, workspace })
    this.settings.mount()
    this.tariff = new TariffEngine({
      clock,
      energy,
      settings: this.settings,
      configured: tariff(rates === 1 ? ONE_RATE : DAY_AND_NIGHT, { rates }),
    })
    this.tariff.start(0, false)
    const now_s = this.now_s
    const counts = (quantity: number, rate: number) => (rate === 0 ? energy.count(quantity, 0) : energy.rateCount(quantity, rate))
    // With one rate there are totals only.
    const tariffed = rates === 1 ? 0 : rates
    this.demand = new Demand(
      {
        counts,
        unit: UNIT,
        settings: this.settings,
        rates: tariffed,
        period_s: 900,
        periods: 1,
        shiftLimit_s: 9,
        outage: 'restart',
        incompleteSetsMaximum: false,
      },
      now_s,
    )
    this.demand.start('first')
    const offset = (utc_ms: number) => clock.offset_min(utc_ms)
    const content = new MeterBillingContent({
      counts,
      quantities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      tariffed: [0, 1, 2, 3],
      rates: tariffed,
      demand: this.demand,
    })
    const moment = { day: 1, hour: 0 } as const
    this.billing = new Billing({
      log: log(7, 4, workspace.out.maxPayload),
      settings: this.settings,
      schedule: monthly(offset, moment),
      content,
      unit: UNIT,
      maxima: this.demand,
      blockOut_s: 900,
      depth: 13,
    })
    this.billing.start()
    const columns = energyColumns((quantity, rate) => energy.wholeUnits(counts(quantity, rate)), [0, 1], tariffed)
    this.daily = new CaptureProfile({ log: log(8, 8), schedule: daily(offset), columns, depth: PROFILES.daily.depth }, now_s)
    this.monthly = new CaptureProfile({ log: log(9, 12), schedule: monthly(offset), columns, depth: PROFILES.monthly.depth }, now_s)
    this.quality = new PowerQualityProfile({ log: log(10, 16), period_s: 600, phases: 3, thd: true }, now_s)
    const times = {
      now_ms: () => clock.now_ms(),
      localOfUtc: (utc_ms: number) => utc_ms + offset(utc_ms) * 60_000,
      utcOfLocal: (local_ms: number) => local_ms - offset(local_ms - 3_600_000) * 60_000,
      offset_min: offset,
      standardOffset_min: 60,
      status: (utc_ms: number) => (offset(utc_ms) === 60 ? 0 : 0x80),
    }
    const captured = (profile: CaptureProfile, names: ProfileNames) => [
      () => captureStatus({ profile, names, times }),
      () => captureProfile({ profile, names, times }),
    ]
    const { profile } = this.quality
    const source = {
      ...{ tariff: this.tariff, commands: this.#tariffCommands(), times, measured: EVERYTHING, demand: this.demand },
      ...{ billing: this.billing, sections: content.sections, depth: 13, moment, endBilling: () => this.#end() },
    }
    const objects = new MadeObjects<typeof source>(source, [
      objectGroup(() => new AssociationLnObject({ access: EVERYONE })),
      TARIFF_OBJECTS,
      DEMAND_OBJECTS,
      BILLING_OBJECTS,
      objectGroup(...captured(this.daily, PROFILES.daily), ...captured(this.monthly, PROFILES.monthly)),
      objectGroup(...captured(profile, PROFILES.powerQuality)),
      { count: () => profile.columns.length, make: (_: unknown, index: number) => powerQualityRegister(profile, index) },
    ])
    this.devices = [
      {
        sap: 1,
        name: NAME,
        clients: CLIENTS,
        objects,
        authenticate: (sap, secret) => sameSecret(secret, ascii(sap === MANAGEMENT_CLIENT ? MANAGER_SECRET : SECRET)),
      },
    ]
  }

  get now_s(): number {
    return Math.floor(this.clock.now_ms() / 1000)
  }

  /** Lets time pass in steps of a minute. */
  run(duration_s: number): this {
    for (let passed_s = 0; passed_s < duration_s; passed_s += STEP_S) {
      this.clock.advance(STEP_S * 1000)
      this.#measure(this.load)
      this.#minute()
    }
    return this
  }

  #minute(): void {
    const now_s = this.now_s
    this.tariff.second()
    this.demand.second(now_s, 0)
    for (let i = 0; i < STEP_S; i++) {
      this.quality.second({ voltage_mV: [230_012, 229_000, 231_000], frequency_mHz: 50_012, voltageThd_permille: [23, 24, 25], status: 0 })
    }
    for (const profile of [this.daily, this.monthly, this.quality]) if (profile.due(now_s)) profile.capture(now_s, 0)
    if (this.billing.due(now_s)) this.billing.capture(now_s, 0)
  }

  #measure(counts: number): void {
    this.tariff.add(sampleOf(counts))
  }

  #tariffCommands() {
    const command = (name: string, run: () => void) => {
      this.commands.push(name)
      const { failure } = this
      this.failure = undefined
      if (failure !== undefined) throw failure
      this.#measure(0)
      run()
    }
    return {
      setPassive: (calendar: Parameters<TariffEngine['setPassive']>[0]) => command('setPassive', () => this.tariff.setPassive(calendar)),
      setSpecialDays: (days: Parameters<TariffEngine['setSpecialDays']>[0]) =>
        command('setSpecialDays', () => this.tariff.setSpecialDays(days)),
      activateAt: (utc_s: number | undefined) => command('activateAt', () => this.tariff.activateAt(utc_s)),
      activatePassive: () => command('activatePassive', () => this.tariff.activatePassive()),
    }
  }

  #end(): boolean {
    this.commands.push('end')
    return this.billing.end(this.now_s, BillingReason.command, 0)
  }
}
