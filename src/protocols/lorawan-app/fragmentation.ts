/** LoRaWAN Fragmented Data Block Transport, TS004-1.0.0: port 201. */
import { ByteReader } from '../../lib/bytes.ts'
import { getUint16, getUint32, putUint16, putUint32 } from '../../lib/little-endian.ts'
import { readAll, type VersionAnswer, type VersionRequest } from './package.ts'

const Cid = Object.freeze({ version: 0, status: 1, setup: 2, delete: 3, fragment: 8 })
/** Sessions that a device can have. */
export const SESSIONS_MAX = 4

export interface FragmentSession {
  readonly index: number
  /** Bit i: fragments come by multicast group i. */
  readonly groupMask: number
  /** Fragments without redundancy. */
  readonly count: number
  /** Bytes of each. */
  readonly size: number
  /** 0: the parity matrix of TS004. */
  readonly algorithm: number
  /** Answers to a status request by multicast are spread over 2^(delay + 4) s. */
  readonly ackDelay: number
  /** Bytes at the end of the last fragment that do not belong to the block. */
  readonly padding: number
  /** 32 bits that say what the block is. */
  readonly descriptor: number
}

/** What the server sends. */
export type FragmentDownlink =
  | VersionRequest
  /** `all`: also devices that miss nothing answer. */
  | { readonly type: 'status-request'; readonly index: number; readonly all: boolean }
  | ({ readonly type: 'setup-request' } & FragmentSession)
  | { readonly type: 'delete-request'; readonly index: number }
  /** `n`: from 1; those above `count` are redundancy. */
  | { readonly type: 'fragment'; readonly index: number; readonly n: number; readonly data: Uint8Array }

/** What a device sends. */
export type FragmentUplink =
  | VersionAnswer
  | {
      readonly type: 'status-answer'
      readonly index: number
      /** Of those with and without redundancy. */
      readonly received: number
      readonly missing: number
      /** More are missing than can be computed. */
      readonly noMemory: boolean
    }
  | {
      readonly type: 'setup-answer'
      readonly index: number
      readonly wrongAlgorithm: boolean
      readonly noMemory: boolean
      readonly wrongIndex: boolean
      readonly wrongDescriptor: boolean
    }
  | { readonly type: 'delete-answer'; readonly index: number; readonly noSession: boolean }

export function encodeFragmentDownlink(downlink: FragmentDownlink): Uint8Array {
  if (downlink.type === 'version-request') return Uint8Array.of(Cid.version)
  if (downlink.type === 'status-request') return Uint8Array.of(Cid.status, (downlink.index << 1) | (downlink.all ? 1 : 0))
  if (downlink.type === 'delete-request') return Uint8Array.of(Cid.delete, downlink.index & 3)
  if (downlink.type === 'fragment') {
    const bytes = new Uint8Array(3 + downlink.data.length)
    bytes[0] = Cid.fragment
    putUint16(bytes, 1, (downlink.index << 14) | (downlink.n & 0x3fff))
    bytes.set(downlink.data, 3)
    return bytes
  }
  const bytes = new Uint8Array(11)
  bytes[0] = Cid.setup
  bytes[1] = (downlink.index << 4) | (downlink.groupMask & 15)
  putUint16(bytes, 2, downlink.count)
  bytes[4] = downlink.size
  bytes[5] = ((downlink.algorithm & 7) << 3) | (downlink.ackDelay & 7)
  bytes[6] = downlink.padding
  putUint32(bytes, 7, downlink.descriptor)
  return bytes
}

export function decodeFragmentDownlink(bytes: Uint8Array): FragmentDownlink[] {
  const reader = new ByteReader(bytes)
  return readAll(reader, (cid): FragmentDownlink | undefined => {
    if (cid === Cid.version) return { type: 'version-request' }
    if (cid === Cid.status) {
      const field = reader.uint8()
      return { type: 'status-request', index: (field >> 1) & 3, all: (field & 1) !== 0 }
    }
    if (cid === Cid.delete) return { type: 'delete-request', index: reader.uint8() & 3 }
    if (cid === Cid.fragment) {
      // It has no length of its own: nothing follows it.
      const field = getUint16(reader.take(2), 0)
      return { type: 'fragment', index: field >> 14, n: field & 0x3fff, data: reader.take(reader.remaining) }
    }
    if (cid !== Cid.setup) return undefined
    const field = reader.take(10)
    return {
      type: 'setup-request',
      index: (field[0] >> 4) & 3,
      groupMask: field[0] & 15,
      count: getUint16(field, 1),
      size: field[3],
      algorithm: (field[4] >> 3) & 7,
      ackDelay: field[4] & 7,
      padding: field[5],
      descriptor: getUint32(field, 6),
    }
  })
}

export function encodeFragmentUplink(uplink: FragmentUplink): Uint8Array {
  if (uplink.type === 'version-answer') return Uint8Array.of(Cid.version, uplink.identifier, uplink.version)
  if (uplink.type === 'delete-answer') return Uint8Array.of(Cid.delete, (uplink.index & 3) | (uplink.noSession ? 4 : 0))
  if (uplink.type === 'setup-answer') {
    const { index, wrongAlgorithm, noMemory, wrongIndex, wrongDescriptor } = uplink
    const faults = (wrongAlgorithm ? 1 : 0) | (noMemory ? 2 : 0) | (wrongIndex ? 4 : 0) | (wrongDescriptor ? 8 : 0)
    return Uint8Array.of(Cid.setup, (index << 6) | faults)
  }
  const bytes = new Uint8Array(5)
  bytes[0] = Cid.status
  putUint16(bytes, 1, (uplink.index << 14) | Math.min(0x3fff, uplink.received))
  bytes[3] = Math.min(0xff, uplink.missing)
  bytes[4] = uplink.noMemory ? 1 : 0
  return bytes
}

export function decodeFragmentUplink(bytes: Uint8Array): FragmentUplink[] {
  const reader = new ByteReader(bytes)
  return readAll(reader, (cid): FragmentUplink | undefined => {
    if (cid === Cid.version) return { type: 'version-answer', identifier: reader.uint8(), version: reader.uint8() }
    if (cid === Cid.status) {
      const field = getUint16(reader.take(2), 0)
      const missing = reader.uint8()
      return { type: 'status-answer', index: field >> 14, received: field & 0x3fff, missing, noMemory: (reader.uint8() & 1) !== 0 }
    }
    if (cid === Cid.delete) {
      const field = reader.uint8()
      return { type: 'delete-answer', index: field & 3, noSession: (field & 4) !== 0 }
    }
    if (cid !== Cid.setup) return undefined
    const field = reader.uint8()
    const [wrongAlgorithm, noMemory, wrongIndex, wrongDescriptor] = [1, 2, 4, 8].map((bit) => (field & bit) !== 0)
    return { type: 'setup-answer', index: field >> 6, wrongAlgorithm, noMemory, wrongIndex, wrongDescriptor }
  })
}
