/** LoRaWAN Application Layer Clock Synchronization, TS003-1.0.0: port 202. Times are GPS seconds. */
import { ByteReader } from '../../lib/bytes.ts'
import { getUint32, putUint32 } from '../../lib/little-endian.ts'
import { readAll, type VersionAnswer, type VersionRequest } from './package.ts'

const Cid = Object.freeze({ version: 0, time: 1, periodicity: 2, resync: 3 })

/** What the server sends. */
export type ClockDownlink =
  | VersionRequest
  /** Seconds to be added to the device's clock; the token is that of the request. */
  | { readonly type: 'time-answer'; readonly correction_s: number; readonly token: number }
  /** A request every 128 * 2^period s. */
  | { readonly type: 'periodicity-request'; readonly period: number }
  /** So many requests now. */
  | { readonly type: 'resync-request'; readonly transmissions: number }

/** What a device sends. */
export type ClockUplink =
  | VersionAnswer
  | { readonly type: 'time-request'; readonly gps_s: number; readonly token: number; readonly answerRequired: boolean }
  | { readonly type: 'periodicity-answer'; readonly notSupported: boolean; readonly gps_s: number }

function withUint32(head: number, value: number, ...rest: number[]): Uint8Array {
  const bytes = new Uint8Array(5 + rest.length)
  bytes[0] = head
  putUint32(bytes, 1, value)
  bytes.set(rest, 5)
  return bytes
}

export function encodeClockUplink(uplink: ClockUplink): Uint8Array {
  if (uplink.type === 'version-answer') return Uint8Array.of(Cid.version, uplink.identifier, uplink.version)
  if (uplink.type === 'time-request') {
    return withUint32(Cid.time, uplink.gps_s, (uplink.token & 15) | (uplink.answerRequired ? 0x10 : 0))
  }
  const bytes = new Uint8Array(6)
  bytes[0] = Cid.periodicity
  bytes[1] = uplink.notSupported ? 1 : 0
  putUint32(bytes, 2, uplink.gps_s)
  return bytes
}

export function encodeClockDownlink(downlink: ClockDownlink): Uint8Array {
  if (downlink.type === 'version-request') return Uint8Array.of(Cid.version)
  if (downlink.type === 'time-answer') return withUint32(Cid.time, downlink.correction_s, downlink.token & 15)
  if (downlink.type === 'periodicity-request') return Uint8Array.of(Cid.periodicity, downlink.period & 15)
  return Uint8Array.of(Cid.resync, downlink.transmissions & 7)
}

export function decodeClockDownlink(bytes: Uint8Array): ClockDownlink[] {
  const reader = new ByteReader(bytes)
  return readAll(reader, (cid): ClockDownlink | undefined => {
    if (cid === Cid.version) return { type: 'version-request' }
    if (cid === Cid.time) {
      const field = reader.take(5)
      return { type: 'time-answer', correction_s: getUint32(field, 0) | 0, token: field[4] & 15 }
    }
    if (cid === Cid.periodicity) return { type: 'periodicity-request', period: reader.uint8() & 15 }
    return cid === Cid.resync ? { type: 'resync-request', transmissions: reader.uint8() & 7 } : undefined
  })
}

export function decodeClockUplink(bytes: Uint8Array): ClockUplink[] {
  const reader = new ByteReader(bytes)
  return readAll(reader, (cid): ClockUplink | undefined => {
    if (cid === Cid.version) return { type: 'version-answer', identifier: reader.uint8(), version: reader.uint8() }
    if (cid === Cid.time) {
      const field = reader.take(5)
      return { type: 'time-request', gps_s: getUint32(field, 0), token: field[4] & 15, answerRequired: (field[4] & 0x10) !== 0 }
    }
    if (cid !== Cid.periodicity) return undefined
    const field = reader.take(5)
    return { type: 'periodicity-answer', notSupported: (field[0] & 1) !== 0, gps_s: getUint32(field, 1) }
  })
}
