import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import {
  FlashTimings,
  HELD_BACK,
  NorFlash,
  type NorFlashOptions,
  operationTime_ms,
  PowerLoss,
  type Tear,
} from '../../../src/world/chips/nor-flash.ts'

function create(options: NorFlashOptions = {}): { chip: NorFlash; cells: () => Uint8Array } {
  const memory = new MemoryFlash({ blocks: 4, blockLength: 256 })
  return { chip: new NorFlash(memory, options), cells: () => memory.image() }
}

describe('NorFlash', () => {
  test('counts operations, bytes, wear and overwrites', () => {
    const { chip } = create()
    chip.write(new Uint8Array(32), 0)
    chip.write(new Uint8Array(16), 16)
    chip.eraseBlock(0, 3)
    chip.eraseBlock(1)
    expect(chip.operations).toBe(6)
    expect(chip.programmed_bytes).toBe(48)
    expect(chip.overwrites).toBe(1)
    expect([...chip.wear]).toEqual([1, 2, 1, 0])
  })

  test('a refused call is no operation', () => {
    const { chip } = create()
    expect(() => chip.write(new Uint8Array(16), 8)).toThrow(RangeError)
    expect(() => chip.eraseBlock(9)).toThrow(RangeError)
    expect(chip.operations).toBe(0)
  })

  test('nothing works without supply, everything after it is back', () => {
    const { chip } = create()
    chip.cutAt(2)
    chip.write(new Uint8Array(16), 0)
    expect(() => chip.write(new Uint8Array(16), 16)).toThrow(PowerLoss)
    expect(() => chip.read(new Uint8Array(1), 0)).toThrow(PowerLoss)
    expect(() => chip.eraseBlock(0)).toThrow(PowerLoss)
    expect(chip.operations).toBe(2)
    chip.powerOn()
    chip.write(new Uint8Array(16), 16)
    expect(() => chip.cutAt(2)).toThrow('over')
    chip.powerOff()
    expect(() => chip.read(new Uint8Array(1), 0)).toThrow(PowerLoss)
  })

  function tornProgram(tear: Tear, seed: number): Uint8Array {
    const { chip, cells } = create({ random: new SeededRandom(seed) })
    chip.cutAt(1, tear)
    expect(() => chip.write(new Uint8Array(32).fill(0x0f), 16)).toThrow(PowerLoss)
    return cells()
  }

  test('torn programs', () => {
    expect(tornProgram('none', 1).every((byte) => byte === 0xff)).toBe(true)
    expect(
      tornProgram('complete', 1)
        .subarray(16, 48)
        .every((byte) => byte === 0x0f),
    ).toBe(true)
    const lengths = new Set<number>()
    for (let seed = 0; seed < 100; seed++) {
      const prefix = tornProgram('prefix', seed)
      const length = prefix.subarray(16).indexOf(0xff)
      lengths.add(length)
      expect(prefix.subarray(16 + length).every((byte) => byte === 0xff)).toBe(true)
      // Bits that were not to be cleared stay; that is what tells `bits` from `garbage`.
      expect(tornProgram('bits', seed).every((byte) => (byte & 0x0f) === 0x0f)).toBe(true)
      const garbage = tornProgram('garbage', seed)
      expect(garbage.subarray(48).every((byte) => byte === 0xff)).toBe(true)
      expect(garbage.subarray(16, 48).some((byte) => (byte & 0x0f) !== 0x0f)).toBe(true)
    }
    expect(lengths.size).toBeGreaterThan(25)
  })

  function tornErase(tear: Tear): Uint8Array {
    const { chip, cells } = create({ random: new SeededRandom(7) })
    chip.write(new Uint8Array(256).fill(0x0f), 256)
    chip.cutAt(2, tear)
    expect(() => chip.eraseBlock(1)).toThrow(PowerLoss)
    const all = cells()
    expect([...all.subarray(0, 256), ...all.subarray(512)].every((byte) => byte === 0xff)).toBe(true)
    return all.subarray(256, 512)
  }

  test('torn erases', () => {
    expect(tornErase('none').every((byte) => byte === 0x0f)).toBe(true)
    expect(tornErase('complete').every((byte) => byte === 0xff)).toBe(true)
    const prefix = tornErase('prefix')
    expect(prefix[0]).toBe(0xff)
    expect(prefix[255]).toBe(0x0f)
    const bits = tornErase('bits')
    expect(bits.every((byte) => (byte & 0x0f) === 0x0f)).toBe(true)
    expect(new Set(bits).size).toBeGreaterThan(8)
    for (const tear of ['garbage', 'erase-random'] as const) expect(new Set(tornErase(tear)).size).toBeGreaterThan(100)
  })

  test('a dropped operation looks done', () => {
    const { chip, cells } = create()
    chip.cutAt(1, 'dropped')
    chip.write(new Uint8Array(16), 0)
    chip.write(new Uint8Array(16), 16)
    expect(cells()[0]).toBe(0xff)
    expect(cells()[16]).toBe(0)
  })

  test('the same seed tears in the same way', () => {
    expect(tornProgram('bits', 5)).toEqual(tornProgram('bits', 5))
    expect(tornProgram('bits', 5)).not.toEqual(tornProgram('bits', 6))
  })

  test('rot flips single bits in both directions and is no operation', () => {
    const { chip, cells } = create()
    chip.write(new Uint8Array(256), 0)
    chip.rot(1, 0, 256)
    chip.rot(1, 512, 768)
    const all = cells()
    const ones = (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    expect(ones(all.subarray(0, 256))).toBe(1)
    expect(ones(all.subarray(512, 768))).toBe(2047)
    expect(chip.operations).toBe(1)
  })

  test('reordered: any of the last operations are missing, earlier ones never, and no cell holds anything else', () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 300; seed++) {
      const { chip, cells } = create({ random: new SeededRandom(seed) })
      chip.cutAt(8, 'reordered')
      const unit = new Uint8Array(16)
      for (let i = 0; i < 7; i++) {
        chip.write(unit, 64 * i)
        // As long as there is power, reads go through the cache.
        chip.read(unit, 64 * i)
        expect(unit[0]).toBe(0)
      }
      expect(() => chip.write(unit, 64 * 7)).toThrow(PowerLoss)
      const all = cells()
      const there = Array.from({ length: 8 }, (_, i) => (all[64 * i] === 0 ? '1' : '0')).join('')
      expect(there.startsWith('1'.repeat(7 - HELD_BACK))).toBe(true)
      expect(all.every((byte, at) => byte === (there[at >> 6] === '1' && at % 64 < 16 ? 0 : 0xff))).toBe(true)
      outcomes.add(there)
    }
    expect(outcomes.size).toBe(2 ** (HELD_BACK + 1))
  })

  test('reordered: what follows an erase in its block never happens without it', () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 300; seed++) {
      const { chip, cells } = create({ random: new SeededRandom(seed) })
      chip.write(new Uint8Array(256).fill(0x0f), 256)
      for (let i = 0; i < HELD_BACK; i++) chip.write(new Uint8Array(16), 512 + 16 * i)
      chip.cutAt(chip.operations + 4, 'reordered')
      chip.write(new Uint8Array(16), 0)
      chip.eraseBlock(1)
      chip.write(new Uint8Array(16).fill(0x33), 256)
      expect(() => chip.write(new Uint8Array(16).fill(0x55), 272)).toThrow(PowerLoss)
      const all = cells()
      const block = [all[256], all[272], all[500]].map((byte) => byte.toString(16)).join()
      expect(['f,f,f', '33,ff,ff', 'ff,55,ff', '33,55,ff', 'ff,ff,ff']).toContain(block)
      outcomes.add(block)
    }
    expect(outcomes.size).toBe(5)
  })

  test('the hook is told of each operation, and can end the supply in it', () => {
    const seen: (string | number)[][] = []
    let charge_ms = 48
    const { chip, cells } = create({
      onOperation: (kind, bytes, offset) => {
        seen.push([kind, bytes, offset])
        charge_ms -= operationTime_ms(FlashTimings.W25Q32JV, kind, bytes, offset)
        return charge_ms < 0 ? 'prefix' : undefined
      },
    })
    chip.write(new Uint8Array(32), 240)
    expect(charge_ms).toBeCloseTo(48 - 1.4)
    chip.eraseBlock(2)
    chip.write(new Uint8Array(16), 0)
    chip.write(new Uint8Array(16), 16)
    expect(() => chip.write(new Uint8Array(16), 32)).toThrow(PowerLoss)
    expect(seen).toEqual([
      ['program', 32, 240],
      ['erase', 256, 512],
      ['program', 16, 0],
      ['program', 16, 16],
      ['program', 16, 32],
    ])
    expect(chip.powered).toBe(false)
    expect(cells()[16]).toBe(0)
    chip.powerOn()
    chip.onOperation = () => 'dropped'
    chip.write(new Uint8Array(16), 128)
    expect(cells()[128]).toBe(0xff)
  })

  test('times of operations', () => {
    const { W25Q32JV } = FlashTimings
    expect(operationTime_ms(W25Q32JV, 'erase', 4096, 0)).toBe(45)
    expect(operationTime_ms(W25Q32JV, 'erase', 4096, 0, 'maximum')).toBe(400)
    expect(operationTime_ms(W25Q32JV, 'program', 256, 256, 'maximum')).toBe(3)
    expect(operationTime_ms(W25Q32JV, 'program', 256, 128, 'maximum')).toBe(6)
    expect(operationTime_ms(W25Q32JV, 'program', 0, 0)).toBe(0)
  })

  test('worn blocks no longer erase to the last bit', () => {
    const { chip, cells } = create({ endurance: 2 })
    chip.eraseBlock(0)
    chip.eraseBlock(0)
    expect(cells().every((byte) => byte === 0xff)).toBe(true)
    chip.eraseBlock(0)
    chip.wearOut(2)
    chip.eraseBlock(2)
    const all = cells()
    expect(all.subarray(0, 256).some((byte) => byte !== 0xff)).toBe(true)
    expect(all.subarray(256, 512).every((byte) => byte === 0xff)).toBe(true)
    expect(all.subarray(512, 768).some((byte) => byte !== 0xff)).toBe(true)
  })
})
