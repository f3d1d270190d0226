import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { unsignedImage } from '../../../src/core/firmware/encode.ts'
import { compareVersions, formatVersion, HEADER_LENGTH, readImage } from '../../../src/core/firmware/image.ts'
import { rawSignature } from '../../../src/core/firmware/signature.ts'
import { type ImagePolicy, ImageVerifier } from '../../../src/core/firmware/verify.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { FACTORY, imageOf, MODEL, NEXT, newSigner, payloadOf, SIGNER, sourceOf } from './rig.ts'

const POLICY: ImagePolicy = { crypto: hostCrypto, publicKey: SIGNER.point, model: MODEL, running: FACTORY, securityCounter: 3 }

function refusal(image: Uint8Array, policy: Partial<ImagePolicy> = {}): string | undefined {
  const verifier = new ImageVerifier(sourceOf(image), { ...POLICY, ...policy })
  for (let i = 0; i < 10_000; i++) if (verifier.step(300)) return verifier.refusal
  throw new Error('verification does not end')
}

function changed(image: Uint8Array, at: number, bit = 0): Uint8Array {
  const twin = image.slice()
  twin[at] ^= 1 << bit
  return twin
}

describe('an image', () => {
  const payload = payloadOf(1500)
  const image = imageOf(payload)

  test('says what it was made of', () => {
    const info = readImage(sourceOf(image))
    expect(info).toMatchObject({ version: NEXT, model: MODEL, securityCounter: 3, payloadLength: 1500 })
    expect(image.subarray(HEADER_LENGTH, HEADER_LENGTH + 1500)).toEqual(payload)
  })

  test('is accepted, in slices of any size', () => {
    expect(refusal(image)).toBeUndefined()
    const verifier = new ImageVerifier(sourceOf(image), POLICY)
    let slices = 1
    while (!verifier.step(7)) slices++
    expect(verifier.refusal).toBeUndefined()
    expect(slices).toBe(Math.ceil(readImage(sourceOf(image)).hashedLength / 7))
  })

  test('is refused with any bit of it changed', () => {
    for (let at = 0; at < image.length; at++) expect(refusal(changed(image, at, at % 8)), `byte ${at}`).toBeDefined()
    // Header and TLVs: every bit.
    const places = [...image.keys()].filter((at) => at < HEADER_LENGTH || at >= HEADER_LENGTH + payload.length)
    for (const at of places) for (let bit = 0; bit < 8; bit++) expect(refusal(changed(image, at, bit)), `${at}.${bit}`).toBeDefined()
  })

  test('is refused cut anywhere, and with anything behind it', () => {
    for (let length = 0; length < image.length; length++) expect(refusal(image.subarray(0, length)), `${length}`).toBe('malformed')
    expect(refusal(Uint8Array.from([...image, 0xff]))).toBe('malformed')
  })

  test('each refusal has its reason', () => {
    expect(refusal(image, { publicKey: undefined })).toBe('no-key')
    expect(refusal(image, { publicKey: new Uint8Array(33) })).toBe('no-key')
    expect(refusal(changed(image, 0))).toBe('malformed')
    expect(refusal(image, { model: 'FER-3P' })).toBe('wrong-product')
    expect(refusal(imageOf(payload, { model: undefined }))).toBe('wrong-product')
    expect(refusal(imageOf(payload, {}, newSigner()))).toBe('wrong-key')
    expect(refusal(changed(image, HEADER_LENGTH))).toBe('hash')
    expect(refusal(changed(image, image.length - 1))).toBe('signature')
    expect(refusal(image, { running: { ...NEXT, build: 8 } })).toBe('downgrade')
    expect(refusal(image, { running: { ...NEXT, minor: 0, revision: 9 } })).toBeUndefined()
    expect(refusal(image, { running: NEXT })).toBeUndefined()
    expect(refusal(image, { securityCounter: 4 })).toBe('downgrade')
    expect(refusal(imageOf(payload, { securityCounter: undefined }))).toBe('downgrade')
    expect(refusal(imageOf(payload, { securityCounter: undefined }), { securityCounter: 0 })).toBeUndefined()
  })

  test('a signature of another image does not do, whatever hash it claims', () => {
    const other = imageOf(payloadOf(1500, 2))
    const { hashedLength } = readImage(sourceOf(image))
    const forged = Uint8Array.from([...image.subarray(0, hashedLength), ...other.subarray(hashedLength)])
    expect(refusal(forged)).toBe('hash')
    forged.set(readImage(sourceOf(image)).digest, hashedLength + 8)
    expect(refusal(forged)).toBe('signature')
  })

  test('flags, other header lengths and empty payloads are not taken', () => {
    for (const [at, value] of [
      [16, 0x20],
      [8, 64],
      [12, 0],
    ]) {
      const twin = image.slice()
      twin.fill(0, at, at + 2)
      twin[at] = value
      if (at === 12) twin.fill(0, 12, 16)
      expect(() => readImage(sourceOf(twin)), `offset ${at}`).toThrow(DecodeError)
    }
  })

  test('options out of range are refused when signing', () => {
    for (const options of [
      { version: { ...NEXT, major: 256 } },
      { version: { ...NEXT, build: 2 ** 32 } },
      { version: NEXT, model: '' },
      { version: NEXT, model: 'Ä' },
      { version: NEXT, model: 'x'.repeat(65) },
      { version: NEXT, securityCounter: -1 },
    ]) {
      expect(() => unsignedImage(payload, options)).toThrow(RangeError)
    }
    expect(() => unsignedImage(new Uint8Array(0), { version: NEXT })).toThrow(RangeError)
  })
})

describe('foreign bytes', () => {
  const read = (bytes: Uint8Array) => {
    try {
      return readImage(sourceOf(bytes))
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError)
      return undefined
    }
  }

  test('never do more than throw DecodeError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => read(bytes) === undefined))
    const image = imageOf(payloadOf(40))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(image.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
        const twin = image.slice()
        for (const [at, value] of changes) twin[at] = value
        read(twin)
        return toHex(twin) === toHex(image) || refusal(twin) !== undefined
      }),
      { numRuns: 500 },
    )
  })

  test('versions are compared from left to right', () => {
    const version = fc.record({ major: fc.nat(2), minor: fc.nat(2), revision: fc.nat(2), build: fc.nat(2) })
    const number = (v: { major: number; minor: number; revision: number; build: number }) =>
      ((v.major * 3 + v.minor) * 3 + v.revision) * 3 + v.build
    fc.assert(fc.property(version, version, (a, b) => Math.sign(compareVersions(a, b)) === Math.sign(number(a) - number(b))))
    expect([formatVersion(NEXT), formatVersion(FACTORY)]).toEqual(['1.1.0+7', '1.0.0'])
  })

  test('DER signatures have one form', () => {
    const r = 'ff'.repeat(32)
    const raw = (hex: string) => toHex(rawSignature(fromHex(hex)))
    expect(raw(`3026022100${r}020101`)).toBe(`${r}${'0'.repeat(62)}01`)
    for (const bad of [
      `3025022000${'7f'.repeat(31)}020101`,
      `30250220${r}020101`,
      `3026022100${r}0200`,
      `3026022100${r}02010100`,
      `3027022100${r}0202 0001`,
      `302702210001${r}020101`,
      `3127022100${r}020101`,
      `3006020101030101`,
      '30',
      '',
    ]) {
      expect(() => raw(bad), bad).toThrow(DecodeError)
    }
  })
})

describe('an image that imgtool signed', () => {
  const vector: { tool: string; point: string; version: string; model: string; securityCounter: number; image: string } = JSON.parse(
    readFileSync(new URL('../../vectors/firmware/imgtool.json', import.meta.url), 'utf8'),
  )
  const image = fromHex(vector.image)
  const policy = { publicKey: fromHex(vector.point), model: vector.model, securityCounter: vector.securityCounter }

  test('is accepted', () => {
    const { version, securityCounter } = readImage(sourceOf(image))
    expect([formatVersion(version), securityCounter]).toEqual([vector.version, vector.securityCounter])
    expect(refusal(image, policy)).toBeUndefined()
  })

  test('and refused with any bit changed', () => {
    for (let at = 0; at < image.length; at++) {
      for (let bit = 0; bit < 8; bit++) expect(refusal(changed(image, at, bit), policy), `${at}.${bit}`).toBeDefined()
    }
  })
})
