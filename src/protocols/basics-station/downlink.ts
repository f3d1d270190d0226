import { DecodeError } from '../../lib/bytes.ts'
import { fromHex } from '../../lib/hex.ts'
import { asNumber, asObject, asText, type Json } from '../../lib/json-fields.ts'
import { dashedEui, parseEui } from './eui.ts'
import { asLong } from './message.ts'

/** Where a downlink may go. */
export interface Slot {
  readonly dataRate: number
  readonly frequency_Hz: number
}

/** A message `dnmsg`, or an entry of `dnsched`. */
export interface DownlinkRequest {
  /** Undefined in `dnsched`: then nothing is told when it has left. */
  readonly devEui: Uint8Array | undefined
  readonly deviceClass: 'A' | 'B' | 'C'
  readonly id: number
  readonly phy: Uint8Array
  readonly rx1: Slot | undefined
  readonly rx2: Slot | undefined
  readonly rxDelay_s: number
  /** Of the uplink that it answers; undefined: at once. */
  readonly xtime: bigint | undefined
  /** µs since the epoch of GPS, for class B and multicast. */
  readonly gps_us: bigint | undefined
  readonly rctx: number
  readonly preamble: number | undefined
  readonly crc: boolean
}

const CLASSES = ['A', 'B', 'C'] as const
const INT32_MIN = -(2 ** 31)

function slotOf(json: Json, dataRate: string, frequency: string): Slot | undefined {
  if (json[dataRate] === undefined && json[frequency] === undefined) return undefined
  return { dataRate: asNumber(json, dataRate, 0, 15), frequency_Hz: asNumber(json, frequency, 0, 3_000_000_000) }
}

function common(json: Json) {
  const pdu = asText(json, 'pdu')
  if (pdu.length === 0 || pdu.length > 510 || !/^([0-9A-Fa-f]{2})+$/.test(pdu)) throw new DecodeError('pdu: no frame')
  const xtime = asLong(json, 'xtime')
  return {
    phy: fromHex(pdu.toLowerCase()),
    xtime: xtime === 0n ? undefined : xtime,
    gps_us: asLong(json, 'gpstime'),
    rctx: json.rctx === undefined ? 0 : asNumber(json, 'rctx', 0, Number.MAX_SAFE_INTEGER),
    preamble: json.preamble === undefined ? undefined : asNumber(json, 'preamble', 6, 65_535),
    crc: json.addcrc === 1 || json.addcrc === true,
  }
}

function idOf(json: Json): number {
  return asNumber(json, json.diid === undefined ? 'seqno' : 'diid', INT32_MIN, Number.MAX_SAFE_INTEGER)
}

/** DecodeError for a message from which a field is missing that the protocol asks for. */
export function decodeDnmsg(json: Json): DownlinkRequest {
  const rx1 = slotOf(json, 'RX1DR', 'RX1Freq') ?? slotOf(json, 'DR', 'Freq')
  const rx2 = slotOf(json, 'RX2DR', 'RX2Freq')
  if (rx1 === undefined && rx2 === undefined) throw new DecodeError('dnmsg with neither RX1 nor RX2')
  return {
    ...common(json),
    devEui: parseEui(asText(json, json.DevEui === undefined ? 'DevEUI' : 'DevEui')),
    deviceClass: CLASSES[asNumber(json, 'dC', 0, 2)],
    id: idOf(json),
    rx1,
    rx2,
    // 0 means 1, unless the slot is that of class B.
    rxDelay_s: json.DR !== undefined ? 0 : Math.max(1, json.RxDelay === undefined ? 1 : asNumber(json, 'RxDelay', 0, 15)),
  }
}

/** The entries of a message `dnsched`. */
export function decodeDnsched(json: Json): DownlinkRequest[] {
  if (!Array.isArray(json.schedule)) throw new DecodeError('schedule is no array')
  return json.schedule.map((value) => {
    const entry = asObject(value, 'an entry of the schedule')
    return {
      ...common(entry),
      devEui: undefined,
      deviceClass: 'B',
      id: entry.diid === undefined && entry.seqno === undefined ? 0 : idOf(entry),
      rx1: slotOf(entry, 'DR', 'Freq'),
      rx2: undefined,
      rxDelay_s: 0,
    }
  })
}

/** What left, and when. */
export interface Transmitted {
  readonly id: number
  readonly devEui: Uint8Array
  readonly slot: Slot
  readonly rctx: number
  readonly xtime: number
  readonly utc_s: number
  readonly gps_us: number
}

export function dntxedJson({ id, devEui, slot, rctx, xtime, utc_s, gps_us }: Transmitted): string {
  return JSON.stringify({
    msgtype: 'dntxed',
    seqno: id,
    diid: id,
    DR: slot.dataRate,
    Freq: slot.frequency_Hz,
    DevEui: dashedEui(devEui),
    rctx,
    xtime,
    txtime: utc_s,
    gpstime: gps_us,
  })
}

/** Asks the LNS for the time; `local_us` comes back in the answer. */
export function timesyncJson(local_us: number): string {
  return JSON.stringify({ msgtype: 'timesync', txtime: local_us })
}

/** An answer to `timesyncJson`, or what the LNS tells of itself about an `xtime`. */
export function decodeTimesync(json: Json): { local_us: number | undefined; xtime: bigint | undefined; gps_us: bigint | undefined } {
  const local = asLong(json, 'txtime')
  return { local_us: local === undefined ? undefined : Number(local), xtime: asLong(json, 'xtime'), gps_us: asLong(json, 'gpstime') }
}
