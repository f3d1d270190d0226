import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/lib/hex.ts'

test('writes what Buffer writes, and reads it back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('hex')
      expect(toHex(bytes)).toBe(text)
      expect(toHex(fromHex(text))).toBe(text)
    }),
  )
})

test('takes upper case and white space', () => {
  expect([...fromHex(' 00 Fe\nDC\t')]).toEqual([0x00, 0xfe, 0xdc])
  expect(fromHex('').length).toBe(0)
})

test.each(['0', 'abc', '0g', '0x12', '12-34', '１２'])('refuses %j', (text) => {
  expect(() => fromHex(text)).toThrow(RangeError)
})
