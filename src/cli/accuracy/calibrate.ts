import type { CalibratedIC, CodesOf, PhaseQuantities } from '../../core/calibration/codes.ts'
import { CALIBRATION_STEPS, Calibration, type CalibrationRules, type CalibrationStep } from '../../core/calibration/procedure.ts'

export interface CalibrationBench<IC extends CalibratedIC> {
  readonly rules: CalibrationRules<IC>
  readonly frequency_Hz: number
  /** Applies the load of a step, lets the IC settle, and gives what the reference meter says. */
  readonly compare: (step: CalibrationStep) => PhaseQuantities
  /** What the IC says of the present load. */
  readonly measured: () => PhaseQuantities
  readonly configure: (phases: CodesOf[IC]) => void
}

/** Runs the procedure of `src/core/calibration` on a bench. Errors: FerrarisError `CALIBRATION`. */
export function calibrate<IC extends CalibratedIC>({
  rules,
  frequency_Hz,
  compare,
  measured,
  configure,
}: CalibrationBench<IC>): CodesOf[IC] {
  const calibration = new Calibration(rules, frequency_Hz)
  configure(calibration.phases)
  for (const step of CALIBRATION_STEPS) {
    const reference = compare(step)
    configure(calibration.take(step.kind, reference, measured()))
  }
  return calibration.phases
}
