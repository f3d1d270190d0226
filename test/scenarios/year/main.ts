import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExpectedEnd } from './books.ts'
import { live } from './life.ts'

/** What the year should have left in the flash, and what it cost. */
export interface YearReport {
  readonly end_s: number
  readonly counts: readonly number[]
  readonly quarters: readonly (readonly [number, readonly number[]])[]
  readonly midnights: readonly (readonly [number, readonly number[]])[]
  readonly ends: readonly ExpectedEnd[]
  readonly outages: number
  readonly resets: number
  readonly lost_counts: number
  readonly erases_max: number
  readonly overwrites: number
}

/** `main.js FOLDER SEED`: lives a year, writes the flash to FOLDER and prints the books as JSON. */
function main(folder: string, seed: number): YearReport {
  const { books, world, chip, memory, outages_s, resets, lost_counts } = live(seed)
  writeFileSync(join(folder, 'flash'), memory.image())
  return {
    end_s: world.utc_s,
    counts: [...books.counts],
    quarters: [...books.quarters],
    midnights: [...books.midnights],
    ends: books.ends,
    outages: outages_s.length,
    resets,
    lost_counts,
    erases_max: Math.max(...chip.wear),
    overwrites: chip.overwrites,
  }
}

const [folder, seed] = process.argv.slice(2)
process.stdout.write(JSON.stringify(main(folder, Number(seed))))
