import { type MeteringSample, MeteringStatus } from '../../../lib/metering-sample.ts'
import { FAILED, type RegisterAccess } from './access.ts'
import type { Image } from './image.ts'
import { NOLOAD_A, PERIOD_HZ, POWER_FULL_SCALE, Register, RMS_FULL_SCALE } from './registers.ts'

/** Places in a reading. */
const Place = Object.freeze({
  voltage: 0,
  current: 1,
  neutral: 2,
  active: 3,
  reactive: 4,
  apparent: 5,
  period: 6,
  angle: 7,
  mode: 8,
  neutralActive: 9,
  neutralReactive: 10,
})
const ADDRESSES = [
  ...[Register.VRMS, Register.IRMSA, Register.IRMSB, Register.AWATT, Register.AVAR, Register.AVA],
  ...[Register.Period, Register.ANGLE_A, Register.ACCMODE, Register.BWATT, Register.BVAR],
] as const
const U32 = 0x100000000
/** More than the converters can show: full scale and a peak on top. */
const RMS_MAX = 1.5 * RMS_FULL_SCALE
const POWER_MAX = 2 * POWER_FULL_SCALE
/** 35 to 75 Hz. */
const PERIOD_MIN = PERIOD_HZ / 75
const PERIOD_MAX = PERIOD_HZ / 35

/** Values of phase and neutral as fine as the chip has them: for the calibration. */
export interface FineReading {
  readonly voltage_V: Float64Array
  readonly current_A: Float64Array
  readonly active_W: Float64Array
  readonly reactive_var: Float64Array
}

/** The measured values of one moment: first all from the chip, then, if the bus held, into the sample. */
export class ValueReader {
  readonly #access: RegisterAccess
  readonly #values = new Float64Array(ADDRESSES.length)

  constructor(access: RegisterAccess) {
    this.#access = access
  }

  /** False when the bus fails or the chip says what no input can make it say. */
  read(): boolean {
    const values = this.#values
    for (let i = 0; i < ADDRESSES.length; i++) {
      const value = this.#access.fetch(ADDRESSES[i])
      if (value === FAILED) return false
      values[i] = ADDRESSES[i] >= Register.SAGLVL && value >= U32 / 2 ? value - U32 : value
    }
    return this.isPlausible()
  }

  get active(): number {
    return this.#values[Place.active]
  }

  get reactive(): number {
    return this.#values[Place.reactive]
  }

  private isPlausible(): boolean {
    const values = this.#values
    for (let i = Place.voltage; i <= Place.neutral; i++) if (values[i] < 0 || values[i] > RMS_MAX) return false
    for (let i = Place.active; i <= Place.apparent; i++) if (Math.abs(values[i]) > POWER_MAX) return false
    return true
  }

  /** Of the phase. `sagged`: the chip reported a sag since the last sample. */
  publish(image: Image, sample: MeteringSample, sagged: boolean): void {
    const values = this.#values
    const voltage_mV = Math.round(values[Place.voltage] * image.voltage_VPerCount * 1000)
    const milliwatts = image.wattPerCount * 1000
    const active_mW = Math.round(values[Place.active] * milliwatts)
    const apparent_mVA = Math.round(values[Place.apparent] * milliwatts)
    const lost = voltage_mV < image.phaseLoss_mV
    sample.voltage_mV[0] = voltage_mV
    sample.current_mA[0] = Math.round(values[Place.current] * image.current_APerCount * 1000)
    sample.neutral_mA = Math.round(values[Place.neutral] * image.neutral_APerCount * 1000)
    sample.active_mW.fill(active_mW, 0, 2)
    sample.reactive_mvar.fill(Math.round(values[Place.reactive] * milliwatts), 0, 2)
    sample.apparent_mVA.fill(apparent_mVA, 0, 2)
    const factor = apparent_mVA === 0 ? 0 : Math.round((1000 * active_mW) / apparent_mVA)
    sample.powerFactor_milli.fill(Math.min(1000, Math.max(-1000, factor)), 0, 2)
    const frequency_Hz = this.frequency_Hz(lost)
    sample.frequency_mHz = Math.round(frequency_Hz * 1000)
    sample.currentAngle_ddeg[0] = this.angle_ddeg(frequency_Hz)
    sample.status = lost ? MeteringStatus.phaseLossL1 | MeteringStatus.sagL1 : 0
    if (sagged || voltage_mV < image.sag_mV) sample.status |= MeteringStatus.sagL1
    if ((values[Place.mode] & NOLOAD_A) === NOLOAD_A) sample.status |= MeteringStatus.noLoad
  }

  /** Of the last reading. */
  fine(image: Image): FineReading {
    const values = this.#values
    const voltage_V = values[Place.voltage] * image.voltage_VPerCount
    return {
      voltage_V: Float64Array.of(voltage_V, voltage_V),
      current_A: Float64Array.of(values[Place.current] * image.current_APerCount, values[Place.neutral] * image.neutral_APerCount),
      active_W: Float64Array.of(values[Place.active] * image.wattPerCount, values[Place.neutralActive] * image.neutralWattPerCount),
      reactive_var: Float64Array.of(values[Place.reactive] * image.wattPerCount, values[Place.neutralReactive] * image.neutralWattPerCount),
    }
  }

  /** Equation 36. Without zero crossings the register keeps its last value. */
  private frequency_Hz(lost: boolean): number {
    const period = this.#values[Place.period] + 1
    return lost || period < PERIOD_MIN || period > PERIOD_MAX ? 0 : PERIOD_HZ / period
  }

  /** Equation 38: positive where the current lags. */
  private angle_ddeg(frequency_Hz: number): number {
    const angle = (this.#values[Place.angle] << 16) >> 16
    const tenths = Math.round((angle * 3600 * frequency_Hz) / PERIOD_HZ) % 3600
    return tenths < 0 ? tenths + 3600 : tenths
  }
}
