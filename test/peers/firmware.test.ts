import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { firmware } from '../../src/cli/firmware.ts'
import { SeededRandom } from '../../src/lib/random.ts'

/**
 * imgtool, the signing tool of MCUboot, and this project take each other's images. FERRARIS_PEERS names a Python virtual environment with the
 * packages of requirements.txt.
 */
const imgtool = process.env.FERRARIS_PEERS === undefined ? undefined : join(process.env.FERRARIS_PEERS, 'bin', 'imgtool')
const available = imgtool !== undefined && existsSync(imgtool)
if (!available) console.log('skipped: no imgtool (set FERRARIS_PEERS to a virtual environment with test/peers/requirements.txt)')

const PAYLOAD_LENGTH = 20_011
let folder = ''
const at = (name: string) => join(folder, name)

/** Runs imgtool; whether it ended well. */
function run(...words: string[]): boolean {
  try {
    execFileSync(imgtool as string, words, { stdio: 'pipe', timeout: 60_000 })
    return true
  } catch (error) {
    if (error instanceof Error && 'status' in error && typeof error.status === 'number') return false
    throw error
  }
}

/** Whether our own verification takes an image. */
function accepted(image: string, key: string): boolean {
  try {
    firmware(['verify', at(image), '--key', at(key)])
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'FIRMWARE' })
    return false
  }
}

function writeTwin(image: string, place: number, bit: number): void {
  const twin = Uint8Array.from(readFileSync(at(image)))
  twin[place] ^= 1 << bit
  writeFileSync(at('twin.img'), twin)
}

/** Bytes of an image with the TLV areas of these tests, in each part that hash and signature must guard. */
function places(image: string): readonly number[] {
  const { length } = readFileSync(at(image))
  const payload = 32 + PAYLOAD_LENGTH
  // Header: magic, payload length, version. Payload: first, middle, last. Protected TLVs: counter, model. Then the digest, and the signature's s.
  return [1, 12, 21, 32, 9000, payload - 1, payload + 8, payload + 18, payload + 22 + 10, length - 5]
}

describe.skipIf(!available)('imgtool 2.5.0', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferraris-imgtool-'))
    const payload = new Uint8Array(PAYLOAD_LENGTH)
    new SeededRandom(22).fill(payload)
    writeFileSync(at('payload.bin'), payload)
    firmware(['keygen', '--out', at('ours.pem')])
    expect(run('keygen', '--key', at('theirs.pem'), '--type', 'ecdsa-p256')).toBe(true)
    expect(run('getpub', '--key', at('theirs.pem'), '--encoding', 'pem', '--output', at('theirs.pub.pem'))).toBe(true)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function theirs(key: string): void {
    const options = ['--header-size', '32', '--pad-header', '--slot-size', '0x100000', '--version', '1.2.3+4', '--security-counter', '5']
    expect(run('sign', '--key', at(key), ...options, '--custom-tlv', '0x00a0', 'FER-1P', at('payload.bin'), at('image.img'))).toBe(true)
  }

  function ours(key: string): void {
    const options = ['--version', '1.2.3+4', '--model', 'FER-1P', '--security-counter', '5', '--payload', at('payload.bin')]
    firmware(['sign', '--key', at(key), ...options, '--out', at('image.img')])
  }

  test.each(['theirs', 'ours'])('signs with the key "%s", and we verify', (key) => {
    // The nonce of a signature is random, and with it the length of its integers.
    for (let i = 0; i < 5; i++) {
      theirs(`${key}.pem`)
      expect(accepted('image.img', `${key}.pub.pem`)).toBe(true)
    }
    const info = firmware(['info', at('image.img')])
    for (const part of ['1.2.3+4', 'FER-1P', `${PAYLOAD_LENGTH} bytes`]) expect(info).toContain(part)
  })

  test.each(['theirs', 'ours'])('verifies what we signed with the key "%s"', (key) => {
    for (let i = 0; i < 5; i++) {
      ours(`${key}.pem`)
      expect(run('verify', '--key', at(`${key}.pub.pem`), at('image.img'))).toBe(true)
    }
    expect(run('verify', '--key', at(key === 'ours' ? 'theirs.pub.pem' : 'ours.pub.pem'), at('image.img'))).toBe(false)
  })

  test('the part that is signed is the same byte by byte', () => {
    theirs('ours.pem')
    const other = readFileSync(at('image.img'))
    ours('ours.pem')
    const own = readFileSync(at('image.img'))
    // Behind it stand digest, hash of the key and a signature with another nonce.
    const end = 32 + PAYLOAD_LENGTH + 22
    expect(own.subarray(0, end).equals(other.subarray(0, end))).toBe(true)
    expect(own.subarray(end + 4, end + 4 + 36 + 36).equals(other.subarray(end + 4, end + 4 + 36 + 36))).toBe(true)
  })

  test.each([
    ['imgtool', theirs],
    ['us', ours],
  ])('one bit off, signed by %s: refused by both', (_name, make) => {
    make('ours.pem')
    for (const [i, place] of places('image.img').entries()) {
      writeTwin('image.img', place, i % 8)
      expect(accepted('twin.img', 'ours.pub.pem'), `byte ${place}`).toBe(false)
      expect(run('verify', '--key', at('ours.pub.pem'), at('twin.img')), `byte ${place}`).toBe(false)
    }
  })
})
