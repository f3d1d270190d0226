import {
  ATM90E32Calibration,
  CALIBRATION_STEPS,
  type CalibrationStep,
  type PhaseQuantities,
  type ThreePhaseCodes,
} from '../../core/calibration/atm90e32.ts'

export interface CalibrationBench {
  readonly frequency_Hz: number
  /** Applies the load of a step, lets the IC settle, and gives what the reference meter says. */
  readonly compare: (step: CalibrationStep) => PhaseQuantities
  /** What the IC says of the present load. */
  readonly measured: () => PhaseQuantities
  readonly configure: (phases: ThreePhaseCodes) => void
}

/** Runs the procedure of `src/core/calibration` on a bench. Errors: FerrarisError `CALIBRATION`. */
export function calibrateATM90E32({ frequency_Hz, compare, measured, configure }: CalibrationBench): ThreePhaseCodes {
  const calibration = new ATM90E32Calibration(frequency_Hz)
  configure(calibration.phases)
  for (const step of CALIBRATION_STEPS) {
    const reference = compare(step)
    configure(calibration.take(step.kind, reference, measured()))
  }
  return calibration.phases
}
