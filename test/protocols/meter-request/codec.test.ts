import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import {
  decodeAnswer,
  encodeAnswer,
  encodeRequest,
  type MeterAnswer,
  type MeterRequest,
  readRequest,
} from '../../../src/protocols/meter-request/codec.ts'

const id = fc.integer({ min: 0, max: 15 })
const byte = fc.integer({ min: 0, max: 255 })
const code = fc.tuple(byte, byte, byte).map((groups) => groups.join('.'))
const time = fc.integer({ min: 0, max: 2 ** 32 - 1 })

const requests: fc.Arbitrary<MeterRequest> = fc.oneof(
  fc.record({ kind: fc.constant('types' as const), id, types: fc.array(byte, { minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant('registers' as const), id, codes: fc.array(code, { minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant('profile' as const), id, from_s: time, to_s: time }),
  fc.record({ kind: fc.constant('cancel' as const), id }),
)
const answers: fc.Arbitrary<MeterAnswer> = fc.oneof(
  fc.record({
    kind: fc.constant('registers' as const),
    id,
    registers: fc.array(
      fc.record({
        code,
        scaler: fc.integer({ min: -128, max: 127 }),
        unit: byte,
        value: fc.integer({ min: -(2 ** 39), max: 2 ** 39 - 1 }),
      }),
      { maxLength: 24 },
    ),
  }),
  fc.record({ kind: fc.constant('profile' as const), id, entries: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('failure' as const), id, failure: byte }),
)

test('requests and answers come back as they were', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const reader = new ByteReader(encodeRequest(request))
      expect(readRequest(reader)).toEqual(request)
      expect(reader.remaining).toBe(0)
    }),
  )
  fc.assert(
    fc.property(answers, (answer) => {
      expect(decodeAnswer(new ByteReader(encodeAnswer(answer)))).toEqual(answer)
    }),
  )
})

test('as documented', () => {
  expect(toHex(encodeRequest({ kind: 'registers', id: 5, codes: ['1.8.0', '32.7.0'] }))).toBe('2502010800200700')
  expect(toHex(encodeRequest({ kind: 'profile', id: 1, from_s: 0x66000000, to_s: 0xffffffff }))).toBe('3166000000ffffffff')
  const registers = [{ code: '32.7.0', scaler: -1, unit: 35, value: 2301 }]
  expect(toHex(encodeAnswer({ kind: 'registers', id: 5, registers }))).toBe('25200700ff2300000008fd')
  expect(() => encodeRequest({ kind: 'registers', id: 0, codes: ['1-0:1.8.0'] })).toThrow(RangeError)
})

test('foreign bytes are understood or refused with DecodeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      for (const decode of [readRequest, decodeAnswer]) {
        try {
          decode(new ByteReader(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }
    }),
  )
  for (const hex of ['', '00', '1000', '10ff01', '2001', '50']) expect(() => readRequest(new ByteReader(fromHex(hex)))).toThrow(DecodeError)
})
