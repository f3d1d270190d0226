/**
 * Calibration of the ADE7953: register codes from comparisons with a reference meter. Datasheet Rev. B, "Energy Calibration"; the order of the steps is
 * that of application note AN-1118: gain, phase, offset. The neutral is calibrated with the current of the phase in it, so that both channels match.
 */
import type { PhaseCodes } from './codes.ts'
import { ALL_KINDS, type CalibrationRules } from './procedure.ts'

/** Codes after a reset. */
const NEUTRAL_CODES: PhaseCodes = Object.freeze({
  voltageGain: 0x400000,
  currentGain: 0x400000,
  voltageOffset: 0,
  currentOffset: 0,
  activeOffset: 0,
  reactiveOffset: 0,
  powerGain: 0x400000,
  phaseDelay: 0,
})

/** What full scale of the converters means at the terminals; defaults of the driver: 347.4 V, 90.32 A. */
export interface ADE7953FullScale {
  readonly voltage_V: number
  readonly current_A: number
  readonly neutral_A: number
}

const RMS_FULL_SCALE = 9_032_007
const POWER_FULL_SCALE = 4_862_401
/** xIRMSOS counts 2^12 square LSBs (equation 34), xWATTOS 1/512 LSB ("Power Offsets"). */
const RMS_OFFSET = 4096
const POWER_OFFSET = 512
/**
 * A step of PHCAL is CLKIN / 4 = 1 / 895 kHz. A current that comes early by a small angle adds sqrt(3) of it to the power at 0.5 inductive, so that
 * error / sqrt(3) / (2 pi f) is the time to delay it by.
 */
const PHASE_HZ = 895_000 / (2 * Math.PI * Math.sqrt(3))

export function ade7953Rules({ voltage_V, current_A, neutral_A }: ADE7953FullScale): CalibrationRules<'ADE7953'> {
  const currents_A = [current_A, neutral_A] as const
  return {
    ic: 'ADE7953',
    kinds: ALL_KINDS,
    neutral: [NEUTRAL_CODES, NEUTRAL_CODES],
    currentOffset: (old, reference_A, measured_A, index) => {
      const square = (RMS_FULL_SCALE / currents_A[index]) ** 2
      return old + Math.round(((reference_A * reference_A - measured_A * measured_A) * square) / RMS_OFFSET)
    },
    powerOffset: (old, reference, measured, index) =>
      old + Math.round(((reference - measured) * POWER_FULL_SCALE * POWER_OFFSET) / (voltage_V * currents_A[index])),
    powerGain: (old, error) => Math.round(old / (1 + error)),
    phaseDelay: (old, error, frequency_Hz) => old + Math.round((error * PHASE_HZ) / frequency_Hz),
  }
}
