import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Billing, type BillingOptions } from '../../../src/core/billing/billing.ts'
import { MeterBillingContent } from '../../../src/core/billing/sections.ts'
import { Demand } from '../../../src/core/demand/demand.ts'
import { monthly } from '../../../src/core/profile/schedule.ts'
import { createWorkspace } from '../../../src/core/storage/record.ts'
import { RecordLog } from '../../../src/core/storage/record-log.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { offset_min } from '../../../src/lib/calendar.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'

const BLOCK = 1024
/** Central European time. */
export const localOffset = (utc_ms: number): number => offset_min(utc_ms, { standard_min: 60, dst: 'eu' })
export const utc = (text: string): number => Date.parse(`${text}Z`) / 1000

/** Flash, settings and a log of snapshots, with the parts of a meter that billing concerns; survives the meter. */
export class BillingRig {
  readonly memory = new MemoryFlash({ blocks: 16, blockLength: BLOCK })
  readonly chip: NorFlash
  /** Counts of the register [quantity][rate]; one count is 1 Wh. They survive by themselves. */
  readonly counts = [0, 1].map(() => new Array(3).fill(0) as number[])
  now_s: number
  settings!: Settings
  log!: RecordLog
  demand!: Demand
  billing!: Billing
  readonly #options: Partial<BillingOptions>

  constructor(now_s: number, options: Partial<BillingOptions> = {}, seed = 1) {
    this.now_s = now_s
    this.#options = options
    this.chip = new NorFlash(this.memory, { random: new SeededRandom(seed, 7) })
  }

  /** Starts the meter on what the flash holds. */
  start(reason: 'first' | 'power' = 'power'): void {
    const workspace = createWorkspace(BLOCK)
    this.settings = new Settings(this.chip, { area: 1, firstBlock: 1, blocks: 3, workspace })
    this.settings.mount()
    this.log = new RecordLog(this.chip, { area: 7, firstBlock: 8, blocks: 6, workspace, maxPayload: 960 })
    this.log.mount()
    const counts = (quantity: number, rate: number): number => this.counts[quantity][rate]
    const unit = { numerator: 1000, denominator: 1 }
    this.demand = new Demand(
      {
        counts,
        unit,
        settings: this.settings,
        quantities: [0, 1],
        rates: 2,
        period_s: 900,
        periods: 1,
        shiftLimit_s: 9,
        outage: 'restart',
        incompleteSetsMaximum: true,
      },
      this.now_s,
    )
    this.demand.start(reason)
    this.billing = new Billing({
      log: this.log,
      settings: this.settings,
      schedule: monthly(localOffset),
      content: new MeterBillingContent({ counts, quantities: [0, 1], tariffed: [0], rates: 2, demand: this.demand }),
      unit,
      maxima: this.demand,
      blockOut_s: 900,
      ...this.#options,
    })
    this.billing.start()
  }

  /** The clock shows `now_s`, and the meter does what it does each second. Returns whether a billing period ended. */
  second(now_s: number): boolean {
    this.now_s = now_s
    this.demand.second(now_s, 0)
    const ended = this.billing.due(now_s) && this.billing.capture(now_s, 0)
    this.settings.prepare()
    this.log.prepare()
    return ended
  }

  /** A command or an operator sets the clock. */
  setClock(now_s: number): void {
    this.demand.clockAdjusted(this.now_s, now_s)
    this.billing.clockAdjusted()
    this.now_s = now_s
  }

  add(wattHours: number, quantity = 0, rate = 1): void {
    this.counts[quantity][0] += wattHours
    this.counts[quantity][rate] += wattHours
  }
}
