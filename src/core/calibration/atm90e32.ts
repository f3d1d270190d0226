/**
 * Calibration of the ATM90E32AS: register codes from comparisons with a reference meter. Formulas: application note Atmel-46103A section 4.2.
 */
import { FerrarisError } from '../../lib/errors.ts'

/** Codes of one phase, as the registers take them: Ugain, Igain, Uoffset, Ioffset, Poff, Qoff, PQGain; Phi in cycles of 2.048 MHz, positive delays the current. */
export interface PhaseCodes {
  readonly voltageGain: number
  readonly currentGain: number
  readonly voltageOffset: number
  readonly currentOffset: number
  readonly activeOffset: number
  readonly reactiveOffset: number
  readonly powerGain: number
  readonly phaseDelay: number
}

export type ThreePhaseCodes = readonly [PhaseCodes, PhaseCodes, PhaseCodes]

/** Quantities of L1, L2, L3, as the IC shows them or as the reference meter does. */
export interface PhaseQuantities {
  readonly voltage_V: ArrayLike<number>
  readonly current_A: ArrayLike<number>
  readonly active_W: ArrayLike<number>
  readonly reactive_var: ArrayLike<number>
}

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

/** Codes after a reset. */
export const NEUTRAL_CODES: PhaseCodes = Object.freeze({
  voltageGain: 0x8000,
  currentGain: 0x8000,
  voltageOffset: 0,
  currentOffset: 0,
  activeOffset: 0,
  reactiveOffset: 0,
  powerGain: 0,
  phaseDelay: 0,
})

/** Ranges of the registers. */
export const CODE_RANGES: Readonly<Record<keyof PhaseCodes, readonly [number, number]>> = Object.freeze({
  voltageGain: [1, 0xffff],
  currentGain: [1, 0xffff],
  voltageOffset: [-0x8000, 0x7fff],
  currentOffset: [-0x8000, 0x7fff],
  activeOffset: [-0x8000, 0x7fff],
  reactiveOffset: [-0x8000, 0x7fff],
  powerGain: [-0x8000, 0x7fff],
  phaseDelay: [-255, 255],
})

/** LSB of power 0.00032 W: counts in a watt. */
const POWER_LSB_PER_WATT = 3125
/** The offset of an RMS value counts 1/512 of its LSB of 1 mA. */
const CURRENT_OFFSET_PER_AMPERE = 512_000
const POWER_GAIN_UNIT = 0x8000
/** Gphase = 2.048 MHz / (2 pi f sqrt(3)): 3763.739 at 50 Hz, 3136.449 at 60 Hz. */
const GPHASE_HZ = 188_186.95
/**
 * A gain or power that is so far off has another reason than tolerances: a wrong reference, a wrong range, swapped wires. A divider or a transformer of
 * another type is half or twice as much.
 */
const GAIN_FACTOR_MAX = 2
const POWER_ERROR_MAX = 0.05

/** Errors: FerrarisError `CALIBRATION` for what no register can hold, or no front end can have. */
function refuse(reason: string): never {
  throw new FerrarisError('CALIBRATION', reason)
}

/** The code that makes `measured` show `reference` (section 4.2.1): reference / measured * old. */
export function gainCode(old: number, reference: number, measured: number): number {
  if (!(reference > 0 && measured > 0)) refuse('a gain needs a load on all phases')
  const ratio = reference / measured
  if (ratio > GAIN_FACTOR_MAX || ratio < 1 / GAIN_FACTOR_MAX) refuse(`the IC is off by a factor of ${(1 / ratio).toFixed(3)}`)
  return Math.round(ratio * old)
}

/** Relative error of a power. */
function powerError(reference_W: number, measured_W: number): number {
  if (reference_W === 0) refuse('a power needs a load on all phases')
  const error = measured_W / reference_W - 1
  if (!(Math.abs(error) <= POWER_ERROR_MAX)) refuse(`the IC's power is off by ${(100 * error).toFixed(1)} %`)
  return error
}

/** PQGain (section 4.2.3), -e / (1 + e) * 2^15, on top of a code that is there already. */
export function powerGainCode(old: number, error: number): number {
  return Math.round((POWER_GAIN_UNIT + old) / (1 + error)) - POWER_GAIN_UNIT
}

/** Phi (section 4.2.4) from the error at 0.5 inductive, on top of a code that is there already. */
export function phaseDelayCode(old: number, error: number, frequency_Hz: number): number {
  return old + Math.round((error * GPHASE_HZ) / frequency_Hz)
}

/** Poff and Qoff (section 4.2.2): what is missing, in LSBs of the power; without a load, the negative reading. */
export function powerOffsetCode(old: number, reference: number, measured: number): number {
  return old + Math.round((reference - measured) * POWER_LSB_PER_WATT)
}

function currentOffsetCode(old: number, reference_A: number, measured_A: number): number {
  return old + Math.round((reference_A - measured_A) * CURRENT_OFFSET_PER_AMPERE)
}

/** The codes of one phase after a step. */
function after(kind: CalibrationKind, old: PhaseCodes, index: number, reference: PhaseQuantities, measured: PhaseQuantities): PhaseCodes {
  if (kind === 'gain') {
    return {
      ...old,
      voltageGain: gainCode(old.voltageGain, reference.voltage_V[index], measured.voltage_V[index]),
      currentGain: gainCode(old.currentGain, reference.current_A[index], measured.current_A[index]),
    }
  }
  if (kind === 'offset') {
    return {
      ...old,
      currentOffset: currentOffsetCode(old.currentOffset, reference.current_A[index], measured.current_A[index]),
      activeOffset: powerOffsetCode(old.activeOffset, reference.active_W[index], measured.active_W[index]),
      reactiveOffset: powerOffsetCode(old.reactiveOffset, reference.reactive_var[index], measured.reactive_var[index]),
    }
  }
  const error = powerError(reference.active_W[index], measured.active_W[index])
  return { ...old, powerGain: powerGainCode(old.powerGain, error) }
}

export function checkCodes(codes: PhaseCodes): void {
  for (const name of Object.keys(CODE_RANGES) as (keyof PhaseCodes)[]) {
    const [low, high] = CODE_RANGES[name]
    const code = codes[name]
    if (!(Number.isInteger(code) && code >= low && code <= high)) refuse(`${name}: ${code} is outside ${low} to ${high}`)
  }
}

/**
 * The procedure: for each of `CALIBRATION_STEPS` apply the load, let the values settle, average some readings, `take` them, and configure the IC with
 * `phases`. Nothing changes when a step is refused.
 */
export class ATM90E32Calibration {
  phases: ThreePhaseCodes
  readonly #frequency_Hz: number

  /** `phases`: what is in the IC at the beginning. */
  constructor(frequency_Hz: number, phases: ThreePhaseCodes = [NEUTRAL_CODES, NEUTRAL_CODES, NEUTRAL_CODES]) {
    this.#frequency_Hz = frequency_Hz
    this.phases = phases
  }

  /** Errors: FerrarisError `CALIBRATION`. */
  take(kind: CalibrationKind, reference: PhaseQuantities, measured: PhaseQuantities): ThreePhaseCodes {
    const next = (index: number): PhaseCodes => {
      const old = this.phases[index]
      const codes = kind === 'phase' ? this.#turned(old, index, reference, measured) : after(kind, old, index, reference, measured)
      checkCodes(codes)
      return codes
    }
    this.phases = [next(0), next(1), next(2)]
    return this.phases
  }

  #turned(old: PhaseCodes, index: number, reference: PhaseQuantities, measured: PhaseQuantities): PhaseCodes {
    const error = powerError(reference.active_W[index], measured.active_W[index])
    return { ...old, phaseDelay: phaseDelayCode(old.phaseDelay, error, this.#frequency_Hz) }
  }
}
