import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCommand, decodeReply, encodeCall, encodeFailure, encodeReply, encodeStep } from '../../../hal/portable/guest-protocol.ts'
import { Message, readFrames, writeFrame } from '../../../hal/portable/messages.ts'
import { ByteWriter, DecodeError } from '../../../src/lib/bytes.ts'

const NO_BYTES = new Uint8Array(0)
const bytes = fc.uint8Array({ maxLength: 200 })
const time_ms = fc.integer({ min: 0, max: 8_640_000_000_000_000 })

/** Foreign bytes may only give a value or a DecodeError. */
function expectNoSurprise(decode: () => unknown): void {
  try {
    decode()
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError)
  }
}

describe('commands and replies of a guest', () => {
  test('steps, calls and replies come back as they were', () => {
    fc.assert(
      fc.property(time_ms, bytes, fc.jsonValue(), (until_ms, data, value) => {
        expect(decodeCommand(encodeStep(until_ms, data))).toEqual({ kind: 'step', until_ms, sockets: data })
        const argument = JSON.parse(JSON.stringify(value)) as unknown
        expect(decodeCommand(encodeCall('name', argument, data))).toEqual({ kind: 'call', name: 'name', argument, bytes: data })
        const pages = [{ offset: 4096, bytes: data }]
        const reply = { now_ms: until_ms, next_ms: until_ms + 1, pages, sockets: data, value: argument, bytes: data }
        expect(decodeReply(encodeReply('step', reply))).toEqual(reply)
      }),
    )
  })

  test('nothing due, no value, no bytes', () => {
    const reply = { now_ms: 0, next_ms: undefined, pages: [], sockets: NO_BYTES, value: undefined, bytes: NO_BYTES }
    expect(decodeReply(encodeReply('call', reply))).toEqual(reply)
    expect(decodeReply(encodeFailure({ code: 'A', message: 'ä' }))).toEqual({ failure: { code: 'A', message: 'ä' } })
  })

  test('any bytes decode or are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (message) => {
        expectNoSurprise(() => decodeCommand(message))
        expectNoSurprise(() => decodeReply(message))
        expectNoSurprise(() => readFrames(message, () => {}))
      }),
    )
  })

  test('every cut of a valid message is refused or shorter, never a surprise', () => {
    const whole = encodeReply('step', {
      now_ms: 1,
      next_ms: 2,
      pages: [{ offset: 0, bytes: NO_BYTES }],
      sockets: NO_BYTES,
      value: [1],
      bytes: NO_BYTES,
    })
    for (let end = 0; end < whole.length; end++) expect(() => decodeReply(whole.subarray(0, end))).toThrow(DecodeError)
  })

  test('a frame that claims more than there is is refused', () => {
    const writer = new ByteWriter()
    writeFrame(writer, Message.data, 2, Uint8Array.of(1, 2, 3))
    expect(() => readFrames(writer.copy().subarray(0, -1), () => {})).toThrow(DecodeError)
    writer.set(5, 0xff)
    expect(() => readFrames(writer.copy(), () => {})).toThrow(DecodeError)
  })
})
