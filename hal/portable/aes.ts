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

/** Doubling in GF(2^128), RFC 4493 section 2.3. */
function doubled(block: Bytes): Bytes {
  const result = new Uint8Array(AES_BLOCK)
  for (let i = 0; i < AES_BLOCK; i++) result[i] = (block[i] << 1) | ((block[i + 1] ?? 0) >> 7)
  if (block[0] >= 0x80) result[AES_BLOCK - 1] ^= 0x87
  return result
}

/**
 * RFC 4493 section 2.4 for implementations that have CBC and no CMAC: the blocks whose CBC encryption, from an IV of zeros on, ends with the AES-CMAC of `data`.
 * `zero` is a block of zeros, encrypted with the key.
 */
export function cmacBlocks(data: Bytes, zero: Bytes): Uint8Array<ArrayBuffer> {
  const blocks = Math.max(1, Math.ceil(data.length / AES_BLOCK))
  const padded = new Uint8Array(blocks * AES_BLOCK)
  padded.set(data)
  let subkey = doubled(zero)
  if (data.length < padded.length) {
    padded[data.length] = 0x80
    subkey = doubled(subkey)
  }
  for (let i = 0; i < AES_BLOCK; i++) padded[padded.length - AES_BLOCK + i] ^= subkey[i]
  return padded
}
