import type { Bytes } from './io.ts'

export type DigestName = 'SHA1' | 'SHA256'

/** Cryptography that the engine's native code does best. Synchronous, as on the device. */
export interface Crypto {
  digest(name: DigestName, data: Bytes): Bytes
}

/** Fills a buffer with random bytes: hardware noise on a device, `node:crypto` on a PC, the seeded generator in a virtual world. */
export type Random = (buffer: Bytes) => void
