import { Misty1 } from './misty1.ts'
import { BLOCK_BYTES, type TokenNumber } from './number.ts'
import { Sta } from './sta.ts'

/** Encryption algorithms of IEC 62055-41 that are known here. */
export type EncryptionAlgorithm = 'EA07' | 'EA11'

/** Encrypts and decrypts the 8 bytes of a data block. */
export interface TokenCipher {
  encrypt(block: Uint8Array): Uint8Array<ArrayBuffer>
  decrypt(block: Uint8Array): Uint8Array<ArrayBuffer>
}

/** RangeError for a key of the wrong length: 8 bytes for EA07 (STA), 16 for EA11 (MISTY1). */
export function createTokenCipher(algorithm: EncryptionAlgorithm, key: Uint8Array): TokenCipher {
  return algorithm === 'EA07' ? new Sta(key) : new Misty1(key)
}

/** Names of the fields in a data block, most significant first, with their bits. Together with the CRC they fill 64 bits. */
type Fields = readonly (readonly [name: string, bits: number])[]

const TRANSFER: Fields = Object.freeze([
  ['random', 4],
  ['identifier', 24],
  ['value', 16],
])

interface Layout {
  readonly type: TokenType
  readonly class: number
  readonly subclass: number
  readonly fields: Fields
}

/** What a token does. Credit, then test, then management; IEC 62055-41, tables of classes and subclasses. */
export type TokenType =
  | 'electricityCredit'
  | 'waterCredit'
  | 'gasCredit'
  | 'timeCredit'
  | 'test2'
  | 'test4'
  | 'powerLimit'
  | 'clearCredit'
  | 'tariffRate'
  | 'keySection1'
  | 'keySection2'
  | 'clearTamper'
  | 'phaseUnbalance'
  | 'waterFactor'
  | 'keySection3'
  | 'keySection4'

/** Subclasses 4 to 7 of class 0 (credit in money) and the reserved ones are not here: they are refused. */
const LAYOUTS: readonly Layout[] = Object.freeze([
  { type: 'electricityCredit', class: 0, subclass: 0, fields: TRANSFER },
  { type: 'waterCredit', class: 0, subclass: 1, fields: TRANSFER },
  { type: 'gasCredit', class: 0, subclass: 2, fields: TRANSFER },
  { type: 'timeCredit', class: 0, subclass: 3, fields: TRANSFER },
  // Manufacturer codes of two and of four digits.
  {
    type: 'test2',
    class: 1,
    subclass: 0,
    fields: [
      ['control', 36],
      ['manufacturer', 8],
    ],
  },
  {
    type: 'test4',
    class: 1,
    subclass: 1,
    fields: [
      ['control', 28],
      ['manufacturer', 16],
    ],
  },
  { type: 'powerLimit', class: 2, subclass: 0, fields: TRANSFER },
  { type: 'clearCredit', class: 2, subclass: 1, fields: TRANSFER },
  { type: 'tariffRate', class: 2, subclass: 2, fields: TRANSFER },
  {
    type: 'keySection1',
    class: 2,
    subclass: 3,
    fields: [
      ['expiryHigh', 4],
      ['revision', 4],
      ['rollover', 1],
      ['threeTokens', 1],
      ['keyType', 2],
      ['key', 32],
    ],
  },
  {
    type: 'keySection2',
    class: 2,
    subclass: 4,
    fields: [
      ['expiryLow', 4],
      ['tariffIndex', 8],
      ['key', 32],
    ],
  },
  { type: 'clearTamper', class: 2, subclass: 5, fields: TRANSFER },
  { type: 'phaseUnbalance', class: 2, subclass: 6, fields: TRANSFER },
  { type: 'waterFactor', class: 2, subclass: 7, fields: TRANSFER },
  {
    type: 'keySection3',
    class: 2,
    subclass: 8,
    fields: [
      ['groupLow', 12],
      ['key', 32],
    ],
  },
  {
    type: 'keySection4',
    class: 2,
    subclass: 9,
    fields: [
      ['groupHigh', 12],
      ['key', 32],
    ],
  },
])

/**
 * A token in the clear. `random`, `identifier` (minutes since the base date) and `value` (16 bits as they are; see `decodeAmount`) are there in credit and in management tokens other
 * than those of a key; the key sections have 32 bits of the new key as `key`.
 */
export interface Token {
  readonly type: TokenType
  readonly fields: Readonly<Record<string, number>>
}

/** `crc`: another key, a wrong digit, or no token at all. `function`: a class or subclass that is not known here. */
export type TokenDecoded = { readonly ok: true; readonly token: Token } | { readonly ok: false; readonly reason: 'crc' | 'function' }

const TEST_CLASS = 1
const SUBCLASS_BITS = 4
const CRC_BITS = 16
const BODY_BYTES = 6

/** CRC-16 (reflected 0x8005, start 0xFFFF) over the two bits of the class and the 48 bits before the CRC; the low byte comes first (IEC 62055-41, 6.3.7). */
function tokenCrc(tokenClass: number, block: Uint8Array): number {
  let crc = 0xffff
  for (let i = -1; i < BODY_BYTES; i++) {
    crc ^= i < 0 ? tokenClass : block[i]
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  }
  return ((crc & 0xff) << 8) | (crc >>> 8)
}

/** Reads and writes fields from the most significant bit on. */
function readBits(block: Uint8Array, from: number, count: number): number {
  let value = 0
  for (let bit = from; bit < from + count; bit++) value = value * 2 + ((block[bit >> 3] >> (7 - (bit & 7))) & 1)
  return value
}

function writeBits(block: Uint8Array, from: number, count: number, value: number): void {
  let rest = value
  for (let bit = from + count - 1; bit >= from; bit--) {
    block[bit >> 3] |= (rest % 2) << (7 - (bit & 7))
    rest = Math.floor(rest / 2)
  }
}

/** The token behind a number. Tokens of class 1 are never encrypted and need no key; the others need the cipher. */
export function decodeToken(number: TokenNumber, cipher: TokenCipher | undefined): TokenDecoded {
  if (number.class > 2) return { ok: false, reason: 'function' }
  if (number.class !== TEST_CLASS && cipher === undefined) return { ok: false, reason: 'crc' }
  const block = number.class === TEST_CLASS || cipher === undefined ? number.block : cipher.decrypt(number.block)
  if (tokenCrc(number.class, block) !== readBits(block, 8 * BODY_BYTES, CRC_BITS)) return { ok: false, reason: 'crc' }
  const subclass = readBits(block, 0, SUBCLASS_BITS)
  const layout = LAYOUTS.find((known) => known.class === number.class && known.subclass === subclass)
  if (layout === undefined) return { ok: false, reason: 'function' }
  const fields: Record<string, number> = {}
  let at = SUBCLASS_BITS
  for (const [name, bits] of layout.fields) {
    fields[name] = readBits(block, at, bits)
    at += bits
  }
  return { ok: true, token: { type: layout.type, fields } }
}

/** The number of a token. RangeError for a field that is missing or does not fit. */
export function encodeToken({ type, fields }: Token, cipher: TokenCipher | undefined): TokenNumber {
  const layout = LAYOUTS.find((known) => known.type === type)
  if (layout === undefined) throw new RangeError(`no such token: ${type}`)
  const block = new Uint8Array(BLOCK_BYTES)
  writeBits(block, 0, SUBCLASS_BITS, layout.subclass)
  let at = SUBCLASS_BITS
  for (const [name, bits] of layout.fields) {
    const value = fields[name]
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) throw new RangeError(`${name} has ${bits} bits, found ${value}`)
    writeBits(block, at, bits, value)
    at += bits
  }
  writeBits(block, 8 * BODY_BYTES, CRC_BITS, tokenCrc(layout.class, block))
  if (layout.class === TEST_CLASS) return { class: layout.class, block }
  if (cipher === undefined) throw new RangeError('a token of this class needs a key')
  return { class: layout.class, block: cipher.encrypt(block) }
}
