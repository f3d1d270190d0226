import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { FragmentDecoder } from '../../../src/protocols/lorawan-app/fragment-decoder.ts'
import { fragmentOf, parityRow } from '../../../src/protocols/lorawan-app/parity.ts'

const { parity } = JSON.parse(readFileSync(new URL('../../vectors/lorawan/applayer.json', import.meta.url), 'utf8'))

test('fragments are those of a public implementation', () => {
  const block = fromHex(parity.block)
  expect(parity.fragments.map((_: string, i: number) => toHex(fragmentOf(block, parity.size, i + 1)))).toEqual(parity.fragments)
})

test('a row has about half of the fragments, each once, also where their number is a power of two', () => {
  for (const count of [1, 2, 10, 64, 1000, 1024]) {
    for (const n of [1, 7, 300]) {
      const row: number[] = []
      parityRow(n, count, (index) => row.push(index))
      expect(new Set(row).size).toBe(row.length)
      expect(row.every((index) => index >= 0 && index < count)).toBe(true)
      expect(row.length).toBeLessThanOrEqual(count >> 1)
      if (count >= 64) expect(row.length).toBeGreaterThan(count / 3)
    }
  }
})

interface Received {
  readonly decoder: FragmentDecoder
  readonly block: Uint8Array
}

function receive(block: Uint8Array, size: number, order: readonly number[], missing_max = 64): Received {
  const got = new Uint8Array(block.length)
  const written = new Set<number>()
  const decoder = new FragmentDecoder({
    count: block.length / size,
    size,
    missing_max,
    store: {
      read(index, into) {
        expect(written.has(index)).toBe(true)
        into.set(got.subarray(index * size, (index + 1) * size))
      },
      write(index, data) {
        expect(written.has(index)).toBe(false)
        written.add(index)
        got.set(data, index * size)
      },
    },
  })
  for (const n of order) {
    const data = fragmentOf(block, size, n)
    decoder.take(n, data)
    if (decoder.done) break
  }
  return { decoder, block: got }
}

function blockOf(count: number, size: number, seed: number): Uint8Array {
  const block = new Uint8Array(count * size)
  new SeededRandom(seed, 3).fill(block)
  return block
}

describe('the decoder', () => {
  test('has the block whatever was lost, as long as enough came', () => {
    let extra = 0
    let runs = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 120 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer(),
        fc.integer({ min: 0, max: 40 }),
        (count, size, seed, loss) => {
          const random = new SeededRandom(seed, 4)
          const order: number[] = []
          for (let n = 1; n <= count + 200; n++) if (random.below(100) >= loss) order.push(n)
          const block = blockOf(count, size, seed)
          const { decoder, block: got } = receive(block, size, order)
          expect(decoder.done).toBe(true)
          expect(toHex(got)).toBe(toHex(block))
          expect(decoder.missing).toBe(0)
          extra += decoder.received - count
          runs++
        },
      ),
    )
    // The code needs a few fragments more than were lost.
    expect(extra / runs).toBeLessThan(6)
  })

  test('takes fragments in any order, also plain ones after redundancy began', () => {
    const block = blockOf(40, 16, 9)
    const order = [41, 42, ...Array.from({ length: 40 }, (_, i) => 40 - i)]
    const late = receive(block, 16, [...order.slice(0, 30), 43, 44, ...order.slice(30)])
    expect(late.decoder.done).toBe(true)
    expect(toHex(late.block)).toBe(toHex(block))
  })

  test('says how many are missing, and when they are too many', () => {
    const block = blockOf(50, 8, 10)
    const some = Array.from({ length: 45 }, (_, i) => i + 1)
    const few = receive(block, 8, [...some, 51])
    expect(few.decoder.missing).toBe(4)
    expect(few.decoder.overflow).toBe(false)
    const many = receive(block, 8, [1, 2, 51], 20)
    expect(many.decoder.overflow).toBe(true)
    expect(many.decoder.missing).toBe(48)
    // The plain ones still come.
    const whole = receive(block, 8, [1, 51, ...Array.from({ length: 49 }, (_, i) => i + 2)], 20)
    expect(whole.decoder.done).toBe(true)
  })

  test('fragments of another length, twice the same and of no number change nothing', () => {
    const decoder = new FragmentDecoder({ count: 2, size: 4, missing_max: 4, store: { read: () => {}, write: () => {} } })
    decoder.take(1, new Uint8Array(3))
    decoder.take(0, new Uint8Array(4))
    expect(decoder.missing).toBe(2)
    decoder.take(1, new Uint8Array(4))
    decoder.take(1, new Uint8Array(4))
    expect(decoder.missing).toBe(1)
  })
})
