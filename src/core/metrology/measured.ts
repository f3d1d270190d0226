import { Quantity, RATE_QUANTITIES } from '../registers/energy.ts'
import type { Medium } from './media-table.ts'

/** What a metering IC measures: a meter has the registers of it, and no others. */
export interface Measured {
  /** L1 alone, or L1 to L3. */
  readonly phases: 1 | 3
  /** The IC tells the direction of active power. Otherwise everything counts as import. */
  readonly direction: boolean
  /** Reactive power and energy. */
  readonly reactive: boolean
  /** Apparent energy; apparent power follows from U and I anyway. */
  readonly apparentEnergy: boolean
  /** Current of the neutral, measured or calculated. */
  readonly neutral: boolean
  readonly frequency: boolean
  /** Angle between U and I. */
  readonly angle: boolean
  /** What pulses stand for; absent on an electricity meter. The rest does not matter then. */
  readonly medium?: Medium
}

/** Three phases and all that a meter has a register for. */
export const EVERYTHING: Measured = Object.freeze({
  phases: 3,
  direction: true,
  reactive: true,
  apparentEnergy: true,
  neutral: true,
  frequency: true,
  angle: true,
})

function counts({ direction, reactive, apparentEnergy }: Measured, quantity: number): boolean {
  if (quantity === Quantity.activeExport) return direction
  if (quantity === Quantity.apparentExport) return apparentEnergy && direction
  if (quantity === Quantity.apparentImport) return apparentEnergy
  return quantity === Quantity.activeImport || reactive
}

/** Indices of `Quantity` that the IC counts, rising. */
export function quantitiesOf(measured: Measured): readonly number[] {
  const { medium } = measured
  if (medium !== undefined) return medium.quantities.map(({ quantity }) => quantity)
  return Object.values(Quantity).filter((quantity) => counts(measured, quantity))
}

/** Those of +A, -A, +R, -R: they have rates and a place in the profiles. */
export function tariffedOf(measured: Measured): readonly number[] {
  return quantitiesOf(measured).filter((quantity) => quantity < RATE_QUANTITIES)
}

/** Those with demand: of another medium, the first. */
export function demandOf(measured: Measured): readonly number[] {
  const quantities = tariffedOf(measured)
  return measured.medium === undefined ? quantities : quantities.slice(0, 1)
}

/** OBIS value group C of the sum and of L1 to L3 is that of the sum plus this times the number of the phase. */
const PHASE_STEP = 20
/** Value groups C that stand for no phase. */
const Group = Object.freeze({
  difference: 16,
  powerExport: 2,
  apparentExport: 10,
  frequency: 14,
  angle: 81,
  sumOfCurrents: 90,
  neutral: 91,
})
/** 81.7.xy: below this the angle of a voltage to U1; from here on 11 apart, of the current of a phase. */
const CURRENT_ANGLE = 40

/** Whether a meter has a register of this OBIS code; rates (value group E) do not matter. */
export function hasRegister(measured: Measured, c: number, d: number, e: number): boolean {
  const { phases, direction, reactive } = measured
  if (c === Group.angle) return e < CURRENT_ANGLE ? phases === 3 : measured.angle && e - CURRENT_ANGLE < 11 * phases
  if (c === Group.sumOfCurrents) return phases === 3
  if (c === Group.neutral) return measured.neutral
  if (c === Group.frequency) return measured.frequency
  const element = Math.floor(c / PHASE_STEP)
  const kind = c % PHASE_STEP
  // With one phase the energies of L1 are those of the sum.
  if (element > phases || (element > 0 && phases === 1 && d === 8)) return false
  if (d === 8 && kind <= Group.apparentExport) return counts(measured, kind - 1)
  if (kind === Group.powerExport || kind === Group.apparentExport || kind === Group.difference) return direction
  return kind === 3 || kind === 4 ? reactive : true
}
