import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Outbox } from '../../src/lib/outbox.ts'

test('whatever the room, every byte comes out once and in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 6 }),
      fc.array(fc.nat(3000), { minLength: 1 }),
      (pieces, rooms) => {
        const out: number[] = []
        let room = 0
        const outbox = new Outbox(
          {
            send: (bytes) => {
              expect(bytes.length).toBeLessThanOrEqual(room)
              room -= bytes.length
              out.push(...bytes)
            },
            room: () => room,
          },
          1_000_000,
        )
        for (const piece of pieces) expect(outbox.push(piece)).toBe(true)
        const total = pieces.reduce((sum, piece) => sum + piece.length, 0)
        for (let i = 0; outbox.length > 0; i++) {
          room = (rooms[i % rooms.length] as number) + 1
          outbox.pump()
          expect(outbox.length).toBe(total - out.length)
        }
        expect(out).toEqual(pieces.flatMap((piece) => [...piece]))
      },
    ),
    { numRuns: 50 },
  )
})

test('refuses what would pass the limit, except into an empty queue', () => {
  const outbox = new Outbox({ send: () => undefined, room: () => 0 }, 10)
  expect(outbox.push(new Uint8Array(20))).toBe(true)
  expect(outbox.push(new Uint8Array(1))).toBe(false)
  outbox.clear()
  expect(outbox.push(new Uint8Array(6))).toBe(true)
  expect(outbox.push(new Uint8Array(4))).toBe(true)
  expect(outbox.push(new Uint8Array(1))).toBe(false)
})
