import { type Fraction, nearestFraction } from '../../../lib/fraction.ts'
import { LOCKED, MODE_60_HZ, MODE_FAST_RMS_AC, MODE_RESET, Register } from './registers.ts'

/** Defaults: 230 V, 50 Hz, and the circuit of the application note V1.04 (1 milliohm, 5 x 390 kilohm over 510 ohm). */
export interface BL0942Configuration {
  readonly shunt_uOhm?: number
  /** The divider's resistance above and below the input VP. */
  readonly upper_Ohm?: number
  readonly lower_Ohm?: number
  /** The shunt's ends are swapped: the chip's negative power is import. */
  readonly reversed?: boolean
  /** Corrections from calibration, -100,000 to 100,000: what the true value is above the one computed from the resistors. */
  readonly voltage_ppm?: number
  readonly current_ppm?: number
  readonly power_ppm?: number
  readonly mainsFrequency_Hz?: 50 | 60
  readonly nominalVoltage_V?: number
  /** Default: 30 mV at the shunt, the chip's limit. */
  readonly maximumCurrent_A?: number
  /** Least power that counts. Default: WA_CREEP as after a reset, 0.2 W with the default circuit. */
  readonly start_W?: number
  /** Default 78 % and 10 % of nominal. */
  readonly sag_V?: number
  readonly phaseLoss_V?: number
  /**
   * Reading of CF_CNT up to which the registers already count: 0 after a power-up of meter and chip, else the `counted` of the driver before. Without
   * it what the chip counted before the driver's second reading is left out.
   */
  readonly counted?: number
}

/** What a configuration makes of the chip and of its numbers. */
export interface Image {
  /** Values for `CHECKED`, in its order. */
  readonly values: readonly number[]
  readonly mVPerCount: number
  readonly mAPerCount: number
  /** Negative where the shunt is reversed. */
  readonly mWPerCount: number
  /** Of a pulse without a correction; it stays what it is when a calibration changes that. */
  readonly energyUnit: Fraction
  /** Energy units that a pulse is: the correction of the power. */
  readonly perPulse: Fraction
  readonly pulsesPerSecond_max: number
  /** Pulses per second at one count of WATT. */
  readonly pulsesPerCountSecond: number
  readonly voltage_max_mV: number
  readonly current_max_mA: number
  readonly sag_mV: number
  readonly phaseLoss_mV: number
}

/** Registers that have to hold the configuration. MODE comes first: it tells a reset. */
export const CHECKED: Uint8Array = Uint8Array.of(
  ...[Register.MODE, Register.WA_CREEP, Register.GAIN_CR, Register.I_RMSOS, Register.I_FAST_RMS_TH],
  ...[Register.I_FAST_RMS_CYC, Register.FREQ_CYC, Register.OT_FUNX, Register.USR_WRPROT],
)

/** Sections 2.2, 2.4 and 2.5; millivolts at the inputs. */
const VREF = 1.218
const CURRENT_COUNTS = 305_978
const VOLTAGE_COUNTS = 73_989
const POWER_COUNTS = 3537
const PULSE_COUNT_SECONDS = 1638.4 * 256
const INPUT_MAX_MV = 30
const RESET_CREEP = 0x0b
/** Products of a count and the numerator stay exact for 9e9 counts, some gigawatt-hours. */
const FRACTION_LIMIT = 1_000_000
const JOULE_PER_MWH = 3.6
const MILLION = 1_000_000

/** Throws RangeError for a value that does not fit. */
export function createImage(options: BL0942Configuration): Image {
  const { shunt_uOhm = 1000, upper_Ohm = 1_950_000, lower_Ohm = 510, nominalVoltage_V = 230, reversed = false } = options
  positive('shunt_uOhm', shunt_uOhm)
  positive('lower_Ohm', lower_Ohm)
  if (!(upper_Ohm >= 0 && upper_Ohm < 1e9)) throw new RangeError('upper_Ohm')
  positive('nominalVoltage_V', nominalVoltage_V)
  const maximumCurrent_A = positive('maximumCurrent_A', options.maximumCurrent_A ?? (INPUT_MAX_MV * 1000) / shunt_uOhm)
  const ratio = (upper_Ohm + lower_Ohm) / lower_Ohm
  const nominal = (VREF * VREF * ratio) / (POWER_COUNTS * shunt_uOhm)
  const { power_ppm = 0 } = options
  const wattPerCount = nominal * factor('power_ppm', power_ppm)
  const joulePerPulse = PULSE_COUNT_SECONDS * wattPerCount
  return {
    values: registersOf(options, wattPerCount),
    mVPerCount: ((VREF * ratio) / VOLTAGE_COUNTS) * factor('voltage_ppm', options.voltage_ppm),
    mAPerCount: ((1e6 * VREF) / (CURRENT_COUNTS * shunt_uOhm)) * factor('current_ppm', options.current_ppm),
    mWPerCount: wattPerCount * (reversed ? -1000 : 1000),
    energyUnit: nearestFraction((PULSE_COUNT_SECONDS * nominal) / JOULE_PER_MWH, FRACTION_LIMIT),
    perPulse: { numerator: MILLION + power_ppm, denominator: MILLION },
    pulsesPerSecond_max: (2 * nominalVoltage_V * maximumCurrent_A) / joulePerPulse,
    pulsesPerCountSecond: 1 / PULSE_COUNT_SECONDS,
    voltage_max_mV: 2000 * nominalVoltage_V,
    current_max_mA: 2000 * maximumCurrent_A,
    sag_mV: 1000 * (options.sag_V ?? 0.78 * nominalVoltage_V),
    phaseLoss_mV: 1000 * (options.phaseLoss_V ?? 0.1 * nominalVoltage_V),
  }
}

/** Gain 16, no offset, and the rest as after a reset: the driver uses none of it, but a changed value would mean a changed chip. */
function registersOf(options: BL0942Configuration, wattPerCount: number): readonly number[] {
  const mode = MODE_RESET | MODE_FAST_RMS_AC | ((options.mainsFrequency_Hz ?? 50) === 60 ? MODE_60_HZ : 0)
  // WA_CREEP = WATT * 256 / 3125 [2.3].
  const creep = options.start_W === undefined ? RESET_CREEP : Math.round((options.start_W / wattPerCount) * (256 / 3125))
  if (!(creep >= 0 && creep <= 0xff)) throw new RangeError('start_W')
  return Object.freeze([mode, creep, 2, 0, 0xffff, 1, 3, 0x24, LOCKED])
}

function positive(name: string, value: number): number {
  if (!(value > 0 && value < 1e9)) throw new RangeError(name)
  return value
}

function factor(name: string, ppm = 0): number {
  if (!(Math.abs(ppm) <= 100_000)) throw new RangeError(name)
  return 1 + ppm / MILLION
}
