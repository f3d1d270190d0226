import { fromBase64, toBase64 } from '../../lib/base64.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { asNumber, asText, parseJson } from '../../lib/json-fields.ts'
import type { Modulation } from '../../lib/lora-radio.ts'
import type { QueuedDownlink } from './device.ts'
import { downlinkOf } from './downlink.ts'
import type { GatewayInfo, NetworkEvent } from './events.ts'

/**
 * Events and commands in the JSON form that ChirpStack 4 has on MQTT: `integration.proto` and `gw.proto` of its API 4.20, fields that have their default left out as
 * little as its own integration does.
 */

/** Kinds of events that ChirpStack has a topic for. */
export type ChirpStackKind = 'up' | 'join' | 'ack' | 'txack' | 'status'

export interface ChirpStackContext {
  readonly applicationId: string
  readonly applicationName: string
  readonly deviceProfileName: string
  /** By device, hexadecimal. */
  readonly deviceClass: (devEui: string) => 'A' | 'C'
  /** 16 hexadecimal digits of a gateway that the server knows by another name. */
  readonly gatewayId: (gateway: string) => string
  readonly uuid: () => string
  /** Payload as an object, where there is a codec. */
  readonly decode?: (fPort: number, payload: Uint8Array) => object | undefined
}

export interface ChirpStackMessage {
  readonly topic: string
  readonly json: string
}

const NIL_ID = '00000000-0000-0000-0000-000000000000'
const BATTERY_UNKNOWN = 255
const BATTERY_FULL = 254

export function commandTopic(applicationId: string): string {
  return `application/${applicationId}/device/+/command/down`
}

/** Undefined for what ChirpStack has no event for. */
export function chirpStackMessage(event: NetworkEvent, context: ChirpStackContext): ChirpStackMessage | undefined {
  if (event.type === 'refused' || (event.type === 'down' && event.fPort === undefined)) return undefined
  const kind: ChirpStackKind = event.type === 'down' ? 'txack' : event.type
  const id = event.type === 'down' ? { downlinkId: event.fCnt } : { deduplicationId: context.uuid() }
  const body = { ...id, time: timeOf(event.utc_ms), deviceInfo: deviceInfo(event, context), ...fieldsOf(event, context) }
  return { topic: `application/${context.applicationId}/device/${event.devEui}/event/${kind}`, json: JSON.stringify(body) }
}

function timeOf(utc_ms: number): string {
  return new Date(Math.floor(utc_ms)).toISOString()
}

function deviceInfo({ devEui, name }: { readonly devEui: string; readonly name: string }, context: ChirpStackContext): object {
  return {
    tenantId: NIL_ID,
    tenantName: 'Ferraris',
    applicationId: context.applicationId,
    applicationName: context.applicationName,
    deviceProfileId: NIL_ID,
    deviceProfileName: context.deviceProfileName,
    deviceName: name,
    devEui,
    deviceClassEnabled: `CLASS_${context.deviceClass(devEui)}`,
    tags: {},
  }
}

function address(devAddr: number): string {
  return devAddr.toString(16).padStart(8, '0')
}

type Told = Exclude<NetworkEvent, { readonly type: 'refused' }>

function fieldsOf(event: Told, context: ChirpStackContext): object {
  if (event.type === 'up') return uplinkFields(event, context)
  if (event.type === 'join') return { devAddr: address(event.devAddr) }
  if (event.type === 'ack') return { queueItemId: event.queueItemId ?? '', acknowledged: true, fCntDown: event.fCntDown }
  if (event.type === 'down') {
    return {
      queueItemId: event.queueItemId ?? '',
      fCntDown: event.fCnt,
      gatewayId: context.gatewayId(event.gateway),
      txInfo: { frequency: event.frequency_Hz, modulation: modulationOf(event.modulation, true) },
    }
  }
  const unknown = event.battery === BATTERY_UNKNOWN
  return {
    margin: event.margin_dB,
    externalPowerSource: event.battery === 0,
    batteryLevelUnavailable: unknown,
    batteryLevel: unknown ? 0 : Math.round((10_000 * event.battery) / BATTERY_FULL) / 100,
  }
}

function uplinkFields(event: Extract<Told, { readonly type: 'up' }>, context: ChirpStackContext): object {
  const { devAddr, adr, dataRate, fCnt, fPort, confirmed, payload, gateways, frequency_Hz, modulation } = event
  return {
    devAddr: address(devAddr),
    adr,
    dr: dataRate,
    fCnt,
    fPort: fPort ?? 0,
    confirmed,
    data: toBase64(payload),
    object: fPort === undefined ? undefined : context.decode?.(fPort, payload),
    rxInfo: gateways.map((info) => rxInfo(info, context)),
    txInfo: { frequency: frequency_Hz, modulation: modulationOf(modulation, false) },
  }
}

function rxInfo({ gateway, reception }: GatewayInfo, context: ChirpStackContext): object {
  const { tmst_us, utc_ms, rssi_dBm, snr_dB, channel, rfChain } = reception
  const clock = Uint8Array.of(tmst_us >>> 24, tmst_us >>> 16, tmst_us >>> 8, tmst_us)
  return {
    gatewayId: context.gatewayId(gateway),
    uplinkId: tmst_us % 2 ** 32,
    gwTime: timeOf(utc_ms),
    rssi: Math.round(rssi_dBm),
    snr: Math.round(snr_dB * 10) / 10,
    channel,
    rfChain,
    context: toBase64(clock),
    crcStatus: 'CRC_OK',
  }
}

function modulationOf(modulation: Modulation, polarizationInversion: boolean): object {
  if (modulation.type === 'fsk') return { fsk: { datarate: modulation.bitRate_bps, frequencyDeviation: modulation.deviation_Hz } }
  const { bandwidth_Hz: bandwidth, spreadingFactor, codingRate } = modulation
  return {
    lora: { bandwidth, spreadingFactor, codeRate: `CR_4_${4 + codingRate}`, ...(polarizationInversion ? { polarizationInversion } : {}) },
  }
}

/** A command for a device, of a topic `…/device/<DevEUI>/command/down`. DecodeError for what cannot be sent. */
export function decodeCommand(topic: string, text: string): { devEui: string; item: QueuedDownlink } {
  const devEui = /\/device\/([0-9A-Fa-f]{16})\/command\/down$/.exec(topic)?.[1].toLowerCase()
  if (devEui === undefined) throw new DecodeError(`no DevEUI in the topic ${topic.slice(0, 120)}`)
  const json = parseJson(text)
  if (asText(json, 'devEui').toLowerCase() !== devEui)
    throw new DecodeError(`devEui: ${String(json.devEui).slice(0, 40)}, but the topic has ${devEui}`)
  const { confirmed = false, id } = json
  if (typeof confirmed !== 'boolean') throw new DecodeError(`confirmed: ${JSON.stringify(confirmed)}`)
  if (id !== undefined && typeof id !== 'string') throw new DecodeError(`id: ${JSON.stringify(id)}`)
  if (json.data === undefined) {
    const { object } = json
    if (typeof object !== 'object' || object === null) throw new DecodeError('data is missing, and there is no object')
    return { devEui, item: { ...downlinkOf(object as Record<string, unknown>), confirmed, id } }
  }
  const fPort = asNumber(json, 'fPort', 1, 223)
  return { devEui, item: { fPort, confirmed, payload: fromBase64(asText(json, 'data')), id } }
}
