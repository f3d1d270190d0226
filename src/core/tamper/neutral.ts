import { cosineOfDegrees, sineOfDegrees } from '../../lib/trig.ts'

/** Arrays are [L1, L2, L3]; angles in 0.1 degree, of the current behind the voltage of its phase and of the voltage against that of L1. */
export interface Currents {
  readonly current_mA: ArrayLike<number>
  readonly currentAngle_ddeg: ArrayLike<number>
  readonly voltageAngle_ddeg: ArrayLike<number>
}

/** Current that the neutral has to carry: the sum of the phase currents as phasors, in mA. */
export function expectedNeutral_mA({ current_mA, currentAngle_ddeg, voltageAngle_ddeg }: Currents, phases: number): number {
  if (phases === 1) return current_mA[0]
  let x = 0
  let y = 0
  for (let phase = 0; phase < phases; phase++) {
    const degrees = (voltageAngle_ddeg[phase] + currentAngle_ddeg[phase]) / 10
    x += current_mA[phase] * cosineOfDegrees(degrees)
    y += current_mA[phase] * sineOfDegrees(degrees)
  }
  return Math.round(Math.sqrt(x * x + y * y))
}
