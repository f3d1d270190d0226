import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Crypto, DigestName } from '../../hal/api/crypto.ts'
import { fromHex, toHex } from '../../src/lib/hex.ts'

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

const GCM_KEY = 'feffe9928665731c6d6a8f9467308308'
const GCM_PLAINTEXT =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'

interface GcmVector {
  readonly name: string
  readonly key: string
  readonly nonce: string
  readonly additional: string
  readonly plaintext: string
  /** Ciphertext, then the tag. */
  readonly sealed: string
}

const zeros = (bytes: number): string => '00'.repeat(bytes)
const whole = (name: string, key: string, sealed: string): GcmVector => {
  const nonce = 'cafebabefacedbaddecaf888'
  return { name, key, nonce, additional: 'feedfacedeadbeeffeedfacedeadbeefabaddad2', plaintext: GCM_PLAINTEXT, sealed }
}

/** McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: the test cases with every length of key. */
const GCM_CASES: readonly GcmVector[] = [
  { name: '1', key: zeros(16), nonce: zeros(12), additional: '', plaintext: '', sealed: '58e2fccefa7e3061367f1d57a4e7455a' },
  {
    name: '2',
    key: zeros(16),
    nonce: zeros(12),
    additional: '',
    plaintext: zeros(16),
    sealed: '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
  },
  whole(
    '4',
    GCM_KEY,
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
  ),
  whole(
    '10',
    GCM_KEY + GCM_KEY.slice(0, 16),
    '3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda27102519498e80f1478f37ba55bd6d27618c',
  ),
  { name: '13', key: zeros(32), nonce: zeros(12), additional: '', plaintext: '', sealed: '530f8afbc74536b9a963b4f1c4cb738b' },
  whole(
    '16',
    GCM_KEY + GCM_KEY,
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  ),
]

/** RFC 6979, A.2.5: key, and the signatures of two messages with SHA-256. */
const RFC6979_KEY =
  '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'
const RFC6979: readonly (readonly [string, string])[] = [
  [
    'sample',
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  ],
  [
    'test',
    'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  ],
]

/** Rows of `test/vectors/crypto`. */
export type GcmRow = readonly [
  id: number,
  valid: boolean,
  key: string,
  nonce: string,
  additional: string,
  plaintext: string,
  sealed: string,
]
export type EcdsaRow = readonly [id: number, valid: boolean, publicKey: string, message: string, signature: string]

export function wycheproof<Row>(file: 'aes-gcm' | 'ecdsa-p256'): readonly Row[] {
  const text = readFileSync(new URL(`../vectors/crypto/${file}.json`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { rows: Row[] }).rows
}

/** A copy with one bit changed. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

/** Inside a larger buffer, at an odd place. */
function offCentre(bytes: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bytes.length + 6).fill(0xee)
  larger.set(bytes, 3)
  return larger.subarray(3, 3 + bytes.length)
}

function hashContract(crypto: Crypto): void {
  test.each(DIGESTS)('%s of %s in pieces', (digest, _, message, expected) => {
    for (const size of [1, 55, 64, 100_001]) {
      if (size === 1 && message.length > 1000) continue
      const hash = crypto.hash(digest)
      for (let at = 0; at < message.length; at += size) hash.update(message.subarray(at, at + size))
      expect(toHex(hash.digest())).toBe(expected)
    }
  })

  test('two digests at once do not disturb each other', () => {
    const first = crypto.hash('SHA256')
    const second = crypto.hash('SHA256')
    first.update(ascii('a'))
    second.update(ascii('x'))
    first.update(ascii('bc'))
    expect(toHex(first.digest())).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(Object.getPrototypeOf(second.digest())).toBe(Uint8Array.prototype)
  })

  test('a digest ends once, and an unknown one does not start', () => {
    const hash = crypto.hash('SHA1')
    hash.digest()
    expect(() => hash.update(ascii('a'))).toThrow(Error)
    expect(() => hash.digest()).toThrow(Error)
    expect(() => crypto.hash('MD5' as DigestName)).toThrow(RangeError)
  })
}

function gcmContract(crypto: Crypto): void {
  test.each(GCM_CASES)('AES-GCM, test case $name', ({ key, nonce, additional, plaintext, sealed }) => {
    const parts = [fromHex(key), fromHex(nonce), fromHex(plaintext), fromHex(additional)] as const
    const result = crypto.seal(...parts)
    expect(toHex(result)).toBe(sealed)
    expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
    expect(parts.map(toHex)).toEqual([key, nonce, plaintext, additional])
    const opened = crypto.open(parts[0], parts[1], result, parts[3])
    expect(opened).toEqual(parts[2])
    expect(Object.getPrototypeOf(opened)).toBe(Uint8Array.prototype)
    expect(toHex(result)).toBe(sealed)
  })

  test('AES-GCM of views inside larger buffers', () => {
    for (const { key, nonce, additional, plaintext, sealed } of GCM_CASES) {
      const [k, n, p, a] = [key, nonce, plaintext, additional].map((text) => offCentre(fromHex(text)))
      expect(toHex(crypto.seal(k, n, p, a))).toBe(sealed)
      expect(crypto.open(k, n, offCentre(fromHex(sealed)), a)).toEqual(fromHex(plaintext))
    }
  })

  test('AES-GCM refuses one bit more in any place', () => {
    const [key, nonce, sealed, additional] = [GCM_CASES[2].key, GCM_CASES[2].nonce, GCM_CASES[2].sealed, GCM_CASES[2].additional].map(
      fromHex,
    )
    for (let bit = 0; bit < 8 * sealed.length; bit++) expect(crypto.open(key, nonce, flipped(sealed, bit), additional)).toBe(undefined)
    for (let bit = 0; bit < 8 * key.length; bit += 5) expect(crypto.open(flipped(key, bit), nonce, sealed, additional)).toBe(undefined)
    for (let bit = 0; bit < 8 * nonce.length; bit += 5) expect(crypto.open(key, flipped(nonce, bit), sealed, additional)).toBe(undefined)
    for (let bit = 0; bit < 8 * additional.length; bit += 5)
      expect(crypto.open(key, nonce, sealed, flipped(additional, bit))).toBe(undefined)
    expect(crypto.open(key, nonce, sealed, additional.subarray(1))).toBe(undefined)
    for (let length = 0; length < sealed.length; length++)
      expect(crypto.open(key, nonce, sealed.subarray(0, length), additional)).toBe(undefined)
  })

  test('AES-GCM, Wycheproof', () => {
    for (const [id, valid, ...texts] of wycheproof<GcmRow>('aes-gcm')) {
      const [key, nonce, additional, plaintext, sealed] = texts.map((text) => fromHex(text))
      expect(crypto.open(key, nonce, sealed, additional), `test ${id}`).toEqual(valid ? plaintext : undefined)
      if (valid) expect(crypto.seal(key, nonce, plaintext, additional), `test ${id}`).toEqual(sealed)
    }
  })

  test('AES-GCM takes no other lengths', () => {
    const none = new Uint8Array(0)
    for (const length of [0, 8, 15, 17, 31, 33, 64]) {
      expect(() => crypto.seal(new Uint8Array(length), new Uint8Array(12), none, none)).toThrow(RangeError)
      expect(() => crypto.open(new Uint8Array(length), new Uint8Array(12), new Uint8Array(16), none)).toThrow(RangeError)
    }
    for (const length of [0, 8, 11, 13, 16]) {
      expect(() => crypto.seal(new Uint8Array(16), new Uint8Array(length), none, none)).toThrow(RangeError)
      expect(() => crypto.open(new Uint8Array(16), new Uint8Array(length), new Uint8Array(16), none)).toThrow(RangeError)
    }
  })
}

/** FIPS 197, appendix C: key and ciphertext of one plaintext. */
const AES_PLAINTEXT = '00112233445566778899aabbccddeeff'
const AES_KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const AES_CASES: readonly (readonly [number, string])[] = [
  [16, '69c4e0d86a7b0430d8cdb78070b4c55a'],
  [24, 'dda97ca4864cdfe06eaf70a0ec0d7191'],
  [32, '8ea2b7ca516745bfeafc49904b496089'],
]

/** RFC 4493, section 4: length of the message and its AES-CMAC. */
const CMAC_KEY = '2b7e151628aed2a6abf7158809cf4f3c'
const CMAC_MESSAGE =
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710'
const CMAC_CASES: readonly (readonly [number, string])[] = [
  [0, 'bb1d6929e95937287fa37d129b756746'],
  [16, '070a16b46b4d4144f79bdd9dd04a287c'],
  [40, 'dfa66747de9ae63030ca32611497c827'],
  [64, '51f0bebf7e3b9d92fc49741779363cfe'],
]

function blockContract(crypto: Crypto): void {
  test.each(AES_CASES)('AES with a key of %i bytes, both ways', (length, expected) => {
    const key = fromHex(AES_KEY).subarray(0, length)
    const blocks = fromHex(AES_PLAINTEXT + AES_PLAINTEXT)
    const encrypted = crypto.encryptBlocks(key, offCentre(blocks))
    expect(toHex(encrypted)).toBe(expected + expected)
    expect(Object.getPrototypeOf(encrypted)).toBe(Uint8Array.prototype)
    expect(crypto.decryptBlocks(offCentre(key), encrypted)).toEqual(blocks)
    expect(toHex(encrypted)).toBe(expected + expected)
    expect(crypto.encryptBlocks(key, new Uint8Array(0)).length).toBe(0)
  })

  test.each(CMAC_CASES)('AES-CMAC of %i bytes', (length, expected) => {
    const message = fromHex(CMAC_MESSAGE).subarray(0, length)
    const mac = crypto.cmac(fromHex(CMAC_KEY), offCentre(message))
    expect(toHex(mac)).toBe(expected)
    expect(Object.getPrototypeOf(mac)).toBe(Uint8Array.prototype)
    for (let bit = 0; bit < 8 * length; bit += 11) expect(toHex(crypto.cmac(fromHex(CMAC_KEY), flipped(message, bit)))).not.toBe(expected)
  })

  test('AES takes no other lengths', () => {
    for (const length of [0, 8, 15, 17, 33]) {
      const key = new Uint8Array(length)
      for (const call of [crypto.encryptBlocks, crypto.decryptBlocks, crypto.cmac])
        expect(() => call(key, new Uint8Array(16))).toThrow(RangeError)
    }
    for (const length of [1, 15, 17]) {
      for (const call of [crypto.encryptBlocks, crypto.decryptBlocks])
        expect(() => call(new Uint8Array(16), new Uint8Array(length))).toThrow(RangeError)
    }
  })
}

function ecdsaContract(crypto: Crypto): void {
  const key = fromHex(RFC6979_KEY)

  test.each(RFC6979)('ECDSA P-256, signature of "%s" in RFC 6979', (message, signature) => {
    const digest = crypto.digest('SHA256', ascii(message))
    expect(crypto.verify(key, digest, fromHex(signature))).toBe(true)
    expect(crypto.verify(offCentre(key), offCentre(digest), offCentre(fromHex(signature)))).toBe(true)
  })

  test('ECDSA P-256 refuses one bit more in any place', () => {
    const digest = crypto.digest('SHA256', ascii('sample'))
    const signature = fromHex(RFC6979[0][1])
    for (let bit = 0; bit < 512; bit += 7) expect(crypto.verify(key, digest, flipped(signature, bit))).toBe(false)
    for (let bit = 0; bit < 256; bit += 7) expect(crypto.verify(key, flipped(digest, bit), signature)).toBe(false)
    // Almost every other key is no point of the curve.
    for (let bit = 0; bit < 520; bit += 7) expect(crypto.verify(flipped(key, bit), digest, signature)).toBe(false)
  })

  test('ECDSA P-256 is false for what is no key, no digest and no signature', () => {
    const digest = crypto.digest('SHA256', ascii('sample'))
    const signature = fromHex(RFC6979[0][1])
    const compressed = Uint8Array.of(3, ...key.subarray(1, 33))
    const hybrid = Uint8Array.of(7, ...key.subarray(1))
    for (const wrong of [
      new Uint8Array(0),
      Uint8Array.of(0),
      compressed,
      hybrid,
      key.subarray(1),
      Uint8Array.of(...key, 0),
      new Uint8Array(65),
    ])
      expect(crypto.verify(wrong, digest, signature)).toBe(false)
    for (const wrong of [new Uint8Array(0), digest.subarray(1), Uint8Array.of(...digest, 0)])
      expect(crypto.verify(key, wrong, signature)).toBe(false)
    for (const wrong of [new Uint8Array(0), signature.subarray(1), Uint8Array.of(...signature, 0), new Uint8Array(64)])
      expect(crypto.verify(key, digest, wrong)).toBe(false)
  })

  test('ECDSA P-256, Wycheproof', () => {
    for (const [id, valid, publicKey, message, signature] of wycheproof<EcdsaRow>('ecdsa-p256')) {
      const digest = crypto.digest('SHA256', fromHex(message))
      expect(crypto.verify(fromHex(publicKey), digest, fromHex(signature)), `test ${id}`).toBe(valid)
    }
  })
}

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

    hashContract(crypto)
    gcmContract(crypto)
    blockContract(crypto)
    ecdsaContract(crypto)
  })
}
