import { fromHex } from '../../lib/hex.ts'
import { BLOCK_BYTES } from './number.ts'

/** Uint8Array of a decoder key for EA07. */
const STA_KEY_BYTES = 8
const BITS = 64
const ROUNDS = 16
/** The key is complemented and turned right by so many bits before the first round of an encryption. */
const KEY_TURN = 12
/** Two tables of sixteen nibbles, by the bit of the key (IEC 62055-41, 6.5.4.2). */
const SUBSTITUTION: readonly [string, string] = Object.freeze(['c82d7613b59f04ae', 'ea79c325d0f1486b'])
/** Where each bit goes, bit 0 first, in hexadecimal (IEC 62055-41, 6.5.4.3). */
const PERMUTATION =
  '372a0a1218152c230216382b1b3a093206240c3d252635103e03070420143f193334362131132e1d301f171e291c0d05283c270b0f11010039223b082f0e2d1a'

/** Bits of 8 bytes, the least significant one first. */
function toBits(bytes: Uint8Array): Uint8Array {
  const bits = new Uint8Array(BITS)
  for (let i = 0; i < BITS; i++) bits[i] = (bytes[BLOCK_BYTES - 1 - (i >> 3)] >> (i & 7)) & 1
  return bits
}

function toBytes(bits: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BLOCK_BYTES)
  for (let i = 0; i < BITS; i++) bytes[BLOCK_BYTES - 1 - (i >> 3)] |= bits[i] << (i & 7)
  return bytes
}

/** Replaces the sixteen nibbles of `bits`, each by the table that a bit of the key chooses. */
function substitute(bits: Uint8Array, tables: readonly Uint8Array[], chooses: (nibble: number) => number): void {
  for (let nibble = 0; nibble < BITS / 4; nibble++) {
    const at = 4 * nibble
    const value = bits[at] | (bits[at + 1] << 1) | (bits[at + 2] << 2) | (bits[at + 3] << 3)
    const replaced = tables[chooses(nibble)][value]
    for (let bit = 0; bit < 4; bit++) bits[at + bit] = (replaced >> bit) & 1
  }
}

function nibbles(text: string): Uint8Array {
  return Uint8Array.from(text, (digit) => Number.parseInt(digit, 16))
}

function inverse(table: Uint8Array): Uint8Array {
  const turned = new Uint8Array(table.length)
  for (let i = 0; i < table.length; i++) turned[table[i]] = i
  return turned
}

/**
 * Standard Transfer Algorithm, encryption algorithm 07 of IEC 62055-41: sixteen rounds of a keyed substitution and a permutation over 64 bits. Historical and
 * weak by today's measure; it is what the meters of the field speak.
 */
export class Sta {
  readonly #key: Uint8Array

  /** 8 bytes. RangeError for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== STA_KEY_BYTES) throw new RangeError(`a decoder key for EA07 has ${STA_KEY_BYTES} bytes, found ${key.length}`)
    this.#key = toBits(key)
  }

  encrypt(block: Uint8Array): Uint8Array<ArrayBuffer> {
    const tables = SUBSTITUTION.map(nibbles)
    const places = fromHex(PERMUTATION)
    let bits = toBits(block)
    for (let round = 0; round < ROUNDS; round++) {
      substitute(bits, tables, (nibble) => this.#bit(nibble, round))
      bits = moved(bits, places)
    }
    return toBytes(bits)
  }

  decrypt(block: Uint8Array): Uint8Array<ArrayBuffer> {
    const tables = SUBSTITUTION.map((text) => inverse(nibbles(text)))
    const places = inverse(fromHex(PERMUTATION))
    let bits = toBits(block)
    for (let round = ROUNDS - 1; round >= 0; round--) {
      bits = moved(bits, places)
      substitute(bits, tables, (nibble) => this.#bit(nibble, round))
    }
    return toBytes(bits)
  }

  /** The bit of the key that chooses the table for a nibble: the key turns left by one bit with each round. */
  #bit(nibble: number, round: number): number {
    return this.#key[(4 * nibble + 3 + KEY_TURN - round + BITS) % BITS]
  }
}

function moved(bits: Uint8Array, places: Uint8Array): Uint8Array {
  const result = new Uint8Array(BITS)
  for (let i = 0; i < BITS; i++) result[places[i]] = bits[i]
  return result
}
