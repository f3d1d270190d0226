import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter, DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex } from '../../../src/lib/hex.ts'
import {
  DataTag,
  type DataValue,
  readLength,
  writeAsciiOctetString,
  writeBcd,
  writeBitString,
  writeData,
  writeDoubleLong,
  writeFloat32,
  writeFloat64,
  writeInteger,
  writeLength,
  writeLong,
  writeLong64,
  writeLong64Unsigned,
  writeUtf8String,
  writeVisibleString,
} from '../../../src/protocols/dlms/axdr.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import { ascii, written } from './bytes.ts'

function decode(hex: string): DataValue {
  return readData(new ByteReader(fromHex(hex)))
}

describe('encoding', () => {
  test.each([
    [0, '00'],
    [127, '7f'],
    [128, '8180'],
    [255, '81ff'],
    [256, '820100'],
    [65535, '82ffff'],
    [65536, '8400010000'],
  ])('length %i', (length, hex) => {
    expect(written((writer) => writeLength(writer, length))).toBe(hex)
    expect(readLength(new ByteReader(fromHex(hex)))).toBe(length)
  })

  test('indefinite and huge lengths are refused', () => {
    expect(() => readLength(new ByteReader(fromHex('80')))).toThrow(DecodeError)
    expect(() => readLength(new ByteReader(fromHex('850000000001')))).toThrow(DecodeError)
  })

  test('negative numbers keep their two’s complement', () => {
    expect(written((writer) => writeInteger(writer, -1))).toBe('0fff')
    expect(written((writer) => writeLong(writer, -60))).toBe('10ffc4')
    expect(written((writer) => writeDoubleLong(writer, -2))).toBe('05fffffffe')
    expect(written((writer) => writeLong64(writer, -3))).toBe('14fffffffffffffffd')
    expect(written((writer) => writeLong64Unsigned(writer, 2n ** 64n - 1n))).toBe('15ffffffffffffffff')
  })

  test('the rarer types', () => {
    expect(written((writer) => writeFloat32(writer, 1.5))).toBe('173fc00000')
    expect(written((writer) => writeFloat64(writer, -2))).toBe('18c000000000000000')
    expect(written((writer) => writeBcd(writer, 0x42))).toBe('0d42')
    expect(written((writer) => writeBitString(writer, 4, Uint8Array.of(0xa0)))).toBe('0404a0')
    expect(written((writer) => writeUtf8String(writer, ascii('ab')))).toBe('0c026162')
    expect(written((writer) => writeVisibleString(writer, 'ab'))).toBe('0a026162')
    expect(written((writer) => writeAsciiOctetString(writer, 'ab'))).toBe('09026162')
    expect(decode('0404a0')).toEqual({ tag: DataTag.bitString, value: { bits: 4, bytes: Uint8Array.of(0xa0) } })
  })
})

const leaf: fc.Arbitrary<DataValue> = fc.oneof(
  fc.constant<DataValue>({ tag: DataTag.nullData, value: null }),
  fc.boolean().map<DataValue>((value) => ({ tag: DataTag.boolean, value })),
  fc.integer({ min: -128, max: 127 }).map<DataValue>((value) => ({ tag: DataTag.integer, value })),
  fc.integer({ min: -32768, max: 32767 }).map<DataValue>((value) => ({ tag: DataTag.long, value })),
  fc.integer().map<DataValue>((value) => ({ tag: DataTag.doubleLong, value })),
  fc.integer({ min: 0, max: 0xff }).map<DataValue>((value) => ({ tag: DataTag.enumerated, value })),
  fc.integer({ min: 0, max: 0xffff }).map<DataValue>((value) => ({ tag: DataTag.longUnsigned, value })),
  fc.integer({ min: 0, max: 0xffffffff }).map<DataValue>((value) => ({ tag: DataTag.doubleLongUnsigned, value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map<DataValue>((value) => ({ tag: DataTag.long64, value })),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map<DataValue>((value) => ({ tag: DataTag.long64Unsigned, value })),
  fc.float({ noNaN: true }).map<DataValue>((value) => ({ tag: DataTag.float32, value })),
  fc.double({ noNaN: true }).map<DataValue>((value) => ({ tag: DataTag.float64, value })),
  fc.uint8Array({ maxLength: 200 }).map<DataValue>((value) => ({ tag: DataTag.octetString, value })),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map<DataValue>((value) => ({ tag: DataTag.dateTime, value })),
  fc.uint8Array({ minLength: 5, maxLength: 5 }).map<DataValue>((value) => ({ tag: DataTag.date, value })),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map<DataValue>((value) => ({ tag: DataTag.time, value })),
  fc.string({ unit: 'grapheme-ascii' }).map<DataValue>((value) => ({ tag: DataTag.visibleString, value })),
)
const tree: fc.Arbitrary<DataValue> = fc.oneof(
  leaf,
  fc
    .array(
      fc.oneof(
        leaf,
        fc.array(leaf, { maxLength: 5 }).map<DataValue>((value) => ({ tag: DataTag.array, value })),
      ),
      { maxLength: 10 },
    )
    .map<DataValue>((value) => ({
      tag: DataTag.structure,
      value,
    })),
)

describe('decoding', () => {
  test('what is encoded decodes to the same', () => {
    fc.assert(
      fc.property(tree, (data) => {
        const writer = new ByteWriter()
        writeData(writer, data)
        const reader = new ByteReader(writer.copy())
        expect(readData(reader)).toEqual(data)
        expect(reader.remaining).toBe(0)
      }),
    )
  })

  test('random bytes give a value or DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          readData(new ByteReader(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a compact-array decodes to its array', () => {
    // Two structures of long-unsigned and an array of two unsigned.
    const hex = '13 02 02 12 01 0002 11 08 00010203 00040506'
    const structure = (first: number, a: number, b: number): DataValue => ({
      tag: DataTag.structure,
      value: [
        { tag: DataTag.longUnsigned, value: first },
        { tag: DataTag.array, value: [a, b].map((value) => ({ tag: DataTag.unsigned, value })) },
      ],
    })
    expect(decode(hex)).toEqual({ tag: DataTag.array, value: [structure(1, 2, 3), structure(4, 5, 6)] })
    expect(() => decode(hex.replace('11 08', '11 07'))).toThrow(DecodeError)
    expect(() => decode('13 12 03 000102')).toThrow(DecodeError)
  })

  test('elements of no size cannot multiply without end', () => {
    expect(() => decode('13 01 ffff 01 ffff 00 01 00')).toThrow(DecodeError)
  })

  test.each([
    ['a count that the message cannot hold', '0184ffffffff00'],
    ['more levels than allowed', '010101010101010101010101010100'],
    ['a string past the end', '09050000'],
    ['an unknown tag', '60'],
    ['nothing', ''],
  ])('%s is refused', (_name, hex) => {
    expect(() => decode(hex)).toThrow(DecodeError)
  })
})
