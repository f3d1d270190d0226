import type { Medium, MediumQuantity, MediumRate } from '../metrology/media-table.ts'
import { Quantity } from './energy.ts'
import type { Readings, RegisterEntry } from './table.ts'

function total(a: number, of: MediumQuantity, rate: number): RegisterEntry {
  const { quantity, c, d, unit, unitText, shown, scaler } = of
  const count = ({ energy }: Readings) => (rate === 0 ? energy.count(quantity, 0) : energy.rateCount(quantity, rate))
  return Object.freeze({
    logicalName: `${a}.0.${c}.${d}.${rate}.255`,
    code: `${c}.${d}.${rate}`,
    name: rate === 0 ? of.name : `${of.name} rate ${rate}`,
    ...{ unit, unitText, shown, scaler, type: 'uint32', kind: 'energy' },
    read: (from: Readings) => from.energy.wholeUnits(count(from)),
    exact: (from: Readings) => from.energy.thousandths(count(from)),
  } as const)
}

/** A flow may be negative where the meter knows what flows back. */
function rateEntry(a: number, quantity: number, rate: MediumRate): RegisterEntry {
  const { c, d, name, unit, unitText, scaler, divisor } = rate
  const second = quantity === Quantity.reactiveImport
  return Object.freeze({
    logicalName: `${a}.0.${c}.${d}.0.255`,
    code: `${c}.${d}.0`,
    ...{ name, unit, unitText, scaler, type: 'int32', kind: 'instantaneous' },
    read: ({ now }: Readings) => Math.round((second ? now.reactive_mvar[0] : now.active_mW[0]) / divisor),
  } as const)
}

/** The registers of a water, gas or heat meter with `rates` rates: each total is followed by its rates, then come flows and powers. */
export function mediumRegisters({ a, quantities }: Medium, rates: number): RegisterEntry[] {
  const entries: RegisterEntry[] = []
  for (const quantity of quantities) {
    for (let rate = 0; rate <= (rates > 1 ? rates : 0); rate++) entries.push(total(a, quantity, rate))
  }
  for (const { quantity, rate } of quantities) if (rate !== undefined) entries.push(rateEntry(a, quantity, rate))
  return entries
}
