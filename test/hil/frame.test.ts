import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BODY_MAX, FrameReader, FrameWriter } from '../../src/hil/bridge/frame.ts'
import { toHex } from '../../src/lib/hex.ts'

interface Received {
  readonly kind: number
  readonly sequence: number
  readonly body: Uint8Array
}

function reader() {
  const received: Received[] = []
  const frames = new FrameReader((kind, sequence, body) => received.push({ kind, sequence, body: body.slice() }))
  return { received, frames }
}

const frame = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  sequence: fc.integer({ min: 0, max: 255 }),
  body: fc.uint8Array({ maxLength: BODY_MAX }),
})

describe('frames of the bridge', () => {
  test('the bytes of a frame, as docs/bridge.md shows them', () => {
    expect(toHex(new FrameWriter().frame(0x03, 7, new Uint8Array(0)))).toBe('070307f490d49f00')
  })

  test('what is written is read, in pieces of any size', () => {
    const writer = new FrameWriter()
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 4 }), fc.integer({ min: 1, max: 300 }), (frames, size) => {
        const { received, frames: target } = reader()
        const bytes = frames.flatMap(({ kind, sequence, body }) => [...writer.frame(kind, sequence, body)])
        for (let at = 0; at < bytes.length; at += size) target.push(Uint8Array.from(bytes.slice(at, at + size)))
        expect(received).toEqual(frames)
        expect(target.broken).toBe(0)
      }),
    )
  })

  test('a zero stands only at the end', () => {
    const writer = new FrameWriter()
    fc.assert(
      fc.property(frame, ({ kind, sequence, body }) => {
        const bytes = writer.frame(kind, sequence, body)
        expect(bytes.indexOf(0)).toBe(bytes.length - 1)
      }),
    )
  })

  test('any byte that is changed, lost or added costs this frame and no other', () => {
    const writer = new FrameWriter()
    fc.assert(
      fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom('change', 'lose', 'add'), (one, where, value, how) => {
        const { received, frames: target } = reader()
        const bytes = [...writer.frame(one.kind, one.sequence, one.body)]
        const at = where % (bytes.length - 1)
        if (how === 'change') bytes[at] ^= value
        else bytes.splice(at, how === 'lose' ? 1 : 0, ...(how === 'add' ? [value] : []))
        target.push(Uint8Array.from(bytes))
        target.push(Uint8Array.of(0))
        target.push(writer.frame(9, 9, Uint8Array.of(1, 2, 3)))
        expect(received).toEqual([{ kind: 9, sequence: 9, body: Uint8Array.of(1, 2, 3) }])
        expect(target.broken).toBeGreaterThan(0)
      }),
    )
  })

  test('noise is never a frame, and a sender without an end takes no memory', () => {
    const { received, frames } = reader()
    for (let i = 0; i < 100; i++) frames.push(new Uint8Array(1000).fill(0x41 + (i % 3)))
    frames.push(Uint8Array.of(0))
    expect([received.length, frames.broken]).toEqual([0, 1])
  })

  test('a body that is too long is refused', () => {
    expect(() => new FrameWriter().frame(1, 1, new Uint8Array(BODY_MAX + 1))).toThrow(RangeError)
  })
})
