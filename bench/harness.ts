import { spawnSync } from 'node:child_process'

export interface Figure {
  readonly value: number
  /** The same figure of the best known alternative, measured here or cited. */
  readonly peer?: number
  /** How many times better than the peer; `value / peer` where it is not given. */
  readonly ratio?: number
}

export interface Bench {
  /** `lib.hex.encode`: room, part, what is done. */
  readonly name: string
  readonly unit: string
  /** Runs in a process of its own, with `globalThis.gc`: for memory, and for what disturbs others. */
  readonly isolated?: boolean
  run(): Promise<Figure>
}

const ROUNDS = 5

/**
 * Units of work per second: the median of several rounds, after a warm-up. `work` does some work and returns how many units it was.
 */
export function rate(work: () => number, round_ms = 200): number {
  timed(work, round_ms)
  const rounds = Array.from({ length: ROUNDS }, () => timed(work, round_ms))
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]
}

function timed(work: () => number, round_ms: number): number {
  const start = performance.now()
  let units = 0
  let elapsed_ms = 0
  while (elapsed_ms < round_ms) {
    units += work()
    elapsed_ms = performance.now() - start
  }
  return (units * 1000) / elapsed_ms
}

/** Four digits: more would be noise. */
function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toPrecision(4))
}

/** One figure as one line of JSON. */
async function line(bench: Bench): Promise<string> {
  const { value, peer, ratio = peer === undefined ? undefined : value / peer } = await bench.run()
  return JSON.stringify({ name: bench.name, value: rounded(value), unit: bench.unit, peer: rounded(peer), ratio: rounded(ratio) })
}

/** Runs this program again for one figure. */
function lineOfChild(bench: Bench, program: string): string {
  const child = spawnSync(process.execPath, ['--expose-gc', program, '--only', bench.name], { encoding: 'utf8', timeout: 600_000 })
  if (child.status !== 0)
    throw new Error(child.stderr.trim().replace(`${bench.name}: `, '') || child.error?.message || `ended by ${child.signal}`)
  return child.stdout.trim()
}

/**
 * The command line `main.js [pattern]`: runs the benchmarks whose name contains the pattern, prints one line for each, goes on after a failure.
 * Returns the exit status.
 */
export async function main(benches: readonly Bench[], program: string, words: readonly string[]): Promise<number> {
  const only = words[0] === '--only'
  const pattern = words[only ? 1 : 0] ?? ''
  const chosen = benches.filter((bench) => (only ? bench.name === pattern : bench.name.includes(pattern)))
  if (chosen.length === 0) {
    console.error(`no benchmark has "${pattern}" in its name; there are:\n  ${benches.map((bench) => bench.name).join('\n  ')}`)
    return 1
  }
  let status = 0
  for (const bench of chosen) {
    try {
      console.log(bench.isolated && !only ? lineOfChild(bench, program) : await line(bench))
    } catch (error) {
      console.error(`${bench.name}: ${error instanceof Error ? error.message : error}`)
      status = 1
    }
  }
  return status
}
