import { crc16Word } from '../../../lib/crc.ts'
import { within } from '../../../lib/within.ts'
import { Register } from './registers.ts'

/** Calibration of one phase, as register codes: what the procedure of Atmel-46103 section 4.2 finds. */
export interface PhaseCalibration {
  /** Ugain, Igain: 1..65535, default 8000H. */
  readonly voltageGain?: number
  readonly currentGain?: number
  /** Uoffset, Ioffset, Poff, Qoff: signed 16 bits, default 0. */
  readonly voltageOffset?: number
  readonly currentOffset?: number
  readonly activeOffset?: number
  readonly reactiveOffset?: number
  /** PQGain: signed, 2^-15; default 0. */
  readonly powerGain?: number
  /** Phi in cycles of 2.048 MHz, -255..255: positive delays the current, negative the voltage; default 0. */
  readonly phaseDelay?: number
  /** PoffsetF and PGainF of the fundamental: signed 16 bits, default 0. */
  readonly fundamentalOffset?: number
  readonly fundamentalGain?: number
}

/** Defaults are those of a directly connected three-phase 230 V, 5(60) A meter. */
export interface ATM90E32Configuration {
  readonly mainsFrequency_Hz?: 50 | 60
  readonly nominalVoltage_V?: number
  /** Pulses per kWh (MC of Atmel-46103 4.2.2); one energy count is 1/100 of a pulse. Default 3200. 450e9 has to be a multiple of it. */
  readonly meterConstant?: number
  /** Gain of the current inputs. Default 1. */
  readonly currentPGA?: 1 | 2 | 4
  /** The sum adds the phases with their signs (default), or their magnitudes. */
  readonly sum?: 'arithmetic' | 'absolute'
  /** Starting power of the sum in W, var and VA: half the power at the starting current. Default 1.65 (Atmel-46103 5.1). */
  readonly start_W?: number
  /** Least |P| + |Q| of a phase that counts. Default 0.11 W. */
  readonly phaseStart_W?: number
  /** Default 78 % of nominal (Atmel-46103 5.2). */
  readonly sag_V?: number
  /** Default 10 % of nominal. */
  readonly phaseLoss_V?: number
  /** Default 120 % of nominal. */
  readonly overvoltage_V?: number
  /** Default 72 A: 120 % of 60 A. */
  readonly overcurrent_A?: number
  readonly phases?: readonly [PhaseCalibration, PhaseCalibration, PhaseCalibration]
}

/** The configuration registers 00H to 6FH as they have to be. */
export type Image = Uint16Array

const POWER_LSB_W = 0.00032
/** PL_constant = 450e9 / MC. */
const PL_NUMERATOR = 450_000_000_000
const SQRT2 = Math.sqrt(2)

/** Rules of a direct meter's phases: sag and peak detection over 63 ms and 255 ms; zero crossings off (as in the usual reference design). */
const SAG_PEAK_DETECTION = 0xff3f
const ZERO_CROSSING = 0xd654
/** MMode0: CF2 reactive, all phases in the sum. */
const MODE = 0x0087
const MODE_60_HZ = 0x1000
const MODE_ABSOLUTE = 0x0018

/** Order of writing: MeterEn comes last, so that nothing is metered with half a configuration. */
export const IMAGE_ADDRESSES: Uint8Array = Uint8Array.of(
  ...[0x01, 0x02, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f],
  ...[0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a],
  ...[0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c],
  ...[0x51, 0x52, 0x53, 0x54, 0x55, 0x56],
  ...[0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6e],
  Register.MeterEn,
)

/**
 * The rest of the registers that the CRC covers: offsets and compensations that are used as they come out of the reset, and addresses without a name.
 * 10H to 13H belong to the detection mode and survive a reset [6.1].
 */
export const OTHER_ADDRESSES: Uint8Array = Uint8Array.from(
  Array.from({ length: 0x70 }, (_, address) => address).filter(
    (address) => (address < 0x10 || address > 0x13) && !IMAGE_ADDRESSES.includes(address),
  ),
)

/** Tells an image that changed in memory. */
export function imageCheck(image: Image): number {
  let crc = 0xffff
  for (let i = 0; i < image.length; i++) crc = crc16Word(crc, image[i])
  return crc
}

/** Builds the register image. Throws RangeError for a value that does not fit its register. */
export function createImage(options: ATM90E32Configuration): Image {
  const image = new Uint16Array(0x70)
  const { mainsFrequency_Hz = 50, meterConstant = 3200, currentPGA = 1, sum = 'arithmetic' } = options
  image[Register.MeterEn] = 1
  image[Register.ChannelMapI] = 0x0210
  image[Register.ChannelMapU] = 0x0654
  image[Register.SagPeakDetCfg] = SAG_PEAK_DETECTION
  image[Register.ZXConfig] = ZERO_CROSSING
  image[Register.INWarnTh] = 0xffff
  image[Register.FreqLoTh] = (mainsFrequency_Hz - 3) * 100
  image[Register.FreqHiTh] = (mainsFrequency_Hz + 3) * 100
  image[Register.PMPwrCtrl] = 0x010f
  const plConstant = plConstantOf(meterConstant)
  image[Register.PLconstH] = Math.floor(plConstant / 0x10000)
  image[Register.PLconstL] = plConstant % 0x10000
  image[Register.MMode0] = MODE | (mainsFrequency_Hz === 60 ? MODE_60_HZ : 0) | (sum === 'absolute' ? MODE_ABSOLUTE : 0)
  image[Register.MMode1] = pgaCode(currentPGA) * 0b010101
  image.fill(within('start_W', Math.round((options.start_W ?? 1.65) / POWER_LSB_W), 0, 0xffff), Register.PStartTh, Register.SStartTh + 1)
  const phaseStart = within('phaseStart_W', Math.round((options.phaseStart_W ?? 0.11) / POWER_LSB_W), 0, 0xffff)
  image.fill(phaseStart, Register.PPhaseTh, Register.SPhaseTh + 1)
  for (let index = 0; index < 3; index++) calibrate(image, index, options.phases?.[index] ?? {})
  setThresholds(image, options)
  return image
}

/** Milliwatt-hours in one energy count as a reduced fraction: 10000 / MC. */
export function energyUnitOf(meterConstant: number): { numerator: number; denominator: number } {
  let [a, b] = [10_000, meterConstant]
  while (b !== 0) [a, b] = [b, a % b]
  return { numerator: 10_000 / a, denominator: meterConstant / a }
}

function plConstantOf(meterConstant: number): number {
  const plConstant = PL_NUMERATOR / meterConstant
  if (!(Number.isInteger(meterConstant) && Number.isInteger(plConstant) && plConstant <= 0xffffffff)) throw new RangeError('meterConstant')
  return plConstant
}

function pgaCode(gain: number): number {
  if (gain !== 1 && gain !== 2 && gain !== 4) throw new RangeError('currentPGA')
  return gain >> 1
}

function calibrate(image: Image, index: number, phase: PhaseCalibration): void {
  const rms = Register.UgainA + 4 * index
  image[rms] = within('voltageGain', phase.voltageGain ?? 0x8000, 1, 0xffff)
  image[rms + 1] = within('currentGain', phase.currentGain ?? 0x8000, 1, 0xffff)
  image[rms + 2] = signed('voltageOffset', phase.voltageOffset)
  image[rms + 3] = signed('currentOffset', phase.currentOffset)
  image[Register.PoffA + 2 * index] = signed('activeOffset', phase.activeOffset)
  image[Register.QoffA + 2 * index] = signed('reactiveOffset', phase.reactiveOffset)
  image[Register.PQGainA + 2 * index] = signed('powerGain', phase.powerGain)
  const delay = within('phaseDelay', phase.phaseDelay ?? 0, -255, 255)
  image[Register.PhiA + 2 * index] = delay < 0 ? 0x8000 | -delay : delay
  image[Register.PoffsetAF + index] = signed('fundamentalOffset', phase.fundamentalOffset)
  image[Register.PGainAF + index] = signed('fundamentalGain', phase.fundamentalGain)
}

/** One threshold serves all phases, so it is computed with the gain of phase A. */
function setThresholds(image: Image, options: ATM90E32Configuration): void {
  const { nominalVoltage_V = 230 } = options
  const voltageGain = image[Register.UgainA]
  image[Register.OVth] = threshold('overvoltage_V', (options.overvoltage_V ?? 1.2 * nominalVoltage_V) * 100, voltageGain)
  image[Register.SagTh] = threshold('sag_V', (options.sag_V ?? 0.78 * nominalVoltage_V) * 100, voltageGain)
  image[Register.PhaseLossTh] = threshold('phaseLoss_V', (options.phaseLoss_V ?? 0.1 * nominalVoltage_V) * 100, voltageGain)
  image[Register.OIth] = threshold('overcurrent_A', (options.overcurrent_A ?? 72) * 1000, image[Register.IgainA])
}

/** Atmel-46103 5.2: RMS register value * sqrt(2) / (gain / 2^14). What lies beyond the converter's full scale can never be exceeded. */
function threshold(name: string, rms: number, gain: number): number {
  if (!(rms >= 0)) throw new RangeError(name)
  return Math.min(0xffff, Math.round((rms * SQRT2 * 0x4000) / gain))
}

function signed(name: string, value = 0): number {
  return within(name, value, -0x8000, 0x7fff) & 0xffff
}
