import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/lib/hex.ts'
import { type FrameHandler, WrapperParser } from '../../../src/protocols/dlms/wrapper.ts'
import { concat, wrap } from './bytes.ts'

function collector(more: () => boolean = () => true): FrameHandler & { readonly frames: string[] } {
  const frames: string[] = []
  return {
    frames,
    onFrame: (source, destination, apdu) => {
      frames.push(`${source}>${destination} ${toHex(apdu)}`)
      return more()
    },
  }
}

const stream = concat(wrap('c001', 16), wrap('', 17), wrap('60'.repeat(300), 0xffff, 0x7f))

describe('wrapper', () => {
  test('frames come out whole, however the bytes are cut', () => {
    const whole = collector()
    expect(new WrapperParser(2048).push(stream, whole)).toBe(stream.length)
    expect(whole.frames).toEqual(['16>1 c001', '17>1 ', `65535>127 ${'60'.repeat(300)}`])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 80 }), (sizes) => {
        const parser = new WrapperParser(2048)
        const cut = collector()
        let at = 0
        for (const size of [...sizes, stream.length]) {
          const piece = stream.subarray(at, Math.min(stream.length, at + size))
          expect(parser.push(piece, cut)).toBe(piece.length)
          at += piece.length
        }
        expect(cut.frames).toEqual(whole.frames)
      }),
    )
  })

  test('a handler that has enough leaves the rest', () => {
    const parser = new WrapperParser(2048)
    const one = collector(() => false)
    const first = parser.push(stream, one)
    expect(first).toBe(10)
    expect(one.frames).toHaveLength(1)
    const second = parser.push(stream.subarray(first), one)
    expect(second).toBe(8)
    expect(parser.push(stream.subarray(first + second, first + second + 100), one)).toBe(100)
    expect(parser.push(stream.subarray(first + second + 100), one)).toBe(208)
    expect(one.frames).toHaveLength(3)
  })

  test.each([
    ['another version', Uint8Array.of(0, 2, 0, 16, 0, 1, 0, 0)],
    ['bytes of another protocol', Uint8Array.from('GET / HTTP/1.1\r\n', (c) => c.charCodeAt(0))],
    ['a frame that is too long', Uint8Array.of(0, 1, 0, 16, 0, 1, 8, 1)],
  ])('%s breaks the stream', (_name, bytes) => {
    expect(new WrapperParser(2048).push(bytes, collector())).toBe(-1)
    const parser = new WrapperParser(2048)
    const results = Array.from(bytes, (_, at) => parser.push(bytes.subarray(at, at + 1), collector()))
    expect(results).toContain(-1)
  })
})
