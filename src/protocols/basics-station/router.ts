import { DecodeError } from '../../lib/bytes.ts'
import { asNumber, asText, type Json } from '../../lib/json-fields.ts'
import type { LoRaModulation, Modulation } from '../../lib/lora-radio.ts'
import { id6 } from './eui.ts'
import { longOf, parseMessage } from './message.ts'

/** Protocol version that the LNS is told ("The LNS Protocol", section "Version Message"). */
const PROTOCOL = 2
const DATA_RATES = 16
const EIRP_UNKNOWN = 100

/** First message on `/router-info`. */
export function routerInfoJson(eui: Uint8Array): string {
  return JSON.stringify({ router: id6(eui) })
}

/** Where the LNS is. DecodeError for an answer without an address, with the server's own words when it gives some. */
export function decodeRouterInfo(text: string): string {
  const json = parseMessage(text)
  if (typeof json.error === 'string' && json.error !== '') throw new DecodeError(`the server says: ${json.error.slice(0, 200)}`)
  return asText(json, 'uri')
}

/** First message at the LNS. */
export function versionJson(station: { readonly version: string; readonly model: string }): string {
  const { version, model } = station
  return JSON.stringify({
    msgtype: 'version',
    station: version,
    firmware: version,
    package: version,
    model,
    protocol: PROTOCOL,
    features: '',
  })
}

/** A data rate of the region; FSK has 50 kbit/s in all of them. */
interface DataRate {
  readonly modulation: Modulation
  readonly downlinkOnly: boolean
}

/** What the LNS wants of its gateway. */
export interface RouterConfig {
  readonly region: string
  readonly dataRates: readonly (DataRate | undefined)[]
  readonly range_Hz: readonly [number, number]
  /** Highest EIRP, if the LNS sets one. */
  readonly eirp_dBm: number | undefined
  /** Frames of other networks are not forwarded: NetIDs, and ranges of JoinEUIs. Undefined: all are. */
  readonly netIds: readonly number[] | undefined
  readonly joinEuis: readonly (readonly [bigint, bigint])[] | undefined
}

function dataRateOf(entry: unknown): DataRate | undefined {
  if (!Array.isArray(entry) || entry.length < 2) throw new DecodeError(`DRs: ${JSON.stringify(entry)}`)
  const [factor, width_kHz, downlinkOnly] = entry
  if (factor === -1) return undefined
  if (factor === 0) return { modulation: { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 }, downlinkOnly: downlinkOnly === 1 }
  if (!(factor >= 5 && factor <= 12) || ![125, 250, 500].includes(width_kHz)) throw new DecodeError(`DRs: ${JSON.stringify(entry)}`)
  const bandwidth_Hz = (width_kHz * 1000) as LoRaModulation['bandwidth_Hz']
  return { modulation: { type: 'lora', spreadingFactor: factor, bandwidth_Hz, codingRate: 1 }, downlinkOnly: downlinkOnly === 1 }
}

/** An array that may be null or empty: then there is no filter. */
function filter<T>(value: unknown, field: string, each: (entry: unknown) => T): readonly T[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw new DecodeError(`${field} is no array`)
  return value.length === 0 ? undefined : value.map(each)
}

function rangeOf(entry: unknown): readonly [bigint, bigint] {
  if (!Array.isArray(entry) || entry.length !== 2) throw new DecodeError(`JoinEui: ${JSON.stringify(entry)}`)
  return [longOf(entry[0], 'JoinEui'), longOf(entry[1], 'JoinEui')]
}

/** Of a message `router_config`. Its settings of a concentrator are left alone: which channels are heard is the gateway's own matter. */
export function decodeRouterConfig(json: Json): RouterConfig {
  const { DRs, freq_range } = json
  if (!Array.isArray(DRs) || DRs.length > DATA_RATES) throw new DecodeError('DRs is no array of data rates')
  if (!Array.isArray(freq_range) || !freq_range.every((value) => typeof value === 'number')) throw new DecodeError('freq_range is no range')
  const eirp_dBm = json.max_eirp === undefined ? EIRP_UNKNOWN : asNumber(json, 'max_eirp', -20, EIRP_UNKNOWN)
  return {
    region: asText(json, 'region'),
    dataRates: DRs.map(dataRateOf),
    range_Hz: [Number(freq_range[0]), Number(freq_range[1])],
    eirp_dBm: eirp_dBm === EIRP_UNKNOWN ? undefined : eirp_dBm,
    netIds: filter(json.NetID, 'NetID', (value) => Number(longOf(value, 'NetID'))),
    joinEuis: filter(json.JoinEui ?? json.JoinEUI, 'JoinEui', rangeOf),
  }
}
