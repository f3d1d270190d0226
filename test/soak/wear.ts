import { enduranceFaults, endure, wearTable } from '../core/storage/endurance-years.ts'

/** Blocks of 4096 bytes: the partition of the virtual board, and a small one. */
const SIZES = [512, 24] as const
const DAYS_PER_YEAR = 365.25

/** Twenty years, or fewer, under the shipped save policy. Returns what is wrong with the wear. */
export function soakWear(years: number, seed: number, print: (line: string) => void): string[] {
  const days = Math.max(1, Math.round(years * DAYS_PER_YEAR))
  return SIZES.flatMap((blocks) => {
    const report = endure({ blocks, days, seed })
    print(wearTable(report))
    return enduranceFaults(report)
  })
}
