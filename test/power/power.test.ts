import { expect, test } from 'vitest'
import { Cuts, RECOVERY_STRIDE, TEARS } from './cuts.ts'
import { record } from './recording.ts'

const SEED = 1
const recording = record({ seed: SEED, warm_s: 5400, length_s: 3600 })
/** On a machine that others use too. */
const TIMEOUT_MS = 300_000
const operations = recording.moments.length

test('the hour has every kind of operation, and every ring goes round in it', () => {
  expect(operations).toBeGreaterThan(1000)
  expect(recording.erases).toBeGreaterThan(100)
  expect(new Set(recording.scenes.map(({ reason }) => reason))).toEqual(new Set(['power', 'watchdog', 'restart']))
})

test(
  'power lost at every operation of the hour, torn in every way',
  () => {
    const cuts = new Cuts(recording)
    for (let n = 0; n < operations; n++) for (const [index, tear] of TEARS.entries()) cuts.cut(n, tear, n * TEARS.length + index)
    expect(cuts.starts).toBe(operations * TEARS.length)
  },
  TIMEOUT_MS,
)

test.each(Array.from({ length: RECOVERY_STRIDE }, (_, part) => part))(
  'and lost again at every operation of the recovery, part %d',
  (part) => {
    const cuts = new Cuts(recording)
    // Tears take turns, so that each kind meets each kind of operation in both places.
    for (let n = 0; n < operations; n++) {
      cuts.cutTwice(n, TEARS[n % TEARS.length], n, TEARS[(n * 5 + 1 + part) % TEARS.length], undefined, part)
    }
    expect(cuts.starts).toBeGreaterThan(operations)
  },
  TIMEOUT_MS,
)

test(
  'behind a write cache that loses the last operations in any order',
  () => {
    const cuts = new Cuts(recording)
    for (let n = 0; n < operations; n++) for (const seed of [2 * n, 2 * n + 1]) cuts.reorder(n, seed)
    expect(cuts.starts).toBe(2 * operations)
  },
  TIMEOUT_MS,
)

test(
  'a chip that ignores one command, whichever: noticed, and nothing promised is lost',
  () => {
    const cuts = new Cuts(recording)
    for (let n = 0; n < operations; n++) cuts.drop(n)
    expect(cuts.starts).toBe(operations)
  },
  TIMEOUT_MS,
)
