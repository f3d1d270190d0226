import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter, DecodeError } from '../../src/lib/bytes.ts'
import { decodeCbor } from '../../src/lib/cbor-decode.ts'
import { writeArray, writeBoolean, writeBytes, writeInteger, writeMap, writeNull } from '../../src/lib/cbor-encode.ts'
import { fromHex, toHex } from '../../src/lib/hex.ts'

function encoded(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(16, 4096)
  write(writer)
  return writer.copy()
}

/** RFC 8949 appendix A, diagnostic notation as JavaScript. */
const APPENDIX_A: readonly (readonly [string, unknown])[] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['20', -1],
  ['3903e7', -1000],
  ['f90000', 0],
  ['f93c00', 1],
  ['fb3ff199999999999a', 1.1],
  ['f97bff', 65504],
  ['fa47c35000', 100_000],
  ['f90001', 2 ** -24],
  ['f9c400', -4],
  ['f97c00', Number.POSITIVE_INFINITY],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['f7', undefined],
  ['c11a514b67b0', 1_363_896_240],
  ['6449455446', 'IETF'],
  ['62c3bc', 'ü'],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
]

describe('what is written', () => {
  test('is what a foreign decoder reads, and the shortest there is', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.boolean(), fc.uint8Array({ maxLength: 40 }), (number, flag, bytes) => {
        const own = encoded((writer) => {
          writeArray(writer, 5)
          writeInteger(writer, number)
          writeBoolean(writer, flag)
          writeBytes(writer, bytes)
          writeNull(writer)
          writeMap(writer, 1)
          writeInteger(writer, -7)
          writeInteger(writer, 7)
        })
        const value = [number, flag, bytes, null, new Map([[-7, 7]])]
        expect(toHex(own)).toBe(toHex(encode(value)))
        expect(decode(own, { useMaps: true, strict: true })).toEqual(value)
      }),
    )
  })
})

describe('what is read', () => {
  test.each(APPENDIX_A)('%s', (hex, value) => {
    expect(decodeCbor(fromHex(hex))).toEqual(value)
  })

  test('is what a foreign encoder wrote', () => {
    const key = fc.oneof(fc.integer(), fc.string({ maxLength: 8 }))
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.double({ noNaN: true }),
      ),
      value: fc.oneof(
        { depthSize: 'small' },
        tie('leaf'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs as [unknown, unknown][])),
      ),
    })).value
    fc.assert(
      fc.property(value, (given: unknown) => {
        const bytes = encode(given)
        expect(decodeCbor(bytes)).toEqual(decode(bytes, { useMaps: true }))
      }),
      { numRuns: 60 },
    )
  })

  test('foreign bytes are understood as a whole or refused with DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeCbor(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
    )
    for (const hex of [
      '',
      '9f01ff',
      '1c',
      '9bffffffffffffffff',
      'bb000fffffffffffff',
      'a201010102',
      '0000',
      '818181818181818181818101',
      'f818',
    ])
      expect(() => decodeCbor(fromHex(hex)), hex).toThrow(DecodeError)
  })
})
