import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Crypto, DigestName } from '../api/crypto.ts'
import type { Bytes } from '../api/io.ts'

/** `@noble/hashes`: any engine, no native code. RangeError for a digest it does not know. */
export const portableCrypto: Crypto = Object.freeze({
  digest(name: DigestName, data: Bytes): Bytes {
    if (name === 'SHA1') return sha1(data)
    if (name === 'SHA256') return sha256(data)
    throw new RangeError(`unknown digest ${name as string}`)
  },
})
