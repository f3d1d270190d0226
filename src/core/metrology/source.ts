/**
 * One reading of a metering IC. The object and its arrays belong to the driver and are overwritten by its next `sample()`.
 * Arrays of four: [sum, L1, L2, L3]; arrays of three: [L1, L2, L3].
 */
export interface MeteringSample {
  /** Counts since the previous sample; one count is `MeteringSource.energyUnit`. Never negative. */
  readonly activeImport: Float64Array
  readonly activeExport: Float64Array
  readonly reactiveImport: Float64Array
  readonly reactiveExport: Float64Array
  readonly apparent: Float64Array
  /** Signed powers in mW, mvar, mVA: four values. */
  readonly active_mW: Float64Array
  readonly reactive_mvar: Float64Array
  readonly apparent_mVA: Float64Array
  /** RMS values: three. */
  readonly voltage_mV: Float64Array
  readonly current_mA: Float64Array
  /** Neutral current, calculated or measured, in mA. */
  neutral_mA: number
  /** Signed, in thousandths: four values. */
  readonly powerFactor_milli: Float64Array
  /** Angle between U and I of a phase in 0.1 degree, 0..3599: three values. */
  readonly currentAngle_ddeg: Float64Array
  /** Angle of U against U1 in 0.1 degree, 0..3599: three values. */
  readonly voltageAngle_ddeg: Float64Array
  /** Mains frequency in mHz. */
  frequency_mHz: number
  /** Bit set of `MeteringStatus`. */
  status: number
}

/** Conditions of the mains and of the IC, as bits of `MeteringSample.status`. */
export const MeteringStatus = Object.freeze({
  sagL1: 1 << 0,
  sagL2: 1 << 1,
  sagL3: 1 << 2,
  phaseLossL1: 1 << 3,
  phaseLossL2: 1 << 4,
  phaseLossL3: 1 << 5,
  /** Voltages do not follow each other in the order L1, L2, L3. */
  phaseSequence: 1 << 6,
  /** Below the starting threshold: no energy is registered. */
  noLoad: 1 << 7,
  /** The IC lost its configuration or it changed; it was written again. Energy since the previous sample may be incomplete. */
  reconfigured: 1 << 8,
  /** The IC does not answer; the sample repeats old values and carries no counts. */
  fault: 1 << 9,
})

/** What the core needs of a metering driver (`src/drivers/metering/<ic>` has this shape). */
export interface MeteringSource {
  readonly sample: () => MeteringSample
  /** One count in units of 1 mWh (or mvarh, mVAh), as a fraction: `numerator / denominator`. */
  readonly energyUnit: { readonly numerator: number; readonly denominator: number }
  readonly identification: { readonly model: string }
  /** Takes back the interrupt by which the IC reports a voltage failure. */
  acknowledge(): void
  close(): void
}
