import { expect, test } from 'vitest'
import { DS3231 } from '../../src/world/chips/ds3231.ts'
import { PCF8563 } from '../../src/world/chips/pcf8563.ts'
import { RV3028 } from '../../src/world/chips/rv3028.ts'
import { I2CBus } from '../../src/world/i2c-bus.ts'
import { i2cContract } from '../contract/i2c.ts'

function busWithThree(): I2CBus {
  const bus = new I2CBus()
  const now_us = () => 0
  for (const chip of [new DS3231({ now_us }), new PCF8563({ now_us }), new RV3028({ now_us })]) bus.attach(chip)
  return bus
}

// Alarm registers keep what is written; control registers have known values after a start.
i2cContract('world, DS3231', () => ({
  I2C: busWithThree().constructorFor(),
  options: { address: 0x68, hz: 400_000 },
  absent: 0x50,
  exchange: { write: [0x0e], read: [0x1c, 0x88] },
  store: { pointer: 0x07, bytes: [0x12, 0x34, 0x56] },
}))
i2cContract('world, PCF8563', () => ({
  I2C: busWithThree().constructorFor(),
  options: { address: 0x51, hz: 100_000 },
  absent: 0x50,
  exchange: { write: [0x0d], read: [0x80, 0x03] },
  store: { pointer: 0x09, bytes: [0x80, 0x91] },
}))
i2cContract('world, RV-3028-C7', () => ({
  I2C: busWithThree().constructorFor(),
  options: { address: 0x52, hz: 400_000 },
  absent: 0x53,
  exchange: { write: [0x35], read: [0xc0, 0x00, 0x10] },
  store: { pointer: 0x1f, bytes: [0xaa, 0x55] },
}))

test('an address is taken once', () => {
  const bus = busWithThree()
  expect(() => bus.attach(new DS3231({ now_us: () => 0 }))).toThrow(RangeError)
})

test('a bus that is held, or stretched for too long, throws; a short stretch does not', () => {
  const bus = busWithThree()
  const io = new (bus.constructorFor())({ address: 0x68, hz: 400_000 })
  for (const line of ['data', 'clock'] as const) {
    bus.hold(line)
    expect(() => io.read(1)).toThrow(line)
    bus.hold(undefined)
  }
  bus.stretch(30_000)
  expect(() => io.read(1)).toThrow('stretched')
  bus.stretch(10_000)
  expect(io.read(1)).toHaveLength(1)
})

test('the master dies in the middle of a transfer: what arrived is there, and no more', () => {
  const bus = busWithThree()
  const io = new (bus.constructorFor())({ address: 0x68, hz: 400_000 })
  let cut = 0
  bus.cutAfter(2, () => cut++)
  expect(() => io.write(Uint8Array.of(0x07, 0x11, 0x22, 0x33))).toThrow()
  expect(cut).toBe(1)
  io.write(Uint8Array.of(0x07), false)
  expect([...io.read(2)]).toEqual([0x11, 0x00])
})
