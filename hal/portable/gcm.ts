import type { Bytes } from '../api/io.ts'

/** Bytes of the tag that `seal` appends. */
export const GCM_TAG = 16

/** The lengths that `seal` and `open` of `hal/api/crypto.ts` take; RangeError for others. */
export function checkGcm(key: Bytes, nonce: Bytes): void {
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) throw new RangeError('an AES key has 16, 24 or 32 bytes')
  if (nonce.length !== 12) throw new RangeError('the nonce of AES-GCM has 12 bytes')
}
