import type { Measured } from '../metrology/measured.ts'
import { Quantity } from './energy.ts'

/** COSEM units watt and var. */
const WATT = 27
const VAR = 29

/** Kinds of registers beside a quantity, by the value group D that electricity has for them. */
export const RegisterKind = Object.freeze({ cumulativeMaximum: 2, currentAverage: 4, lastAverage: 5, maximum: 6, total: 8 })

/** A register as COSEM names it. */
export interface RegisterName {
  readonly logicalName: string
  readonly unit: number
  readonly scaler: number
}

const of = (a: number, c: number, d: number, e: number) => `${a}.0.${c}.${d}.${e}.255`

/**
 * The name of what is counted of a quantity, or averaged: `kind` is one of `RegisterKind`, `rate` 0 is the total. Undefined where the medium has no
 * code for it. The unit is that of averages and maxima; for totals it is not needed and that of electricity would be wrong.
 */
export function registerName({ medium }: Measured, quantity: number, kind: number, rate: number): RegisterName | undefined {
  if (medium === undefined) {
    const unit = quantity <= Quantity.activeExport ? WATT : VAR
    return { logicalName: of(1, quantity + 1, kind, rate), unit, scaler: 0 }
  }
  const found = medium.quantities.find((candidate) => candidate.quantity === quantity)
  if (found === undefined) return undefined
  if (kind === RegisterKind.total) return { logicalName: of(medium.a, found.c, found.d, rate), unit: found.unit, scaler: found.scaler }
  const { current, last, maximum, rate: scale } = found
  const groups = kind === RegisterKind.maximum ? maximum : kind === RegisterKind.lastAverage ? last : current
  if (groups === undefined || scale === undefined || kind === RegisterKind.cumulativeMaximum) return undefined
  return { logicalName: of(medium.a, groups.c, groups.d, rate), unit: scale.unit, scaler: scale.scaler }
}

/** OBIS code `C.D.E` of a logical name. */
export function codeOf(logicalName: string): string {
  return logicalName.split('.').slice(2, 5).join('.')
}
