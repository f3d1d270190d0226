import type { MeteringSample } from './source.ts'

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
    this.active_mW.set(sample.active_mW)
    this.reactive_mvar.set(sample.reactive_mvar)
    this.apparent_mVA.set(sample.apparent_mVA)
    this.voltage_mV.set(sample.voltage_mV)
    this.current_mA.set(sample.current_mA)
    this.powerFactor_milli.set(sample.powerFactor_milli)
    this.currentAngle_ddeg.set(sample.currentAngle_ddeg)
    this.voltageAngle_ddeg.set(sample.voltageAngle_ddeg)
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
