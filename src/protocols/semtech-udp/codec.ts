import { fromBase64, toBase64 } from '../../lib/base64.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { asNumber, asObject, asText, type Json, parseJson } from '../../lib/json-fields.ts'
import type { GatewayReception, GatewayTransmission, TransmissionError } from '../../lib/lora-gateway.ts'
import type { LoRaModulation, Modulation } from '../../lib/lora-radio.ts'
import { decodeUtf8, encodeUtf8 } from '../../lib/utf8.ts'

/** Semtech packet forwarder, PROTOCOL.TXT of packet_forwarder 4.0.1, protocol version 2. */
const VERSION = 2
const HEADER = 4
const EUI_LENGTH = 8

export const PacketType = Object.freeze({
  pushData: 0,
  pushAck: 1,
  pullData: 2,
  pullResp: 3,
  pullAck: 4,
  txAck: 5,
})

export interface GatewayStatus {
  readonly utc_ms: number
  readonly latitude_deg?: number
  readonly longitude_deg?: number
  readonly altitude_m?: number
  /** Frames received, with good CRC, forwarded. */
  readonly received: number
  readonly good: number
  readonly forwarded: number
  /** Share of PUSH_DATA that were acknowledged, in per cent. */
  readonly acknowledged_percent: number
  /** Downlinks received and sent. */
  readonly downlinks: number
  readonly transmitted: number
}

/** A datagram taken apart. `eui` is there in what a gateway sends, `json` where there is some. */
export interface Packet {
  readonly type: number
  readonly token: number
  readonly eui: Uint8Array | undefined
  readonly json: string | undefined
}

/** Types that a gateway sends carry its EUI. */
function hasEui(type: number): boolean {
  return type === PacketType.pushData || type === PacketType.pullData || type === PacketType.txAck
}

export function encodePacket(type: number, token: number, eui?: Uint8Array, json?: string): Uint8Array {
  const body = json === undefined ? new Uint8Array(0) : encodeUtf8(json)
  const start = HEADER + (eui?.length ?? 0)
  const bytes = new Uint8Array(start + body.length)
  bytes[0] = VERSION
  // The order of its two bytes means nothing: whoever answers sends them back.
  bytes[1] = token >> 8
  bytes[2] = token
  bytes[3] = type
  if (eui !== undefined) bytes.set(eui, HEADER)
  bytes.set(body, start)
  return bytes
}

/** DecodeError for a datagram that is none of the six. */
export function decodePacket(bytes: Uint8Array): Packet {
  if (bytes.length < HEADER) throw new DecodeError(`a datagram of ${bytes.length} bytes`)
  if (bytes[0] !== VERSION && bytes[0] !== 1) throw new DecodeError(`protocol version ${bytes[0]}`)
  const type = bytes[3]
  if (type > PacketType.txAck) throw new DecodeError(`packet type ${type}`)
  const start = HEADER + (hasEui(type) ? EUI_LENGTH : 0)
  if (bytes.length < start) throw new DecodeError(`a datagram of ${bytes.length} bytes`)
  return {
    type,
    token: (bytes[1] << 8) | bytes[2],
    eui: hasEui(type) ? bytes.slice(HEADER, start) : undefined,
    json: bytes.length > start ? decodeUtf8(bytes.subarray(start)) : undefined,
  }
}

/** `SF7BW125`, or the bit rate of FSK. */
function dataRateText(modulation: Modulation): string | number {
  return modulation.type === 'lora' ? `SF${modulation.spreadingFactor}BW${modulation.bandwidth_Hz / 1000}` : modulation.bitRate_bps
}

function codingText(modulation: Modulation): string | undefined {
  return modulation.type === 'lora' ? `4/${4 + modulation.codingRate}` : undefined
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps
}

function rxpk(reception: GatewayReception): object {
  const { modulation, payload } = reception
  return {
    time: new Date(Math.floor(reception.utc_ms)).toISOString(),
    tmst: reception.tmst_us,
    chan: reception.channel,
    rfch: reception.rfChain,
    freq: round(reception.frequency_Hz / 1e6, 1e6),
    stat: reception.crcOk ? 1 : -1,
    modu: modulation.type === 'lora' ? 'LORA' : 'FSK',
    datr: dataRateText(modulation),
    codr: codingText(modulation),
    lsnr: round(reception.snr_dB, 10),
    rssi: Math.round(reception.rssi_dBm),
    size: payload.length,
    data: toBase64(payload),
  }
}

function statOf(status: GatewayStatus): object {
  return {
    time: new Date(Math.floor(status.utc_ms))
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, ' GMT'),
    lati: status.latitude_deg,
    long: status.longitude_deg,
    alti: status.altitude_m,
    rxnb: status.received,
    rxok: status.good,
    rxfw: status.forwarded,
    ackr: status.acknowledged_percent,
    dwnb: status.downlinks,
    txnb: status.transmitted,
  }
}

/** JSON of PUSH_DATA. */
export function pushJson(receptions: readonly GatewayReception[], status?: GatewayStatus): string {
  return JSON.stringify({ rxpk: receptions.length > 0 ? receptions.map(rxpk) : undefined, stat: status && statOf(status) })
}

/** JSON of PULL_RESP. */
export function pullRespJson(transmission: GatewayTransmission): string {
  const { modulation, payload, tmst_us } = transmission
  return JSON.stringify({
    txpk: {
      imme: tmst_us === undefined ? true : undefined,
      tmst: tmst_us,
      freq: round(transmission.frequency_Hz / 1e6, 1e6),
      rfch: 0,
      powe: Math.round(transmission.power_dBm),
      modu: modulation.type === 'lora' ? 'LORA' : 'FSK',
      datr: dataRateText(modulation),
      codr: codingText(modulation),
      fdev: modulation.type === 'fsk' ? modulation.deviation_Hz : undefined,
      ipol: modulation.type === 'lora' ? transmission.invertedIq : undefined,
      prea: transmission.preamble,
      ncrc: transmission.crc ? undefined : true,
      size: payload.length,
      data: toBase64(payload),
    },
  })
}

/** JSON of TX_ACK; an absent one says the same as `NONE`. */
export function txAckJson(error: TransmissionError | undefined): string {
  return JSON.stringify({ txpk_ack: { error: error ?? 'NONE' } })
}

function modulationOf(json: Json): Modulation {
  if (asText(json, 'modu') === 'FSK') {
    const deviation_Hz = json.fdev === undefined ? 25_000 : asNumber(json, 'fdev', 1, 250_000)
    return { type: 'fsk', bitRate_bps: asNumber(json, 'datr', 500, 250_000), deviation_Hz }
  }
  const rate = /^SF([5-9]|1[0-2])BW(125|250|500)$/.exec(asText(json, 'datr'))
  const coding = /^4\/([5-8])$/.exec(asText(json, 'codr'))
  if (rate === null || coding === null) throw new DecodeError(`datr ${json.datr}, codr ${json.codr}`)
  return {
    type: 'lora',
    spreadingFactor: Number(rate[1]),
    bandwidth_Hz: (Number(rate[2]) * 1000) as LoRaModulation['bandwidth_Hz'],
    codingRate: (Number(coding[1]) - 4) as LoRaModulation['codingRate'],
  }
}

function frequencyOf(json: Json): number {
  return Math.round(asNumber(json, 'freq', 1, 6000) * 1e6)
}

/** Padding may be left out, and the bits behind the last byte may be anything: the example of the protocol's text has both. */
function payloadOf(json: Json): Uint8Array {
  const text = asText(json, 'data').replace(/={1,2}$/, '')
  if (text.length > 340 || text.length % 4 === 1) throw new DecodeError(`data of ${text.length} characters`)
  // 'A' stands for six zero bits.
  const filled = fromBase64(text + 'A'.repeat((4 - (text.length % 4)) % 4))
  return filled.subarray(0, Math.floor((text.length * 6) / 8))
}

/** The transmission of a PULL_RESP. Times of GPS are refused with undefined: this gateway has none. DecodeError for what cannot be sent. */
export function decodePullResp(text: string | undefined): GatewayTransmission | undefined {
  const json = asObject(parseJson(text).txpk, 'txpk')
  const immediate = json.imme === true
  if (!immediate && json.tmst === undefined && json.tmms !== undefined) return undefined
  const modulation = modulationOf(json)
  const payload = payloadOf(json)
  if (payload.length === 0) throw new DecodeError('no data')
  return {
    tmst_us: immediate ? undefined : asNumber(json, 'tmst', 0, 0xffffffff),
    frequency_Hz: frequencyOf(json),
    modulation,
    power_dBm: json.powe === undefined ? 14 : asNumber(json, 'powe', -128, 127),
    invertedIq: json.ipol === true,
    preamble: json.prea === undefined ? (modulation.type === 'lora' ? 8 : 5) : asNumber(json, 'prea', 5, 65_535),
    crc: json.ncrc !== true,
    payload,
  }
}

export interface PushData {
  readonly receptions: readonly GatewayReception[]
  readonly status: Json | undefined
}

function receptionOf(value: unknown): GatewayReception {
  const json = asObject(value, 'rxpk')
  return {
    tmst_us: asNumber(json, 'tmst', 0, 0xffffffff),
    utc_ms: typeof json.time === 'string' ? Date.parse(json.time) : Number.NaN,
    frequency_Hz: frequencyOf(json),
    modulation: modulationOf(json),
    channel: json.chan === undefined ? 0 : asNumber(json, 'chan', 0, 255),
    rfChain: json.rfch === undefined ? 0 : asNumber(json, 'rfch', 0, 255),
    rssi_dBm: asNumber(json, 'rssi', -200, 50),
    snr_dB: json.lsnr === undefined ? 0 : asNumber(json, 'lsnr', -128, 127),
    crcOk: json.stat === undefined || json.stat === 1,
    payload: payloadOf(json),
  }
}

/** What a server gets in PUSH_DATA. */
export function decodePushData(text: string | undefined): PushData {
  const json = parseJson(text)
  const list = json.rxpk ?? []
  if (!Array.isArray(list)) throw new DecodeError('rxpk is no list')
  return { receptions: list.map(receptionOf), status: json.stat === undefined ? undefined : asObject(json.stat, 'stat') }
}

/** The word of a TX_ACK. */
export function decodeTxAck(text: string | undefined): string {
  if (text === undefined) return 'NONE'
  const { txpk_ack } = parseJson(text)
  const error = asObject(txpk_ack, 'txpk_ack').error
  return typeof error === 'string' && error.length < 32 ? error : 'NONE'
}
