import { S7, S9 } from './misty1-table.ts'
import { BLOCK_BYTES } from './number.ts'

/** Uint8Array of a decoder key for EA11. */
const MISTY1_KEY_BYTES = 16
const SUBKEYS = 8
/** Rounds of FO, in pairs. */
const PAIRS = 4

function table(text: string, digits: number): Uint16Array {
  const values = new Uint16Array(text.length / digits)
  for (let i = 0; i < values.length; i++) values[i] = Number.parseInt(text.slice(i * digits, (i + 1) * digits), 16)
  return values
}

/**
 * MISTY1 with eight rounds (RFC 2994): 64 bit blocks, a key of 128 bits; encryption algorithm 11 of IEC 62055-41. The tables are unpacked for each object and go with
 * it: a meter needs them for the moment of one token.
 */
export class Misty1 {
  readonly #s7 = table(S7, 2)
  readonly #s9 = table(S9, 3)
  /** The key in words of 16 bits, and each word put through FI with the next one as key (RFC 2994, 2.2). */
  readonly #key = new Uint16Array(SUBKEYS)
  readonly #derived = new Uint16Array(SUBKEYS)

  /** 16 bytes. RangeError for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== MISTY1_KEY_BYTES) throw new RangeError(`a decoder key for EA11 has ${MISTY1_KEY_BYTES} bytes, found ${key.length}`)
    for (let i = 0; i < SUBKEYS; i++) this.#key[i] = (key[2 * i] << 8) | key[2 * i + 1]
    for (let i = 0; i < SUBKEYS; i++) this.#derived[i] = this.#fi(this.#key[i], this.#key[(i + 1) % SUBKEYS])
  }

  encrypt(block: Uint8Array): Uint8Array<ArrayBuffer> {
    let left = word(block, 0)
    let right = word(block, 4)
    for (let pair = 0; pair < PAIRS; pair++) {
      left = this.#fl(left, 2 * pair)
      right = this.#fl(right, 2 * pair + 1) ^ this.#fo(left, 2 * pair)
      left ^= this.#fo(right, 2 * pair + 1)
    }
    left = this.#fl(left, 2 * PAIRS)
    right = this.#fl(right, 2 * PAIRS + 1)
    return block8(right, left)
  }

  decrypt(block: Uint8Array): Uint8Array<ArrayBuffer> {
    let right = this.#flInverse(word(block, 0), 2 * PAIRS + 1)
    let left = this.#flInverse(word(block, 4), 2 * PAIRS)
    for (let pair = PAIRS - 1; pair >= 0; pair--) {
      left ^= this.#fo(right, 2 * pair + 1)
      right = this.#flInverse(right ^ this.#fo(left, 2 * pair), 2 * pair + 1)
      left = this.#flInverse(left, 2 * pair)
    }
    return block8(left, right)
  }

  #fi(input: number, key: number): number {
    const s9 = this.#s9
    let d9 = s9[input >>> 7] ^ (input & 0x7f)
    let d7 = this.#s7[input & 0x7f] ^ (d9 & 0x7f)
    d7 ^= key >>> 9
    d9 ^= key & 0x1ff
    d9 = s9[d9] ^ d7
    return (d7 << 9) | d9
  }

  #fo(input: number, k: number): number {
    const key = this.#key
    const derived = this.#derived
    let t0 = input >>> 16
    let t1 = input & 0xffff
    t0 = this.#fi(t0 ^ key[k], derived[(k + 5) % SUBKEYS]) ^ t1
    t1 = this.#fi(t1 ^ key[(k + 2) % SUBKEYS], derived[(k + 1) % SUBKEYS]) ^ t0
    t0 = this.#fi(t0 ^ key[(k + 7) % SUBKEYS], derived[(k + 3) % SUBKEYS]) ^ t1
    t1 ^= key[(k + 4) % SUBKEYS]
    return (t1 << 16) | t0
  }

  /** The two words of key of an FL: one is ANDed, the other ORed. */
  #and(k: number): number {
    return k % 2 === 0 ? this.#key[k / 2] : this.#derived[((k - 1) / 2 + 2) % SUBKEYS]
  }

  #or(k: number): number {
    return k % 2 === 0 ? this.#derived[(k / 2 + 6) % SUBKEYS] : this.#key[((k - 1) / 2 + 4) % SUBKEYS]
  }

  #fl(input: number, k: number): number {
    const high = input >>> 16
    const low = (input & 0xffff) ^ (high & this.#and(k))
    return ((high ^ (low | this.#or(k))) << 16) | low
  }

  #flInverse(input: number, k: number): number {
    const low = input & 0xffff
    const high = (input >>> 16) ^ (low | this.#or(k))
    return (high << 16) | (low ^ (high & this.#and(k)))
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}

function block8(high: number, low: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BLOCK_BYTES)
  for (let i = 0; i < 4; i++) {
    bytes[i] = (high >>> (24 - 8 * i)) & 0xff
    bytes[4 + i] = (low >>> (24 - 8 * i)) & 0xff
  }
  return bytes
}
