import type { MeteringSample } from '../../src/lib/metering-sample.ts'

/** A sample without energy on a dead supply, for tests to fill. */
export function emptySample(): MeteringSample {
  const four = () => new Float64Array(4)
  const three = () => new Float64Array(3)
  return {
    activeImport: four(),
    activeExport: four(),
    reactiveImport: four(),
    reactiveExport: four(),
    apparent: four(),
    active_mW: four(),
    reactive_mvar: four(),
    apparent_mVA: four(),
    voltage_mV: three(),
    current_mA: three(),
    neutral_mA: 0,
    powerFactor_milli: four(),
    currentAngle_ddeg: three(),
    voltageAngle_ddeg: three(),
    frequency_mHz: 0,
    status: 0,
  }
}
