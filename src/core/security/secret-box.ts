import type { Crypto } from '../../../hal/api/crypto.ts'
import type { Bytes } from '../../../hal/api/io.ts'
import { ascii } from '../../lib/ascii.ts'
import { hmacSha256 } from './hmac.ts'

/** First byte of a stored secret. Numbers are never used again for something else. */
const Format = Object.freeze({ plain: 0, sealed: 1 })

const NONCE = 12
/** What sealing adds: format, nonce and the tag of AES-GCM. */
const BOX_OVERHEAD = 1 + NONCE + 16

/** Names of the two keys that come out of the device key (SP 800-108: one key, one purpose). */
const SEALING = ascii('ferraris secret sealing')
const NONCES = ascii('ferraris secret nonces')

/** A 53-bit integer as eight bytes, big-endian. */
function bytes8(value: number): Bytes {
  const bytes = new Uint8Array(8)
  for (let i = 7, rest = value; i >= 0; i--, rest = Math.floor(rest / 0x100)) bytes[i] = rest % 0x100
  return bytes
}

export interface SecretBoxOptions {
  readonly crypto: Crypto
  /** Device key of 16 or 32 bytes; without one secrets are stored as they are. */
  readonly key?: Bytes | undefined
  /** Never the same number twice, whatever happens to the supply. */
  readonly nextNonce: () => number
}

/**
 * The stored form of a secret.
 *
 * Sealed: 1, nonce (12), AES-256-GCM ciphertext and tag (16); additional data is the place where it is stored, so that a secret moved to another
 * place is refused. The nonce is HMAC-SHA256 over counter, place and secret, cut to 96 bits: the counter alone would begin anew when somebody
 * writes an old image back or erases the flash, and two secrets under one nonce would give both away.
 *
 * Plain, where the device has no key: 0, then the secret.
 */
export class SecretBox {
  readonly #crypto: Crypto
  readonly #nextNonce: () => number
  readonly #keys: { readonly sealing: Bytes; readonly nonces: Bytes } | undefined

  constructor({ crypto, key, nextNonce }: SecretBoxOptions) {
    if (key !== undefined && key.length !== 16 && key.length !== 32) throw new RangeError('a device key has 16 or 32 bytes')
    this.#crypto = crypto
    this.#nextNonce = nextNonce
    this.#keys = key && { sealing: hmacSha256(crypto, key, SEALING), nonces: hmacSha256(crypto, key, NONCES) }
  }

  /** The device has a key: what is stored from now on is encrypted. */
  get sealing(): boolean {
    return this.#keys !== undefined
  }

  isPlain(stored: Bytes): boolean {
    return stored.length > 0 && stored[0] === Format.plain
  }

  close(place: string, secret: Bytes): Bytes {
    const keys = this.#keys
    const stored = new Uint8Array(keys === undefined ? 1 + secret.length : BOX_OVERHEAD + secret.length)
    if (keys === undefined) {
      stored[0] = Format.plain
      stored.set(secret, 1)
      return stored
    }
    const where = ascii(place)
    // The place ends at the length that stands before it, so that no two inputs look alike.
    const nonce = hmacSha256(this.#crypto, keys.nonces, bytes8(this.#nextNonce()), bytes8(where.length), where, secret).slice(0, NONCE)
    stored[0] = Format.sealed
    stored.set(nonce, 1)
    stored.set(this.#crypto.seal(keys.sealing, nonce, secret, where), 1 + NONCE)
    return stored
  }

  /** The secret; undefined when it was sealed with another key, for another place, or is damaged or of an unknown format. */
  open(place: string, stored: Bytes): Bytes | undefined {
    if (this.isPlain(stored)) return stored.slice(1)
    if (this.#keys === undefined || stored[0] !== Format.sealed || stored.length < BOX_OVERHEAD) return undefined
    return this.#crypto.open(this.#keys.sealing, stored.subarray(1, 1 + NONCE), stored.subarray(1 + NONCE), ascii(place))
  }
}
