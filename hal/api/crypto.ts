import type { Bytes } from './io.ts'

export type DigestName = 'SHA1' | 'SHA256'

/** A digest that is computed piece by piece, for data that does not fit into memory at once. */
export interface Hash {
  /** Takes the next piece. Throws Error after `digest`. */
  update(data: Bytes): void
  /** Ends the computation. Throws Error when called twice. */
  digest(): Bytes
}

/** Cryptography that the engine's native code does best. Synchronous, as on the device. */
export interface Crypto {
  digest(name: DigestName, data: Bytes): Bytes
  /** Starts a digest over pieces. RangeError for a digest that the implementation does not know. */
  hash(name: DigestName): Hash
  /**
   * AES-GCM (NIST SP 800-38D): returns the ciphertext followed by a tag of 16 bytes. The key has 16, 24 or 32 bytes, the nonce 12; a nonce must
   * never be used twice with one key. RangeError for other lengths.
   */
  seal(key: Bytes, nonce: Bytes, plaintext: Bytes, additionalData: Bytes): Bytes
  /** The plaintext of what `seal` returned; undefined when key, nonce, additional data or any byte of `sealed` differ. RangeError as `seal`. */
  open(key: Bytes, nonce: Bytes, sealed: Bytes, additionalData: Bytes): Bytes | undefined
  /** AES without a mode (FIPS 197): each block of 16 bytes by itself. Only for protocols that build on the block cipher. RangeError for other lengths. */
  encryptBlocks(key: Bytes, blocks: Bytes): Bytes
  /** The inverse of `encryptBlocks`. */
  decryptBlocks(key: Bytes, blocks: Bytes): Bytes
  /** AES-CMAC (RFC 4493, NIST SP 800-38B): 16 bytes, for data of any length. RangeError for a key that is not 16, 24 or 32 bytes long. */
  cmac(key: Bytes, data: Bytes): Bytes
  /**
   * ECDSA on P-256 (FIPS 186-5): whether `signature` (r then s, 32 bytes each) is that of `digest` (SHA-256, 32 bytes) by the owner of `publicKey`
   * (SEC 1 uncompressed, 65 bytes). False for a key that is no point of the curve and for wrong lengths.
   */
  verify(publicKey: Bytes, digest: Bytes, signature: Bytes): boolean
}

/** Fills a buffer with random bytes: hardware noise on a device, `node:crypto` on a PC, the seeded generator in a virtual world. */
export type Random = (buffer: Bytes) => void
