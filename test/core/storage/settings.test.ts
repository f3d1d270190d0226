import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { NorFlash } from '../../../src/world/chips/nor-flash.ts'

const AREA = { area: 1, firstBlock: 0, blocks: 3 }
const BLOCK = 512

function createMemory(): MemoryFlash {
  return new MemoryFlash({ blocks: 3, blockLength: BLOCK })
}

function mounted(flash: MemoryFlash | NorFlash): Settings {
  const settings = new Settings(flash, AREA)
  settings.mount()
  return settings
}

function all(settings: Settings): Record<string, number[]> {
  return Object.fromEntries(settings.keys().map((key) => [key, [...(settings.get(key) ?? [])]]))
}

describe('Settings', () => {
  test('keeps values, also after a restart', () => {
    const flash = createMemory()
    const settings = mounted(flash)
    expect(settings.get('secret')).toBeUndefined()
    settings.set('secret', Uint8Array.of(1, 2))
    settings.set('empty', new Uint8Array(0))
    settings.set('secret', Uint8Array.of(3))
    settings.set('gone', Uint8Array.of(4))
    settings.delete('gone')
    settings.delete('never')
    for (const each of [settings, mounted(flash)]) expect(all(each)).toEqual({ secret: [3], empty: [] })
  })

  test('a value is a copy', () => {
    const settings = mounted(createMemory())
    settings.set('a', Uint8Array.of(1))
    settings.get('a')?.fill(9)
    expect(settings.get('a')).toEqual(Uint8Array.of(1))
  })

  test('what is stored already is not written again', () => {
    const chip = new NorFlash(createMemory())
    const settings = mounted(chip)
    settings.set('a', Uint8Array.of(1))
    const { operations } = chip
    settings.set('a', Uint8Array.of(1))
    mounted(chip).set('a', Uint8Array.of(1))
    settings.delete('b')
    expect(chip.operations).toBe(operations)
  })

  test('behaves as a map, through compactions and restarts', () => {
    const key = fc.constantFrom('a', 'b', 'longer.key', 'd', 'e')
    const change = fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 30 })))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const chip = new NorFlash(createMemory())
        let settings = mounted(chip)
        const model = new Map<string, number[]>()
        for (const [i, [key, value]] of changes.entries()) {
          if (value === null) {
            settings.delete(key)
            model.delete(key)
          } else {
            settings.set(key, value)
            model.set(key, [...value])
          }
          if (i % 10 === 9) settings = mounted(chip)
        }
        expect(all(mounted(chip))).toEqual(Object.fromEntries(model))
        expect(all(settings)).toEqual(Object.fromEntries(model))
        expect(chip.overwrites).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  test('refuses keys and values that do not fit', () => {
    const chip = new NorFlash(createMemory())
    const settings = mounted(chip)
    for (const key of ['', 'x'.repeat(32), 'with space', 'ümlaut', 'new\nline']) {
      expect(() => settings.set(key, new Uint8Array(1)), key).toThrow(RangeError)
    }
    expect(() => settings.set('key', new Uint8Array(241))).toThrow(RangeError)
    expect(chip.operations).toBe(0)
    settings.set('x'.repeat(31), new Uint8Array(240).fill(7))
    expect(mounted(chip).get('x'.repeat(31))).toEqual(new Uint8Array(240).fill(7))
  })

  test('is full when everything alive exceeds a block; deleting makes room', () => {
    const flash = createMemory()
    const settings = mounted(flash)
    for (let i = 0; i < 7; i++) settings.set(`key${i}`, new Uint8Array(32).fill(i))
    const before = all(settings)
    expect(() => settings.set('more', new Uint8Array(60))).toThrow(expect.objectContaining({ code: 'SETTINGS_FULL' }))
    expect(all(settings)).toEqual(before)
    expect(all(mounted(flash))).toEqual(before)
    settings.delete('key1')
    settings.delete('key2')
    settings.set('more', new Uint8Array(60).fill(1))
    expect(Object.keys(all(mounted(flash))).sort()).toEqual(['key0', 'key3', 'key4', 'key5', 'key6', 'more'])
  })

  test('a flipped bit: never a value that was not set, and a secret falls back to an older one rather than to none', () => {
    const flash = createMemory()
    const settings = mounted(flash)
    for (let i = 0; i < 25; i++) {
      settings.set('secret', new Uint8Array(8).fill(i))
      settings.set('other', new Uint8Array(8).fill(100 + i))
    }
    const image = flash.image()
    let lost = 0
    for (let at = 0; at < image.length; at++) {
      const flipped = image.slice()
      flipped[at] ^= 1 << (at % 8)
      flash.load(flipped)
      const found = all(mounted(flash))
      for (const [key, value] of Object.entries(found)) {
        const first = value[0] - (key === 'other' ? 100 : 0)
        if (value.length !== 8 || first < 0 || first > 24 || value.some((byte) => byte !== value[0]))
          expect(value, `byte ${at}`).toBe('set')
      }
      if (found.secret === undefined || found.other === undefined) lost++
    }
    expect(lost).toBe(0)
  })

  test('garbage never throws and holds nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3 * BLOCK, maxLength: 3 * BLOCK }), (garbage) => {
        const flash = createMemory()
        flash.load(garbage)
        const settings = mounted(flash)
        expect(settings.keys()).toEqual([])
        settings.set('a', Uint8Array.of(1))
        expect(all(mounted(flash))).toEqual({ a: [1] })
      }),
      { numRuns: 50 },
    )
  })

  test('goes on beyond a worn block', () => {
    for (let worn = 0; worn < 3; worn++) {
      const chip = new NorFlash(createMemory())
      chip.wearOut(worn)
      for (let i = 0; i < 200; i++) {
        const settings = mounted(chip)
        if (i > 0) expect(all(settings)).toEqual({ a: [i - 1], b: [i - 1, 2] })
        settings.set('a', Uint8Array.of(i))
        settings.set('b', Uint8Array.of(i, 2))
      }
    }
  })
})
