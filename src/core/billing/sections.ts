import type { Demand, DemandCounts } from '../demand/demand.ts'
import type { BillingSection } from './snapshot.ts'

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
export function billingSections(registers: BillingRegisters): BillingSection[] {
  const { counts, quantities, tariffed, rates, demand } = registers
  const sections: BillingSection[] = quantities.map((quantity) => ({
    c: quantity + 1,
    d: 8,
    count: tariffed.includes(quantity) ? rates + 1 : 1,
    value: (e) => counts(quantity, e),
  }))
  if (demand === undefined) return sections
  for (const quantity of demand.quantities) {
    sections.push({
      c: quantity + 1,
      d: 6,
      count: demand.registers,
      value: (e) => demand.maximum_W(quantity, e),
      time_s: (e) => demand.maximumTime_s(quantity, e),
      status: (e) => demand.maximumStatus(quantity, e),
    })
    sections.push({ c: quantity + 1, d: 2, count: demand.registers, value: (e) => demand.cumulative_W(quantity, e) })
  }
  return sections
}
