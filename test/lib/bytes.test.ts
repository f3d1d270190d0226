import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../src/lib/assert.ts'
import { ByteReader, ByteWriter, DecodeError } from '../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../src/lib/hex.ts'

describe('ByteReader', () => {
  test('reads big-endian values, none of them negative', () => {
    const reader = new ByteReader(fromHex('ff fffe fffffffd 0102'))
    expect(reader.peek()).toBe(0xff)
    expect(reader.uint8()).toBe(0xff)
    expect(reader.uint16()).toBe(0xfffe)
    expect(reader.uint32()).toBe(0xfffffffd)
    expect(toHex(reader.take(2))).toBe('0102')
    expect(reader.remaining).toBe(0)
  })

  test('throws DecodeError at the end and stays where it was', () => {
    const reader = new ByteReader(new Uint8Array(3), 1, 2)
    for (const read of [() => reader.uint16(), () => reader.uint32(), () => reader.take(2), () => reader.take(-1)]) {
      expect(read).toThrow(DecodeError)
      expect(reader.position).toBe(1)
    }
    reader.uint8()
    expect(() => reader.uint8()).toThrow('1 bytes needed, 0 left')
    expect(() => reader.peek()).toThrow(DecodeError)
  })

  test('refuses a window outside the buffer', () => {
    expect(() => new ByteReader(new Uint8Array(4), 0, 5)).toThrow(DecodeError)
    expect(() => new ByteReader(new Uint8Array(4), 3, 2)).toThrow(DecodeError)
    expect(() => new ByteReader(new Uint8Array(4), -1)).toThrow(DecodeError)
    expect(new ByteReader(new Uint8Array(4), 4).remaining).toBe(0)
  })

  test('take gives a view, not a copy', () => {
    const bytes = new Uint8Array(4)
    const view = new ByteReader(bytes, 1).take(2)
    bytes[1] = 7
    expect(view[0]).toBe(7)
  })

  test('the error has a stable code', () => {
    const error = new DecodeError('x')
    expect([error.name, error.code, error.message]).toEqual(['DecodeError', 'MALFORMED', 'x'])
  })
})

describe('ByteWriter', () => {
  test('what it writes, ByteReader reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.nat(0xffff), fc.nat(0xffffffff), fc.uint8Array({ maxLength: 50 }), (a, b, c, d) => {
        const writer = new ByteWriter(1)
        writer.uint8(a)
        writer.uint16(b)
        writer.uint32(c)
        writer.write(d)
        const reader = new ByteReader(writer.view())
        expect([reader.uint8(), reader.uint16(), reader.uint32()]).toEqual([a, b, c])
        expect(toHex(reader.take(d.length))).toBe(toHex(d))
      }),
    )
  })

  test('int64 is two complement over the whole range of safe integers', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const writer = new ByteWriter()
        writer.int64(value)
        const expected = Buffer.alloc(8)
        expected.writeBigInt64BE(BigInt(value))
        expect(toHex(writer.view())).toBe(expected.toString('hex'))
      }),
    )
  })

  test('grows to its limit and not past it', () => {
    const writer = new ByteWriter(2, 5)
    writer.uint32(1)
    writer.uint8(2)
    expect(() => writer.uint8(3)).toThrow(RangeError)
    expect(toHex(writer.view())).toBe('0000000102')
  })

  test('the limit holds for a larger first capacity too', () => {
    const writer = new ByteWriter(64, 2)
    writer.uint16(1)
    expect(() => writer.uint8(1)).toThrow(RangeError)
  })

  test('reset, truncate, set and copy', () => {
    const writer = new ByteWriter()
    writer.ascii('ABC')
    writer.truncate(2)
    writer.set(0, 0x7a)
    const copy = writer.copy()
    writer.setUint16(0, 0x1234)
    expect(toHex(copy)).toBe('7a42')
    expect(toHex(writer.view())).toBe('1234')
    expect(() => writer.truncate(3)).toThrow(AssertionError)
    writer.reset()
    expect(writer.length).toBe(0)
  })

  test('in steady state it keeps its buffer', () => {
    const writer = new ByteWriter(8)
    writer.uint32(1)
    const buffer = writer.view().buffer
    writer.reset()
    writer.int64(1)
    expect(writer.view().buffer).toBe(buffer)
  })
})
