import { BlockCipher, Digest, GHASH, Mode } from 'crypt'
import type { Crypto, DigestName, Hash } from '../api/crypto.ts'
import type { Bytes } from '../api/io.ts'
import { AES_BLOCK, checkAesKey, checkBlocks, checkGcm, cmacBlocks, GCM_TAG } from '../portable/aes.ts'
import { verifyP256 } from './p256.ts'

function start(name: DigestName): Digest {
  if (name !== 'SHA1' && name !== 'SHA256') throw new RangeError(`unknown digest ${name as string}`)
  return new Digest(name)
}

/** The ciphers of the SDK take whole buffers only. */
function whole(bytes: Bytes): ArrayBuffer {
  const { buffer, byteLength } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? buffer : bytes.slice().buffer
}

function aes(key: Bytes): BlockCipher {
  return new BlockCipher('AES', whole(key))
}

/** CTR, CBC and ECB of nothing is nothing; the SDK is not asked. */
function run(mode: Mode, method: 'encrypt' | 'decrypt', data: Bytes): Uint8Array<ArrayBuffer> {
  return data.length === 0 ? new Uint8Array(0) : new Uint8Array(mode[method](whole(data)))
}

/** One message of AES-GCM with a nonce of 96 bits (NIST SP 800-38D, section 7): counter 1 is that of the tag, the text begins with 2. */
class Gcm {
  readonly #cipher: BlockCipher
  readonly #hash: GHASH
  readonly #counter = new Uint8Array(AES_BLOCK)

  constructor(key: Bytes, nonce: Bytes, additionalData: Bytes) {
    this.#cipher = aes(key)
    this.#hash = new GHASH(this.#cipher.encrypt(new ArrayBuffer(AES_BLOCK)), whole(additionalData))
    this.#counter.set(nonce)
  }

  /** Encryption and decryption are the same. */
  crypt(text: Bytes): Uint8Array<ArrayBuffer> {
    return run(new Mode('CTR', this.#cipher, this.#from(2)), 'encrypt', text)
  }

  tag(ciphertext: Bytes): Bytes {
    if (ciphertext.length > 0) this.#hash.write(ciphertext)
    const tag = new Uint8Array(this.#hash.close())
    const mask = new Uint8Array(this.#cipher.encrypt(this.#from(1)))
    for (let i = 0; i < GCM_TAG; i++) tag[i] ^= mask[i]
    return tag
  }

  #from(count: number): ArrayBuffer {
    this.#counter[AES_BLOCK - 1] = count
    return this.#counter.slice().buffer
  }
}

/** Takes the same time wherever they differ. */
function same(a: Bytes, b: Bytes): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i]
  return difference === 0
}

function blockCipher(method: 'encrypt' | 'decrypt', key: Bytes, blocks: Bytes): Bytes {
  checkBlocks(key, blocks)
  return run(new Mode('ECB', aes(key)), method, blocks)
}

/** The native cryptography of the SDK (`crypt`): software, but compiled. RangeError for a digest it does not know. */
export const nativeCrypto: Crypto = Object.freeze({
  digest(name: DigestName, data: Bytes): Bytes {
    const digest = start(name)
    digest.write(data)
    return new Uint8Array(digest.close())
  },
  hash(name: DigestName): Hash {
    const digest = start(name)
    let ended = false
    const goOn = (): Digest => {
      // The SDK would go on with the state that its end left behind.
      if (ended) throw new Error('the digest has ended')
      return digest
    }
    return {
      update: (data) => goOn().write(data),
      digest: () => {
        const result = new Uint8Array(goOn().close())
        ended = true
        return result
      },
    }
  },
  seal(key: Bytes, nonce: Bytes, plaintext: Bytes, additionalData: Bytes): Bytes {
    checkGcm(key, nonce)
    const gcm = new Gcm(key, nonce, additionalData)
    const ciphertext = gcm.crypt(plaintext)
    const sealed = new Uint8Array(ciphertext.length + GCM_TAG)
    sealed.set(ciphertext)
    sealed.set(gcm.tag(ciphertext), ciphertext.length)
    return sealed
  },
  open(key: Bytes, nonce: Bytes, sealed: Bytes, additionalData: Bytes): Bytes | undefined {
    checkGcm(key, nonce)
    if (sealed.length < GCM_TAG) return undefined
    const gcm = new Gcm(key, nonce, additionalData)
    const ciphertext = sealed.slice(0, -GCM_TAG)
    if (!same(gcm.tag(ciphertext), sealed.subarray(ciphertext.length))) return undefined
    return gcm.crypt(ciphertext)
  },
  encryptBlocks: (key: Bytes, blocks: Bytes) => blockCipher('encrypt', key, blocks),
  decryptBlocks: (key: Bytes, blocks: Bytes) => blockCipher('decrypt', key, blocks),
  cmac(key: Bytes, data: Bytes): Bytes {
    checkAesKey(key)
    const cipher = aes(key)
    const zero = new ArrayBuffer(AES_BLOCK)
    const blocks = cmacBlocks(data, new Uint8Array(cipher.encrypt(zero)))
    return run(new Mode('CBC', cipher, zero), 'encrypt', blocks).slice(-AES_BLOCK)
  },
  verify: verifyP256,
})
