import { cosineOfDegrees, degreesOf, sineOfDegrees } from '../../lib/trig.ts'
import { rmsOf } from '../distortion.ts'
import type { Electrical } from '../electrical.ts'
import { POWER_FRACTION, POWER_FULL_SCALE } from './ade7953-energy.ts'
import { Address, Config, GAIN_ONE, signed24 } from './ade7953-registers.ts'
import { type ChannelError, type ChannelSkew, createChannelError, skewAt } from './front-end.ts'
import { highestOrder, rotationOf, SpectrumPower } from './spectrum.ts'

/** RMS registers and waveforms at full scale ("Root Mean Square Measurement", "Current Channel ADCs"). */
const RMS_FULL_SCALE = 9_032_007
const PEAK_FULL_SCALE = 6_500_000
/** Clock of Period and ANGLE ("Period Measurement": CLKIN / 16) and of PHCAL (CLKIN / 4). */
const PERIOD_HZ = 223_750
const PHCAL_HZ = 895_000
/** xWATTOS counts 1/512 LSB, an RMS offset 2^12 square LSBs ("Offset Calibration"). */
const POWER_OFFSET = 512
const RMS_OFFSET = 4096
/** "Zero-Crossing Threshold". */
const CROSSING_RATIO = 1250
const U24 = 0xffffff
/** Bandwidth of the inputs ("Specifications"). */
const BAND_HZ = 1230
const SQRT2 = Math.sqrt(2)

/** What full scale (500 mV peak at a PGA of 1) means at the terminals, RMS. Defaults: a Shelly EM, 347.4 V and 90.32 A. */
export interface ADE7953FrontEnd {
  readonly voltage_V?: number
  readonly current_A?: number
  /** Channel B, in the neutral. */
  readonly neutral_A?: number
  /** How the inputs of the phase differ from that. Default: not at all. */
  readonly skew?: ChannelSkew
  /** The same of the current input of channel B; the voltage input is that of the phase. */
  readonly neutralSkew?: ChannelSkew
}

/** The current that returns through the neutral, where it is not that of the phase. */
export interface NeutralInputs {
  readonly current_A: number
  readonly active_W: number
  readonly reactive_var: number
}

/** One channel's values in LSBs of its registers, not rounded. */
export interface Channel {
  rms: number
  peak: number
  active: number
  reactive: number
  apparent: number
  /** What the zero crossings tell: the powers of the fundamental. */
  crossingActive: number
  crossingReactive: number
}

function createChannel(): Channel {
  return { rms: 0, peak: 0, active: 0, reactive: 0, apparent: 0, crossingActive: 0, crossingReactive: 0 }
}

/** Offsets in the calibration registers by channel. */
const GAINS = [Address.AIGAIN, Address.BIGAIN] as const
const IRMSOS = [Address.AIRMSOS, Address.BIRMSOS] as const
const WATTOS = [Address.AWATTOS, Address.BWATTOS] as const

/** Physical inputs and calibration registers to what the chip measures. */
export class ADE7953Measurement {
  readonly channels: readonly [Channel, Channel] = [createChannel(), createChannel()]
  voltageRms = 0
  voltagePeak = 0
  frequency_Hz = 0

  readonly #registers: Float64Array
  readonly #voltage_V: number
  readonly #currents_A: readonly [number, number]
  readonly #skew: ChannelSkew
  readonly #neutralSkew: ChannelSkew
  readonly #error: ChannelError = createChannelError()
  readonly #delay = { perOrder_deg: 0, lead_deg: 0 }
  readonly #power = new SpectrumPower()
  /** Orders that the chip sees: from 0 without the filter, to the end of its band. */
  #lowest = 1
  #highest = 0

  constructor(registers: Float64Array, frontEnd: ADE7953FrontEnd) {
    const { voltage_V = 347.4, current_A = 90.32, neutral_A = current_A, skew = {}, neutralSkew = {} } = frontEnd
    if (!(voltage_V > 0 && current_A > 0 && neutral_A > 0)) throw new RangeError('frontEnd')
    this.#registers = registers
    this.#voltage_V = voltage_V
    this.#currents_A = [current_A, neutral_A]
    this.#skew = skew
    this.#neutralSkew = neutralSkew
  }

  /** The voltage is large enough for zero crossings. */
  get crossing(): boolean {
    return this.frequency_Hz > 0 && this.voltagePeak * CROSSING_RATIO >= PEAK_FULL_SCALE
  }

  crossingOf(channel: 0 | 1): boolean {
    return this.frequency_Hz > 0 && this.channels[channel].peak * CROSSING_RATIO >= PEAK_FULL_SCALE
  }

  update(inputs: Electrical, neutral: NeutralInputs | undefined): void {
    const registers = this.#registers
    this.#lowest = registers[Address.CONFIG] & Config.HPFEN ? 1 : 0
    this.#highest = highestOrder(inputs.frequency_Hz, BAND_HZ)
    const { distortion } = inputs
    const voltage_V = distortion === undefined ? inputs.voltage_V[0] : rmsOf(distortion.voltage, 0, this.#lowest, this.#highest)
    const current_A = distortion === undefined ? inputs.current_A[0] : rmsOf(distortion.current, 0, this.#lowest, this.#highest)
    skewAt(this.#skew, current_A, this.#error)
    this.frequency_Hz = voltage_V > 0 ? inputs.frequency_Hz : 0
    const ratio = ((voltage_V * this.#error.voltage) / this.#voltage_V) * this.#gain(Address.AVGAIN) * pga(registers[Address.PGA_V])
    this.voltagePeak = ratio * PEAK_FULL_SCALE * (distortion === undefined ? 1 : distortion.voltageCrest[0] / SQRT2)
    this.voltageRms = rms(ratio * RMS_FULL_SCALE, registers[Address.VRMSOS])
    this.#measure(0, inputs, current_A, undefined)
    const { voltage } = this.#error
    skewAt(this.#neutralSkew, neutral?.current_A ?? current_A, this.#error)
    this.#error.voltage = voltage
    this.#measure(1, inputs, current_A, neutral)
    this.#publish()
  }

  #gain(address: number): number {
    return this.#registers[address] / GAIN_ONE
  }

  /** `other`: a current that is not that of the phase, and a sine. */
  #measure(index: 0 | 1, inputs: Electrical, phase_A: number, other: NeutralInputs | undefined): void {
    const registers = this.#registers
    const error = this.#error
    const channel = this.channels[index]
    const gains = GAINS[index]
    const amplification = this.#gain(gains) * pga(registers[Address.PGA_IA + index]) * error.current
    const distortion = other === undefined ? inputs.distortion : undefined
    const current_A = other?.current_A ?? phase_A
    const ratio = ((current_A + error.offset_A) / this.#currents_A[index]) * amplification
    channel.peak = ratio * PEAK_FULL_SCALE * (distortion === undefined ? 1 : distortion.currentCrest[0] / SQRT2)
    channel.rms = rms(ratio * RMS_FULL_SCALE, registers[IRMSOS[index]])
    const power = this.#power
    this.#setDelay(index, inputs.frequency_Hz)
    if (distortion === undefined) this.#turn(other?.active_W ?? inputs.active_W[0], other?.reactive_var ?? inputs.reactive_var[0])
    else power.measure(distortion, 0, 0, this.#highest, this.#delay)
    const voltageGain = this.#gain(index === 0 ? Address.AVGAIN : Address.BVGAIN) * pga(registers[Address.PGA_V]) * error.voltage
    const scale = (POWER_FULL_SCALE * voltageGain * amplification) / (this.#voltage_V * this.#currents_A[index])
    const crosstalk = inputs.voltage_V[0] > 0 ? 1 : 0
    // Both are of all harmonics of the band, the reactive one by a shift of 90 degrees ("Active Power Calculation", "Reactive Power Calculation").
    // Gains of active, reactive and apparent power follow each other, as do their offsets.
    const watt = Address.AWGAIN + 12 * index
    const offset = WATTOS[index]
    channel.active = (power.fundamental_W + power.harmonic_W + crosstalk * error.offset_W) * scale * this.#gain(watt) + this.#offset(offset)
    channel.reactive =
      (power.fundamental_var + power.harmonic_var + crosstalk * error.offset_var) * scale * this.#gain(watt + 1) + this.#offset(offset + 1)
    channel.crossingActive = distortion === undefined ? channel.active : power.fundamental_W
    channel.crossingReactive = distortion === undefined ? channel.reactive : power.fundamental_var
    const apparent = (this.voltageRms / RMS_FULL_SCALE) * (channel.rms / RMS_FULL_SCALE) * POWER_FULL_SCALE
    channel.apparent = Math.max(0, apparent * this.#gain(watt + 2) + this.#offset(offset + 2))
  }

  #offset(address: number): number {
    return signed24(this.#registers[address]) / POWER_OFFSET
  }

  /** What turns the powers: PHCAL and the transformer. */
  #setDelay(index: 0 | 1, frequency_Hz: number): void {
    // Sign and magnitude: a clear bit 9 delays the current ("Phase Calibration").
    const code = this.#registers[Address.PHCALA + index]
    const delay_deg = ((code & 0x1ff) * 360 * frequency_Hz) / PHCAL_HZ
    this.#delay.perOrder_deg = code & 0x200 ? -delay_deg : delay_deg
    this.#delay.lead_deg = this.#error.lead_deg
  }

  /** The power of sines as the chip sees it. */
  #turn(active_W: number, reactive_var: number): void {
    const power = this.#power
    const rotation_deg = rotationOf(this.#delay, 1)
    const cosine = rotation_deg === 0 ? 1 : cosineOfDegrees(rotation_deg)
    const sine = rotation_deg === 0 ? 0 : sineOfDegrees(rotation_deg)
    power.fundamental_W = active_W * cosine - reactive_var * sine
    power.fundamental_var = reactive_var * cosine + active_W * sine
    power.harmonic_W = 0
    power.harmonic_var = 0
  }

  #publish(): void {
    const registers = this.#registers
    registers[Address.VRMS] = clamp(Math.round(this.voltageRms), 0, U24)
    for (const index of [0, 1] as const) {
      const { rms: current, active, reactive, apparent, crossingActive, crossingReactive } = this.channels[index]
      registers[Address.IRMSA + index] = clamp(Math.round(current), 0, U24)
      registers[Address.AVA + index] = two24(apparent)
      registers[Address.AWATT + index] = two24(active)
      registers[Address.AWATT + 2 + index] = two24(reactive)
      registers[Address.ANGLE_A + index] = this.#angle(index, crossingActive, crossingReactive) & 0xffff
    }
    if (this.crossing) registers[Address.Period] = Math.round(PERIOD_HZ / this.frequency_Hz) - 1
  }

  /** Time from the voltage's crossing to the current's, shortest way; without crossings it keeps its value. */
  #angle(index: 0 | 1, active: number, reactive: number): number {
    if (!this.crossing || !this.crossingOf(index)) return this.#registers[Address.ANGLE_A + index]
    const degrees = degreesOf(reactive, active)
    return Math.round(((degrees > 180 ? degrees - 360 : degrees) * PERIOD_HZ) / (360 * this.frequency_Hz))
  }
}

/** PGA code 0 to 5: 1, 2, 4, 8, 16, 22. */
function pga(code: number): number {
  return code === 5 ? 22 : 1 << Math.min(code, 4)
}

function rms(value: number, offset: number): number {
  return Math.sqrt(Math.max(0, value * value + signed24(offset) * RMS_OFFSET))
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

function two24(value: number): number {
  return clamp(Math.round(value), -0x800000, 0x7fffff) & U24
}

/** Power in the unit of the accumulators. */
export function fine(power: number): number {
  return Math.round(power * POWER_FRACTION)
}
