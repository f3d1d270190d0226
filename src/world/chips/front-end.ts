/** What stands between the mains and the converters of the chip: divider, shunt or transformer, as they are and not as they should be. */

/** Faults of the inputs of one phase. All default to 0. */
export interface ChannelSkew {
  /** Relative errors of the voltage divider and of the current transformer: 0.01 reads 1 % too much. */
  readonly voltageGain?: number
  readonly currentGain?: number
  /** Phase displacement of the transformer in degrees: so much earlier than the primary current does the secondary one arrive. */
  readonly phase_deg?: number
  /**
   * A transformer is worse at low currents: below some current its ratio falls by up to `droop` and its displacement grows by up to `droopPhase_deg`;
   * half of it at `knee_A`.
   */
  readonly droop?: number
  readonly droopPhase_deg?: number
  readonly knee_A?: number
  /** Crosstalk of the voltage into the current input, as power at nominal gain; there while there is voltage. */
  readonly offset_W?: number
  readonly offset_var?: number
  /** What an open current input reads, as RMS. */
  readonly currentOffset_A?: number
}

export type ThreePhaseSkew = readonly [ChannelSkew, ChannelSkew, ChannelSkew]

/** Relative to the nominal front end: what one phase's inputs make of the mains at this moment. */
export interface ChannelError {
  voltage: number
  current: number
  lead_deg: number
  offset_W: number
  offset_var: number
  offset_A: number
}

export function createChannelError(): ChannelError {
  return { voltage: 1, current: 1, lead_deg: 0, offset_W: 0, offset_var: 0, offset_A: 0 }
}

/** Writes the errors that `skew` has at a primary current into `error`. */
export function skewAt(skew: ChannelSkew, current_A: number, error: ChannelError): void {
  const { knee_A = 0 } = skew
  const low = knee_A > 0 ? knee_A / (knee_A + current_A) : 0
  error.voltage = 1 + (skew.voltageGain ?? 0)
  error.current = (1 + (skew.currentGain ?? 0)) * (1 - (skew.droop ?? 0) * low)
  error.lead_deg = (skew.phase_deg ?? 0) + (skew.droopPhase_deg ?? 0) * low
  error.offset_W = skew.offset_W ?? 0
  error.offset_var = skew.offset_var ?? 0
  error.offset_A = skew.currentOffset_A ?? 0
}
