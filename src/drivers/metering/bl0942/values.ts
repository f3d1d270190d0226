import { type MeteringSample, MeteringStatus } from '../../../lib/metering-sample.ts'
import type { Image } from './image.ts'
import type { Packet } from './packet.ts'

/** P may exceed U * I by what the three measure differently: a fifth, and 10 W where the current is below its range. */
const POWER_RATIO = 1.2
const POWER_SLACK_MW = 10_000
/** FREQ is 1e6 / f [2.8]: 35 to 75 Hz. */
const PERIOD_MIN = 13_333
const PERIOD_MAX = 28_571

/** Whether mains can be so: a packet may be wrong although its checksum is right. */
export function isPlausible(packet: Packet, image: Image): boolean {
  const voltage_mV = packet.voltage * image.mVPerCount
  const current_mA = packet.current * image.mAPerCount
  if (voltage_mV > image.voltage_max_mV || current_mA > image.current_max_mA) return false
  if (packet.period < PERIOD_MIN || packet.period > PERIOD_MAX) return false
  const power_mW = Math.abs(packet.power * image.mWPerCount)
  return power_mW <= POWER_RATIO * ((voltage_mV * current_mA) / 1000) + POWER_SLACK_MW
}

/** Fills the values of L1 and of the sum; the status afterwards has no more than the bits of the voltage. */
export function publish(packet: Packet, image: Image, sample: MeteringSample): void {
  const voltage_mV = Math.round(packet.voltage * image.mVPerCount)
  const current_mA = Math.round(packet.current * image.mAPerCount)
  const active_mW = Math.round(packet.power * image.mWPerCount)
  const apparent_mVA = Math.max(Math.round((voltage_mV * current_mA) / 1000), Math.abs(active_mW))
  sample.voltage_mV[0] = voltage_mV
  sample.current_mA[0] = current_mA
  sample.active_mW.fill(active_mW, 0, 2)
  sample.apparent_mVA.fill(apparent_mVA, 0, 2)
  sample.powerFactor_milli.fill(apparent_mVA === 0 ? 0 : Math.round((1000 * active_mW) / apparent_mVA), 0, 2)
  const lost = voltage_mV < image.phaseLoss_mV
  // Without voltage the register keeps its last value [2.8].
  sample.frequency_mHz = lost ? 0 : Math.round(1e9 / packet.period)
  sample.status = 0
  if (lost) sample.status |= MeteringStatus.phaseLossL1
  if (voltage_mV < image.sag_mV) sample.status |= MeteringStatus.sagL1
}
