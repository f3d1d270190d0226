/**
 * Calibration of the ICs whose drivers multiply what they read: BL0942 and CSE7766. One shunt and one divider: what voltage and current are off by, the power is
 * off by together, so the gain step corrects it too, and the power step the rest.
 */
import type { CalibratedIC, PhaseCodes } from './codes.ts'
import { type CalibrationRules, gainRatio } from './procedure.ts'

const NEUTRAL: PhaseCodes = Object.freeze({
  voltageGain: 0,
  currentGain: 0,
  voltageOffset: 0,
  currentOffset: 0,
  activeOffset: 0,
  reactiveOffset: 0,
  powerGain: 0,
  phaseDelay: 0,
})
const UNIT = 1_000_000

/** ppm on top of ppm. */
function times(old_ppm: number, ratio: number): number {
  return Math.round((UNIT + old_ppm) * ratio - UNIT)
}

const same = (old: number) => old

export function ppmRules<IC extends Extract<CalibratedIC, 'BL0942' | 'CSE7766'>>(ic: IC): CalibrationRules<IC> {
  return {
    ic,
    neutral: [NEUTRAL],
    kinds: new Set(['gain', 'power'] as const),
    gains: (old, reference, measured, index) => {
      const voltage = gainRatio(reference.voltage_V[index], measured.voltage_V[index])
      const current = gainRatio(reference.current_A[index], measured.current_A[index])
      return {
        ...old,
        voltageGain: times(old.voltageGain, voltage),
        currentGain: times(old.currentGain, current),
        powerGain: times(old.powerGain, voltage * current),
      }
    },
    currentOffset: same,
    powerOffset: same,
    powerGain: (old, error) => times(old, 1 / (1 + error)),
    phaseDelay: same,
  }
}

/** The codes as the drivers take them; without any, nothing is corrected. */
export function correctionsOf(codes: readonly [PhaseCodes] | undefined): {
  readonly voltage_ppm: number
  readonly current_ppm: number
  readonly power_ppm: number
} {
  const { voltageGain, currentGain, powerGain } = codes?.[0] ?? NEUTRAL
  return { voltage_ppm: voltageGain, current_ppm: currentGain, power_ppm: powerGain }
}
