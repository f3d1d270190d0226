import type { Modulation } from '../../lib/lora-radio.ts'
import type { RegionName } from './regions-table.ts'

/** A part of the band with a limit of its own. */
export interface Band {
  readonly from_Hz: number
  readonly to_Hz: number
  /** Share of the time that a device may send, as 1 / `dutyDivisor`; 1 is no limit. */
  readonly dutyDivisor: number
}

export interface Channel {
  readonly frequency_Hz: number
  /** Of RX1, where the network has moved it; else it follows from the region. */
  readonly downlink_Hz?: number
  readonly minDataRate: number
  readonly maxDataRate: number
}

/** Parameters of a region: LoRaWAN Regional Parameters RP002-1.0.4, section 2 of the region. Frequencies in Hz, powers in dBm EIRP. */
export interface Region {
  readonly name: RegionName
  /** `dynamic`: channels are made by the network; `fixed`: 64 of 125 kHz and 8 of 500 kHz, switched by a mask. */
  readonly plan: 'dynamic' | 'fixed'
  readonly range_Hz: readonly [number, number]
  readonly bands: readonly Band[]
  /** Channels that a device has before it has joined. */
  readonly defaultChannels: readonly Channel[]
  /** By data rate; undefined ones are reserved. */
  readonly dataRates: readonly (Modulation | undefined)[]
  /** Largest MACPayload by data rate without dwell limit, and with it (0: cannot be used); FHDR, port and payload count. */
  readonly macPayload_max: readonly number[]
  readonly macPayloadDwell_max?: readonly number[]
  readonly uplinkDataRate_max: number
  readonly rx1Offset_max: number
  readonly rx2: { readonly frequency_Hz: number; readonly dataRate: number }
  readonly maxEirp_dBm: number
  /** Steps of 2 dB below the maximum. */
  readonly txPower_max: number
  /** Longest transmission while the uplink dwell time is limited; undefined where there is no such limit. */
  readonly dwell_ms?: number
  /** Whether uplinks are limited until the network says otherwise. */
  readonly dwellByDefault: boolean
  /** Data rates for join requests; with a fixed plan the second is that of the 500 kHz channels. */
  readonly joinDataRates: readonly [number, number]
  /** Data rate of RX1 for an uplink at `dataRate`. */
  readonly rx1DataRate: (dataRate: number, offset: number, downlinkDwell: boolean) => number
  /** Frequency of RX1 for an uplink on channel `index`; undefined where it is that of the uplink. */
  readonly rx1_Hz?: (index: number) => number
}

/** Port and frame header of a frame without FOpts. */
const OVERHEAD = 8

/** Bytes of application payload that fit beside `fOpts` bytes of MAC commands; 0 when the data rate cannot be used. */
export function payloadMax(region: Region, dataRate: number, dwell: boolean, fOpts = 0): number {
  const table = (dwell && region.macPayloadDwell_max) || region.macPayload_max
  return Math.max(0, (table[dataRate] ?? 0) - OVERHEAD - fOpts)
}

export function bandOf(region: Region, frequency_Hz: number): number {
  return region.bands.findIndex(({ from_Hz, to_Hz }) => frequency_Hz >= from_Hz && frequency_Hz < to_Hz)
}

/** The region allows this frequency. */
export function inRange({ range_Hz }: Region, frequency_Hz: number): boolean {
  return frequency_Hz >= range_Hz[0] && frequency_Hz <= range_Hz[1]
}
