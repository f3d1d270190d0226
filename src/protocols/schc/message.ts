/**
 * Messages of SCHC fragmentation (RFC 8724) as RFC 9011 uses it for uplinks over LoRaWAN: ACK-on-Error, the RuleID is the port, W of 2 bits, FCN of 6 bits, no DTag,
 * tiles of 10 bytes. What is here is the payload of the frame.
 */
import { ByteReader, DecodeError } from '../../lib/bytes.ts'

/** RuleID of fragmented uplinks, and of their acknowledgements: RFC 9011 section 5.2. */
export const FRAGMENT_PORT = 20
export const TILE = 10
/** Tiles of a window; the FCN counts them down from 62. */
export const WINDOW_TILES = 63
const WINDOWS = 4
export const TILES_MAX = WINDOWS * WINDOW_TILES
const ALL_1 = 63
/** Bits of W and C in front of a bitmap. */
const ACK_HEAD = 3
const COMPLETE = 0x20
const ONES = 0xff

/** What a device sends. */
export type Fragment =
  | { readonly type: 'regular'; readonly window: number; readonly fcn: number; readonly tiles: Uint8Array }
  /** The last one: reassembly check sequence, and the last tile when it comes in no regular fragment. */
  | { readonly type: 'all-1'; readonly window: number; readonly rcs: number; readonly tile: Uint8Array }
  | { readonly type: 'ack-request'; readonly window: number }
  | { readonly type: 'sender-abort' }

/** What it gets. A bitmap has 63 members, 1 for a tile that is there, the highest FCN first; the last one stands for All-1 too. */
export type Acknowledgement =
  | { readonly type: 'complete'; readonly window: number }
  | { readonly type: 'missing'; readonly window: number; readonly bitmap: Uint8Array }
  | { readonly type: 'receiver-abort' }

export function encodeFragment(fragment: Fragment): Uint8Array {
  if (fragment.type === 'sender-abort') return Uint8Array.of(ONES)
  const w = fragment.window << 6
  if (fragment.type === 'ack-request') return Uint8Array.of(w)
  if (fragment.type === 'regular') {
    const bytes = new Uint8Array(1 + fragment.tiles.length)
    bytes[0] = w | fragment.fcn
    bytes.set(fragment.tiles, 1)
    return bytes
  }
  const { rcs, tile } = fragment
  const bytes = new Uint8Array(5 + tile.length)
  bytes.set([w | ALL_1, rcs >>> 24, rcs >>> 16, rcs >>> 8, rcs])
  bytes.set(tile, 5)
  return bytes
}

export function decodeFragment(bytes: Uint8Array): Fragment {
  const reader = new ByteReader(bytes)
  const first = reader.uint8()
  const window = first >> 6
  const fcn = first & ALL_1
  if (fcn === ALL_1) {
    if (reader.remaining === 0 && first === ONES) return { type: 'sender-abort' }
    return { type: 'all-1', window, rcs: reader.uint32(), tile: reader.take(reader.remaining) }
  }
  if (reader.remaining > 0) return { type: 'regular', window, fcn, tiles: reader.take(reader.remaining) }
  if (fcn !== 0) throw new DecodeError('a fragment without a tile')
  return { type: 'ack-request', window }
}

/** Trailing ones of a bitmap are left out as far as the message ends with a byte (RFC 8724 section 8.2.2.3); a whole bitmap is filled up with zeros. */
export function encodeAcknowledgement(ack: Acknowledgement): Uint8Array {
  if (ack.type === 'receiver-abort') return Uint8Array.of(ONES, ONES)
  if (ack.type === 'complete') return Uint8Array.of((ack.window << 6) | COMPLETE)
  const { window, bitmap } = ack
  let bits = WINDOW_TILES
  while (bits > 0 && bitmap[bits - 1] === 1) bits--
  const bytes = new Uint8Array(Math.ceil((ACK_HEAD + bits) / 8))
  bytes[0] = window << 6
  // Up to the end of the last byte stands what the bitmap has there; behind the bitmap stand zeros.
  for (let i = 0; i < Math.min(WINDOW_TILES, 8 * bytes.length - ACK_HEAD); i++) {
    if (bitmap[i] === 1) bytes[(ACK_HEAD + i) >> 3] |= 0x80 >> ((ACK_HEAD + i) & 7)
  }
  return bytes
}

export function decodeAcknowledgement(bytes: Uint8Array): Acknowledgement {
  const reader = new ByteReader(bytes)
  const first = reader.uint8()
  const window = first >> 6
  if (first & COMPLETE) {
    if (first === ONES && reader.remaining > 0 && reader.uint8() === ONES) return { type: 'receiver-abort' }
    if (first & (COMPLETE - 1)) throw new DecodeError('an acknowledgement with padding of ones')
    return { type: 'complete', window }
  }
  const bitmap = new Uint8Array(WINDOW_TILES).fill(1)
  for (let i = 0; i < Math.min(WINDOW_TILES, 8 * bytes.length - ACK_HEAD); i++) {
    bitmap[i] = (bytes[(ACK_HEAD + i) >> 3] >> (7 - ((ACK_HEAD + i) & 7))) & 1
  }
  return { type: 'missing', window, bitmap }
}
