import { expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { BlockHeader, Kind } from '../../../src/core/storage/format.ts'
import { openStorage } from '../../../src/core/storage/storage.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'

/** Erase cycles that serial NOR chips usually guarantee. */
const ENDURANCE = 100_000
const DAYS = 30
const YEARS = 20
const VALUES = 40

/**
 * A month of a household's meter: the image every minute and once more before each profile entry, one profile entry per quarter of an hour,
 * fifty events a day, a setting a day.
 */
function liveMonth(blocks: number): { chip: NorFlash; areas: readonly { area: number; firstBlock: number; blocks: number }[] } {
  const chip = new NorFlash(new MemoryFlash({ blocks }))
  const storage = openStorage(chip)
  const random = new SeededRandom(20)
  const values = new Float64Array(48)
  // Ten years of use: large absolute values, as late in the life of a meter.
  for (let i = 0; i < VALUES; i++) values[i] = 4e10
  const profile = new Uint8Array(32)
  const event = new Uint8Array(4)
  const minutes = DAYS * 24 * 60
  for (let minute = 0; minute < minutes; minute++) {
    const utc_s = 1_700_000_000 + 60 * minute
    // Half of the registers count at a time (import and one reactive direction, one tariff): up to 3 kW in mWh per minute.
    for (let i = 0; i < VALUES / 2; i++) values[i] += random.below(50_000)
    storage.registers.save(values, utc_s)
    if (minute % 15 === 0) {
      storage.registers.save(values, utc_s)
      storage.profile.append(1, 0, utc_s, profile)
    }
    if (random.below(1440) < 50) storage.events.append(random.below(50), 0, utc_s, event)
    if (minute % 1440 === 0) storage.settings.set('day', Uint8Array.of(minute / 1440))
  }
  return { chip, areas: storage.layout.areas }
}

/** Blocks that an area has opened so far: the epoch of its newest one. */
function openedBlocks(chip: NorFlash, firstBlock: number, count: number): number {
  const header = new BlockHeader()
  let newest = 0
  for (let block = firstBlock; block < firstBlock + count; block++) {
    if (header.read(chip, block * chip.status().blockLength) === Kind.valid) newest = Math.max(newest, header.epoch)
  }
  return newest
}

test.each([
  [2048, 512],
  [512, 128],
  [96, 24],
])('twenty years on %i KiB stay within the endurance of every block', (size_KiB, blocks) => {
  const { chip, areas } = liveMonth(blocks)
  const names = ['', 'settings', 'registers', 'profile', 'events', 'power failures']
  const rows: string[] = []
  for (const { area, firstBlock, blocks: count } of areas) {
    const wear = chip.wear.subarray(firstBlock, firstBlock + count)
    // A month is too short for the large rings to come round: every block that is opened costs one erase, sooner or later.
    const opened = openedBlocks(chip, firstBlock, count)
    const worst = Math.ceil(((opened / DAYS) * 365.25 * YEARS) / count)
    const retention = Math.floor(((count - 1) / opened) * DAYS)
    rows.push(
      `${names[area].padEnd(14)} ${String(count).padStart(4)} blocks, ${String(opened).padStart(5)} opened in ${DAYS} days, holds ${String(retention).padStart(5)} days, ${String(worst).padStart(6)} erases per block in ${YEARS} years`,
    )
    expect(worst).toBeLessThan(ENDURANCE / 2)
    // Wear levelling: no block of a ring is erased twice more than another.
    expect(Math.max(...wear) - Math.min(...wear)).toBeLessThanOrEqual(1)
  }
  expect(chip.overwrites).toBe(0)
  console.log(`${size_KiB} KiB, ${chip.operations} operations, ${chip.programmed_bytes} bytes programmed\n${rows.join('\n')}`)
})
