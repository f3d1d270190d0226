import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { portableCrypto } from '../../../hal/portable/crypto.ts'
import { hmacSha256 } from '../../../src/core/security/hmac.ts'
import { ascii } from '../../../src/lib/ascii.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'

describe('HMAC-SHA256', () => {
  /** RFC 4231, test cases 1, 2 and 3. */
  test.each([
    ['0b'.repeat(20), toHex(ascii('Hi There')), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      toHex(ascii('Jefe')),
      toHex(ascii('what do ya want for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  ])('key %s', (key, message, expected) => {
    expect(toHex(hmacSha256(portableCrypto, fromHex(key), fromHex(message)))).toBe(expected)
    const wrong = fromHex(message)
    wrong[0] ^= 1
    expect(toHex(hmacSha256(portableCrypto, fromHex(key), wrong))).not.toBe(expected)
  })

  test('of pieces is that of the whole, as Node computes it', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 4 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), pieces, (key, parts) => {
        const expected = createHmac('sha256', key).update(Buffer.concat(parts)).digest('hex')
        expect(toHex(hmacSha256(portableCrypto, key, ...parts))).toBe(expected)
      }),
    )
  })

  test('longer keys are refused', () => {
    expect(() => hmacSha256(portableCrypto, new Uint8Array(65))).toThrow(RangeError)
  })
})
