import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Counter } from '../../../src/core/storage/counters.ts'
import { Area, BlockHeader, Kind } from '../../../src/core/storage/format.ts'
import { defaultLayout, type Layout, withAreas } from '../../../src/core/storage/layout.ts'
import { createWorkspace } from '../../../src/core/storage/record.ts'
import type { RecordLog } from '../../../src/core/storage/record-log.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'
import { writeSuperblock } from '../../../src/core/storage/superblock.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'

const BLOCK = 256
const BLOCKS = 32
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random', 'reordered']

/** The layout of the old image; blocks 25 to 31 are free. */
const OLD: Layout = {
  areas: [
    { area: Area.settings, firstBlock: 2, blocks: 3 },
    { area: Area.registers, firstBlock: 5, blocks: 6 },
    { area: Area.events, firstBlock: 11, blocks: 3 },
    { area: Area.powerFailures, firstBlock: 14, blocks: 3 },
    { area: Area.profile, firstBlock: 17, blocks: 8 },
  ],
}

/** What this firmware adds to it; for the other areas there is no room. */
const COUNTERS = { area: Area.counters, firstBlock: 25, blocks: 4 }
const BILLING = { area: Area.billing, firstBlock: 29, blocks: 3 }

function oldImage(): Uint8Array {
  const image = new Uint8Array(BLOCKS * BLOCK).fill(0xff)
  for (const line of readFileSync(new URL('./format-1.txt', import.meta.url), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [offset, hex] = line.split(' ')
    image.set(Buffer.from(hex, 'hex'), Number.parseInt(offset, 16))
  }
  return image
}

function createRig(image: Uint8Array, seed = 1) {
  const memory = new MemoryFlash({ blocks: BLOCKS, blockLength: BLOCK })
  memory.load(image)
  return { memory, chip: new NorFlash(memory, { random: new SeededRandom(seed, 4) }) }
}

const open = (flash: NorFlash): Storage => openStorage(flash, { registers: 8 })

function entries(log: RecordLog): string[] {
  const found: string[] = []
  for (const cursor = log.cursor(); cursor.next(); ) {
    found.push(`${cursor.sequence}: ${cursor.type} ${cursor.status} ${cursor.utc_s - 1_700_000_000} ${cursor.payload.join(' ')}`)
  }
  return found
}

const every = (from: number, to: number, make: (n: number) => string): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => make(from + i))

/** A hundred minutes of the old firmware: an image each minute, and entries each second, fifth and twenty-fifth. */
function checkContent(storage: Storage): void {
  const values = new Float64Array(8)
  expect(storage.registers.load(values)).toEqual({ utc_s: 1_700_006_000 })
  expect([...values]).toEqual([5050, 10100, 15150, 20200, 25250, 30300, 35350, 40400])
  expect(entries(storage.profile)).toEqual(every(8, 50, (n) => `${n}: 1 ${2 * n} ${120 * n} ${2 * n} ${4 * n} 3 4`))
  expect(entries(storage.events)).toEqual(every(8, 20, (n) => `${n}: ${5 * n} 0 ${300 * n} ${5 * n}`))
  expect(entries(storage.powerFailures)).toEqual(every(1, 4, (n) => `${n}: ${25 * n} 0 ${1500 * n} ${25 * n} 1`))
  const settings = storage.settings.keys().map((key) => `${key} ${storage.settings.get(key)?.join(' ')}`)
  expect(settings.sort()).toEqual(['key0 80 81', 'key1 90 91', 'key2 100 101', 'key3 70 71'])
}

/** All but the copies of the layout. */
function sameAreas(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a.subarray(2 * BLOCK), b.subarray(2 * BLOCK)) === 0
}

function epochs(flash: MemoryFlash): number[] {
  const header = new BlockHeader()
  return [0, 1].map((block) => (header.read(flash, block * BLOCK) === Kind.valid ? header.epoch : -1))
}

describe('a flash that was divided before there were counters', () => {
  test('opens with all that it holds; the counters and what came later get free blocks, and nothing else changes', () => {
    const image = oldImage()
    const { chip, memory } = createRig(image)
    const storage = open(chip)
    expect(storage.report).toMatchObject({ fresh: false, layout: 'migrated', torn: 0, damaged: 0, worn: [] })
    expect(storage.layout.areas).toEqual([...OLD.areas, COUNTERS, BILLING])
    expect([storage.billing?.count, storage.fraud]).toEqual([0, undefined])
    checkContent(storage)
    expect(sameAreas(memory.image(), image)).toBe(true)
    expect(epochs(memory)).toEqual([2, 2])
    expect(storage.counters.next(Counter.boot)).toBe(1)
    const again = open(chip)
    expect(again.report).toMatchObject({ layout: 'good', torn: 0, damaged: 0 })
    expect(again.counters.next(Counter.boot)).toBe(2)
    checkContent(again)
  })

  test.each(TEARS)('power lost at every operation of it, and of the recovery, torn as %j', (tear) => {
    const image = oldImage()
    const total = createRig(image)
    open(total.chip)
    for (let cut = 1; cut <= total.chip.operations; cut++) {
      const first = createRig(image, cut)
      first.chip.cutAt(cut, tear)
      expect(() => open(first.chip)).toThrow(PowerLoss)
      for (let second = 1; ; second++) {
        const { chip, memory } = createRig(first.memory.image(), cut * 100 + second)
        chip.cutAt(second, TEARS[(cut + second) % TEARS.length])
        let through = true
        try {
          open(chip)
        } catch (error) {
          if (!(error instanceof PowerLoss)) throw error
          through = false
        }
        chip.powerOn()
        const storage = open(chip)
        expect(storage.layout.areas).toEqual([...OLD.areas, COUNTERS, BILLING])
        expect(storage.report.damaged, `operation ${cut}, then ${second}`).toBe(0)
        checkContent(storage)
        expect(sameAreas(memory.image(), image)).toBe(true)
        expect(epochs(memory)).toEqual([2, 2])
        if (through) break
      }
    }
  })

  test('a chip that ignores one command: at the next start at the latest all is well', () => {
    const image = oldImage()
    const total = createRig(image)
    open(total.chip)
    for (let drop = 1; drop <= total.chip.operations; drop++) {
      const { chip } = createRig(image)
      chip.cutAt(drop, 'dropped')
      checkContent(open(chip))
      checkContent(open(chip))
      expect(open(chip).report).toMatchObject({ layout: 'good', damaged: 0 })
    }
  })

  test.each([0, 1])('with copy %i of the layout damaged', (block) => {
    const image = oldImage()
    image.fill(0x55, block * BLOCK, (block + 1) * BLOCK)
    const { chip, memory } = createRig(image)
    checkContent(open(chip))
    expect(epochs(memory)).toEqual([2, 2])
  })

  test('without free blocks: refused, nothing touched', () => {
    const { chip, memory } = createRig(oldImage())
    const full = { areas: [...OLD.areas.slice(0, 4), { area: Area.profile, firstBlock: 17, blocks: 15 - 2 }] }
    for (const block of [0, 1]) writeSuperblock(memory, createWorkspace(BLOCK), block, full, 1)
    const before = memory.image()
    expect(() => open(chip)).toThrow(expect.objectContaining({ code: 'STORAGE_LAYOUT' }))
    expect(chip.operations).toBe(0)
    expect(Buffer.compare(memory.image(), before)).toBe(0)
  })

  test('the default layout is the one that a migration gives, so that it can be calculated again when both copies are lost', () => {
    for (let blocks = 128; blocks <= 4096; blocks += 61) {
      const status = { size: blocks * 4096, blockLength: 4096, blocks, writeAlign: 16, eraseValue: 0xff } as const
      const layout = defaultLayout(status)
      for (const newest of [Area.powerFailures, Area.counters]) {
        const old = { areas: layout.areas.filter((extent) => extent.area <= newest) }
        expect(withAreas(old, status)).toEqual(layout)
      }
    }
  })
})

describe('a flash that was divided before there were logs of fraud and power quality', () => {
  /** The counters are in use, so that a copy of the layout that cannot be read would be damage. */
  function earlierImage(): Uint8Array {
    const { chip, memory } = createRig(oldImage())
    const storage = open(chip)
    for (let i = 0; i < 5; i++) storage.counters.next(Counter.boot)
    while (storage.prepare());
    for (const block of [0, 1]) writeSuperblock(memory, createWorkspace(BLOCK), block, { areas: [...OLD.areas, COUNTERS] }, 2)
    return memory.image()
  }
  const withBilling = { areas: [...OLD.areas, COUNTERS, BILLING] }

  test('gets what has room; both copies of the layout say so, and the counters go on', () => {
    const image = earlierImage()
    const { chip, memory } = createRig(image)
    const storage = open(chip)
    expect(storage.report).toMatchObject({ fresh: false, layout: 'migrated', torn: 0, damaged: 0 })
    expect(storage.layout).toEqual(withBilling)
    checkContent(storage)
    expect(sameAreas(memory.image(), image)).toBe(true)
    expect(epochs(memory)).toEqual([3, 3])
    expect(storage.counters.next(Counter.boot)).toBe(6)
    storage.billing?.append(1, 0, 1_700_006_001, new Uint8Array(100))
    const again = open(chip)
    expect(again.report).toMatchObject({ layout: 'good', torn: 0, damaged: 0 })
    expect(again.billing?.count).toBe(1)
  })

  test.each(TEARS)('power lost at every operation of it, and of the recovery, torn as %j: no damage, nothing lost', (tear) => {
    const image = earlierImage()
    const total = createRig(image)
    open(total.chip)
    for (let cut = 1; cut <= total.chip.operations; cut++) {
      const first = createRig(image, cut)
      first.chip.cutAt(cut, tear)
      expect(() => open(first.chip)).toThrow(PowerLoss)
      for (let second = 1; ; second++) {
        const { chip, memory } = createRig(first.memory.image(), cut * 100 + second)
        chip.cutAt(second, TEARS[(cut + second) % TEARS.length])
        let through = true
        try {
          open(chip)
        } catch (error) {
          if (!(error instanceof PowerLoss)) throw error
          through = false
        }
        chip.powerOn()
        const storage = open(chip)
        expect(storage.layout).toEqual(withBilling)
        expect(storage.report.damaged, `operation ${cut}, then ${second}`).toBe(0)
        expect(storage.counters.last(Counter.boot)).toBe(5)
        checkContent(storage)
        expect(sameAreas(memory.image(), image)).toBe(true)
        expect(epochs(memory)).toEqual([3, 3])
        if (through) break
      }
    }
  })

  test('a damaged copy of the layout is damage again once a new area is in use', () => {
    const { chip, memory } = createRig(earlierImage())
    open(chip).billing?.append(1, 0, 1_700_006_001, new Uint8Array(100))
    const image = memory.image()
    image.fill(0x55, BLOCK, 2 * BLOCK)
    expect(open(createRig(image).chip).report).toMatchObject({ layout: 'repaired', damaged: 1 })
  })

  test('where all have room, each log takes a hundred entries and more before the first one goes', () => {
    const flash = new MemoryFlash({ blocks: 512 })
    const storage = openStorage(flash)
    for (const name of ['fraud', 'disconnector', 'quality', 'communication'] as const) {
      const log = storage[name]
      for (let i = 0; i < 1000; i++) {
        log?.append(1, 0, 1_700_000_000 + i, new Uint8Array(8))
        storage.prepare()
        if (i >= 127) expect(log?.count, name).toBeGreaterThanOrEqual(127)
      }
      expect(log?.nextSequence).toBe(1001)
    }
  })
})
