import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Area, BlockHeader } from '../../../src/core/storage/format.ts'
import { checkLayout, defaultLayout } from '../../../src/core/storage/layout.ts'
import { openStorage } from '../../../src/core/storage/storage.ts'
import { crc32 } from '../../../src/lib/crc.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'
import { busyStep, checkPromises, createRig, nothingPromised, open, REGISTERS, SMALL, SMALL_LAYOUT } from './rig.ts'

function busyImage(steps = 100): { image: Uint8Array; promised: ReturnType<typeof nothingPromised> } {
  const { chip, memory } = createRig(1)
  const promised = nothingPromised()
  const storage = open(chip)
  for (let step = 0; step < steps; step++) busyStep(storage, promised, step)
  while (storage.prepare());
  return { image: memory.image(), promised }
}

/** A valid header of another format version. */
function futureHeader(area: number): Uint8Array {
  const header = new BlockHeader()
  header.encode(area, 1, 1, 0)
  header.bytes[4] = 9
  new DataView(header.bytes.buffer).setUint32(28, crc32(header.bytes, 0, 28))
  return header.bytes
}

describe('layout', () => {
  test('the default is sound for every size, and mostly load profile', () => {
    for (let blocks = 24; blocks <= 4096; blocks += blocks < 200 ? 1 : 61) {
      const status = { size: blocks * 4096, blockLength: 4096, blocks, writeAlign: 16, eraseValue: 0xff } as const
      const layout = defaultLayout(status)
      checkLayout(layout, status)
      const profile = layout.areas.find((extent) => extent.area === Area.profile)
      if (blocks >= 128) expect((profile?.blocks ?? 0) / blocks).toBeGreaterThan(0.6)
    }
  })

  test('two MiB', () => {
    expect(defaultLayout(new MemoryFlash({ blocks: 512 }).status()).areas).toEqual([
      { area: 1, firstBlock: 2, blocks: 4 },
      { area: 2, firstBlock: 6, blocks: 16 },
      { area: 4, firstBlock: 22, blocks: 16 },
      { area: 5, firstBlock: 38, blocks: 8 },
      { area: 3, firstBlock: 46, blocks: 434 },
      { area: 6, firstBlock: 480, blocks: 4 },
      { area: 7, firstBlock: 484, blocks: 4 },
      { area: 8, firstBlock: 488, blocks: 3 },
      { area: 10, firstBlock: 491, blocks: 4 },
      { area: 9, firstBlock: 495, blocks: 3 },
      { area: 11, firstBlock: 498, blocks: 3 },
      { area: 12, firstBlock: 501, blocks: 4 },
      { area: 13, firstBlock: 505, blocks: 3 },
      { area: 14, firstBlock: 508, blocks: 4 },
    ])
  })

  test('refuses a flash that is too small, and impossible layouts', () => {
    expect(() => openStorage(new MemoryFlash({ blocks: 23 }))).toThrow(expect.objectContaining({ code: 'STORAGE_SMALL' }))
    const { areas } = SMALL_LAYOUT
    for (const bad of [areas.slice(1), [...areas, areas[0]], areas.map((extent) => ({ ...extent, firstBlock: extent.firstBlock + 3 }))]) {
      const opening = () => openStorage(new MemoryFlash(SMALL), { layout: { areas: bad }, registers: REGISTERS })
      expect(opening).toThrow(expect.objectContaining({ code: 'STORAGE_LAYOUT' }))
    }
  })
})

describe('openStorage', () => {
  test('a new flash is empty and undamaged, and takes little memory', () => {
    const flash = new MemoryFlash({ blocks: 512 })
    const storage = openStorage(flash)
    expect(storage.report).toMatchObject({ fresh: true, layout: 'good', torn: 0, damaged: 0 })
    expect(storage.registers.load(new Float64Array(116))).toBeUndefined()
    expect(storage.profile.count + storage.events.count + storage.powerFailures.count).toBe(0)
    storage.registers.save(new Float64Array(116), 1)
    storage.events.append(1, 0, 1, new Uint8Array(4))
    storage.profile.append(1, 0, 1, new Uint8Array(32))
    expect(flash.allocated).toBeLessThanOrEqual(5 * 1024)
  })

  test('finds everything again', () => {
    const { image, promised } = busyImage()
    const { chip } = createRig(1, image)
    const storage = open(chip)
    expect(storage.report).toMatchObject({ fresh: false, layout: 'good', torn: 0, damaged: 0 })
    checkPromises(storage, promised)
    expect(chip.operations).toBe(0)
  })

  test("without a layout of one's own, the flash's counts; another one is refused", () => {
    const { image, promised } = busyImage()
    const { chip } = createRig(1, image)
    const storage = openStorage(chip, { registers: REGISTERS })
    expect(storage.layout).toEqual(SMALL_LAYOUT)
    checkPromises(storage, promised)
    const other = { areas: SMALL_LAYOUT.areas.map((extent) => ({ ...extent, firstBlock: extent.firstBlock + 1 })) }
    expect(() => openStorage(chip, { layout: other, registers: REGISTERS })).toThrow(expect.objectContaining({ code: 'STORAGE_LAYOUT' }))
    expect(chip.operations).toBe(0)
  })

  test.each([0, 1])('one copy of the layout damaged (block %i): repaired, nothing lost', (block) => {
    const { image, promised } = busyImage()
    image.fill(0x55, block * SMALL.blockLength, (block + 1) * SMALL.blockLength)
    const { chip } = createRig(1, image)
    const storage = openStorage(chip, { registers: REGISTERS })
    expect(storage.report).toMatchObject({ fresh: false, layout: 'repaired', damaged: 1 })
    checkPromises(storage, promised)
    expect(openStorage(chip, { registers: REGISTERS }).report).toMatchObject({ layout: 'good', damaged: 0 })
  })

  test('both copies damaged: rebuilt from the layout asked for', () => {
    const { image, promised } = busyImage()
    image.fill(0, 0, 2 * SMALL.blockLength)
    const { chip } = createRig(1, image)
    const storage = open(chip)
    expect(storage.report).toMatchObject({ fresh: false, layout: 'rebuilt', damaged: 2 })
    checkPromises(storage, promised)
    expect(open(chip).report).toMatchObject({ layout: 'good', damaged: 0 })
  })

  test.each([
    ['the layout', 0, Area.superblock],
    ['the other copy of the layout', 1, Area.superblock],
    ['a block of the profile', 16, Area.profile],
    ['a block of the registers', 6, Area.registers],
    ['a block of the settings', 2, Area.settings],
  ])('%s of a newer format: refused, nothing touched', (_, block, area) => {
    const { image } = busyImage()
    image.set(futureHeader(area), block * SMALL.blockLength)
    const { chip, memory } = createRig(1, image)
    expect(() => open(chip)).toThrow(expect.objectContaining({ code: 'STORAGE_VERSION' }))
    expect(chip.operations).toBe(0)
    expect(memory.image()).toEqual(image)
  })

  test('a newer register image: refused, nothing touched', () => {
    const { chip } = createRig(1)
    const storage = open(chip)
    storage.registers.save(new Float64Array(REGISTERS), 1)
    const image = new MemoryFlash(SMALL).image()
    chip.read(image, 0)
    const at = 5 * SMALL.blockLength + 32
    image[at + 12] = 2
    const length = 32
    new DataView(image.buffer).setUint32(at + length - 4, crc32(image, at, at + length - 4))
    const again = createRig(1, image)
    expect(() => open(again.chip)).toThrow(expect.objectContaining({ code: 'STORAGE_VERSION' }))
    expect(again.chip.operations).toBe(0)
  })

  test('a flash of another shape is refused', () => {
    const { image } = busyImage()
    const larger = new MemoryFlash({ ...SMALL, blocks: 32 })
    const content = larger.image()
    content.set(image)
    larger.load(content)
    expect(() => openStorage(larger, { registers: REGISTERS })).toThrow(expect.objectContaining({ code: 'STORAGE_LAYOUT' }))
  })

  test('entirely unreadable: starts anew and says so', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24 * 256, maxLength: 24 * 256 }), (garbage) => {
        const { chip } = createRig(1, garbage)
        const storage = open(chip)
        expect(storage.report.layout).toBe('rebuilt')
        expect(storage.report.fresh).toBe(false)
        expect(storage.report.damaged).toBeGreaterThan(10)
        const promised = nothingPromised()
        for (let step = 0; step < 60; step++) busyStep(storage, promised, step)
        checkPromises(open(chip), promised)
      }),
      { numRuns: 30 },
    )
  })

  test('flipped bits and garbage anywhere: opens, reads only what was written, and goes on', () => {
    const { image } = busyImage(200)
    const piece = fc.tuple(fc.integer({ min: 0, max: image.length - 1 }), fc.uint8Array({ maxLength: 400 }))
    const flip = fc.tuple(fc.integer({ min: 0, max: image.length - 1 }), fc.integer({ min: 0, max: 7 }))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), fc.array(flip, { maxLength: 20 }), (pieces, flips) => {
        const broken = image.slice()
        for (const [at, bytes] of pieces) broken.set(bytes.subarray(0, broken.length - at), at)
        for (const [at, bit] of flips) broken[at] ^= 1 << bit
        const { chip } = createRig(1, broken)
        const storage = open(chip)
        for (const log of [storage.profile, storage.events, storage.powerFailures]) {
          const cursor = log.cursor()
          let last = 0
          while (cursor.next()) {
            expect(cursor.sequence).toBeGreaterThan(last)
            last = cursor.sequence
          }
          const sequence = log.append(1, 2, 3, Uint8Array.of(4))
          cursor.seek(sequence)
          expect(cursor.next() && cursor.payload[0]).toBe(4)
        }
        const values = new Float64Array(REGISTERS)
        storage.registers.load(values)
        storage.registers.save(values, 5)
        storage.settings.set('key0', Uint8Array.of(6))
        const again = open(chip)
        expect(again.settings.get('key0')).toEqual(Uint8Array.of(6))
        expect(again.registers.load(values)?.utc_s).toBe(5)
        expect(again.report.layout).toBe('good')
      }),
      { numRuns: 300 },
    )
  })

  test('rot over the years is reported', () => {
    const { image } = busyImage()
    const memory = new MemoryFlash(SMALL)
    memory.load(image)
    const chip = new NorFlash(memory)
    chip.rot(400)
    expect(open(chip).report.damaged).toBeGreaterThan(0)
  })
})
