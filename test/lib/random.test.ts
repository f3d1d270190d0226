import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/lib/hex.ts'
import { SeededRandom } from '../../src/lib/random.ts'

function numbers(seed: number, stream?: number): number[] {
  const random = new SeededRandom(seed, stream)
  return Array.from({ length: 4 }, () => random.uint32())
}

/** The numbers were computed by a second implementation of sfc32, in another language. */
describe('recorded outputs: a change here changes every simulated meter', () => {
  test('uint32', () => {
    expect(numbers(0)).toEqual([3300212312, 1743954244, 207519241, 3716241083])
    expect(numbers(1)).toEqual([2308299391, 1950625580, 354034397, 661219729])
    expect(numbers(0xffffffff, 7)).toEqual([2924426252, 459106022, 293036151, 3056741463])
  })

  test('float, below, bell and fill', () => {
    const random = new SeededRandom(42)
    const bytes = new Uint8Array(8)
    random.fill(bytes)
    expect([random.float(), random.below(1000), random.bell(), toHex(bytes)]).toEqual([
      0.5461449227295816,
      101,
      0.9348536343313754,
      'e808c1f68044282d',
    ])
  })
})

test('seed and stream separate generators', () => {
  const seen = new Set([numbers(1), numbers(2), numbers(1, 1), numbers(2, 1)].map(String))
  expect(seen.size).toBe(4)
  expect(numbers(5, 3)).toEqual(numbers(5, 3))
})

test('uniform numbers stay in their range and fill it evenly', () => {
  const random = new SeededRandom(3)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 100_000; i++) counts[random.below(10)]++
  expect(counts.length).toBe(10)
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})

test('the bell has mean 0 and deviation 1', () => {
  const random = new SeededRandom(4)
  let sum = 0
  let squares = 0
  let largest = 0
  const count = 50_000
  for (let i = 0; i < count; i++) {
    const value = random.bell()
    largest = Math.max(largest, Math.abs(value))
    sum += value
    squares += value * value
  }
  expect(largest).toBeLessThanOrEqual(6)
  expect(Math.abs(sum / count)).toBeLessThan(0.02)
  expect(Math.abs(squares / count - 1)).toBeLessThan(0.02)
})
