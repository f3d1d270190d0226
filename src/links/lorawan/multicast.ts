import type { Crypto } from '../../../hal/api/crypto.ts'
import { putUint32 } from '../../lib/little-endian.ts'
import type { DataFrame } from './frame.ts'
import { cryptPayload, nextFCnt, type SessionKeys, verifyData } from './security.ts'

const BLOCK = 16

/** Encrypts one block: `first`, an address where there is one, zeros. */
function derive(crypto: Crypto, key: Uint8Array, first: number, address = 0): Uint8Array {
  const block = new Uint8Array(BLOCK)
  block[0] = first
  putUint32(block, 1, address)
  return crypto.encryptBlocks(key, block)
}

/** McKEKey of a device of LoRaWAN 1.0.x, which hides the keys of groups on their way to it: TS005-1.0.0, from McRootKey, and that from the GenAppKey. */
export function multicastKeyKey(crypto: Crypto, genAppKey: Uint8Array): Uint8Array {
  return derive(crypto, derive(crypto, genAppKey, 0), 0)
}

/** McKey as the server sends it: decrypted, so that a device shows it by encrypting. */
export function hideMulticastKey(crypto: Crypto, keyKey: Uint8Array, key: Uint8Array): Uint8Array {
  return crypto.decryptBlocks(keyKey, key)
}

/** McAppSKey and McNwkSKey of a group. */
export function multicastKeys(crypto: Crypto, key: Uint8Array, address: number): SessionKeys {
  return { appSKey: derive(crypto, key, 1, address), nwkSKey: derive(crypto, key, 2, address) }
}

/** A group that a device hears. */
export class MulticastGroup {
  readonly id: number
  readonly address: number
  readonly #keys: SessionKeys
  readonly #fCntMax: number
  /** Last frame; one less than the first that is taken before there was one. */
  #fCnt: number

  constructor(options: {
    readonly id: number
    readonly address: number
    readonly keys: SessionKeys
    readonly fCntMin: number
    readonly fCntMax: number
  }) {
    this.id = options.id
    this.address = options.address
    this.#keys = options.keys
    this.#fCnt = options.fCntMin - 1
    this.#fCntMax = options.fCntMax
  }

  /**
   * The payload of a frame in clear, where it is one of this group; its counter is taken then. Undefined for anything else, and for what a group must not get: MAC
   * commands, and what would have to be acknowledged (TS001-1.0.4 §17.2).
   */
  open(crypto: Crypto, data: DataFrame, phy: Uint8Array): Uint8Array | undefined {
    if (data.up || data.devAddr !== this.address || data.confirmed || data.fOpts.length > 0 || data.fPort === undefined || data.fPort === 0)
      return undefined
    const fCnt = nextFCnt(this.#fCnt, data.fCnt)
    if (fCnt === undefined || fCnt >= this.#fCntMax) return undefined
    const identity = { up: false, devAddr: this.address, fCnt }
    if (!verifyData(crypto, this.#keys.nwkSKey, identity, phy)) return undefined
    this.#fCnt = fCnt
    return cryptPayload(crypto, this.#keys.appSKey, identity, data.payload)
  }
}
