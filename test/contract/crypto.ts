import { describe, expect, test } from 'vitest'
import type { Crypto, DigestName } from '../../hal/api/crypto.ts'
import { toHex } from '../../src/lib/hex.ts'

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

const TWO_BLOCKS = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'

/** Examples of FIPS 180-2: SHA-1 in appendix A, SHA-256 in appendix B (one block, two blocks, a million times "a"); the empty message from the NIST CAVP vectors. */
const DIGESTS: readonly (readonly [DigestName, string, Uint8Array, string])[] = [
  ['SHA1', 'empty', ascii(''), 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['SHA1', 'abc', ascii('abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['SHA1', '448 bits', ascii(TWO_BLOCKS), '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
  ['SHA1', 'a million a', new Uint8Array(1000000).fill(0x61), '34aa973cd4c4daa4f61eeb2bdbad27316534016f'],
  ['SHA256', 'empty', ascii(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['SHA256', 'abc', ascii('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['SHA256', '448 bits', ascii(TWO_BLOCKS), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ['SHA256', 'a million a', new Uint8Array(1000000).fill(0x61), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
]

/** The rules of `hal/api/crypto.ts`. */
export function cryptoContract(name: string, crypto: Crypto): void {
  describe(`crypto: ${name}`, () => {
    test.each(DIGESTS)('%s of %s', (digest, _, message, expected) => {
      const before = message.slice()
      expect(toHex(crypto.digest(digest, message))).toBe(expected)
      expect(message.every((byte, i) => byte === before[i])).toBe(true)
    })

    test('one bit more changes the digest', () => {
      const message = ascii('abc')
      message[1] = (message[1] as number) ^ 1
      for (const digest of ['SHA1', 'SHA256'] as const) {
        const known = DIGESTS.find(([kind, label]) => kind === digest && label === 'abc')?.[3]
        expect(toHex(crypto.digest(digest, message))).not.toBe(known)
      }
    })

    test('offset and length of a view count', () => {
      const view = ascii('xxabcyy').subarray(2, 5)
      expect(toHex(crypto.digest('SHA1', view))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
    })

    test('the result belongs to the caller', () => {
      const first = crypto.digest('SHA256', ascii('abc'))
      const second = crypto.digest('SHA256', ascii('abd'))
      expect(toHex(first)).not.toBe(toHex(second))
      first.fill(0)
      expect(toHex(crypto.digest('SHA256', ascii('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
      // Not a Buffer of Node, whose `slice` does not copy.
      expect(Object.getPrototypeOf(second)).toBe(Uint8Array.prototype)
    })

    test('an unknown digest is refused', () => {
      expect(() => crypto.digest('MD5' as DigestName, ascii('abc'))).toThrow(RangeError)
    })
  })
}
