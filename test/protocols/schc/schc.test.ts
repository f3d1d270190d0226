import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { crc32 } from '../../../src/lib/crc.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import {
  type Acknowledgement,
  decodeAcknowledgement,
  decodeFragment,
  encodeAcknowledgement,
  encodeFragment,
  type Fragment,
  WINDOW_TILES,
} from '../../../src/protocols/schc/message.ts'
import { SchcReceiver } from '../../../src/protocols/schc/receiver.ts'
import { PACKET_MAX, SchcSender } from '../../../src/protocols/schc/sender.ts'

interface Vectors {
  readonly fragments: readonly ({ readonly hex: string } & Record<string, unknown>)[]
  readonly acknowledgements: readonly ({ readonly hex: string; readonly absent?: readonly number[] } & Record<string, unknown>)[]
}
const VECTORS: Vectors = JSON.parse(readFileSync(new URL('../../vectors/schc/pyschc.json', import.meta.url), 'utf8'))

describe('messages', () => {
  test.each(VECTORS.fragments)('$hex', ({ hex, ...fields }) => {
    const fragment = decodeFragment(fromHex(hex))
    const plain = Object.entries(fragment).map(([name, value]) => [name, value instanceof Uint8Array ? toHex(value) : value])
    expect(Object.fromEntries(plain)).toEqual(fields)
    expect(toHex(encodeFragment(fragment))).toBe(hex)
  })

  test.each(VECTORS.acknowledgements)('$hex', ({ hex, absent, ...fields }) => {
    const ack = decodeAcknowledgement(fromHex(hex))
    expect(ack).toMatchObject(fields)
    if (ack.type === 'missing') expect([...ack.bitmap].flatMap((bit, i) => (bit === 0 ? [i] : []))).toEqual(absent)
    expect(toHex(encodeAcknowledgement(ack))).toBe(hex)
  })

  test('bitmaps have the lengths that RFC 9011 lists, and come back', () => {
    const lengths = new Set<number>()
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 63, maxLength: 63 }), fc.integer({ min: 0, max: 63 }), (bits, ones) => {
        const bitmap = Uint8Array.from(bits, (bit, i) => (bit || i >= ones ? 1 : 0))
        const bytes = encodeAcknowledgement({ type: 'missing', window: 2, bitmap })
        lengths.add(bytes.length)
        expect(decodeAcknowledgement(bytes)).toEqual({ type: 'missing', window: 2, bitmap })
      }),
    )
    expect(Math.max(...lengths)).toBe(9)
    const last = new Uint8Array(WINDOW_TILES).fill(1)
    last[62] = 0
    expect(toHex(encodeAcknowledgement({ type: 'missing', window: 0, bitmap: last }))).toBe('1fffffffffffffff80')
  })

  test('foreign bytes are understood or refused with DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        for (const decode of [decodeFragment, decodeAcknowledgement] as ((bytes: Uint8Array) => Fragment | Acknowledgement)[]) {
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
          }
        }
      }),
    )
  })
})

function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  new SeededRandom(seed, 1).fill(bytes)
  return bytes
}

interface Channel {
  /** True: the next message arrives. */
  readonly up: () => boolean
  readonly down: () => boolean
  readonly room: () => number
}

/** What the receiver has got, and how the sender ended. */
function transfer(
  packet: Uint8Array,
  channel: Channel,
  receiver = new SchcReceiver(),
): { packets: Uint8Array[]; state: string; frames: Uint8Array[] } {
  const sender = new SchcSender({ packet, retransmission_s: 60 })
  const packets: Uint8Array[] = []
  const frames: Uint8Array[] = []
  for (let now_s = 0; now_s < 100_000; now_s += 10) {
    const message = sender.next(channel.room(), now_s)
    if (message === undefined) {
      if (sender.state === 'done' || sender.state === 'failed') break
      continue
    }
    frames.push(message)
    if (!channel.up()) continue
    const answer = receiver.receive(message)
    if (answer.packet !== undefined) packets.push(answer.packet)
    if (answer.acknowledgement !== undefined && channel.down()) sender.onAcknowledgement(answer.acknowledgement)
  }
  return { packets, state: sender.state, frames }
}

describe('fragments', () => {
  test('as in the example of RFC 9011, appendix A.2', () => {
    // 282 bytes and 5 bits, padded to a byte.
    const packet = bytesOf(283, 1)
    const rooms = [11, 231, 242, 242]
    const { frames, packets, state } = transfer(packet, { up: () => true, down: () => true, room: () => rooms.shift() ?? 0 })
    expect(frames.map((frame) => [frame[0] >> 6, frame[0] & 63, frame.length])).toEqual([
      [0, 62, 11],
      [0, 61, 231],
      [0, 38, 44],
      [0, 63, 5],
    ])
    expect(frames[3].slice(1)).toEqual(Uint8Array.from([24, 16, 8, 0], (shift) => crc32(packet) >>> shift))
    expect(packets.map(toHex)).toEqual([toHex(packet)])
    expect(state).toBe('done')
  })

  test('arrive whole and once through whatever is lost, or the sender knows that they did not', () => {
    let done = 0
    fc.assert(
      fc.property(fc.integer({ min: 1, max: PACKET_MAX }), fc.integer(), fc.integer({ min: 0, max: 30 }), (length, seed, loss) => {
        const random = new SeededRandom(seed, 2)
        const arrives = () => random.below(100) >= loss
        const packet = bytesOf(length, seed)
        const { packets, state, frames } = transfer(packet, { up: arrives, down: arrives, room: () => [11, 51, 115, 242][random.below(4)] })
        if (state === 'done') {
          done++
          expect(packets.map(toHex)).toEqual([toHex(packet)])
        }
        expect(packets.length).toBeLessThanOrEqual(1)
        for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(242)
      }),
      { numRuns: 150 },
    )
    expect(done).toBeGreaterThan(140)
  })

  test.each([63, 126, 252, 62, 1])('%i tiles, of which each is lost once', (tiles) => {
    const packet = bytesOf(10 * tiles - 3, tiles)
    for (let lost = 0; lost <= tiles + 1; lost += tiles < 100 ? 1 : 17) {
      let count = 0
      const { packets, state } = transfer(packet, { up: () => count++ !== lost, down: () => true, room: () => 11 })
      expect(state).toBe('done')
      expect(packets.map(toHex)).toEqual([toHex(packet)])
    }
  })

  test('a last tile in All-1 is understood', () => {
    const packet = bytesOf(25, 3)
    const receiver = new SchcReceiver()
    receiver.receive(encodeFragment({ type: 'regular', window: 0, fcn: 62, tiles: packet.subarray(0, 20) }))
    const { packet: whole } = receiver.receive(encodeFragment({ type: 'all-1', window: 0, rcs: crc32(packet), tile: packet.subarray(20) }))
    expect(whole && toHex(whole)).toBe(toHex(packet))
  })

  test('a sender that nobody answers asks eight times and gives up; the next packet is not mixed up with what came', () => {
    const receiver = new SchcReceiver()
    let count = 0
    // Of the first packet the second tile gets lost, and all answers.
    const first = transfer(bytesOf(50, 4), { up: () => count++ !== 1, down: () => false, room: () => 11 }, receiver)
    expect(first.state).toBe('failed')
    expect(first.frames.filter((frame) => toHex(frame) === '00')).toHaveLength(8)
    expect(toHex(first.frames[first.frames.length - 1])).toBe('ff')
    const second = transfer(bytesOf(40, 5), { up: () => true, down: () => true, room: () => 51 }, receiver)
    expect(second.packets.map(toHex)).toEqual([toHex(bytesOf(40, 5))])
  })

  test('an abort of the receiver ends it, and foreign acknowledgements end nothing', () => {
    const sender = new SchcSender({ packet: bytesOf(30, 6), retransmission_s: 60 })
    expect(() => sender.onAcknowledgement(fromHex('61'))).toThrow(DecodeError)
    sender.onAcknowledgement(fromHex('20'))
    expect(sender.state).toBe('sending')
    sender.onAcknowledgement(fromHex('ffff'))
    expect(sender.state).toBe('failed')
    expect(sender.next(51, 0)).toBeUndefined()
  })
})
