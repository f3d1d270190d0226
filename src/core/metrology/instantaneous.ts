import type { MeteringSample } from '../../lib/metering-sample.ts'

/** Copies a sample's instantaneous values, so that readers see one consistent second even while the driver fills the next. */
export class Instantaneous {
  /** Behind all arrays: they are views. */
  readonly #values = new Float64Array(4 * 4 + 4 * 3)
  readonly active_mW = this.#values.subarray(0, 4)
  readonly reactive_mvar = this.#values.subarray(4, 8)
  readonly apparent_mVA = this.#values.subarray(8, 12)
  readonly powerFactor_milli = this.#values.subarray(12, 16)
  readonly voltage_mV = this.#values.subarray(16, 19)
  readonly current_mA = this.#values.subarray(19, 22)
  readonly currentAngle_ddeg = this.#values.subarray(22, 25)
  readonly voltageAngle_ddeg = this.#values.subarray(25, 28)
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
    this.#values.fill(0)
    this.neutral_mA = 0
    this.frequency_mHz = 0
  }
}
