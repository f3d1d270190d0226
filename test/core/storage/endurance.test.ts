import { expect, test } from 'vitest'
import { ENDURANCE, enduranceFaults, endure, wearTable } from './endurance-years.ts'

test.each([
  [2048, 512],
  [512, 128],
  [96, 24],
])('twenty years on %i KiB stay within the endurance of every block', (_size_KiB, blocks) => {
  // Long enough that the rings that turn fast have come round many times; the soak lives through all of it.
  const report = endure({ blocks, days: 90 })
  console.log(wearTable(report))
  expect(enduranceFaults(report)).toEqual([])
  const registers = report.areas.find(({ name }) => name === 'registers')
  // Half of it is reserve: for brown-outs, for records that grow, for blocks that fail early.
  expect(registers?.lifetime).toBeLessThan(0.6 * ENDURANCE)
  expect(registers?.least).toBeGreaterThan(0)
})
