import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Flash } from '../../hal/api/flash.ts'

/** What a factory makes must have these dimensions. */
export const CONTRACT_FLASH = { blocks: 8, blockLength: 4096, writeAlign: 16 } as const

/** Every implementation of `Flash` passes this. `create` makes an erased flash; `dispose` lets go of what `create` took. */
export function flashContract(name: string, create: () => Flash, dispose: () => void = () => {}): void {
  describe(`flash contract: ${name}`, () => {
    const { blocks, blockLength, writeAlign } = CONTRACT_FLASH
    const size = blocks * blockLength
    let flash: Flash

    beforeEach(() => {
      flash = create()
    })
    afterEach(() => {
      flash.close()
      dispose()
    })

    function read(length: number, offset: number): Uint8Array {
      const buffer = new Uint8Array(length)
      flash.read(buffer, offset)
      return buffer
    }

    test('says its dimensions', () => {
      expect(flash.status()).toEqual({ size, blockLength, blocks, writeAlign, eraseValue: 0xff })
    })

    test('is erased when new', () => {
      expect(read(size, 0).every((byte) => byte === 0xff)).toBe(true)
    })

    test('programs clear bits only', () => {
      flash.write(new Uint8Array(16).fill(0xf0), 32)
      flash.write(new Uint8Array(16).fill(0x3c), 32)
      expect([...read(18, 31)]).toEqual([0xff, ...new Array(16).fill(0x30), 0xff])
    })

    test('erases the blocks it is told to', () => {
      for (let block = 0; block < blocks; block++) flash.write(new Uint8Array(16).fill(block), block * blockLength + 16)
      flash.eraseBlock(1)
      flash.eraseBlock(3, 6)
      flash.eraseBlock(7, 7)
      const kept = []
      for (let block = 0; block < blocks; block++) if (read(1, block * blockLength + 16)[0] === block) kept.push(block)
      expect(kept).toEqual([0, 2, 6, 7])
    })

    test('programs and reads across blocks', () => {
      const bytes = Uint8Array.from({ length: 2 * blockLength + 32 }, (_, i) => i * 7)
      flash.write(bytes, blockLength - 16)
      expect(read(bytes.length, blockLength - 16)).toEqual(bytes)
      expect(read(16, blockLength - 32).every((byte) => byte === 0xff)).toBe(true)
    })

    test('takes views as they are', () => {
      const whole = Uint8Array.from({ length: 64 }, (_, i) => i)
      flash.write(whole.subarray(16, 32), 0)
      expect(read(32, 0)).toEqual(Uint8Array.from([...whole.subarray(16, 32), ...new Array(16).fill(0xff)]))
      const target = new Uint8Array(64)
      flash.read(target.subarray(8, 24), 0)
      expect(target.subarray(0, 8).every((byte) => byte === 0)).toBe(true)
      expect(target.subarray(8, 24)).toEqual(whole.subarray(16, 32))
      expect(target.subarray(24).every((byte) => byte === 0)).toBe(true)
    })

    test('does not keep or change the buffer it programs', () => {
      const bytes = new Uint8Array(16).fill(0xaa)
      flash.write(bytes, 0)
      flash.write(bytes.fill(0xcc), 16)
      flash.write(bytes, 0)
      expect(bytes.every((byte) => byte === 0xcc)).toBe(true)
      expect(read(1, 0)[0]).toBe(0x88)
    })

    test('nothing to do is allowed', () => {
      flash.write(new Uint8Array(0), 0)
      flash.read(new Uint8Array(0), size)
      flash.eraseBlock(2, 2)
    })

    test('refuses what is outside, and changes nothing', () => {
      const unit = new Uint8Array(16)
      for (const offset of [-16, size, size - 8, 1.5, Number.NaN]) {
        expect(() => flash.write(unit, offset), `write ${offset}`).toThrow(RangeError)
        expect(() => flash.read(unit, offset), `read ${offset}`).toThrow(RangeError)
      }
      for (const [start, end] of [
        [-1, 1],
        [0, blocks + 1],
        [3, 2],
        [0.5, 1],
        [blocks, blocks + 1],
      ]) {
        expect(() => flash.eraseBlock(start, end), `erase ${start} to ${end}`).toThrow(RangeError)
      }
      expect(() => flash.eraseBlock(blocks)).toThrow(RangeError)
      expect(read(size, 0).every((byte) => byte === 0xff)).toBe(true)
    })

    test('refuses programs off the program unit', () => {
      expect(() => flash.write(new Uint8Array(16), 8)).toThrow(RangeError)
      expect(() => flash.write(new Uint8Array(15), 0)).toThrow(RangeError)
      expect(read(32, 0).every((byte) => byte === 0xff)).toBe(true)
    })

    test('close may be called twice, everything else throws afterwards', () => {
      flash.close()
      flash.close()
      expect(() => flash.status()).toThrow()
      expect(() => flash.read(new Uint8Array(1), 0)).toThrow()
      expect(() => flash.write(new Uint8Array(16), 0)).toThrow()
      expect(() => flash.eraseBlock(0)).toThrow()
    })
  })
}
