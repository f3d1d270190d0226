import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import {
  decodeClockDownlink,
  decodeClockUplink,
  encodeClockDownlink,
  encodeClockUplink,
} from '../../../src/protocols/lorawan-app/clock-sync.ts'
import {
  decodeFragmentDownlink,
  decodeFragmentUplink,
  encodeFragmentDownlink,
  encodeFragmentUplink,
} from '../../../src/protocols/lorawan-app/fragmentation.ts'
import {
  decodeMulticastDownlink,
  decodeMulticastUplink,
  encodeMulticastDownlink,
  encodeMulticastUplink,
} from '../../../src/protocols/lorawan-app/multicast-setup.ts'
import { gpsOfUtc, utcOfGps } from '../../../src/protocols/lorawan-app/package.ts'

type Message = Readonly<Record<string, unknown>>
const VECTORS: Readonly<Record<string, Readonly<Record<string, Message>>>> = JSON.parse(
  readFileSync(new URL('../../vectors/lorawan/applayer.json', import.meta.url), 'utf8'),
)

interface Codec {
  readonly encode: (message: never) => Uint8Array
  readonly decode: (bytes: Uint8Array) => readonly object[]
}
const CODECS: Readonly<Record<string, Codec>> = {
  clockDownlinks: { encode: encodeClockDownlink, decode: decodeClockDownlink },
  clockUplinks: { encode: encodeClockUplink, decode: decodeClockUplink },
  fragmentDownlinks: { encode: encodeFragmentDownlink, decode: decodeFragmentDownlink },
  fragmentUplinks: { encode: encodeFragmentUplink, decode: decodeFragmentUplink },
  multicastDownlinks: { encode: encodeMulticastDownlink, decode: decodeMulticastDownlink },
  multicastUplinks: { encode: encodeMulticastUplink, decode: decodeMulticastUplink },
}
const BYTES = ['keyEncrypted', 'data']
const plain = (message: object): Message =>
  Object.fromEntries(Object.entries(message).map(([name, value]) => [name, value instanceof Uint8Array ? toHex(value) : value]))
const withBytes = (message: Message): Message =>
  Object.fromEntries(Object.entries(message).map(([name, value]) => [name, BYTES.includes(name) ? fromHex(value as string) : value]))

describe.each(Object.entries(CODECS))('%s', (name, { encode, decode }) => {
  const vectors = Object.entries(VECTORS[name])
  test.each(vectors)('%s', (hex, message) => {
    expect(decode(fromHex(hex)).map(plain)).toEqual([message])
    expect(toHex(encode(withBytes(message) as never))).toBe(hex)
  })

  test('several in one message, and what is cut off', () => {
    const all = vectors.filter(([, { type }]) => type !== 'fragment')
    expect(decode(fromHex(all.map(([hex]) => hex).join(''))).map(plain)).toEqual(all.map(([, message]) => message))
    for (const [hex] of all) if (hex.length > 2) expect(() => decode(fromHex(hex.slice(0, -2)))).toThrow(DecodeError)
  })

  test('foreign bytes are understood or refused with DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
    )
  })
})

test('the groups of a status answer come back', () => {
  const groups = [
    { group: 0, address: 0x01020304 },
    { group: 3, address: 0xfffffffe },
  ]
  const answer = { type: 'status-answer' as const, total: 2, groups }
  expect(decodeMulticastUplink(encodeMulticastUplink(answer))).toEqual([answer])
})

test('GPS time: 18 s ahead of UTC, and 32 bits of it are enough near a moment that is known', () => {
  // 2017-01-01T00:00:00Z is GPS second 1167264018.
  expect(gpsOfUtc(1_483_228_800)).toBe(1_167_264_018)
  fc.assert(
    fc.property(
      fc.integer({ min: 1_500_000_000, max: 9_000_000_000 }),
      fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
      (now_s, apart_s) => {
        expect(utcOfGps(gpsOfUtc(now_s + apart_s), now_s)).toBe(now_s + apart_s)
      },
    ),
  )
})
