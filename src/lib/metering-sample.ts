/**
 * What a metering IC says and the metering core takes: the one shape that all metering drivers share.
 */

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
  /** Together with `fault`: the IC has just been started and has had no time to answer. No reason to report or mark anything. */
  starting: 1 << 10,
  /** Energy may be missing that flowed while nothing counted it. */
  incomplete: 1 << 11,
  /** The sample carries energy that a counter with a battery of its own counted while the meter was dark. */
  recovered: 1 << 12,
})

/** Arrays of a sample: those of four values, and those of three. */
const FOURS = 9
const THREES = 4

/** An empty sample for a driver to fill again and again. Its arrays are views of one buffer, which takes less than half of the memory. */
export function createMeteringSample(): MeteringSample {
  const { buffer } = new Float64Array(4 * FOURS + 3 * THREES)
  const four = (index: number): Float64Array => new Float64Array(buffer, 32 * index, 4)
  const three = (index: number): Float64Array => new Float64Array(buffer, 32 * FOURS + 24 * index, 3)
  return {
    activeImport: four(0),
    activeExport: four(1),
    reactiveImport: four(2),
    reactiveExport: four(3),
    apparent: four(4),
    active_mW: four(5),
    reactive_mvar: four(6),
    apparent_mVA: four(7),
    powerFactor_milli: four(8),
    voltage_mV: three(0),
    current_mA: three(1),
    currentAngle_ddeg: three(2),
    voltageAngle_ddeg: three(3),
    neutral_mA: 0,
    frequency_mHz: 0,
    status: 0,
  }
}

/** Makes a sample that of an IC that does not answer: old values, no counts. Gives it back. */
export function silence(sample: MeteringSample): MeteringSample {
  sample.activeImport.fill(0)
  sample.activeExport.fill(0)
  sample.reactiveImport.fill(0)
  sample.reactiveExport.fill(0)
  sample.apparent.fill(0)
  sample.status = (sample.status & ~(MeteringStatus.reconfigured | MeteringStatus.starting)) | MeteringStatus.fault
  return sample
}

/** Values of the one phase in V, A, W and var; each an array of one. */
export interface SinglePhaseReading {
  readonly voltage_V: readonly [number]
  readonly current_A: readonly [number]
  readonly active_W: readonly [number]
  readonly reactive_var: readonly [number]
}

export function singlePhase({ voltage_mV, current_mA, active_mW, reactive_mvar }: MeteringSample): SinglePhaseReading {
  return {
    voltage_V: [voltage_mV[0] / 1000],
    current_A: [current_mA[0] / 1000],
    active_W: [active_mW[1] / 1000],
    reactive_var: [reactive_mvar[1] / 1000],
  }
}
