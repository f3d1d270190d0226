/** LoRaWAN Remote Multicast Setup, TS005-1.0.0: port 200. */
import { ByteReader } from '../../lib/bytes.ts'
import { getUint24, getUint32, putUint24, putUint32 } from '../../lib/little-endian.ts'
import { readAll, type VersionAnswer, type VersionRequest } from './package.ts'

const Cid = Object.freeze({ version: 0, status: 1, setup: 2, delete: 3, classC: 4, classB: 5 })
/** Groups that a device can be in. */
export const GROUPS_MAX = 4
const FREQUENCY_STEP_HZ = 100

/** Where and when a group is served in class C. */
export interface ClassCSession {
  readonly group: number
  /** GPS time. */
  readonly start_gps_s: number
  /** It lasts 2^timeout s at most. */
  readonly timeout: number
  readonly frequency_Hz: number
  readonly dataRate: number
}

export interface GroupSetup {
  readonly group: number
  readonly address: number
  /** 16 bytes, under the McKEKey of the device. */
  readonly keyEncrypted: Uint8Array
  /** Counters of the frames that are taken: from this one on, up to but not with that one. */
  readonly fCntMin: number
  readonly fCntMax: number
}

/** What the server sends. */
export type MulticastDownlink =
  | VersionRequest
  /** Bit i: is the group i there? */
  | { readonly type: 'status-request'; readonly mask: number }
  | ({ readonly type: 'setup-request' } & GroupSetup)
  | { readonly type: 'delete-request'; readonly group: number }
  | ({ readonly type: 'class-c-request' } & ClassCSession)
  /** Class B: beacons are not received here. */
  | { readonly type: 'class-b-request'; readonly group: number }

export interface SessionAnswer {
  readonly group: number
  readonly undefinedGroup: boolean
  readonly frequencyError: boolean
  readonly dataRateError: boolean
  /** Undefined with an error. */
  readonly timeToStart_s: number | undefined
}

/** What a device sends. */
export type MulticastUplink =
  | VersionAnswer
  | {
      readonly type: 'status-answer'
      readonly total: number
      readonly groups: readonly { readonly group: number; readonly address: number }[]
    }
  | { readonly type: 'setup-answer'; readonly group: number; readonly error: boolean }
  | { readonly type: 'delete-answer'; readonly group: number; readonly undefinedGroup: boolean }
  | ({ readonly type: 'class-c-answer' } & SessionAnswer)
  | ({ readonly type: 'class-b-answer' } & SessionAnswer)

export function encodeMulticastUplink(uplink: MulticastUplink): Uint8Array {
  if (uplink.type === 'version-answer') return Uint8Array.of(Cid.version, uplink.identifier, uplink.version)
  if (uplink.type === 'status-answer') {
    const { total, groups } = uplink
    const bytes = new Uint8Array(2 + 5 * groups.length)
    bytes[0] = Cid.status
    bytes[1] = (total & 7) << 4
    for (const [i, { group, address }] of groups.entries()) {
      bytes[1] |= 1 << group
      bytes[2 + 5 * i] = group
      putUint32(bytes, 3 + 5 * i, address)
    }
    return bytes
  }
  if (uplink.type === 'setup-answer') return Uint8Array.of(Cid.setup, (uplink.group & 3) | (uplink.error ? 4 : 0))
  if (uplink.type === 'delete-answer') return Uint8Array.of(Cid.delete, (uplink.group & 3) | (uplink.undefinedGroup ? 4 : 0))
  const { group, dataRateError, frequencyError, undefinedGroup, timeToStart_s } = uplink
  const status = (group & 3) | (dataRateError ? 4 : 0) | (frequencyError ? 8 : 0) | (undefinedGroup ? 0x10 : 0)
  const bytes = new Uint8Array(timeToStart_s === undefined ? 2 : 5)
  bytes[0] = uplink.type === 'class-c-answer' ? Cid.classC : Cid.classB
  bytes[1] = status
  if (timeToStart_s !== undefined) putUint24(bytes, 2, Math.min(0xffffff, timeToStart_s))
  return bytes
}

/** Class B is never asked for. */
export function encodeMulticastDownlink(downlink: Exclude<MulticastDownlink, { readonly type: 'class-b-request' }>): Uint8Array {
  if (downlink.type === 'version-request') return Uint8Array.of(Cid.version)
  if (downlink.type === 'status-request') return Uint8Array.of(Cid.status, downlink.mask & 15)
  if (downlink.type === 'delete-request') return Uint8Array.of(Cid.delete, downlink.group & 3)
  if (downlink.type === 'setup-request') {
    const bytes = new Uint8Array(30)
    bytes[0] = Cid.setup
    bytes[1] = downlink.group & 3
    putUint32(bytes, 2, downlink.address)
    bytes.set(downlink.keyEncrypted, 6)
    putUint32(bytes, 22, downlink.fCntMin)
    putUint32(bytes, 26, downlink.fCntMax)
    return bytes
  }
  const bytes = new Uint8Array(11)
  bytes[0] = Cid.classC
  bytes[1] = downlink.group & 3
  putUint32(bytes, 2, downlink.start_gps_s)
  bytes[6] = downlink.timeout & 15
  putUint24(bytes, 7, downlink.frequency_Hz / FREQUENCY_STEP_HZ)
  bytes[10] = downlink.dataRate
  return bytes
}

export function decodeMulticastDownlink(bytes: Uint8Array): MulticastDownlink[] {
  const reader = new ByteReader(bytes)
  return readAll(reader, (cid): MulticastDownlink | undefined => {
    if (cid === Cid.version) return { type: 'version-request' }
    if (cid === Cid.status) return { type: 'status-request', mask: reader.uint8() & 15 }
    if (cid === Cid.delete) return { type: 'delete-request', group: reader.uint8() & 3 }
    if (cid === Cid.setup) {
      const field = reader.take(29)
      return {
        type: 'setup-request',
        group: field[0] & 3,
        address: getUint32(field, 1),
        keyEncrypted: field.slice(5, 21),
        fCntMin: getUint32(field, 21),
        fCntMax: getUint32(field, 25),
      }
    }
    if (cid !== Cid.classC && cid !== Cid.classB) return undefined
    const field = reader.take(10)
    const group = field[0] & 3
    if (cid === Cid.classB) return { type: 'class-b-request', group }
    return {
      type: 'class-c-request',
      group,
      start_gps_s: getUint32(field, 1),
      timeout: field[5] & 15,
      frequency_Hz: getUint24(field, 6) * FREQUENCY_STEP_HZ,
      dataRate: field[9],
    }
  })
}

function readSession(reader: ByteReader): SessionAnswer {
  const status = reader.uint8()
  const [dataRateError, frequencyError, undefinedGroup] = [4, 8, 0x10].map((bit) => (status & bit) !== 0)
  const timeToStart_s = (status & 0x1c) === 0 ? getUint24(reader.take(3), 0) : undefined
  return { group: status & 3, dataRateError, frequencyError, undefinedGroup, timeToStart_s }
}

export function decodeMulticastUplink(bytes: Uint8Array): MulticastUplink[] {
  const reader = new ByteReader(bytes)
  return readAll(reader, (cid): MulticastUplink | undefined => {
    if (cid === Cid.version) return { type: 'version-answer', identifier: reader.uint8(), version: reader.uint8() }
    if (cid === Cid.status) {
      const status = reader.uint8()
      const groups: { group: number; address: number }[] = []
      for (let bit = 1; bit < 0x10; bit <<= 1)
        if (status & bit) groups.push({ group: reader.uint8() & 3, address: getUint32(reader.take(4), 0) })
      return { type: 'status-answer', total: (status >> 4) & 7, groups }
    }
    if (cid === Cid.setup || cid === Cid.delete) {
      const field = reader.uint8()
      const group = field & 3
      const fault = (field & 4) !== 0
      return cid === Cid.setup ? { type: 'setup-answer', group, error: fault } : { type: 'delete-answer', group, undefinedGroup: fault }
    }
    if (cid === Cid.classC) return { type: 'class-c-answer', ...readSession(reader) }
    return cid === Cid.classB ? { type: 'class-b-answer', ...readSession(reader) } : undefined
  })
}
