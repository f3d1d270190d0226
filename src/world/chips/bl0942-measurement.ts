import { degreesOf, sineOfDegrees } from '../../lib/trig.ts'
import { type Distortion, momentOf } from '../distortion.ts'
import type { Electrical } from '../electrical.ts'
import { POWER_FRACTION, type PulseGenerator } from './bl0942-energy.ts'
import { Address, Mode, Status } from './bl0942-registers.ts'

/** What stands between the mains and the inputs of the chip. */
export interface BL0942FrontEnd {
  /** Default 1 milliohm. */
  readonly shunt_uOhm?: number
  /** Divider: the part above and below the input. Default 5 x 390 kilohm and 510 ohm (application note V1.04). */
  readonly upper_Ohm?: number
  readonly lower_Ohm?: number
  /** The shunt's ends are swapped, as in many plugs: power has the wrong sign. */
  readonly reversed?: boolean
}

/** Factors of the datasheet (sections 2.2 and 2.5) for millivolts at the inputs; those of the current hold for a gain of 16. */
const VREF = 1.218
const CURRENT = 305_978
const VOLTAGE = 73_989
const POWER = 3537
const FAST_RATIO = 0.363
const GAINS = Object.freeze([1 / 16, 4 / 16, 1, 24 / 16])
/** Zero crossings are found above these (section 2.7). */
const CURRENT_THRESHOLD = 0x3ffff
const VOLTAGE_THRESHOLD = 0x7ffff
const U24 = 0xffffff
const S24 = 0x7fffff
/** Peak of the waveform registers at the largest input, 42 and 100 mV (section 1.7.1). The datasheet does not give their scale. */
const WAVE_FULL_SCALE = 0x7ffff
const CURRENT_PEAK_MV = 42
const VOLTAGE_PEAK_MV = 100
const SQRT2 = Math.sqrt(2)

/** Turns physical inputs into the electrical registers. I_RMS, V_RMS and WATT follow every 400 or 800 ms, the rest at once. */
export class BL0942Measurement {
  readonly #registers: Uint32Array
  readonly #pulses: PulseGenerator
  readonly #millivoltPerAmpere: number
  readonly #millivoltPerVolt: number
  readonly #sign: number
  #current_mV = 0
  #voltage_mV = 0
  #active = 0
  #angle_deg = 0
  #frequency_Hz = 0
  #gain = 1
  #distortion: Distortion | undefined
  /** Number of the refresh that the registers show. */
  #refresh = 0
  #start_us = 0

  constructor(registers: Uint32Array, pulses: PulseGenerator, frontEnd: BL0942FrontEnd) {
    const { shunt_uOhm = 1000, upper_Ohm = 1_950_000, lower_Ohm = 510, reversed = false } = frontEnd
    if (!(shunt_uOhm > 0 && upper_Ohm >= 0 && lower_Ohm > 0)) throw new RangeError('front end')
    this.#registers = registers
    this.#pulses = pulses
    this.#millivoltPerAmpere = shunt_uOhm / 1000
    this.#millivoltPerVolt = (1000 * lower_Ohm) / (upper_Ohm + lower_Ohm)
    this.#sign = reversed ? -1 : 1
  }

  reset(now_us: number): void {
    this.#start_us = now_us
    this.#refresh = 0
    this.#registers.fill(0, Address.I_WAVE, Address.STATUS + 1)
    this.#registers[Address.FREQ] = 0x4e20
  }

  /** New inputs or gains from `now_us` on. The chip is wired to L1. */
  change(inputs: Electrical, now_us: number): void {
    this.refresh(now_us)
    const gain = GAINS[this.#registers[Address.GAIN_CR]]
    this.#current_mV = inputs.current_A[0] * this.#millivoltPerAmpere * gain
    this.#voltage_mV = inputs.voltage_V[0] * this.#millivoltPerVolt
    const power_mV2 = inputs.active_W[0] * this.#sign * this.#millivoltPerAmpere * this.#millivoltPerVolt * gain
    const active = Math.round((POWER_FRACTION * POWER * power_mV2) / (VREF * VREF))
    this.#active = Math.min(Math.max(active, -S24 * POWER_FRACTION), S24 * POWER_FRACTION)
    this.#angle_deg = degreesOf(inputs.reactive_var[0], inputs.active_W[0])
    this.#frequency_Hz = inputs.frequency_Hz
    this.#gain = gain
    this.#distortion = inputs.distortion
    this.countPower()
  }

  /** Anti-creep (section 2.3): WA_CREEP = WATT * 256 / 3125. */
  countPower(): void {
    const creeping = Math.abs(this.#active) * 256 < this.#registers[Address.WA_CREEP] * 3125 * POWER_FRACTION
    this.#pulses.power = creeping ? 0 : this.#active
  }

  /** Brings the slow registers to the last refresh before `now_us`; the inputs have not changed since the one before. */
  refresh(now_us: number): void {
    const registers = this.#registers
    const period_us = registers[Address.MODE] & Mode.RMS_UPDATE_SEL ? 800_000 : 400_000
    const refresh = Math.floor((now_us - this.#start_us) / period_us)
    if (refresh === this.#refresh) return
    this.#refresh = refresh
    const { power } = this.#pulses
    const watt = Math.sign(power) * Math.round(Math.abs(power) / POWER_FRACTION)
    registers[Address.WATT] = watt < 0 ? watt + 0x1000000 : watt
    registers[Address.I_RMS] = power === 0 ? 0 : Math.min(U24, Math.round((CURRENT * this.#current_mV) / VREF))
    registers[Address.V_RMS] = Math.min(U24, Math.round((VOLTAGE * this.#voltage_mV) / VREF))
  }

  /** STATUS, FREQ, I_FAST_RMS and the waveforms, which follow within a cycle. */
  publish(now_us: number): void {
    this.refresh(now_us)
    const registers = this.#registers
    let status = this.#pulses.reverse ? Status.CF_REVP_F : 0
    if (this.#pulses.power === 0) status |= Status.CREEP_F
    if (registers[Address.I_RMS] < CURRENT_THRESHOLD) status |= Status.I_ZX_LTH_F
    if (registers[Address.V_RMS] < VOLTAGE_THRESHOLD) status |= Status.V_ZX_LTH_F
    // Below the threshold the frequency is not measured, and the register keeps what it has (section 2.8).
    else if (this.#frequency_Hz > 0) registers[Address.FREQ] = Math.min(0xffff, Math.round(1_000_000 / this.#frequency_Hz))
    registers[Address.STATUS] = status
    registers[Address.I_FAST_RMS] = Math.min(U24, Math.round((FAST_RATIO * CURRENT * this.#current_mV) / VREF))
    const turn_deg = 360 * ((((now_us - this.#start_us) % 1_000_000) * this.#frequency_Hz) / 1_000_000)
    this.#publishMoments(turn_deg)
  }

  #publishMoments(turn_deg: number): void {
    const registers = this.#registers
    const distortion = this.#distortion
    if (distortion === undefined) {
      registers[Address.V_WAVE] = wave((this.#voltage_mV / VOLTAGE_PEAK_MV) * SQRT2 * sineOfDegrees(turn_deg))
      registers[Address.I_WAVE] = wave((this.#current_mV / CURRENT_PEAK_MV) * SQRT2 * sineOfDegrees(turn_deg - this.#angle_deg))
      return
    }
    const current_mV = momentOf(distortion.current, 0, turn_deg) * this.#millivoltPerAmpere * this.#gain
    registers[Address.V_WAVE] = wave((momentOf(distortion.voltage, 0, turn_deg) * this.#millivoltPerVolt) / VOLTAGE_PEAK_MV)
    registers[Address.I_WAVE] = wave(current_mV / CURRENT_PEAK_MV)
  }
}

/** Of the full scale, as 20 bits in two's complement. */
function wave(share: number): number {
  const value = Math.round(share * WAVE_FULL_SCALE)
  return Math.min(Math.max(value, -WAVE_FULL_SCALE), WAVE_FULL_SCALE) & 0xfffff
}
