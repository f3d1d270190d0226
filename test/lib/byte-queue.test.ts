import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteQueue } from '../../src/lib/byte-queue.ts'

test('gives back what was pushed, in order, in any portions', () => {
  const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.integer({ min: -1, max: 20 })), { maxLength: 400 })
  fc.assert(
    fc.property(steps, (sequence) => {
      const queue = new ByteQueue()
      const model: number[] = []
      for (const step of sequence) {
        if (typeof step !== 'number') {
          queue.push(step.slice())
          model.push(...step)
        } else {
          const expected = model.splice(0, Math.max(0, step))
          expect([...(queue.take(step) ?? [])]).toEqual(expected)
        }
        expect(queue.length).toBe(model.length)
      }
      expect([...(queue.take() ?? [])]).toEqual(model)
      expect(queue.take()).toBeUndefined()
    }),
  )
})

test('single bytes are merged', () => {
  const queue = new ByteQueue()
  for (let i = 0; i < 70_000; i++) queue.push(Uint8Array.of(i & 0xff))
  const bytes = queue.take(300) as Uint8Array
  expect(bytes).toEqual(Uint8Array.from({ length: 300 }, (_, i) => i & 0xff))
  expect(queue.length).toBe(69_700)
})

test('clear forgets everything', () => {
  const queue = new ByteQueue()
  queue.push(Uint8Array.of(1, 2, 3))
  queue.take(1)
  queue.clear()
  queue.push(Uint8Array.of(9))
  expect([...(queue.take() as Uint8Array)]).toEqual([9])
})
