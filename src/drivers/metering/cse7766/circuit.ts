import { type Fraction, nearestFraction } from '../../../lib/fraction.ts'

/** Defaults: 230 V and the reference circuit, 1 milliohm and a divider of 1 megohm to the chip's input of 1 kilohm. */
export interface CSE7766Configuration {
  readonly shunt_uOhm?: number
  /** The divider's upper resistance: 1,000,000 is the reference; a Blitzwolf SHP5 has 1,906,000. */
  readonly divider_Ohm?: number
  /** Corrections from calibration, -100,000 to 100,000: what the true value is above the one that the chip's factory coefficients give. */
  readonly voltage_ppm?: number
  readonly current_ppm?: number
  readonly power_ppm?: number
  readonly nominalVoltage_V?: number
  /** Default: 30 mV at the shunt. */
  readonly maximumCurrent_A?: number
  /** Default 78 % and 10 % of nominal. */
  readonly sag_V?: number
  readonly phaseLoss_V?: number
  /**
   * Reading of the pulse counter up to which the registers already count: 0 after a power-up of meter and chip, else the `counted` of the driver
   * before. Without it what the chip counted before the driver's first readings is left out.
   */
  readonly counted?: number
}

/** What a configuration makes of the chip's numbers. */
export interface Circuit {
  /** mV and mA of a coefficient / period of 1. */
  readonly voltage_mV: number
  readonly current_mA: number
  readonly power_mW: number
  /** True energy over the energy that the chip believes in. */
  readonly energy: Fraction
  readonly pulsesPerSecond_max: number
  readonly voltage_max_mV: number
  readonly current_max_mA: number
  readonly sag_mV: number
  readonly phaseLoss_mV: number
}

const REFERENCE_OHM = 1_000_000
const REFERENCE_UOHM = 1000
const INPUT_MAX_MV = 30
/** Pulses times coefficient (24 bits each) is an amount that `EnergyCarry` takes in steps of 2^52 over the numerator. */
const FRACTION_LIMIT = 100_000
/** Pulses are at least so many microjoules: 5,364,000 is the nominal coefficient, real ones differ by some per cent. */
const PULSE_MIN_UJ = 5_000_000

/** Throws RangeError for a value that does not fit. */
export function createCircuit(options: CSE7766Configuration): Circuit {
  const { shunt_uOhm = REFERENCE_UOHM, divider_Ohm = REFERENCE_OHM, nominalVoltage_V = 230 } = options
  positive('shunt_uOhm', shunt_uOhm)
  positive('divider_Ohm', divider_Ohm)
  positive('nominalVoltage_V', nominalVoltage_V)
  const maximumCurrent_A = positive('maximumCurrent_A', options.maximumCurrent_A ?? (INPUT_MAX_MV * 1000) / shunt_uOhm)
  const voltage = divider_Ohm / REFERENCE_OHM
  const current = REFERENCE_UOHM / shunt_uOhm
  const power = voltage * current * factor('power_ppm', options.power_ppm)
  return {
    voltage_mV: 1000 * voltage * factor('voltage_ppm', options.voltage_ppm),
    current_mA: 1000 * current * factor('current_ppm', options.current_ppm),
    power_mW: 1000 * power,
    energy: nearestFraction(power, FRACTION_LIMIT),
    pulsesPerSecond_max: (2e6 * nominalVoltage_V * maximumCurrent_A) / (power * PULSE_MIN_UJ),
    voltage_max_mV: 2000 * nominalVoltage_V,
    current_max_mA: 2000 * maximumCurrent_A,
    sag_mV: 1000 * (options.sag_V ?? 0.78 * nominalVoltage_V),
    phaseLoss_mV: 1000 * (options.phaseLoss_V ?? 0.1 * nominalVoltage_V),
  }
}

function positive(name: string, value: number): number {
  if (!(value > 0 && value < 1e9)) throw new RangeError(name)
  return value
}

function factor(name: string, ppm = 0): number {
  if (!(Math.abs(ppm) <= 100_000)) throw new RangeError(name)
  return 1 + ppm / 1e6
}
