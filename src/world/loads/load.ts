import type { Waveform } from './waveform.ts'

/** Something that draws (or feeds in) power. Arrays of three: L1..L3, at nominal voltage. */
export interface Load {
  /** Positive = draws from the mains. */
  readonly active_W: Float64Array
  /** Positive = inductive. */
  readonly reactive_var: Float64Array
  /** Shape of the current; both powers are then those of its fundamental on sinusoidal mains. Without it an impedance: the current follows the voltage. */
  readonly waveform?: Waveform
}

/** Total order of the phases a load hangs on: `1`, `2`, `3`, or `'all'` for a balanced three-phase load. */
export type LoadPhase = 1 | 2 | 3 | 'all'

/** Spreads a total over the phases of a load. */
export function spread(target: Float64Array, phase: LoadPhase, total: number): void {
  for (let i = 0; i < 3; i++) target[i] = phase === 'all' ? total / 3 : phase === i + 1 ? total : 0
}
