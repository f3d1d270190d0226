import type { Crypto } from '../../../hal/api/crypto.ts'
import type { Bytes } from '../../../hal/api/io.ts'

/** Block length of SHA-256. */
const BLOCK = 64
/** Masks of the inner and the outer key. */
const INNER = 0x36
const OUTER = 0x5c

function masked(key: Bytes, mask: number): Bytes {
  const block = new Uint8Array(BLOCK).fill(mask)
  for (let i = 0; i < key.length; i++) block[i] ^= key[i]
  return block
}

/** HMAC-SHA256 (RFC 2104, FIPS 198-1) of the pieces joined, 32 bytes. RangeError for a key of more than 64 bytes. */
export function hmacSha256(crypto: Crypto, key: Bytes, ...pieces: readonly Bytes[]): Bytes {
  if (key.length > BLOCK) throw new RangeError('a key of at most 64 bytes is expected')
  const inner = crypto.hash('SHA256')
  inner.update(masked(key, INNER))
  for (const piece of pieces) inner.update(piece)
  const outer = crypto.hash('SHA256')
  outer.update(masked(key, OUTER))
  outer.update(inner.digest())
  return outer.digest()
}
