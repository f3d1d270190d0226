import type { Demand, DemandCounts } from '../demand/demand.ts'
import { type BillingContent, type BillingSection, MAXIMUM } from './snapshot.ts'

export interface BillingRegisters {
  /** Register counts; rate 0 is the total. */
  readonly counts: DemandCounts
  /** Indices of `Quantity` with a total. */
  readonly quantities: readonly number[]
  /** Those with rates too. */
  readonly tariffed: readonly number[]
  readonly rates: number
  readonly demand?: Demand
}

/** What a snapshot holds: energies C.8.e, maxima C.6.e with their times, cumulative maxima C.2.e. C is the quantity + 1. */
export class MeterBillingContent implements BillingContent {
  readonly #registers: BillingRegisters

  constructor(registers: BillingRegisters) {
    this.#registers = registers
  }

  get sections(): readonly BillingSection[] {
    const { quantities, tariffed, rates, demand } = this.#registers
    const sections: BillingSection[] = []
    for (const quantity of quantities) sections.push({ c: quantity + 1, d: 8, count: tariffed.includes(quantity) ? rates + 1 : 1 })
    if (demand === undefined) return sections
    for (const quantity of demand.quantities) {
      sections.push({ c: quantity + 1, d: 6, count: demand.registers }, { c: quantity + 1, d: 2, count: demand.registers })
    }
    return sections
  }

  value(c: number, d: number, e: number): number {
    const { counts, demand } = this.#registers
    if (demand === undefined || d === 8) return counts(c - 1, e)
    return d === MAXIMUM ? demand.maximum_W(c - 1, e) : demand.cumulative_W(c - 1, e)
  }

  time_s(c: number, e: number): number {
    return this.#registers.demand?.maximumTime_s(c - 1, e) ?? 0
  }

  status(c: number, e: number): number {
    return this.#registers.demand?.maximumStatus(c - 1, e) ?? 0
  }
}
