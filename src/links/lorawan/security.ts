import type { Crypto } from '../../../hal/api/crypto.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { getUint16, getUint24, getUint32, putUint16, putUint24, putUint32 } from '../../lib/little-endian.ts'
import { getEui, MIC_LENGTH, MType, putEui } from './frame.ts'

const BLOCK = 16
const JOIN_REQUEST_LENGTH = 23
/** Without and with CFList. */
const JOIN_ACCEPT_LENGTHS = [17, 33] as const

/** Of one direction, one device and one frame. `fCnt` has all 32 bits. */
export interface FrameIdentity {
  readonly up: boolean
  readonly devAddr: number
  readonly fCnt: number
}

/** Keys of a session, LoRaWAN 1.0.4 §6.1.1. */
export interface SessionKeys {
  readonly nwkSKey: Uint8Array
  readonly appSKey: Uint8Array
}

export interface JoinRequest {
  /** Eight bytes each, as printed. */
  readonly joinEui: Uint8Array
  readonly devEui: Uint8Array
  readonly devNonce: number
}

export interface JoinAccept {
  /** 24 bits each. */
  readonly joinNonce: number
  readonly netId: number
  readonly devAddr: number
  readonly rx1DrOffset: number
  readonly rx2DataRate: number
  /** Seconds, 1 to 15. */
  readonly rxDelay_s: number
  /** 16 bytes, the last one its type. */
  readonly cfList: Uint8Array | undefined
}

function block(first: number, { up, devAddr, fCnt }: FrameIdentity, last: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK)
  bytes[0] = first
  bytes[5] = up ? 0 : 1
  putUint32(bytes, 6, devAddr)
  putUint32(bytes, 10, fCnt)
  bytes[15] = last
  return bytes
}

/** MIC of a data frame whose last four bytes are room for it, LoRaWAN 1.0.4 §4.4. */
function dataMic(crypto: Crypto, nwkSKey: Uint8Array, identity: FrameIdentity, phy: Uint8Array): Uint8Array {
  const length = phy.length - MIC_LENGTH
  const message = new Uint8Array(BLOCK + length)
  message.set(block(0x49, identity, length))
  message.set(phy.subarray(0, length), BLOCK)
  return crypto.cmac(nwkSKey, message).subarray(0, MIC_LENGTH)
}

/** Writes the MIC into the last four bytes. */
export function sign(crypto: Crypto, nwkSKey: Uint8Array, identity: FrameIdentity, phy: Uint8Array): void {
  phy.set(dataMic(crypto, nwkSKey, identity, phy), phy.length - MIC_LENGTH)
}

function sameMic(phy: Uint8Array, mic: Uint8Array): boolean {
  let different = 0
  for (let i = 0; i < MIC_LENGTH; i++) different |= phy[phy.length - MIC_LENGTH + i] ^ mic[i]
  return different === 0
}

export function verifyData(crypto: Crypto, nwkSKey: Uint8Array, identity: FrameIdentity, phy: Uint8Array): boolean {
  return sameMic(phy, dataMic(crypto, nwkSKey, identity, phy))
}

/** Encrypts or decrypts, LoRaWAN 1.0.4 §4.3.3: with `nwkSKey` on port 0, with `appSKey` on the others. */
export function cryptPayload(crypto: Crypto, key: Uint8Array, identity: FrameIdentity, payload: Uint8Array): Uint8Array {
  const count = Math.ceil(payload.length / BLOCK)
  const blocks = new Uint8Array(count * BLOCK)
  for (let i = 0; i < count; i++) blocks.set(block(0x01, identity, i + 1), i * BLOCK)
  const stream = crypto.encryptBlocks(key, blocks)
  const result = new Uint8Array(payload.length)
  for (let i = 0; i < payload.length; i++) result[i] = payload[i] ^ stream[i]
  return result
}

/** LoRaWAN 1.0.4 §6.2.5: 23 bytes. */
export function encodeJoinRequest(crypto: Crypto, appKey: Uint8Array, { joinEui, devEui, devNonce }: JoinRequest): Uint8Array {
  const phy = new Uint8Array(JOIN_REQUEST_LENGTH)
  phy[0] = MType.joinRequest << 5
  putEui(phy, 1, joinEui)
  putEui(phy, 9, devEui)
  putUint16(phy, 17, devNonce)
  phy.set(joinMic(crypto, appKey, phy), phy.length - MIC_LENGTH)
  return phy
}

function joinMic(crypto: Crypto, appKey: Uint8Array, phy: Uint8Array): Uint8Array {
  return crypto.cmac(appKey, phy.subarray(0, phy.length - MIC_LENGTH)).subarray(0, MIC_LENGTH)
}

/** What a join request says; who sent it is only known after `verifyJoin`. */
export function decodeJoinRequest(phy: Uint8Array): JoinRequest {
  if (phy.length !== JOIN_REQUEST_LENGTH || phy[0] !== MType.joinRequest << 5) throw new DecodeError('no join request')
  return { joinEui: getEui(phy, 1), devEui: getEui(phy, 9), devNonce: getUint16(phy, 17) }
}

/** The MIC of a join request, or of a join accept in clear. */
export function verifyJoin(crypto: Crypto, appKey: Uint8Array, phy: Uint8Array): boolean {
  return phy.length > MIC_LENGTH && sameMic(phy, joinMic(crypto, appKey, phy))
}

/** As it goes over the air: all but the first byte encrypted, by decrypting (LoRaWAN 1.0.4 §6.2.6), so that a device needs no decryption. */
export function encodeJoinAccept(crypto: Crypto, appKey: Uint8Array, accept: JoinAccept): Uint8Array {
  const { cfList } = accept
  const phy = new Uint8Array(JOIN_ACCEPT_LENGTHS[cfList === undefined ? 0 : 1])
  phy[0] = MType.joinAccept << 5
  putUint24(phy, 1, accept.joinNonce)
  putUint24(phy, 4, accept.netId)
  putUint32(phy, 7, accept.devAddr)
  phy[11] = (accept.rx1DrOffset << 4) | accept.rx2DataRate
  phy[12] = accept.rxDelay_s
  if (cfList !== undefined) phy.set(cfList, 13)
  phy.set(joinMic(crypto, appKey, phy), phy.length - MIC_LENGTH)
  phy.set(crypto.decryptBlocks(appKey, phy.subarray(1)), 1)
  return phy
}

/** A join accept in clear, MIC included. */
export function openJoinAccept(crypto: Crypto, appKey: Uint8Array, phy: Uint8Array): Uint8Array {
  const [short, long] = JOIN_ACCEPT_LENGTHS
  if ((phy.length !== short && phy.length !== long) || phy[0] !== MType.joinAccept << 5) throw new DecodeError('no join accept')
  const clear = phy.slice()
  clear.set(crypto.encryptBlocks(appKey, phy.subarray(1)), 1)
  return clear
}

/** What a join accept in clear says; its length and its MIC are not looked at. */
export function readJoinAccept(clear: Uint8Array): JoinAccept {
  return {
    joinNonce: getUint24(clear, 1),
    netId: getUint24(clear, 4),
    devAddr: getUint32(clear, 7),
    rx1DrOffset: (clear[11] >> 4) & 7,
    rx2DataRate: clear[11] & 15,
    rxDelay_s: Math.max(1, clear[12] & 15),
    cfList: clear.length === JOIN_ACCEPT_LENGTHS[1] ? clear.slice(13, 29) : undefined,
  }
}

/** Undefined when the MIC is wrong: it was meant for another device, or comes from nobody who knows the key. */
export function decodeJoinAccept(crypto: Crypto, appKey: Uint8Array, phy: Uint8Array): JoinAccept | undefined {
  const clear = openJoinAccept(crypto, appKey, phy)
  return verifyJoin(crypto, appKey, clear) ? readJoinAccept(clear) : undefined
}

/** LoRaWAN 1.0.4 §6.2.6. */
export function sessionKeys(crypto: Crypto, appKey: Uint8Array, accept: JoinAccept, devNonce: number): SessionKeys {
  const derive = (type: number): Uint8Array => {
    const bytes = new Uint8Array(BLOCK)
    bytes[0] = type
    putUint24(bytes, 1, accept.joinNonce)
    putUint24(bytes, 4, accept.netId)
    putUint16(bytes, 7, devNonce)
    return crypto.encryptBlocks(appKey, bytes)
  }
  return { nwkSKey: derive(1), appSKey: derive(2) }
}

/** The 32 bits of a counter whose low 16 are `low` and that is above `last` (-1: none yet); undefined when it would have to go back or jump by more than `gap`. */
export function nextFCnt(last: number, low: number, gap = 0xffff): number | undefined {
  const next = last + 1
  const ahead = (low - (next & 0xffff)) & 0xffff
  const fCnt = next + ahead
  return ahead > gap || fCnt > 0xffffffff ? undefined : fCnt
}
