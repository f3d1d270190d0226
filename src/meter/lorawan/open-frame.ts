import type { Crypto } from '../../../hal/api/crypto.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { decodeData, frameType, isDataFrame, MType } from '../../links/lorawan/frame.ts'
import { cryptPayload, openJoinAccept, type SessionKeys, verifyData, verifyJoin } from '../../links/lorawan/security.ts'

/** What opens the frames of a device. */
export interface FrameKeys {
  readonly appKey: Uint8Array | undefined
  readonly session:
    | {
        readonly devAddr: number
        readonly keys: SessionKeys
        /** Counters that were used last; -1: none. */
        readonly fCntUp: number
        readonly fCntDown: number
      }
    | undefined
}

/** What only the owner of the keys can say about a frame. */
export interface OpenedFrame {
  /** `unknown`: the keys are those of an earlier session, or none. */
  readonly mic: 'valid' | 'wrong' | 'unknown'
  /** All 32 bits. */
  readonly fCnt?: number
  /** The payload of a data frame, or a whole join accept. */
  readonly clear?: Uint8Array
}

const UNKNOWN: OpenedFrame = Object.freeze({ mic: 'unknown' })

/** Opens frames of a device with the keys that it has now. For one use: it holds keys. */
export class FrameOpener {
  readonly #crypto: Crypto
  readonly #keys: FrameKeys

  constructor(crypto: Crypto, keys: FrameKeys) {
    this.#crypto = crypto
    this.#keys = keys
  }

  /** Counter of the last uplink of this session; -1: none since the start. */
  get fCntUp(): number {
    return Math.max(-1, this.#keys.session?.fCntUp ?? -1)
  }

  /** Of the last downlink. */
  get fCntDown(): number {
    return this.#keys.session?.fCntDown ?? -1
  }

  /** Checks and decrypts one frame. Never throws for what came over the air. */
  open(phy: Uint8Array): OpenedFrame {
    try {
      const type = frameType(phy)
      return isDataFrame(type) ? this.#openData(phy) : this.#openJoin(type, phy)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return UNKNOWN
    }
  }

  #openJoin(type: number, phy: Uint8Array): OpenedFrame {
    const { appKey } = this.#keys
    if (appKey === undefined) return UNKNOWN
    if (type === MType.joinRequest) return { mic: verifyJoin(this.#crypto, appKey, phy) ? 'valid' : 'wrong' }
    if (type !== MType.joinAccept) return UNKNOWN
    const clear = openJoinAccept(this.#crypto, appKey, phy)
    return verifyJoin(this.#crypto, appKey, clear) ? { mic: 'valid', clear } : { mic: 'wrong' }
  }

  #openData(phy: Uint8Array): OpenedFrame {
    const { up, devAddr, fCnt: low, fPort, payload } = decodeData(phy)
    const { session } = this.#keys
    if (session?.devAddr !== devAddr) return UNKNOWN
    const last = up ? session.fCntUp : session.fCntDown
    // The newest number that ends in these 16 bits.
    const fCnt = last - ((last - low) & 0xffff)
    if (last < 0 || fCnt < 0) return UNKNOWN
    const identity = { up, devAddr, fCnt }
    if (!verifyData(this.#crypto, session.keys.nwkSKey, identity, phy)) return { mic: 'wrong' }
    if (fPort === undefined) return { mic: 'valid', fCnt }
    const key = fPort === 0 ? session.keys.nwkSKey : session.keys.appSKey
    return { mic: 'valid', fCnt, clear: cryptPayload(this.#crypto, key, identity, payload) }
  }
}
