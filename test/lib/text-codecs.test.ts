import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64Length, fromBase64, toBase64 } from '../../src/lib/base64.ts'
import { DecodeError } from '../../src/lib/bytes.ts'
import { decodeUtf8, encodeByUnits, encodeUtf8 } from '../../src/lib/utf8.ts'

describe('base64', () => {
  // RFC 4648 section 10.
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('vector %j', (plain, text) => {
    expect(toBase64(encodeUtf8(plain))).toBe(text)
    expect(decodeUtf8(fromBase64(text))).toBe(plain)
  })

  test('any piece equals the same piece of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), fc.nat(70), (bytes, a, b) => {
        const text = toBase64(bytes)
        const start = Math.min(a, bytes.length)
        expect(text).toBe(Buffer.from(bytes).toString('base64'))
        expect(base64Length(text)).toBe(bytes.length)
        expect([...fromBase64(text, start, b)]).toEqual([...bytes.slice(start, Math.max(start, b))])
      }),
    )
  })

  test.each(['Zg=', 'Zh==', 'Zm9', 'Zm9*', 'Z===', '====', 'Zg==Zg==', 'Zm 9v'])('refuses %j', (text) => {
    expect(() => fromBase64(text)).toThrow(DecodeError)
  })

  test('a start outside is a RangeError', () => {
    expect(() => fromBase64('Zg==', 2)).toThrow(RangeError)
  })
})

describe('UTF-8', () => {
  test('agrees with the platform on every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text))
        expect(encodeByUnits(text)).toEqual(new TextEncoder().encode(text))
        expect(decodeUtf8(encodeUtf8(text))).toBe(text)
      }),
    )
  })

  test('a lone surrogate becomes U+FFFD', () => {
    expect(decodeUtf8(encodeUtf8('a\ud800b\udc00'))).toBe('a\ufffdb\ufffd')
  })

  test('agrees with a strict platform decoder on every byte sequence', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const nasty = fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0xff,
    )
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 8 }), (numbers) => {
        const bytes = Uint8Array.from(numbers)
        let expected: string | undefined
        try {
          expected = strict.decode(bytes)
        } catch {
          expected = undefined
        }
        if (expected === undefined) expect(() => decodeUtf8(bytes)).toThrow(DecodeError)
        else expect(decodeUtf8(bytes)).toBe(expected)
      }),
      { numRuns: 3000 },
    )
  })
})
