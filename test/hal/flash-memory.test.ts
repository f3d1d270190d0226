import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { NorArray } from '../../src/lib/nor-array.ts'
import { SeededRandom } from '../../src/lib/random.ts'

describe('NorArray', () => {
  test('takes memory only where something is programmed, and gives it back', () => {
    const array = new NorArray({ blocks: 512, blockLength: 4096, writeAlign: 16 })
    expect(array.allocated).toBe(0)
    array.program(new Uint8Array(16), 5 * 4096)
    expect(array.allocated).toBe(1024)
    array.eraseBlock(5)
    expect(array.allocated).toBe(0)
    array.set(new Uint8Array(8192).fill(0xff), 4096)
    expect(array.allocated).toBe(0)
  })

  test('behaves as a plain array of cells', () => {
    const random = new SeededRandom(1)
    const array = new NorArray({ blocks: 6, blockLength: 96, writeAlign: 4 })
    const cells = new Uint8Array(576).fill(0xff)
    const seen = new Uint8Array(576)
    for (let i = 0; i < 3000; i++) {
      const offset = 4 * random.below(144)
      const bytes = new Uint8Array(4 * random.below((576 - offset) / 4))
      random.fill(bytes)
      const choice = random.below(4)
      if (choice === 0) {
        const block = random.below(6)
        array.eraseBlock(block)
        cells.fill(0xff, block * 96, block * 96 + 96)
      } else if (choice === 1) {
        array.set(bytes, offset)
        cells.set(bytes, offset)
      } else {
        array.program(bytes, offset)
        for (let k = 0; k < bytes.length; k++) cells[offset + k] &= bytes[k]
      }
      array.read(seen, 0)
      if (Buffer.compare(seen, cells) !== 0) expect(seen).toEqual(cells)
    }
  })

  test('refuses impossible dimensions', () => {
    for (const geometry of [
      { blocks: 0, blockLength: 4096, writeAlign: 16 },
      { blocks: 1, blockLength: 100, writeAlign: 16 },
      { blocks: 1.5, blockLength: 4096, writeAlign: 16 },
    ]) {
      expect(() => new NorArray(geometry)).toThrow(RangeError)
    }
  })
})

describe('MemoryFlash', () => {
  test.each([256, 4096] as const)('hands out pages of %i bytes that changed, each once', (page) => {
    const flash = new MemoryFlash({ blocks: 4, page })
    const mirror = flash.image()
    expect(flash.takeDirty()).toEqual([])
    flash.write(new Uint8Array(32).fill(1), 4080)
    flash.write(new Uint8Array(16).fill(2), 4080)
    flash.eraseBlock(2)
    const dirty = flash.takeDirty()
    for (const { offset, bytes } of dirty) mirror.set(bytes, offset)
    expect(mirror).toEqual(flash.image())
    expect(dirty.map((each) => each.offset)).toEqual(
      page === 4096 ? [0, 4096, 8192] : [3840, 4096, ...Array.from({ length: 16 }, (_, i) => 8192 + 256 * i)],
    )
    expect(flash.takeDirty()).toEqual([])
  })

  test('loads an image of its own size only', () => {
    const flash = new MemoryFlash({ blocks: 2 })
    flash.write(new Uint8Array(16), 0)
    const image = new Uint8Array(8192).fill(0xff)
    image[5000] = 7
    flash.load(image)
    expect(flash.image()).toEqual(image)
    expect(() => flash.load(new Uint8Array(8191))).toThrow(RangeError)
  })
})
