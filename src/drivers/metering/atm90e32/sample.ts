/** One reading, in the shape that the meter's metrology takes. Arrays of four are [sum, L1, L2, L3], of three [L1, L2, L3]. */
export interface ATM90E32Sample {
  /** Energy counts since the previous sample. */
  readonly activeImport: Float64Array
  readonly activeExport: Float64Array
  readonly reactiveImport: Float64Array
  readonly reactiveExport: Float64Array
  readonly apparent: Float64Array
  readonly active_mW: Float64Array
  readonly reactive_mvar: Float64Array
  readonly apparent_mVA: Float64Array
  readonly voltage_mV: Float64Array
  readonly current_mA: Float64Array
  neutral_mA: number
  /** Signed, in thousandths. */
  readonly powerFactor_milli: Float64Array
  /** 0..3599. */
  readonly currentAngle_ddeg: Float64Array
  readonly voltageAngle_ddeg: Float64Array
  frequency_mHz: number
  /** Bit set of `Status`. */
  status: number
}

/** Bits of `ATM90E32Sample.status`, the same for every metering driver. */
export const Status = Object.freeze({
  sagL1: 1 << 0,
  phaseLossL1: 1 << 3,
  phaseSequence: 1 << 6,
  noLoad: 1 << 7,
  reconfigured: 1 << 8,
  fault: 1 << 9,
})

export function createSample(): ATM90E32Sample {
  return {
    activeImport: new Float64Array(4),
    activeExport: new Float64Array(4),
    reactiveImport: new Float64Array(4),
    reactiveExport: new Float64Array(4),
    apparent: new Float64Array(4),
    active_mW: new Float64Array(4),
    reactive_mvar: new Float64Array(4),
    apparent_mVA: new Float64Array(4),
    voltage_mV: new Float64Array(3),
    current_mA: new Float64Array(3),
    neutral_mA: 0,
    powerFactor_milli: new Float64Array(4),
    currentAngle_ddeg: new Float64Array(3),
    voltageAngle_ddeg: new Float64Array(3),
    frequency_mHz: 0,
    status: 0,
  }
}
