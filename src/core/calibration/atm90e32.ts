/**
 * Calibration of the ATM90E32AS: register codes from comparisons with a reference meter. Formulas: application note Atmel-46103A section 4.2.
 */
import type { PhaseCodes } from './codes.ts'
import { ALL_KINDS, type CalibrationRules } from './procedure.ts'

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

/** LSB of power 0.00032 W: counts in a watt. */
const POWER_LSB_PER_WATT = 3125
/** The offset of an RMS value counts 1/512 of its LSB of 1 mA. */
const CURRENT_OFFSET_PER_AMPERE = 512_000
const POWER_GAIN_UNIT = 0x8000
/** Gphase = 2.048 MHz / (2 pi f sqrt(3)): 3763.739 at 50 Hz, 3136.449 at 60 Hz. */
const GPHASE_HZ = 188_186.95

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

export const ATM90E32_RULES: CalibrationRules<'ATM90E32'> = Object.freeze({
  ic: 'ATM90E32',
  kinds: ALL_KINDS,
  neutral: Object.freeze([NEUTRAL_CODES, NEUTRAL_CODES, NEUTRAL_CODES] as const),
  currentOffset: currentOffsetCode,
  powerOffset: powerOffsetCode,
  powerGain: powerGainCode,
  phaseDelay: phaseDelayCode,
})
