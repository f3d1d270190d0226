import type { AveragedReading, QuantityName } from './average.ts'
import { type PhaseQuantities, refuse } from './codes.ts'
import type { CalibrationKind } from './procedure.ts'

/** What the meter is made for. */
export interface CalibrationBasis {
  readonly nominalVoltage_V: number
  readonly basic_A: number
  readonly maximum_A: number
}

/** All of these are ours: a reference source of class 0.1 with a load that stands still is far inside of them. */
const LIMITS = Object.freeze({
  /** Of the reference voltage, around the nominal one. */
  voltage: 0.2,
  /** A gain and a power are found with at least this part of the basic current. */
  least: 0.1,
  /** How much a value may move while it is averaged: of itself; without a load, of the basic value. */
  moves: 0.002,
  movesWithoutLoad: 0.0005,
  /** An offset is so small a part of the basic value; more is a load that the reference does not know of. */
  offset: 0.02,
  /** Power factors around 1 and 0.5 inductive. */
  unity: 0.99,
  half: Object.freeze([0.45, 0.55] as const),
})

/** What each step compares. */
export const COMPARED: Readonly<Record<CalibrationKind, readonly QuantityName[]>> = Object.freeze({
  gain: Object.freeze(['voltage_V', 'current_A'] as const),
  offset: Object.freeze(['current_A', 'active_W', 'reactive_var'] as const),
  power: Object.freeze(['active_W'] as const),
  phase: Object.freeze(['active_W'] as const),
})

const WORDS: Readonly<Record<QuantityName, string>> = Object.freeze({
  voltage_V: 'voltage',
  current_A: 'current',
  active_W: 'active power',
  reactive_var: 'reactive power',
})

function basicOf(name: QuantityName, { nominalVoltage_V, basic_A }: CalibrationBasis): number {
  return name === 'voltage_V' ? nominalVoltage_V : name === 'current_A' ? basic_A : nominalVoltage_V * basic_A
}

function percent(part: number): string {
  return `${(100 * part).toFixed(2)} %`
}

function checkReference(kind: CalibrationKind, reference: PhaseQuantities, index: number, basis: CalibrationBasis): void {
  const { nominalVoltage_V, basic_A, maximum_A } = basis
  const voltage_V = reference.voltage_V[index]
  const current_A = reference.current_A[index]
  if (kind === 'gain') {
    if (!(Math.abs(voltage_V / nominalVoltage_V - 1) <= LIMITS.voltage))
      refuse(`a reference of ${voltage_V} V is more than ${100 * LIMITS.voltage} % from ${nominalVoltage_V} V`)
    if (!(current_A >= LIMITS.least * basic_A && current_A <= maximum_A))
      refuse(`a reference of ${current_A} A is outside ${LIMITS.least * basic_A} to ${maximum_A} A`)
  } else if (kind !== 'offset') {
    const least_W = LIMITS.least * nominalVoltage_V * basic_A * (kind === 'phase' ? 0.5 : 1)
    if (!(reference.active_W[index] >= least_W)) refuse(`the step needs at least ${least_W} W in each phase, imported`)
  }
}

function checkStability(
  kind: CalibrationKind,
  name: string,
  { mean, spread }: AveragedReading,
  index: number,
  basis: CalibrationBasis,
): void {
  for (const quantity of COMPARED[kind]) {
    const basic = basicOf(quantity, basis)
    const moves = spread[quantity][index]
    const loaded = kind !== 'offset'
    const allowed = loaded ? LIMITS.moves * Math.abs(mean[quantity][index]) : LIMITS.movesWithoutLoad * basic
    if (moves <= allowed) continue
    refuse(
      `the reading is unstable: the ${WORDS[quantity]} of ${name} moved by ${percent(moves / (loaded ? Math.abs(mean[quantity][index]) : basic))}`,
    )
  }
}

function checkLoad(
  kind: CalibrationKind,
  name: string,
  { mean }: AveragedReading,
  reference: PhaseQuantities,
  index: number,
  basis: CalibrationBasis,
): void {
  if (kind === 'gain') return
  if (kind === 'offset') {
    for (const quantity of COMPARED.offset) {
      const off = Math.abs(mean[quantity][index] - reference[quantity][index])
      if (off > LIMITS.offset * basicOf(quantity, basis))
        refuse(
          `the ${WORDS[quantity]} of ${name} is ${mean[quantity][index].toPrecision(4)}, the reference says ${reference[quantity][index]}`,
        )
    }
    return
  }
  const factor = mean.active_W[index] / (mean.voltage_V[index] * mean.current_A[index])
  if (kind === 'power' && !(factor >= LIMITS.unity)) refuse(`the power factor of ${name} is ${factor.toFixed(3)}, the step needs 1`)
  const [low, high] = LIMITS.half
  const inductive = factor >= low && factor <= high && mean.reactive_var[index] > 0
  if (kind === 'phase' && !inductive) refuse(`the power factor of ${name} is ${factor.toFixed(3)}, the step needs 0.5 inductive`)
}

/** Whether a step can be taken with what was measured. Errors: FerrarisError `CALIBRATION` with the reason, and the phase or channel in its words. */
export function checkStep(
  kind: CalibrationKind,
  channel: { readonly name: string; readonly index: number },
  reference: PhaseQuantities,
  reading: AveragedReading,
  basis: CalibrationBasis,
): void {
  checkReference(kind, reference, channel.index, basis)
  checkStability(kind, channel.name, reading, channel.index, basis)
  checkLoad(kind, channel.name, reading, reference, channel.index, basis)
}
