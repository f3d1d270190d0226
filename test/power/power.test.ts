import { expect, test } from 'vitest'
import { Cuts, TEARS } from './cuts.ts'
import { recordHour, TIMEOUT_MS } from './hour.ts'

const recording = recordHour()
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
