import { expect } from 'vitest'
import { Cuts, TEARS } from './cuts.ts'
import { type Recording, record } from './recording.ts'

/** On a machine that others use too. */
export const TIMEOUT_MS = 600_000
/** Files that share the second cuts, so that all cores have work. */
const PARTS = 4

/** The busy hour that the tests cut: the same in each file. */
export function recordHour(): Recording {
  return record({ seed: 1, warm_s: 5400, length_s: 3600 })
}

/** The supply lost at every fourth operation of the hour, from number `part` on, and lost again at every operation of each recovery. */
export function cutAgain(part: number): void {
  const recording = recordHour()
  const operations = recording.moments.length
  const cuts = new Cuts(recording)
  for (let n = part; n < operations; n += PARTS) {
    const before = cuts.starts
    // Tears take turns, so that each kind meets each kind of operation in both places.
    cuts.cutTwice(n, TEARS[n % TEARS.length], n, (m) => TEARS[(n * 5 + m) % TEARS.length])
    expect(cuts.starts, `operations of the recovery from cut ${n}`).toBeGreaterThan(before)
  }
}
