import { SeededRandom } from '../../src/lib/random.ts'
import { Cuts, TEARS } from './cuts.ts'
import { type Recording, record } from './recording.ts'

export interface SampleOptions {
  readonly seed: number
  /** Seconds of the script before the recording, and in it. */
  readonly warm_s: number
  readonly length_s: number
  /** Cuts of each kind. */
  readonly count: number
}

export interface SampleResult {
  readonly operations: number
  readonly starts: number
  readonly mount_bytes: number
  /** Over the flash images after all cuts, one for each kind. */
  readonly digests: readonly number[]
}

const KINDS = ['cut', 'twice', 'reorder', 'drop'] as const
type Kind = (typeof KINDS)[number]

/** `count` operations of a recording at random, in ascending order. */
function operationsOf(recording: Recording, random: SeededRandom, count: number): number[] {
  return Array.from({ length: count }, () => random.below(recording.moments.length)).sort((a, b) => a - b)
}

function fault(cuts: Cuts, kind: Kind, n: number, random: SeededRandom): void {
  const tear = TEARS[random.below(TEARS.length)]
  const seed = random.below(0x7fffffff)
  if (kind === 'cut') cuts.cut(n, tear, seed)
  else if (kind === 'twice') {
    const again = TEARS[random.below(TEARS.length)]
    cuts.cutTwice(n, tear, seed, () => again, 1 + random.below(12))
  } else if (kind === 'reorder') cuts.reorder(n, seed)
  else cuts.drop(n)
}

/**
 * Cuts a recording at random: the same seed does the same on every engine. `onProgress` gets the faults done so far. Throws `Violation`, whose
 * message tells how to see it again.
 */
export function sampleRecording(
  recording: Recording,
  seed: number,
  counts: Record<Kind, number>,
  onProgress?: (done: number) => void,
): SampleResult {
  const digests: number[] = []
  let starts = 0
  let mount_bytes = 0
  let done = 0
  for (const [index, kind] of KINDS.entries()) {
    const random = new SeededRandom(seed, 30 + index)
    const cuts = new Cuts(recording, true)
    for (const n of operationsOf(recording, random, counts[kind])) {
      fault(cuts, kind, n, random)
      onProgress?.(++done)
    }
    digests.push(cuts.digest)
    starts += cuts.starts
    mount_bytes = Math.max(mount_bytes, cuts.mount_bytes)
  }
  return { operations: recording.moments.length, starts, mount_bytes, digests }
}

export function sample({ seed, warm_s, length_s, count }: SampleOptions): SampleResult {
  return sampleRecording(record({ seed, warm_s, length_s }), seed, { cut: count, twice: count, reorder: count, drop: count })
}
