import { type Fraction, nearestFraction } from '../../../lib/fraction.ts'
import { within } from '../../../lib/within.ts'
import {
  Config,
  ENERGY_FULL_SCALE_HZ,
  Irq,
  PEAK_FULL_SCALE,
  PERFORMANCE,
  POWER_FULL_SCALE,
  Register,
  RMS_FULL_SCALE,
  RSTREAD,
} from './registers.ts'

/** Calibration of one channel, as register codes ("Energy Calibration"). */
export interface ChannelCalibration {
  /** xVGAIN, xIGAIN: 200000H to 600000H, default 400000H. Channel B has the voltage gain of channel A. */
  readonly voltageGain?: number
  readonly currentGain?: number
  /** VRMSOS, xIRMSOS: signed 24 bits, default 0. */
  readonly voltageOffset?: number
  readonly currentOffset?: number
  /** xWATTOS, xVAROS: signed 24 bits, in 1/512 LSB, default 0. */
  readonly activeOffset?: number
  readonly reactiveOffset?: number
  /** xWGAIN and xVARGAIN: 200000H to 600000H, default 400000H. */
  readonly powerGain?: number
  /** PHCALx, -383 to 383 steps of 1.117 us: positive delays the current; default 0. */
  readonly phaseDelay?: number
}

/** Amplification of an input. */
export type Amplification = 1 | 2 | 4 | 8 | 16

/** Defaults are those of a Shelly EM: 230 V, full scale at 347.4 V and 90.32 A. */
export interface ADE7953Configuration {
  readonly mainsFrequency_Hz?: 50 | 60
  readonly nominalVoltage_V?: number
  /** RMS at the terminals that drives the input to full scale, 500 mV peak divided by the amplification. */
  readonly fullScaleVoltage_V?: number
  readonly fullScaleCurrent_A?: number
  /** Of channel B, in the neutral. Default: that of the phase. */
  readonly fullScaleNeutral_A?: number
  /** Default 1. */
  readonly voltagePGA?: Amplification
  readonly currentPGA?: Amplification | 22
  readonly neutralPGA?: Amplification
  /** Power that counts at least, in W and var and VA. Default 2.3: half of the power at 20 mA and 230 V. */
  readonly start_W?: number
  /** Default 78 % and 10 % of nominal. */
  readonly sag_V?: number
  readonly phaseLoss_V?: number
  /** Default 120 % of nominal. */
  readonly overvoltage_V?: number
  /** Default: full scale. */
  readonly overcurrent_A?: number
  /** Channel A in the phase and channel B in the neutral. */
  readonly phases?: readonly [ChannelCalibration, ChannelCalibration?]
}

/** A register and what it has to hold. */
export type Entry = readonly [address: number, value: number]

/** What a configuration makes of the chip and of its numbers. */
export interface Image {
  /** In the order of writing. CONFIG comes last: a chip that holds it holds all the others. */
  readonly entries: readonly Entry[]
  /** Those of them that are not in the checksum: the driver compares them one after the other. */
  readonly unchecked: readonly Entry[]
  /** CONFIG, which differs from its value after a reset. */
  readonly config: number
  readonly voltage_VPerCount: number
  readonly current_APerCount: number
  readonly neutral_APerCount: number
  readonly wattPerCount: number
  /** Watts in a count of channel B. */
  readonly neutralWattPerCount: number
  /** mWh in one count of an energy register. */
  readonly energy: Fraction
  readonly sag_mV: number
  readonly phaseLoss_mV: number
}

/** Locks the interface (COMM_LOCK is clear), enables the checksum. */
const CONFIG = Config.HPFEN | Config.CRC_ENABLE
const GAIN_ONE = 0x400000
const GAIN_MIN = 0x200000
const GAIN_MAX = 0x600000
const PHCAL_MAX = 383
const PHCAL_ADVANCE = 1 << 9
/** "Setting the No-Load Thresholds", equation 39. */
const NOLOAD_BASE = 65_536
const NOLOAD_STEP = 1.4
/** Sag after three half cycles; a voltage without crossings for 100 ms is lost (71.5 us each). */
const SAG_HALF_CYCLES = 3
const ZXTOUT = 1398
const U24 = 0xffffff
const JOULE_PER_MWH = 3.6
const FRACTION_LIMIT = 1_000_000

/** No-load detection is off while its thresholds change. */
export const DISNOLOAD_ALL = 7

/** Throws RangeError for a value that does not fit. */
export function createImage(options: ADE7953Configuration): Image {
  const { nominalVoltage_V = 230, fullScaleVoltage_V = 347.4, fullScaleCurrent_A = 90.32 } = options
  const { fullScaleNeutral_A = fullScaleCurrent_A } = options
  positive('nominalVoltage_V', nominalVoltage_V)
  positive('fullScaleVoltage_V', fullScaleVoltage_V)
  positive('fullScaleCurrent_A', fullScaleCurrent_A)
  positive('fullScaleNeutral_A', fullScaleNeutral_A)
  const fullScale_W = fullScaleVoltage_V * fullScaleCurrent_A
  const unchecked = thresholdEntries(options, nominalVoltage_V, fullScale_W)
  return {
    entries: [...checkedEntries(options), ...unchecked, [Register.CONFIG, CONFIG]],
    unchecked,
    config: CONFIG,
    voltage_VPerCount: fullScaleVoltage_V / RMS_FULL_SCALE,
    current_APerCount: fullScaleCurrent_A / RMS_FULL_SCALE,
    neutral_APerCount: fullScaleNeutral_A / RMS_FULL_SCALE,
    wattPerCount: fullScale_W / POWER_FULL_SCALE,
    neutralWattPerCount: (fullScaleVoltage_V * fullScaleNeutral_A) / POWER_FULL_SCALE,
    energy: nearestFraction(fullScale_W / ENERGY_FULL_SCALE_HZ / JOULE_PER_MWH, FRACTION_LIMIT),
    sag_mV: 1000 * (options.sag_V ?? 0.78 * nominalVoltage_V),
    phaseLoss_mV: 1000 * (options.phaseLoss_V ?? 0.1 * nominalVoltage_V),
  }
}

/** Registers of table 12 but CONFIG and those that are reserved. Those that the driver does not use hold what a reset gives. */
function checkedEntries(options: ADE7953Configuration): Entry[] {
  const [a, b = {}] = options.phases ?? [{}]
  const voltageGain = gain('voltageGain', a.voltageGain)
  return [
    [Register.LCYCMODE, RSTREAD],
    [Register.PGA_V, pgaCode('voltagePGA', options.voltagePGA)],
    [Register.PGA_IA, pgaCode('currentPGA', options.currentPGA)],
    [Register.PGA_IB, pgaCode('neutralPGA', options.neutralPGA)],
    [Register.CF1DEN, 0x003f],
    [Register.CF2DEN, 0x003f],
    [Register.CFMODE, 0x0300],
    [Register.PHCALA, phcal(a.phaseDelay)],
    [Register.PHCALB, phcal(b.phaseDelay)],
    [Register.ALT_OUTPUT, 0],
    [Register.IRQENA, Irq.Reset | Irq.Sag | Irq.ZXTO],
    [Register.IRQENB, 0],
    [Register.AIGAIN, gain('currentGain', a.currentGain)],
    [Register.AVGAIN, voltageGain],
    [Register.AWGAIN, gain('powerGain', a.powerGain)],
    [Register.AVARGAIN, gain('powerGain', a.powerGain)],
    [Register.AVAGAIN, GAIN_ONE],
    [Register.AIRMSOS, signed('currentOffset', a.currentOffset)],
    [Register.VRMSOS, signed('voltageOffset', a.voltageOffset)],
    [Register.AWATTOS, signed('activeOffset', a.activeOffset)],
    [Register.AVAROS, signed('reactiveOffset', a.reactiveOffset)],
    [Register.AVAOS, 0],
    [Register.BIGAIN, gain('currentGain', b.currentGain)],
    [Register.BVGAIN, voltageGain],
    [Register.BWGAIN, gain('powerGain', b.powerGain)],
    [Register.BVARGAIN, gain('powerGain', b.powerGain)],
    [Register.BVAGAIN, GAIN_ONE],
    [Register.BIRMSOS, signed('currentOffset', b.currentOffset)],
    [Register.BWATTOS, signed('activeOffset', b.activeOffset)],
    [Register.BVAROS, signed('reactiveOffset', b.reactiveOffset)],
    [Register.BVAOS, 0],
  ]
}

/** What the checksum leaves out. DISNOLOAD and SAGLVL come last: both enable what was set before. */
function thresholdEntries(options: ADE7953Configuration, nominal_V: number, fullScale_W: number): Entry[] {
  const { fullScaleVoltage_V = 347.4, fullScaleCurrent_A = 90.32 } = options
  const noLoad = noLoadCode(options.start_W ?? 2.3, fullScale_W)
  const voltage = (name: string, value_V: number) => peak(name, value_V / fullScaleVoltage_V)
  return [
    [Register.performance, PERFORMANCE],
    [Register.LINECYC, 0],
    [Register.ZXTOUT, ZXTOUT],
    [Register.OVLVL, voltage('overvoltage_V', options.overvoltage_V ?? 1.2 * nominal_V)],
    [Register.OILVL, peak('overcurrent_A', (options.overcurrent_A ?? fullScaleCurrent_A) / fullScaleCurrent_A)],
    [Register.AP_NOLOAD, noLoad],
    [Register.VAR_NOLOAD, noLoad],
    [Register.VA_NOLOAD, noLoad],
    [Register.DISNOLOAD, 0],
    [Register.SAGCYC, SAG_HALF_CYCLES],
    [Register.SAGLVL, voltage('sag_V', options.sag_V ?? 0.78 * nominal_V)],
  ]
}

/** Peaks are taken behind the gain registers (figures 39 and 41), so a calibrated input needs no other threshold. */
function peak(name: string, ratio: number): number {
  if (!(ratio >= 0)) throw new RangeError(name)
  return Math.min(U24, Math.round(ratio * PEAK_FULL_SCALE))
}

function noLoadCode(start_W: number, fullScale_W: number): number {
  if (start_W === 0) return 0
  return within('start_W', Math.round(NOLOAD_BASE - fullScale_W / start_W / NOLOAD_STEP), 0, NOLOAD_BASE - 1)
}

function pgaCode(name: string, amplification: number = 1): number {
  const code = [1, 2, 4, 8, 16, 22].indexOf(amplification)
  if (code < 0 || (code === 5 && name !== 'currentPGA')) throw new RangeError(name)
  return code
}

function gain(name: string, code: number = GAIN_ONE): number {
  return within(name, code, GAIN_MIN, GAIN_MAX)
}

/** Sign and magnitude: a set bit 9 advances the current. */
function phcal(delay = 0): number {
  within('phaseDelay', delay, -PHCAL_MAX, PHCAL_MAX)
  return delay < 0 ? PHCAL_ADVANCE | -delay : delay
}

/** As the 32-bit twin shows it. */
function signed(name: string, code = 0): number {
  return within(name, code, -0x800000, 0x7fffff) >>> 0
}

function positive(name: string, value: number): void {
  if (!(value > 0 && value < 1e6)) throw new RangeError(name)
}

/** Tells an image that changed in memory. */
export function imageCheck(image: Image): number {
  let check = 0
  for (const [address, value] of image.entries) check = (Math.imul(check, 31) + address + value) | 0
  return check
}
