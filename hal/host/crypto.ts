import { createCipheriv, createDecipheriv, createHash, type Hash as NodeHash, randomFillSync } from 'node:crypto'
import type { Crypto, DigestName, Hash, Random } from '../api/crypto.ts'
import type { Bytes } from '../api/io.ts'
import { AES_BLOCK, checkAesKey, checkBlocks, checkGcm, cmacBlocks, GCM_TAG } from '../portable/aes.ts'
import { verifyP256 } from '../portable/p256.ts'

const ALGORITHMS: ReadonlyMap<DigestName, string> = new Map([
  ['SHA1', 'sha1'],
  ['SHA256', 'sha256'],
])

type GcmName = 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm'

function start(name: DigestName): NodeHash {
  const algorithm = ALGORITHMS.get(name)
  if (algorithm === undefined) throw new RangeError(`unknown digest ${name}`)
  return createHash(algorithm)
}

function gcmName(key: Bytes): GcmName {
  return `aes-${key.length * 8}-gcm` as GcmName
}

/** Two pieces behind each other; never a Buffer, whose `slice` does not copy. */
function join(first: Bytes, second: Bytes): Bytes {
  const joined = new Uint8Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}

/** One of the two directions of AES without a mode. */
function blockCipher(create: typeof createCipheriv | typeof createDecipheriv, key: Bytes, blocks: Bytes): Bytes {
  checkBlocks(key, blocks)
  const cipher = create(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false)
  const result = new Uint8Array(cipher.update(blocks))
  cipher.final()
  return result
}

/** RFC 4493 section 2.4, on top of CBC: Node has no CMAC of its own before version 22. */
function cmac(key: Bytes, data: Bytes): Bytes {
  checkAesKey(key)
  const padded = cmacBlocks(data, blockCipher(createCipheriv, key, new Uint8Array(AES_BLOCK)))
  const chained = createCipheriv(`aes-${key.length * 8}-cbc`, key, new Uint8Array(AES_BLOCK))
    .setAutoPadding(false)
    .update(padded)
  return new Uint8Array(chained.subarray(-AES_BLOCK))
}

/** `node:crypto`. RangeError for a digest it does not know. */
export const hostCrypto: Crypto = Object.freeze({
  digest(name: DigestName, data: Bytes): Bytes {
    return new Uint8Array(start(name).update(data).digest())
  },
  hash(name: DigestName): Hash {
    const hash = start(name)
    return {
      update: (data) => void hash.update(data),
      digest: () => new Uint8Array(hash.digest()),
    }
  },
  seal(key: Bytes, nonce: Bytes, plaintext: Bytes, additionalData: Bytes): Bytes {
    checkGcm(key, nonce)
    const cipher = createCipheriv(gcmName(key), key, nonce, { authTagLength: GCM_TAG }).setAAD(additionalData)
    const ciphertext = cipher.update(plaintext)
    // GCM holds nothing back: `final` only ends the tag.
    cipher.final()
    return join(ciphertext, cipher.getAuthTag())
  },
  open(key: Bytes, nonce: Bytes, sealed: Bytes, additionalData: Bytes): Bytes | undefined {
    checkGcm(key, nonce)
    if (sealed.length < GCM_TAG) return undefined
    const end = sealed.length - GCM_TAG
    const decipher = createDecipheriv(gcmName(key), key, nonce, { authTagLength: GCM_TAG }).setAAD(additionalData)
    decipher.setAuthTag(sealed.subarray(end))
    const plaintext = new Uint8Array(decipher.update(sealed.subarray(0, end)))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return plaintext
  },
  encryptBlocks: (key: Bytes, blocks: Bytes) => blockCipher(createCipheriv, key, blocks),
  decryptBlocks: (key: Bytes, blocks: Bytes) => blockCipher(createDecipheriv, key, blocks),
  cmac,
  // Not `node:crypto`: its `verify` takes the message, not the digest, and would hash the digest once more.
  verify: verifyP256,
})

/** The operating system's generator; fit for keys. */
export const hostRandom: Random = (buffer) => {
  randomFillSync(buffer)
}
