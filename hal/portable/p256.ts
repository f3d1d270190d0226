import { p256 } from '@noble/curves/nist.js'
import type { Bytes } from '../api/io.ts'

/** SEC 1 section 2.3.3: the first byte of a point with both coordinates. */
const UNCOMPRESSED = 4
/** The digest is computed already; either of the two values of s is valid (FIPS 186-5 knows no "low s"). */
const OPTIONS = Object.freeze({ prehash: false, lowS: false, format: 'compact' as const })

/** `verify` of `hal/api/crypto.ts` for any engine. */
export function verifyP256(publicKey: Bytes, digest: Bytes, signature: Bytes): boolean {
  if (publicKey.length !== 65 || publicKey[0] !== UNCOMPRESSED || digest.length !== 32 || signature.length !== 64) return false
  return p256.verify(signature, digest, publicKey, OPTIONS)
}
