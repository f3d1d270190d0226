import { describe, expect, test } from 'vitest'
import type { Random } from '../../hal/api/crypto.ts'

/** The rules of `Random` in `hal/api/crypto.ts`. It does not judge the quality of the noise, only that there is some. */
export function randomContract(name: string, random: Random): void {
  describe(`random: ${name}`, () => {
    test('fills the whole buffer', () => {
      const seen = new Uint8Array(64)
      for (let round = 0; round < 32; round++) {
        const buffer = new Uint8Array(64)
        random(buffer)
        for (let i = 0; i < seen.length; i++) seen[i] = (seen[i] as number) | (buffer[i] as number)
      }
      // A byte that stays 0 in 32 rounds by chance: once in 10^77.
      expect(seen.every((byte) => byte !== 0)).toBe(true)
    })

    test('writes inside the view only', () => {
      const memory = new Uint8Array(48)
      for (let round = 0; round < 32; round++) random(memory.subarray(16, 32))
      expect(memory.subarray(0, 16).every((byte) => byte === 0)).toBe(true)
      expect(memory.subarray(32).every((byte) => byte === 0)).toBe(true)
    })

    test('does not repeat itself, and uses all values', () => {
      const first = new Uint8Array(4096)
      const second = new Uint8Array(4096)
      random(first)
      random(second)
      expect(first).not.toEqual(second)
      expect(new Set(first).size).toBeGreaterThan(250)
    })

    test('an empty buffer is no error', () => {
      expect(() => random(new Uint8Array(0))).not.toThrow()
    })
  })
}
