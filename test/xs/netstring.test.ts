import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeNetstring, NetstringReader } from '../../src/cli/xs/netstring.ts'
import { DecodeError } from '../../src/lib/bytes.ts'

function readAll(stream: Buffer, cuts: readonly number[]): Uint8Array[] {
  const reader = new NetstringReader(1_000_000)
  const messages: Uint8Array[] = []
  let start = 0
  for (const cut of [...cuts, stream.length]) {
    const end = Math.min(stream.length, start + cut)
    if (end > start) reader.push(stream.subarray(start, end), (message) => messages.push(message.slice()))
    start = end
  }
  if (start < stream.length) reader.push(stream.subarray(start), (message) => messages.push(message.slice()))
  return messages
}

describe('netstrings', () => {
  test('the example of the definition', () => {
    // D. J. Bernstein, "Netstrings" (1997): "hello world!" is 12:hello world!,
    expect(encodeNetstring('', Buffer.from('hello world!')).toString()).toBe('12:hello world!,')
    expect(encodeNetstring('e', Buffer.from('1')).toString()).toBe('2:e1,')
  })

  test('messages survive any cutting of the stream', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.map((message) => encodeNetstring('', message)))
        expect(readAll(stream, cuts)).toEqual(messages)
      }),
    )
  })

  test.each(['x', ':,', '3:abc;', '9999999999:', '1000001:', '-1:', '1 :a,'])('%s is refused', (stream) => {
    expect(() => readAll(Buffer.from(`${stream} `), [])).toThrow(DecodeError)
  })
})
