import { cosineOfDegrees } from '../../lib/trig.ts'

/** Square of the voltage between two phases. */
function lineSquare(a: number, b: number, angle_ddeg: number): number {
  return a * a + b * b - 2 * a * b * cosineOfDegrees(angle_ddeg / 10)
}

/**
 * Negative-sequence unbalance of three voltages in thousandths, from the voltages between the phases (IEC 61000-4-30 5.7, from memory; the zero sequence
 * has no part in it). `angle_ddeg`: of each against the first, in 0.1 degree. Undefined when no voltage is left to divide by.
 */
export function unbalance_permille(voltage_mV: ArrayLike<number>, angle_ddeg: ArrayLike<number>): number | undefined {
  const u12 = lineSquare(voltage_mV[0], voltage_mV[1], angle_ddeg[1] - angle_ddeg[0])
  const u23 = lineSquare(voltage_mV[1], voltage_mV[2], angle_ddeg[2] - angle_ddeg[1])
  const u31 = lineSquare(voltage_mV[2], voltage_mV[0], angle_ddeg[0] - angle_ddeg[2])
  const sum = u12 + u23 + u31
  if (sum <= 0) return undefined
  const beta = (u12 * u12 + u23 * u23 + u31 * u31) / (sum * sum)
  // Rounding may put a balanced or a collapsed triangle just outside of what is possible.
  const root = Math.sqrt(Math.max(0, 3 - 6 * beta))
  return Math.round(1000 * Math.sqrt(Math.max(0, (1 - root) / (1 + root))))
}
