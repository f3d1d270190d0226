import { type CalibratedIC, type CodesOf, checkCodes, type PhaseCodes, type PhaseQuantities, refuse } from './codes.ts'

/**
 * What is compared. `gain`: nominal voltage, basic current, power factor 1. `offset`: nominal voltage, current inputs open or with a small load. `power`: as `gain`.
 * `phase`: as `gain`, but at 0.5 inductive, so that 0.1 degree shows as 0.3 %.
 */
export type CalibrationKind = 'gain' | 'offset' | 'power' | 'phase'

/** A load to apply and the codes that follow from it; they have to be in the IC before the next step. */
export interface CalibrationStep {
  readonly kind: CalibrationKind
  /** In units of the basic or rated current. */
  readonly current: number
  /** 0.5: inductive. */
  readonly powerFactor: 1 | 0.5
}

/** The last step takes out what turning the current back has added to the power at power factor 1. */
export const CALIBRATION_STEPS: readonly CalibrationStep[] = Object.freeze([
  { kind: 'gain', current: 1, powerFactor: 1 },
  { kind: 'offset', current: 0, powerFactor: 1 },
  { kind: 'power', current: 1, powerFactor: 1 },
  { kind: 'phase', current: 1, powerFactor: 0.5 },
  { kind: 'power', current: 1, powerFactor: 1 },
])

/** An IC with a register for everything. */
export const ALL_KINDS: ReadonlySet<CalibrationKind> = new Set(CALIBRATION_STEPS.map(({ kind }) => kind))

/** How the registers of an IC follow from a comparison. `index`: phase or channel. */
export interface CalibrationRules<IC extends CalibratedIC> {
  readonly ic: IC
  /** Codes after a reset. */
  readonly neutral: CodesOf[IC]
  /** Steps that the IC and its driver can take. */
  readonly kinds: ReadonlySet<CalibrationKind>
  /** The step `gain`, where its codes are no factors. */
  gains?(old: PhaseCodes, reference: PhaseQuantities, measured: PhaseQuantities, index: number): PhaseCodes
  currentOffset(old: number, reference_A: number, measured_A: number, index: number): number
  /** Active and reactive. */
  powerOffset(old: number, reference: number, measured: number, index: number): number
  /** `error`: measured / reference - 1. */
  powerGain(old: number, error: number): number
  /** `error` at 0.5 inductive. */
  phaseDelay(old: number, error: number, frequency_Hz: number): number
}

/**
 * A gain or power that is so far off has another reason than tolerances: a wrong reference, a wrong range, swapped wires. A divider or a transformer of
 * another type is half or twice as much.
 */
const GAIN_FACTOR_MAX = 2
const POWER_ERROR_MAX = 0.05

/** What a reading has to be multiplied with: reference / measured. */
export function gainRatio(reference: number, measured: number): number {
  if (!(reference > 0 && measured > 0)) refuse('a gain needs a load on all phases')
  const ratio = reference / measured
  if (ratio > GAIN_FACTOR_MAX || ratio < 1 / GAIN_FACTOR_MAX) refuse(`the IC is off by a factor of ${(1 / ratio).toFixed(3)}`)
  return ratio
}

/** The code that makes `measured` show `reference`: reference / measured * old. */
export function gainCode(old: number, reference: number, measured: number): number {
  return Math.round(gainRatio(reference, measured) * old)
}

/** Relative error of a power. */
function powerError(reference_W: number, measured_W: number): number {
  if (reference_W === 0) refuse('a power needs a load on all phases')
  const error = measured_W / reference_W - 1
  if (!(Math.abs(error) <= POWER_ERROR_MAX)) refuse(`the IC's power is off by ${(100 * error).toFixed(1)} %`)
  return error
}

/**
 * The procedure: for each of `CALIBRATION_STEPS` apply the load, let the values settle, average some readings, `take` them, and configure the IC with
 * `phases`. Nothing changes when a step is refused.
 */
export class Calibration<IC extends CalibratedIC> {
  phases: CodesOf[IC]
  readonly #rules: CalibrationRules<IC>
  readonly #frequency_Hz: number

  /** `phases`: what is in the IC at the beginning. */
  constructor(rules: CalibrationRules<IC>, frequency_Hz: number, phases: CodesOf[IC] = rules.neutral) {
    this.#rules = rules
    this.#frequency_Hz = frequency_Hz
    this.phases = phases
  }

  /** `channels`: phases or channels that the comparison is about; the others keep their codes. Default: all. Errors: FerrarisError `CALIBRATION`. */
  take(kind: CalibrationKind, reference: PhaseQuantities, measured: PhaseQuantities, channels?: ReadonlySet<number>): CodesOf[IC] {
    const next = this.phases.map((old, index) =>
      channels === undefined || channels.has(index) ? this.after(kind, old, index, reference, measured) : old,
    )
    for (const codes of next) checkCodes(this.#rules.ic, codes)
    this.phases = next as unknown as CodesOf[IC]
    return this.phases
  }

  /** The codes of one phase after a step. */
  private after(kind: CalibrationKind, old: PhaseCodes, index: number, reference: PhaseQuantities, measured: PhaseQuantities): PhaseCodes {
    const rules = this.#rules
    if (!rules.kinds.has(kind)) refuse(`the ${rules.ic} takes no such correction`)
    if (kind === 'gain') {
      if (rules.gains !== undefined) return rules.gains(old, reference, measured, index)
      return {
        ...old,
        voltageGain: gainCode(old.voltageGain, reference.voltage_V[index], measured.voltage_V[index]),
        currentGain: gainCode(old.currentGain, reference.current_A[index], measured.current_A[index]),
      }
    }
    if (kind === 'offset') {
      return {
        ...old,
        currentOffset: rules.currentOffset(old.currentOffset, reference.current_A[index], measured.current_A[index], index),
        activeOffset: rules.powerOffset(old.activeOffset, reference.active_W[index], measured.active_W[index], index),
        reactiveOffset: rules.powerOffset(old.reactiveOffset, reference.reactive_var[index], measured.reactive_var[index], index),
      }
    }
    const error = powerError(reference.active_W[index], measured.active_W[index])
    if (kind === 'power') return { ...old, powerGain: rules.powerGain(old.powerGain, error) }
    return { ...old, phaseDelay: rules.phaseDelay(old.phaseDelay, error, this.#frequency_Hz) }
  }
}
