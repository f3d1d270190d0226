import { ENERGY_VALUES } from '../registers/energy.ts'
import type { RegisterJournal } from '../storage/register-journal.ts'

/** Its place in the register image: the second of the eight counters; those of further counters follow. */
export const PULSE_POSITION = ENERGY_VALUES + 1
/** Counters whose position a meter keeps. */
export const PULSE_POSITIONS = 3
/** No counter is longer: CF_CNT of the BL0942 has 24 bits, that of the CSE7766 with its carry 17. */
const TURN = 2 ** 24

/**
 * The pulse counter of an IC goes on while the firmware starts again, so the registers are stored with the reading up to which they count. Values of the
 * image never decrease: a reading below the one before begins another turn.
 */
export function advancedPosition(stored: number, reading: number): number {
  const next = stored - (stored % TURN) + reading
  return next < stored ? next + TURN : next
}

/** Reading up to which the registers in flash count; undefined without any registers. `channel`: which of the counters, from 0. */
export function storedPosition(registers: RegisterJournal, channel = 0): number | undefined {
  const image = new Float64Array(registers.count)
  return registers.load(image) && image[PULSE_POSITION + channel] % TURN
}
