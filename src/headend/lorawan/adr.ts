import type { Region } from '../../links/lorawan/region.ts'
import type { Device } from './device.ts'
import type { NetworkPlan } from './network-plan.ts'

/** Kept in reserve for what a link loses now and then; Semtech's recommended algorithm for networks (as used by The Things Network and ChirpStack). */
const INSTALLATION_MARGIN_DB = 10
const STEP_DB = 3
/** By spreading factor 7 to 12: SX1276 datasheet, table 13. */
const REQUIRED_SNR_DB = [-7.5, -10, -12.5, -15, -17.5, -20]

export interface AdrDecision {
  readonly dataRate: number
  readonly txPower: number
}

/** What the device shall use from now on; undefined when that is what it uses, or too little is known. */
export function decideAdr(region: Region, plan: NetworkPlan, device: Device): AdrDecision | undefined {
  const modulation = region.dataRates[device.dataRate]
  if (!device.historyFull || modulation?.type !== 'lora') return undefined
  const required_dB = REQUIRED_SNR_DB[modulation.spreadingFactor - 7]
  let steps = Math.floor((Math.max(...device.snr_dB) - required_dB - INSTALLATION_MARGIN_DB) / STEP_DB)
  let { dataRate, txPower } = device
  for (; steps > 0 && dataRate < plan.dataRate_max; steps--) dataRate++
  for (; steps > 0 && txPower < region.txPower_max; steps--) txPower++
  for (; steps < 0 && txPower > 0; steps++) txPower--
  return dataRate === device.dataRate && txPower === device.txPower ? undefined : { dataRate, txPower }
}
