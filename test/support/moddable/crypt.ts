import { createCipheriv, createDecipheriv, createHash, type Hash } from 'node:crypto'

const BLOCK = 16
const ab = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer

/** `crypt`, as `modules/crypt/digest` behaves, on the cryptography of Node. */
export class Digest {
  readonly #hash: Hash

  constructor(name: string) {
    this.#hash = createHash(name.toLowerCase())
  }

  write(data: Uint8Array | ArrayBuffer): void {
    this.#hash.update(new Uint8Array(data as ArrayBuffer))
  }

  close(): ArrayBuffer {
    return ab(this.#hash.digest())
  }
}

export class BlockCipher {
  readonly key: Uint8Array

  constructor(_name: 'AES', key: ArrayBuffer) {
    this.key = new Uint8Array(key)
  }

  encrypt(block: ArrayBuffer): ArrayBuffer {
    return new Mode('ECB', this).encrypt(block)
  }
}

/** Without padding: whole blocks, but for CTR. */
export class Mode {
  readonly #name: string
  readonly #key: Uint8Array
  readonly #iv: Uint8Array | null

  constructor(mode: 'ECB' | 'CBC' | 'CTR', { key }: BlockCipher, iv?: ArrayBuffer) {
    this.#name = `aes-${8 * key.length}-${mode.toLowerCase()}`
    this.#key = key
    this.#iv = iv === undefined ? null : new Uint8Array(iv)
  }

  encrypt(data: ArrayBuffer): ArrayBuffer {
    const cipher = createCipheriv(this.#name, this.#key, this.#iv).setAutoPadding(false)
    return ab(new Uint8Array(Buffer.concat([cipher.update(new Uint8Array(data)), cipher.final()])))
  }

  decrypt(data: ArrayBuffer): ArrayBuffer {
    const cipher = createDecipheriv(this.#name, this.#key, this.#iv).setAutoPadding(false)
    return ab(new Uint8Array(Buffer.concat([cipher.update(new Uint8Array(data)), cipher.final()])))
  }
}

const integer = (bytes: Uint8Array) => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)

/** Multiplication in GF(2^128) (NIST SP 800-38D, 6.3). */
function multiply(x: bigint, y: bigint): bigint {
  let [z, v] = [0n, y]
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) z ^= v
    v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n
  }
  return z
}

/** NIST SP 800-38D, 6.4; the lengths at the end as in 7.1. */
export class GHASH {
  readonly #h: bigint
  readonly #additional: number
  #y = 0n
  #text: number[] = []

  constructor(hashKey: ArrayBuffer, additionalData: ArrayBuffer) {
    this.#h = integer(new Uint8Array(hashKey))
    this.#additional = additionalData.byteLength
    this.#add(new Uint8Array(additionalData))
  }

  #add(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += BLOCK) {
      const block = new Uint8Array(BLOCK)
      block.set(bytes.subarray(i, i + BLOCK))
      this.#y = multiply(this.#y ^ integer(block), this.#h)
    }
  }

  write(data: Uint8Array | ArrayBuffer): void {
    this.#text.push(...new Uint8Array(data as ArrayBuffer))
  }

  close(): ArrayBuffer {
    this.#add(Uint8Array.from(this.#text))
    this.#y = multiply(this.#y ^ ((BigInt(8 * this.#additional) << 64n) | BigInt(8 * this.#text.length)), this.#h)
    return ab(Uint8Array.from({ length: BLOCK }, (_, i) => Number((this.#y >> BigInt(8 * (BLOCK - 1 - i))) & 0xffn)))
  }
}
