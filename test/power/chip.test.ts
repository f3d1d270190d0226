import { expect, test } from 'vitest'
import { Cuts } from './cuts.ts'
import { recordHour, TIMEOUT_MS } from './hour.ts'

const recording = recordHour()
const operations = recording.moments.length

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
