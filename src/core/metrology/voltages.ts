import { MeteringStatus } from '../../lib/metering-sample.ts'

const LOST = [MeteringStatus.phaseLossL1, MeteringStatus.phaseLossL2, MeteringStatus.phaseLossL3] as const
const SAGGING = [MeteringStatus.sagL1, MeteringStatus.sagL2, MeteringStatus.sagL3] as const

/** The voltages of all phases are gone. */
export function allLost(status: number, phases: number): boolean {
  for (let phase = 0; phase < phases; phase++) if ((status & LOST[phase]) === 0) return false
  return true
}

/** The voltages of all phases sag, or are gone. */
export function allSagging(status: number, phases: number): boolean {
  for (let phase = 0; phase < phases; phase++) if ((status & (SAGGING[phase] | LOST[phase])) === 0) return false
  return true
}
