import type { MeteringSample } from '../../lib/metering-sample.ts'

/** Copies a sample's instantaneous values, so that readers see one consistent second even while the driver fills the next. */
export class Instantaneous {
  readonly active_mW = new Float64Array(4)
  readonly reactive_mvar = new Float64Array(4)
  readonly apparent_mVA = new Float64Array(4)
  readonly voltage_mV = new Float64Array(3)
  readonly current_mA = new Float64Array(3)
  readonly powerFactor_milli = new Float64Array(4)
  readonly currentAngle_ddeg = new Float64Array(3)
  readonly voltageAngle_ddeg = new Float64Array(3)
  neutral_mA = 0
  frequency_mHz = 0
  status = 0

  copy(sample: MeteringSample): void {
    // Loops: for arrays this short, `set` costs more than what it copies.
    for (let i = 0; i < 4; i++) {
      this.active_mW[i] = sample.active_mW[i]
      this.reactive_mvar[i] = sample.reactive_mvar[i]
      this.apparent_mVA[i] = sample.apparent_mVA[i]
      this.powerFactor_milli[i] = sample.powerFactor_milli[i]
    }
    for (let i = 0; i < 3; i++) {
      this.voltage_mV[i] = sample.voltage_mV[i]
      this.current_mA[i] = sample.current_mA[i]
      this.currentAngle_ddeg[i] = sample.currentAngle_ddeg[i]
      this.voltageAngle_ddeg[i] = sample.voltageAngle_ddeg[i]
    }
    this.neutral_mA = sample.neutral_mA
    this.frequency_mHz = sample.frequency_mHz
    this.status = sample.status
  }

  /** Forgets the values of an IC that does not answer; the status stays. */
  clear(): void {
    this.active_mW.fill(0)
    this.reactive_mvar.fill(0)
    this.apparent_mVA.fill(0)
    this.voltage_mV.fill(0)
    this.current_mA.fill(0)
    this.powerFactor_milli.fill(0)
    this.currentAngle_ddeg.fill(0)
    this.voltageAngle_ddeg.fill(0)
    this.neutral_mA = 0
    this.frequency_mHz = 0
  }
}
