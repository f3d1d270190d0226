import '../../support/fast-check.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { AMOUNT_MAX, decodeAmount, encodeAmount } from '../../../src/protocols/sts/amount.ts'
import { Misty1 } from '../../../src/protocols/sts/misty1.ts'
import { formatTokenNumber, parseTokenNumber, type TokenNumber } from '../../../src/protocols/sts/number.ts'
import { createTokenCipher, decodeToken, encodeToken } from '../../../src/protocols/sts/token.ts'
import { readVectors, STS_VECTORS, type StsVector } from './vectors.ts'

function numberOf(token: string): TokenNumber {
  const number = parseTokenNumber(token)
  if (number === undefined) throw new Error(`no token: ${token}`)
  return number
}

function cipherOf({ algorithm, decoderKey }: StsVector) {
  return algorithm && decoderKey ? createTokenCipher(algorithm, fromHex(decoderKey)) : undefined
}

describe('MISTY1 of RFC 2994', () => {
  for (const { key, plaintext, ciphertext } of readVectors<readonly Record<string, string>[]>('misty1.json')) {
    test(`${plaintext}`, () => {
      const cipher = new Misty1(fromHex(key))
      expect(toHex(cipher.encrypt(fromHex(plaintext)))).toBe(ciphertext)
      expect(toHex(cipher.decrypt(fromHex(ciphertext)))).toBe(plaintext)
    })
  }
})

describe('tokens of the compliance test', () => {
  test('are read', () => {
    for (const vector of STS_VECTORS) {
      const { type, fields } = vector
      expect(decodeToken(numberOf(vector.token), cipherOf(vector)), vector.test).toEqual({ ok: true, token: { type, fields } })
    }
  })

  test('are made', () => {
    for (const vector of STS_VECTORS) {
      expect(formatTokenNumber(encodeToken(vector, cipherOf(vector))), vector.test).toBe(vector.token)
    }
  })

  test('carry the amounts of their inputs, rounded up to the mantissa', () => {
    for (const { test: name, type, fields, amount } of STS_VECTORS) {
      if (amount === undefined || fields.value === undefined) continue
      const whole = /Limit|Unbalance/.test(type) ? amount : Math.round(amount * 10)
      expect(encodeAmount(whole), name).toBe(fields.value)
      const carried = decodeAmount(fields.value)
      expect(carried, name).toBeGreaterThanOrEqual(whole)
      expect(carried - whole, name).toBeLessThan(10 ** (fields.value >> 14))
    }
  })

  test('are refused with one digit off, one bit off, and another key', () => {
    for (const vector of STS_VECTORS) {
      const { token } = vector
      const cipher = cipherOf(vector)
      const digit = `${token.slice(0, 19)}${(Number(token[19]) + 1) % 10}`
      const { class: tokenClass, block } = numberOf(token)
      const flipped = block.slice()
      flipped[3] ^= 0x10
      expect(decodeToken(numberOf(digit), cipher).ok, `${vector.test} digit`).toBe(false)
      expect(decodeToken({ class: tokenClass, block: flipped }, cipher).ok, `${vector.test} bit`).toBe(false)
      if (vector.algorithm === undefined || vector.decoderKey === undefined) continue
      const key = fromHex(vector.decoderKey)
      key[0] ^= 1
      expect(decodeToken(numberOf(token), createTokenCipher(vector.algorithm, key)).ok, `${vector.test} key`).toBe(false)
    }
  })
})

describe('numbers', () => {
  const block = fc.uint8Array({ minLength: 8, maxLength: 8 })

  test('20 digits and a class with its block are the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), block, (tokenClass, bytes) => {
        const text = formatTokenNumber({ class: tokenClass, block: bytes })
        expect(text).toMatch(/^\d{20}$/)
        expect(parseTokenNumber(text)).toEqual({ class: tokenClass, block: bytes })
      }),
    )
  })

  test('groups of digits are read, and what is no token is refused', () => {
    expect(parseTokenNumber('2371-6100 5011-8319 4197')).toEqual(parseTokenNumber('23716100501183194197'))
    for (const text of [
      '',
      '2371610050118319419',
      '237161005011831941970',
      '2371610050118319419x',
      '99999999999999999999',
      '73786976294838206464',
    ]) {
      expect(parseTokenNumber(text), text).toBeUndefined()
    }
    expect(parseTokenNumber('73786976294838206463')).toEqual({ class: 3, block: new Uint8Array(8).fill(0xff) })
  })

  test('both ciphers undo what they did, for any key', () => {
    fc.assert(
      fc.property(block, fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes, key) => {
        for (const cipher of [createTokenCipher('EA07', key.subarray(0, 8)), createTokenCipher('EA11', key)]) {
          expect(cipher.decrypt(cipher.encrypt(bytes))).toEqual(bytes)
        }
      }),
    )
    expect(() => createTokenCipher('EA07', new Uint8Array(16))).toThrow(RangeError)
    expect(() => createTokenCipher('EA11', new Uint8Array(8))).toThrow(RangeError)
  })

  test('any 20 digits are read or refused, never more', () => {
    const cipher = createTokenCipher('EA11', fromHex('00112233445566778899aabbccddeeff'))
    let accepted = 0
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 20, maxLength: 20 }), (digits) => {
        const number = parseTokenNumber(digits.join(''))
        if (number !== undefined && decodeToken(number, cipher).ok) accepted++
      }),
      { numRuns: 2000 },
    )
    expect(accepted).toBe(0)
  })

  test('class 3 and unknown subclasses are refused as such', () => {
    const cipher = createTokenCipher('EA07', fromHex('e653341f9d5bf36f'))
    expect(decodeToken({ class: 3, block: new Uint8Array(8) }, cipher)).toEqual({ ok: false, reason: 'function' })
    expect(decodeToken({ class: 0, block: new Uint8Array(8) }, undefined)).toEqual({ ok: false, reason: 'crc' })
    expect(() => encodeToken({ type: 'powerLimit', fields: { random: 16, identifier: 0, value: 0 } }, cipher)).toThrow(RangeError)
  })
})

describe('amounts', () => {
  test('every value of 16 bits is its own smallest encoding', () => {
    let wrong = 0
    for (let bits = 0; bits <= 0xffff; bits++) if (encodeAmount(decodeAmount(bits)) !== bits) wrong++
    expect(wrong).toBe(0)
    expect(decodeAmount(0xffff)).toBe(AMOUNT_MAX)
  })

  test('what is no amount is refused', () => {
    for (const amount of [-1, 0.5, AMOUNT_MAX + 1, Number.NaN]) expect(() => encodeAmount(amount)).toThrow(RangeError)
  })
})
