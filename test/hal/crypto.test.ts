import { generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto, hostRandom } from '../../hal/host/crypto.ts'
import { portableCrypto } from '../../hal/portable/crypto.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { cryptoContract, flipped } from '../contract/crypto.ts'
import { randomContract } from '../contract/random.ts'

cryptoContract('host', hostCrypto)
cryptoContract('portable', portableCrypto)
randomContract('host', hostRandom)
const seeded = new SeededRandom(1)
randomContract('seeded', (buffer) => seeded.fill(buffer))

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

describe('host and portable agree', () => {
  test('on digests in pieces', () => {
    fc.assert(
      fc.property(fc.constantFrom('SHA1', 'SHA256'), fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (name, pieces) => {
        const [host, portable] = [hostCrypto.hash(name), portableCrypto.hash(name)]
        for (const piece of pieces) {
          host.update(piece)
          portable.update(piece)
        }
        expect(portable.digest()).toEqual(host.digest())
      }),
    )
  })

  test('on AES-GCM, each opening what the other sealed', () => {
    const key = fc.constantFrom(16, 24, 32).chain(bytes)
    const data = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(key, bytes(12), data, data, fc.nat(), (k, nonce, plaintext, additional, at) => {
        const sealed = hostCrypto.seal(k, nonce, plaintext, additional)
        expect(portableCrypto.seal(k, nonce, plaintext, additional)).toEqual(sealed)
        expect(portableCrypto.open(k, nonce, sealed, additional)).toEqual(plaintext)
        expect(hostCrypto.open(k, nonce, sealed, additional)).toEqual(plaintext)
        const wrong = flipped(sealed, at % (8 * sealed.length))
        expect(portableCrypto.open(k, nonce, wrong, additional)).toBe(undefined)
        expect(hostCrypto.open(k, nonce, wrong, additional)).toBe(undefined)
      }),
    )
  })

  test('on AES without a mode and on AES-CMAC', () => {
    const key = fc.constantFrom(16, 24, 32).chain(bytes)
    fc.assert(
      fc.property(key, fc.uint8Array({ maxLength: 100 }), (k, data) => {
        const blocks = data.subarray(0, data.length - (data.length % 16))
        const encrypted = hostCrypto.encryptBlocks(k, blocks)
        expect(portableCrypto.encryptBlocks(k, blocks)).toEqual(encrypted)
        expect(portableCrypto.decryptBlocks(k, encrypted)).toEqual(blocks)
        expect(hostCrypto.decryptBlocks(k, encrypted)).toEqual(blocks)
        expect(portableCrypto.cmac(k, data)).toEqual(hostCrypto.cmac(k, data))
      }),
    )
  })

  test('with the signatures of Node', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    // The point is the end of the SubjectPublicKeyInfo (RFC 5480).
    const point = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-65))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 511 }), (message, at) => {
        const signature = new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
        const digest = hostCrypto.digest('SHA256', message)
        for (const given of [signature, flipped(signature, at)]) {
          const expected = verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, given)
          expect(expected).toBe(given === signature)
          expect(hostCrypto.verify(point, digest, given)).toBe(expected)
          expect(portableCrypto.verify(point, digest, given)).toBe(expected)
        }
      }),
      { numRuns: 30 },
    )
  })
})
