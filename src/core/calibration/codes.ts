import { FerrarisError } from '../../lib/errors.ts'

/**
 * What a calibration of a metering IC finds for one phase or channel, as its registers take it. ATM90E32: Ugain, Igain, Uoffset, Ioffset, Poff, Qoff,
 * PQGain, Phi. ADE7953: xVGAIN, xIGAIN, VRMSOS, xIRMSOS, xWATTOS, xVAROS, xWGAIN with xVARGAIN, PHCALx. A positive phase delay delays the current.
 * BL0942, CSE7766: gains in ppm by which the driver corrects U, I and P; the rest is 0.
 */
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
/** Phase and neutral. */
export type TwoChannelCodes = readonly [PhaseCodes, PhaseCodes]
export type OnePhaseCodes = readonly [PhaseCodes]

/** Codes by IC. */
export interface CodesOf {
  readonly ATM90E32: ThreePhaseCodes
  readonly ADE7953: TwoChannelCodes
  readonly BL0942: OnePhaseCodes
  readonly CSE7766: OnePhaseCodes
}
export type CalibratedIC = keyof CodesOf

/** Quantities by phase or channel, as the IC shows them or as the reference meter does. */
export interface PhaseQuantities {
  readonly voltage_V: ArrayLike<number>
  readonly current_A: ArrayLike<number>
  readonly active_W: ArrayLike<number>
  readonly reactive_var: ArrayLike<number>
}

/** Least and greatest code of each register. */
export type CodeRanges = Readonly<Record<keyof PhaseCodes, readonly [number, number]>>

const SIGNED_16 = Object.freeze([-0x8000, 0x7fff] as const)
const SIGNED_24 = Object.freeze([-0x800000, 0x7fffff] as const)
const GAIN_16 = Object.freeze([1, 0xffff] as const)
/** "Gain Calibration" of the ADE7953. */
const GAIN_24 = Object.freeze([0x200000, 0x600000] as const)

const PPM = Object.freeze([-100_000, 100_000] as const)
const NOTHING = Object.freeze([0, 0] as const)
/** Gains in ppm, which the driver multiplies with. */
const GAINS_PPM: CodeRanges = Object.freeze({
  voltageGain: PPM,
  currentGain: PPM,
  voltageOffset: NOTHING,
  currentOffset: NOTHING,
  activeOffset: NOTHING,
  reactiveOffset: NOTHING,
  powerGain: PPM,
  phaseDelay: NOTHING,
})

export const CODE_RANGES: Readonly<Record<CalibratedIC, CodeRanges>> = Object.freeze({
  ATM90E32: Object.freeze({
    voltageGain: GAIN_16,
    currentGain: GAIN_16,
    voltageOffset: SIGNED_16,
    currentOffset: SIGNED_16,
    activeOffset: SIGNED_16,
    reactiveOffset: SIGNED_16,
    powerGain: SIGNED_16,
    phaseDelay: Object.freeze([-255, 255] as const),
  }),
  ADE7953: Object.freeze({
    voltageGain: GAIN_24,
    currentGain: GAIN_24,
    voltageOffset: SIGNED_24,
    currentOffset: SIGNED_24,
    activeOffset: SIGNED_24,
    reactiveOffset: SIGNED_24,
    powerGain: GAIN_24,
    phaseDelay: Object.freeze([-383, 383] as const),
  }),
  BL0942: GAINS_PPM,
  CSE7766: GAINS_PPM,
})

/** Errors: FerrarisError `CALIBRATION` for what no register can hold, or no front end can have. */
export function refuse(reason: string): never {
  throw new FerrarisError('CALIBRATION', reason)
}

/** Errors: FerrarisError `CALIBRATION`. */
export function checkCodes(ic: CalibratedIC, codes: PhaseCodes): void {
  const ranges = CODE_RANGES[ic]
  for (const name of Object.keys(ranges) as (keyof PhaseCodes)[]) {
    const [low, high] = ranges[name]
    const code = codes[name]
    if (!(Number.isInteger(code) && code >= low && code <= high)) refuse(`${name}: ${code} is outside ${low} to ${high}`)
  }
}
