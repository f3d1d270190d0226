import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { HEADER_LENGTH } from '../../../src/core/storage/format.ts'
import { RegisterJournal } from '../../../src/core/storage/register-journal.ts'
import { putVarint, VarintReader } from '../../../src/core/storage/varint.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'

const BLOCK = 512
const AREA = { area: 2, firstBlock: 0, blocks: 3 }

function createMemory(): MemoryFlash {
  return new MemoryFlash({ blocks: 3, blockLength: BLOCK })
}

function mounted(flash: MemoryFlash | NorFlash, count = 4): RegisterJournal {
  const journal = new RegisterJournal(flash, { ...AREA, count })
  journal.mount()
  return journal
}

function loaded(flash: MemoryFlash | NorFlash, count = 4): { utc_s: number; values: number[] } | undefined {
  const values = new Float64Array(count)
  const found = mounted(flash, count).load(values)
  return found && { utc_s: found.utc_s, values: [...values] }
}

describe('varint', () => {
  test('keeps every integer below 2^53', () => {
    const bytes = new Uint8Array(8)
    for (const value of [0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const end = putVarint(bytes, 0, value)
      const reader = new VarintReader(bytes.subarray(0, end))
      expect(reader.next()).toBe(value)
      expect(reader.position).toBe(end)
    }
    expect(putVarint(bytes, 0, Number.MAX_SAFE_INTEGER)).toBe(8)
  })

  test('refuses numbers that end early or are too large', () => {
    for (const bytes of [[], [0x80], [0xff, 0xff], new Array(8).fill(0xff), [...new Array(7).fill(0xff), 0x10]]) {
      expect(() => new VarintReader(Uint8Array.from(bytes)).next()).toThrow('register journal')
    }
  })
})

describe('RegisterJournal', () => {
  test('holds nothing at first', () => {
    const journal = mounted(createMemory())
    const values = Float64Array.of(1, 2, 3, 4)
    expect(journal.found).toBe(false)
    expect(journal.load(values)).toBeUndefined()
    expect([...values]).toEqual([1, 2, 3, 4])
  })

  test('gives back the last save, through any number of blocks and restarts', () => {
    const random = new SeededRandom(3)
    const flash = createMemory()
    let journal = mounted(flash)
    const values = new Float64Array(4)
    for (let save = 1; save <= 400; save++) {
      for (let i = 0; i < 4; i++) if (random.below(2) === 0) values[i] += random.below(2 ** random.below(42))
      journal.save(values, save)
      expect(loaded(flash)).toEqual({ utc_s: save, values: [...values] })
      if (save % 7 === 0) journal = mounted(flash)
    }
  })

  test('an unchanged image is saved too: its time says when the meter was last alive', () => {
    const flash = createMemory()
    const journal = mounted(flash)
    journal.save(Float64Array.of(5, 0, 0, 0), 100)
    journal.save(Float64Array.of(5, 0, 0, 0), 160)
    expect(loaded(flash)).toEqual({ utc_s: 160, values: [5, 0, 0, 0] })
  })

  test('numbers up to the largest', () => {
    const flash = createMemory()
    const journal = mounted(flash)
    const most = Number.MAX_SAFE_INTEGER
    journal.save(Float64Array.of(0, most, 2 ** 40, 1), 1)
    journal.save(Float64Array.of(most, most, 2 ** 52, 1), 2)
    expect(loaded(flash)?.values).toEqual([most, most, 2 ** 52, 1])
  })

  test('refuses an image that decreases or is no integer, and writes nothing', () => {
    const chip = new NorFlash(createMemory())
    const journal = mounted(chip)
    journal.save(Float64Array.of(5, 6, 7, 8), 1)
    const { operations } = chip
    expect(() => journal.save(Float64Array.of(6, 5, 7, 8), 2)).toThrow('decreased')
    expect(() => mounted(chip).save(Float64Array.of(0, 0, 0, 0), 2)).toThrow('decreased')
    for (const bad of [1e16, 7.5, Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      expect(() => journal.save(Float64Array.of(5, 6, 7 + bad, 8), 2)).toThrow()
    }
    expect(() => journal.save(new Float64Array(3), 2)).toThrow('length')
    expect(() => journal.save(Float64Array.of(5, 6, 7, 8), -1)).toThrow('32 bits')
    expect(chip.operations).toBe(operations)
    // A refused image leaves no trace: the first value may still be 5.
    journal.save(Float64Array.of(5, 6, 7, 9), 3)
    expect(loaded(chip as NorFlash)?.values).toEqual([5, 6, 7, 9])
  })

  test('a firmware with more values finds 0 in the new ones', () => {
    const flash = createMemory()
    const older = mounted(flash, 3)
    older.save(Float64Array.of(1, 2, 3), 10)
    older.save(Float64Array.of(1, 2, 4), 11)
    expect(loaded(flash, 5)).toEqual({ utc_s: 11, values: [1, 2, 4, 0, 0] })
    const newer = mounted(flash, 5)
    newer.save(Float64Array.of(1, 2, 4, 0, 9), 12)
    newer.save(Float64Array.of(1, 2, 5, 0, 9), 13)
    expect(loaded(flash, 5)).toEqual({ utc_s: 13, values: [1, 2, 5, 0, 9] })
  })

  test('a firmware with fewer values keeps those that it does not know', () => {
    const flash = createMemory()
    mounted(flash, 5).save(Float64Array.of(1, 2, 3, 4, 500), 10)
    const older = mounted(flash, 2)
    for (let i = 0; i < 50; i++) older.save(Float64Array.of(1 + i, 2), 11 + i)
    expect(loaded(flash, 5)).toEqual({ utc_s: 60, values: [50, 2, 3, 4, 500] })
  })

  test('two generations: the block before the newest is whole whenever the newest is opened', () => {
    const flash = createMemory()
    const journal = mounted(flash)
    const values = new Float64Array(4)
    const saved: string[] = []
    for (let save = 1; save <= 200; save++) {
      values[save % 4] += 1000
      journal.save(values, save)
      saved.push(JSON.stringify({ utc_s: save, values: [...values] }))
      if (save < 30) continue
      // Without the newest block, the one before still gives the last image that it held.
      const image = flash.image()
      const epoch = (block: number) => new DataView(image.buffer).getInt32(block * BLOCK + 8)
      const newest = [0, 1, 2].reduce((a, b) => (epoch(b) > epoch(a) ? b : a))
      image.fill(0, newest * BLOCK, (newest + 1) * BLOCK)
      const damaged = createMemory()
      damaged.load(image)
      const found = saved.indexOf(JSON.stringify(loaded(damaged)))
      expect(found).toBeGreaterThan(saved.length - 1 - 30)
    }
  })

  test('a flipped bit never gives an image that was not saved', () => {
    const flash = createMemory()
    const journal = mounted(flash)
    const saved = new Set<string | undefined>()
    for (let save = 1; save <= 70; save++) {
      const image = { utc_s: save, values: [save * 1000, save * 7, 0, save] }
      journal.save(Float64Array.from(image.values), save)
      saved.add(JSON.stringify(image))
    }
    const image = flash.image()
    for (let at = 0; at < image.length; at++) {
      const flipped = image.slice()
      flipped[at] ^= 1 << (at % 8)
      flash.load(flipped)
      const found = JSON.stringify(loaded(flash))
      if (!saved.has(found)) expect(found, `byte ${at}`).toBe('an image that was saved')
      // What was read goes on.
      const again = mounted(flash)
      const values = new Float64Array(4)
      again.load(values)
      again.prepare()
      again.save(values, 99)
      expect(loaded(flash)?.values).toEqual([...values])
    }
  })

  test('a damaged checkpoint: the generation before counts, and the loss is reported', () => {
    const flash = createMemory()
    const journal = mounted(flash)
    let newest = 0
    let save = 0
    while (newest !== BLOCK) {
      journal.save(Float64Array.of(++save, 0, 0, 0), save)
      newest = flash.image()[BLOCK] === 0xff ? 0 : BLOCK
    }
    journal.save(Float64Array.of(save + 1, 0, 0, 0), save + 1)
    const image = flash.image()
    image[BLOCK + HEADER_LENGTH + 20] ^= 1
    flash.load(image)
    const again = new RegisterJournal(flash, { ...AREA, count: 4 })
    expect(again.mount().missing).toBeGreaterThanOrEqual(2)
    expect(loaded(flash)).toEqual({ utc_s: save - 1, values: [save - 1, 0, 0, 0] })
  })

  test('garbage never throws and is no image', () => {
    const size = 3 * BLOCK
    fc.assert(
      fc.property(fc.uint8Array({ minLength: size, maxLength: size }), (garbage) => {
        const flash = createMemory()
        flash.load(garbage)
        expect(loaded(flash)).toBeUndefined()
        mounted(flash).save(Float64Array.of(1, 2, 3, 4), 5)
        expect(loaded(flash)).toEqual({ utc_s: 5, values: [1, 2, 3, 4] })
      }),
      { numRuns: 50 },
    )
  })

  test('goes on beyond a worn block', () => {
    for (let worn = 0; worn < 3; worn++) {
      const chip = new NorFlash(createMemory())
      chip.wearOut(worn)
      for (let save = 1; save < 300; save++) {
        if (save % 50 === 1) expect(loaded(chip)?.utc_s ?? 0).toBe(save - 1)
        const journal = mounted(chip)
        journal.save(Float64Array.of(save, 0, 0, 0), save)
      }
    }
  })
})
