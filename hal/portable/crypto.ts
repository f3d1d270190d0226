import { cmac, ecb, gcm } from '@noble/ciphers/aes.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Crypto, DigestName, Hash } from '../api/crypto.ts'
import type { Bytes } from '../api/io.ts'
import { checkAesKey, checkBlocks, checkGcm, GCM_TAG } from './aes.ts'
import { verifyP256 } from './p256.ts'

function unknown(name: DigestName): never {
  throw new RangeError(`unknown digest ${name as string}`)
}

/** The `@noble` libraries: any engine, no native code. RangeError for a digest it does not know. */
export const portableCrypto: Crypto = Object.freeze({
  digest(name: DigestName, data: Bytes): Bytes {
    if (name === 'SHA1') return sha1(data)
    return name === 'SHA256' ? sha256(data) : unknown(name)
  },
  hash(name: DigestName): Hash {
    const hash = name === 'SHA1' ? sha1.create() : name === 'SHA256' ? sha256.create() : unknown(name)
    return {
      update: (data) => void hash.update(data),
      digest: () => hash.digest(),
    }
  },
  seal(key: Bytes, nonce: Bytes, plaintext: Bytes, additionalData: Bytes): Bytes {
    checkGcm(key, nonce)
    return gcm(key, nonce, additionalData).encrypt(plaintext)
  },
  open(key: Bytes, nonce: Bytes, sealed: Bytes, additionalData: Bytes): Bytes | undefined {
    checkGcm(key, nonce)
    if (sealed.length < GCM_TAG) return undefined
    try {
      return gcm(key, nonce, additionalData).decrypt(sealed)
    } catch {
      // All lengths are right, so what is wrong is the tag.
      return undefined
    }
  },
  encryptBlocks(key: Bytes, blocks: Bytes): Bytes {
    checkBlocks(key, blocks)
    return ecb(key, { disablePadding: true }).encrypt(blocks)
  },
  decryptBlocks(key: Bytes, blocks: Bytes): Bytes {
    checkBlocks(key, blocks)
    return ecb(key, { disablePadding: true }).decrypt(blocks)
  },
  cmac(key: Bytes, data: Bytes): Bytes {
    checkAesKey(key)
    return cmac(data, key)
  },
  verify: verifyP256,
})
