import { expect, test } from 'vitest'
import { Area } from '../../src/core/storage/format.ts'
import { defaultLayout, extentOf } from '../../src/core/storage/layout.ts'
import { DAMAGED, LOSSY } from './check.ts'
import { rotten, wiped, worn } from './damage.ts'
import { FLASH, METER_BLOCKS } from './life.ts'
import { record } from './recording.ts'

const SEED = 1
const { scenes } = record({ seed: SEED, warm_s: 3600, length_s: 600 })
const scene = scenes[0]
const status = { ...FLASH, blocks: METER_BLOCKS, size: METER_BLOCKS * FLASH.blockLength, eraseValue: 0xff } as const
const layout = defaultLayout(status)
const AREAS = Object.entries(Area).filter(([, area]) => layout.areas.some((extent) => extent.area === area))

/** Whatever the flash holds: the meter starts, counts, and keeps order in what it still has (`Life.check`). */
test('bits turned anywhere: the meter lives, and damage that the start sees is in the log', () => {
  let seen = 0
  for (let seed = 0; seed < 400; seed++) {
    const bits = 1 + (seed % 20) * (seed % 20)
    const { damaged, reported } = rotten(scene, seed, bits, 75)
    if (damaged > 0) seen++
    if (damaged > 0) expect(reported, `--rot ${bits} --fault ${seed}`).toBeGreaterThan(0)
  }
  expect(seen).toBeGreaterThan(100)
})

test('one worn block, whichever: nothing stops, nothing promised is lost', () => {
  for (let block = 0; block < METER_BLOCKS; block++) {
    const { saves } = worn(scene, block, [block], DAMAGED, 900)
    expect(saves, `block ${block}`).toBeGreaterThan(90)
  }
})

test.each(AREAS)('all blocks of the area %s worn out: the meter counts on', (_name, area) => {
  const { firstBlock, blocks } = extentOf(layout, area)
  const all = Array.from({ length: blocks }, (_, i) => firstBlock + i)
  const { reported, saves } = worn(scene, area, all, LOSSY, 10_800)
  if (area !== Area.registers) expect(saves).toBeGreaterThan(1080)
  // Settings and logs of events are the script's own to store; of a full one it is told directly.
  if (area === Area.registers || area === Area.profile) expect(reported).toBeGreaterThan(0)
})

test.each(AREAS.flatMap(([name, area]) => ([0, 0xff, 'random'] as const).map((content) => [name, content, area] as const)))(
  'the area %s lost to %s: the meter begins it anew',
  (_name, content, area) => {
    const { saves, damaged } = wiped(scene, area, extentOf(layout, area), content, 900)
    expect(saves).toBeGreaterThan(90)
    if (content !== 0xff) expect(damaged).toBeGreaterThan(0)
  },
)
