import { expect, test } from 'vitest'
import { ATM90E32 } from '../../../src/world/chips/atm90e32.ts'

function createChip(): ATM90E32 {
  return new ATM90E32({ now_us: () => 0 })
}

test('address bits 14 to 10 do not matter', () => {
  const chip = createChip()
  const buffer = Uint8Array.of(0xfc, 0x05, 0, 0)
  chip.transfer(buffer)
  expect([...buffer]).toEqual([0, 0, 0x14, 0x3f])
})

test('the bus refuses a wrong clock or mode, and everything after close', () => {
  const Bus = createChip().bus()
  expect(() => new Bus({ hz: 2_000_000, mode: 3 })).toThrow(RangeError)
  expect(() => new Bus({ hz: Number.NaN, mode: 3 })).toThrow(RangeError)
  expect(() => new Bus({ hz: 1_000_000, mode: 0 })).toThrow(RangeError)
  expect(() => new Bus({ hz: 1_000_000 })).toThrow(RangeError)
  const bus = new Bus({ hz: 1_000_000, mode: 3 })
  const request = Uint8Array.of(0x80, 5, 0, 0)
  bus.write(request)
  expect([...request]).toEqual([0x80, 5, 0, 0])
  bus.close()
  bus.close()
  expect(() => bus.transfer(request)).toThrow()
  expect(() => bus.read(request)).toThrow()
})
