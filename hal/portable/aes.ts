import type { Bytes } from '../api/io.ts'

/** Bytes of the tag that `seal` appends. */
export const GCM_TAG = 16
/** Bytes of an AES block. */
export const AES_BLOCK = 16

/** RangeError for a length that no AES key has. */
export function checkAesKey(key: Bytes): void {
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) throw new RangeError('an AES key has 16, 24 or 32 bytes')
}

/** The lengths that `encryptBlocks` and `decryptBlocks` of `hal/api/crypto.ts` take; RangeError for others. */
export function checkBlocks(key: Bytes, blocks: Bytes): void {
  checkAesKey(key)
  if (blocks.length % AES_BLOCK !== 0) throw new RangeError('AES takes whole blocks of 16 bytes')
}

/** The lengths that `seal` and `open` of `hal/api/crypto.ts` take; RangeError for others. */
export function checkGcm(key: Bytes, nonce: Bytes): void {
  checkAesKey(key)
  if (nonce.length !== 12) throw new RangeError('the nonce of AES-GCM has 12 bytes')
}
