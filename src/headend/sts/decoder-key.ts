import { createCipheriv, createHmac } from 'node:crypto'
import { fromHex } from '../../lib/hex.ts'

/** What a decoder key is made from: IEC 62055-41, 6.5.2. All are digits as they stand on the meter and in the vending system. */
export interface DecoderKeyInputs {
  /** Meter primary account number: 18 digits, issuer 6 (or 4) and account with check digit. */
  readonly pan: string
  /** Supply group code: 6 digits. */
  readonly supplyGroup: string
  /** Tariff index: 2 digits. */
  readonly tariffIndex: string
  /** Key revision number, 1..9. */
  readonly revision: number
  /** 0: initialisation, 1: default, 2: unique, 3: common. */
  readonly keyType: number
}

/** Base dates of token identifiers by their short code: midnight UTC of the first of January. */
export const BASE_YEARS: Readonly<Record<string, number>> = Object.freeze({ '93': 1993, '14': 2014, '35': 2035 })

function check(inputs: DecoderKeyInputs): void {
  const rules = [
    ['pan', inputs.pan, /^\d{18}$/, '18 digits'],
    ['supplyGroup', inputs.supplyGroup, /^\d{6}$/, '6 digits'],
    ['tariffIndex', inputs.tariffIndex, /^\d{2}$/, '2 digits'],
    ['revision', String(inputs.revision), /^[1-9]$/, 'a digit 1..9'],
    ['keyType', String(inputs.keyType), /^[0-3]$/, 'a digit 0..3'],
  ] as const
  for (const [name, found, pattern, allowed] of rules) {
    if (!pattern.test(found)) throw new RangeError(`${name}: found ${JSON.stringify(found)}, allowed is ${allowed}`)
  }
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(a, (byte, i) => byte ^ b[i])
}

/** DES of one block: triple DES with the same key three times, which OpenSSL 3 still offers. */
function des(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null)
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}

/**
 * Decoder key generation algorithm 02: 8 bytes, from a single DES vending key of 8 bytes. RangeError for inputs that are none.
 * The account's check digit is left out of the PAN block, as is the first digit of the issuer.
 */
export function decoderKey02(inputs: DecoderKeyInputs, vendingKey: Uint8Array): Uint8Array<ArrayBuffer> {
  check(inputs)
  if (vendingKey.length !== 8) throw new RangeError(`a vending key for DKGA02 has 8 bytes, found ${vendingKey.length}`)
  const { pan, supplyGroup, tariffIndex, revision, keyType } = inputs
  const account = keyType === 3 ? '0'.repeat(11) : pan.slice(6, 17)
  const panBlock = fromHex(pan.slice(1, 6) + account)
  const control = fromHex(`${keyType}${supplyGroup}${tariffIndex}${revision}ffffff`)
  const mixed = xor(panBlock, control)
  return xor(xor(des(vendingKey, mixed), mixed), vendingKey)
}

/**
 * Decoder key generation algorithm 04: HMAC-SHA-256 over all inputs, with a vending key of 20 bytes. 8 bytes for EA07, 16 for EA11. RangeError for inputs that are none.
 */
export function decoderKey04(
  inputs: DecoderKeyInputs & { readonly baseDate: string; readonly algorithm: 'EA07' | 'EA11' },
  vendingKey: Uint8Array,
): Uint8Array<ArrayBuffer> {
  check(inputs)
  if (vendingKey.length !== 20) throw new RangeError(`a vending key for DKGA04 has 20 bytes, found ${vendingKey.length}`)
  const { pan, supplyGroup, tariffIndex, revision, keyType, baseDate, algorithm } = inputs
  if (BASE_YEARS[baseDate] === undefined) throw new RangeError(`baseDate: found ${JSON.stringify(baseDate)}, allowed is 93, 14 or 35`)
  const length = algorithm === 'EA07' ? 8 : 16
  // Each input with its length before it; what follows 0x04 is the count of the algorithm, what follows 0x00 the length in bits.
  const data = Buffer.concat([
    Buffer.from([4]),
    ...['04', baseDate, algorithm.slice(2), tariffIndex].map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`, 'latin1')),
    Buffer.from([0, 4]),
    ...[supplyGroup, String(keyType), String(revision), pan].map((text) =>
      Buffer.from(`${String.fromCharCode(text.length)}${text}`, 'latin1'),
    ),
    Buffer.from([0, 0, 0, 8 * length]),
  ])
  return new Uint8Array(createHmac('sha256', vendingKey).update(data).digest().subarray(0, length))
}
