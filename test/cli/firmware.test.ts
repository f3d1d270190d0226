import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { firmware, importPublicKey, parseVersion } from '../../src/cli/firmware.ts'
import { toHex } from '../../src/lib/hex.ts'

let folder = ''
const at = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferraris-firmware-'))
  writeFileSync(
    at('payload.bin'),
    Uint8Array.from({ length: 1000 }, (_, i) => i * 31),
  )
  firmware(['keygen', '--out', at('key.pem')])
})
afterAll(() => rmSync(folder, { recursive: true }))

const sign = (...more: string[]) =>
  firmware(['sign', '--key', at('key.pem'), '--payload', at('payload.bin'), '--out', at('image.img'), '--version', '1.2.3', ...more])

describe('ferraris firmware', () => {
  test('keygen writes a private key for its owner only, and the public one beside it', () => {
    const printed = firmware(['keygen', '--out', at('other.pem')])
    expect(statSync(at('other.pem')).mode & 0o777).toBe(0o600)
    const point = importPublicKey(readFileSync(at('other.pub.pem'), 'utf8'))
    expect(printed).toContain(toHex(point))
    expect(importPublicKey(readFileSync(at('other.pem'), 'utf8'))).toEqual(point)
    expect(importPublicKey(toHex(point))).toEqual(point)
    expect(() => firmware(['keygen', '--out', at('other.pem')])).toThrow(/exists already/)
  })

  test('signs, shows and verifies', () => {
    expect(sign('--model', 'FER-1P', '--security-counter', '7')).toContain('version 1.2.3')
    const info = firmware(['info', at('image.img')])
    for (const part of ['1.2.3', 'FER-1P', '7', '1000 bytes']) expect(info).toContain(part)
    const point = toHex(importPublicKey(readFileSync(at('key.pub.pem'), 'utf8')))
    for (const key of [at('key.pub.pem'), at('key.pem'), point]) {
      expect(firmware(['verify', at('image.img'), '--key', key])).toContain('good, version 1.2.3 for FER-1P')
    }
    sign()
    expect(firmware(['info', at('image.img')])).toMatch(/model +none\nsecurity counter +none/)
    expect(firmware(['verify', `--key=${at('key.pub.pem')}`, at('image.img')])).toMatch(/good, version 1\.2\.3\n$/)
  })

  test('refuses what is not signed with the key', () => {
    sign()
    firmware(['keygen', '--out', at('stranger.pem')])
    expect(() => firmware(['verify', at('image.img'), '--key', at('stranger.pub.pem')])).toThrow(/another key/)
    const image = readFileSync(at('image.img'))
    for (const [place, reason] of [
      [0, /not an MCUboot image/],
      [500, /hash/],
      [image.length - 1, /signature/],
    ] as const) {
      const twin = Uint8Array.from(image)
      twin[place] ^= 1
      writeFileSync(at('twin.img'), twin)
      expect(() => firmware(['verify', at('twin.img'), '--key', at('key.pub.pem')])).toThrow(reason)
    }
  })

  test.each([
    [[], /^Usage/],
    [['sign', '--help'], /^Usage/],
  ])('prints its usage for %j', (words, text) => {
    expect(firmware(words)).toMatch(text)
  })

  test.each([
    [['frobnicate'], 'USAGE', /unknown command/],
    [['keygen'], 'USAGE', /--out is missing/],
    [['keygen', '--out'], 'USAGE', /--out needs a value/],
    [['keygen', '--out', 'a', '--out', 'b'], 'USAGE', /given twice/],
    [['keygen', '--out', '/nowhere/key.pem'], 'FIRMWARE', /\/nowhere\/key\.pem: no such file/],
    [['sign', '--force'], 'USAGE', /unknown option --force/],
    [['info'], 'USAGE', /one image expected/],
    [['info', '/nowhere'], 'FIRMWARE', /no such file/],
    [['info', '/'], 'FIRMWARE', /is a folder/],
    [['verify', 'image'], 'USAGE', /--key is missing/],
  ])('%j is refused', (words, code, text) => {
    expect(() => firmware(words)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(text) }))
  })

  test('options of sign out of range are refused', () => {
    expect(() => sign('--security-counter', '4294967296')).toThrow(/--security-counter/)
    expect(() => sign('--model', 'x'.repeat(65))).toThrow(/model/)
    writeFileSync(at('empty.bin'), '')
    const words = ['sign', '--key', at('key.pub.pem'), '--version', '1', '--out', at('x.img'), '--payload']
    expect(() => firmware([...words, at('payload.bin')])).toThrow(/not a private key/)
    expect(() => firmware([...words, at('empty.bin')].map((word) => (word === at('key.pub.pem') ? at('key.pem') : word)))).toThrow(
      /payload/,
    )
  })
})

describe('versions', () => {
  test.each([
    ['1', [1, 0, 0, 0]],
    ['1.2', [1, 2, 0, 0]],
    ['255.255.65535+4294967295', [255, 255, 65535, 4294967295]],
  ])('%s', (text, [major, minor, revision, build]) => {
    expect(parseVersion(text)).toEqual({ major, minor, revision, build })
  })

  test.each(['', '1.', '256', '1.256', '1.2.65536', '1.2.3+4294967296', '1.2+3', 'v1', '1.2.3-rc', ' 1'])('%j is none', (text) => {
    expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

describe('public keys', () => {
  test.each([
    ['', /neither PEM nor/],
    ['04', /neither PEM nor/],
    [`02${'ab'.repeat(64)}`, /neither PEM nor/],
    [`04${'ab'.repeat(64)}`, /not a point of the curve/],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', /not a key in PEM form/],
    // Ed25519, RFC 8410 section 10.1.
    [
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
      /not a key on the curve/,
    ],
  ])('%j is refused', (text, reason) => {
    expect(() => importPublicKey(text)).toThrow(expect.objectContaining({ code: 'FIRMWARE', message: expect.stringMatching(reason) }))
  })
})
