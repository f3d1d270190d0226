import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc16Word, crc32 } from '../../src/lib/crc.ts'

const check = new TextEncoder().encode('123456789')

/** The textbook form, one bit at a time, as the reference. */
function crc16Bytes(bytes: Iterable<number>, start: number): number {
  let crc = start
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const feedback = ((crc >> 15) & 1) ^ ((byte >> bit) & 1)
      crc = ((crc << 1) & 0xffff) ^ (feedback ? 0x1021 : 0)
    }
  }
  return crc
}

test('CRC-32 gives the check value of the catalogue', () => {
  expect(crc32(check).toString(16)).toBe('cbf43926')
  expect(crc32(new Uint8Array())).toBe(0)
})

test('CRC-32 of a window is the CRC of a copy of it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), fc.nat(40), (bytes, a, b) => {
      const start = Math.min(a, b, bytes.length)
      const end = Math.min(Math.max(a, b), bytes.length)
      expect(crc32(bytes, start, end)).toBe(crc32(bytes.slice(start, end)))
    }),
  )
})

test('CRC-32 sees every single flipped bit', () => {
  const whole = crc32(check)
  for (let bit = 0; bit < check.length * 8; bit++) {
    const damaged = check.slice()
    damaged[bit >> 3] ^= 1 << (bit & 7)
    expect(crc32(damaged)).not.toBe(whole)
  }
})

test('CRC-16 gives the check values of the catalogue', () => {
  expect(crc16Bytes(check, 0xffff).toString(16)).toBe('29b1')
  // A zero byte before the text does not change a CRC that starts at 0 (CRC-16/XMODEM), and makes the count of bytes even.
  const words = [0x0031, 0x3233, 0x3435, 0x3637, 0x3839]
  expect(words.reduce(crc16Word, 0).toString(16)).toBe('31c3')
})

test('CRC-16 by words equals CRC-16 by bits', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 20 }), fc.nat(0xffff), (words, start) => {
      const bytes = words.flatMap((word) => [word >> 8, word & 0xff])
      expect(words.reduce(crc16Word, start)).toBe(crc16Bytes(bytes, start))
    }),
  )
})
