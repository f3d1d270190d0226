import { describe, expect, test } from 'vitest'
import { DS3231 } from '../../../src/drivers/rtc/ds3231/ds3231.ts'
import { PCF8563 } from '../../../src/drivers/rtc/pcf8563/pcf8563.ts'
import { RV3028 } from '../../../src/drivers/rtc/rv3028/rv3028.ts'
import { DS3231 as DS3231Chip } from '../../../src/world/chips/ds3231.ts'
import { RV3028 as RV3028Chip } from '../../../src/world/chips/rv3028.ts'
import { I2CBus } from '../../../src/world/i2c-bus.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { rtcContract } from '../../contract/rtc.ts'
import { CHIPS, RtcRig } from './rig.ts'
import '../../support/fast-check.ts'

for (const name of Object.keys(CHIPS)) rtcContract(name, () => new RtcRig(name))

const NOON_S = Date.UTC(2026, 5, 15, 12) / 1000

test('a driver without its chip does not start, and leaves the bus free', () => {
  const io = new I2CBus().constructorFor()
  for (const make of [() => new DS3231({ clock: { io } }), () => new RV3028({ clock: { io } }), () => new PCF8563({ clock: { io } })])
    expect(make).toThrow(expect.objectContaining({ code: 'NO_DEVICE' }))
})

/** Writes registers behind the driver's back. */
function write(rig: RtcRig, address: number, ...bytes: number[]): void {
  const io = new rig.io({ address, hz: 400_000 })
  io.write(Uint8Array.from(bytes))
  io.close()
}

describe('DS3231', () => {
  test('hours of 12 and the century are understood', () => {
    const rig = new RtcRig('DS3231')
    rig.rtc.set(NOON_S)
    for (const [hours, hour] of [
      [0x52, 0],
      [0x41, 1],
      [0x72, 12],
      [0x71, 23],
    ]) {
      write(rig, 0x68, 0x02, hours)
      expect(rig.chip.peek(0x02)).toBe(hours)
      expect(rig.rtc.sample().utc_s).toBe(NOON_S + (hour - 12) * 3600)
    }
    write(rig, 0x68, 0x05, 0x86)
    expect(rig.rtc.sample().state).toBe('lost')
  })

  test('temperature', () => {
    const rig = new RtcRig('DS3231')
    for (const temperature_C of [23, -12.25, 84.75, 0, -0.5]) {
      rig.chip.setTemperature(temperature_C)
      rig.advance(65_000)
      expect(rig.rtc.sample()).toMatchObject({ temperature_C })
    }
  })

  test('a correction changes the frequency, and one out of range is refused', () => {
    const scheduler = new Scheduler(0)
    const bus = new I2CBus()
    const chip = new DS3231Chip({ now_us: () => scheduler.now_us })
    bus.attach(chip)
    const driver = new DS3231({ clock: { io: bus.constructorFor() } })
    const before_ppm = chip.deviation_ppm
    driver.configure({ trim_ppm: -1 })
    expect(driver.trim_ppm).toBeCloseTo(-1)
    expect(chip.deviation_ppm).toBeCloseTo(before_ppm - 1)
    driver.configure()
    expect(driver.trim_ppm).toBeCloseTo(-1)
    for (const trim_ppm of [-13, 13, Number.NaN]) expect(() => driver.configure({ trim_ppm })).toThrow(RangeError)
    bus.hold('data')
    expect(() => driver.configure()).toThrow(expect.objectContaining({ code: 'CONFIGURATION' }))
    expect(driver.trim_ppm).toBeUndefined()
  })
})

describe('PCF8563', () => {
  test('a transfer that blocks the counters for too long loses seconds', () => {
    const rig = new RtcRig('PCF8563')
    rig.rtc.set(NOON_S)
    rig.advance(520)
    const io = new rig.io({ address: 0x51, hz: 100_000 })
    io.write(Uint8Array.of(2), false)
    rig.advance(5000)
    // Still the time of the START.
    expect(io.read(1)[0]).toBe(0x01)
    expect(rig.rtc.sample().utc_s).toBe(NOON_S + 2)
  })
})

describe('RV-3028-C7', () => {
  function create(datasheetTiming: boolean) {
    const scheduler = new Scheduler(0)
    const bus = new I2CBus()
    const chip = new RV3028Chip({ now_us: () => scheduler.now_us, datasheetTiming })
    bus.attach(chip)
    const wait_ms = (ms: number) => scheduler.run(scheduler.now_us + ms * 1000)
    const open = () => new RV3028({ clock: { io: bus.constructorFor() }, wait_ms })
    return { bus, chip, open, wait_ms }
  }

  test('switchover, charger and correction are in the EEPROM, and only written when they differ', () => {
    const { chip, open, wait_ms, bus } = create(true)
    open().configure({ switchover: 'direct', trickle_ohm: 9000, trim_ppm: -20 })
    expect([chip.stored(0x36), chip.stored(0x37)]).toEqual([0xf5, 0xb6])
    expect([chip.peek(0x36), chip.peek(0x37)]).toEqual([0xf5, 0xb6])
    expect(chip.deviation_ppm).toBeCloseTo(1 - 4 * 0.035 - 21 * 0.9537, 2)
    // A day later the chip has refreshed its registers, and all is as it was.
    open().set(NOON_S)
    wait_ms(86_400_000)
    expect(chip.peek(0x37)).toBe(0xb6)
    expect(open().trim_ppm).toBeCloseTo(-20.03, 2)
    const before = bus.transfers
    open().configure({ switchover: 'direct', trickle_ohm: 9000 })
    expect(bus.transfers - before).toBeLessThan(10)
  })

  test('what is only in the registers is gone with the next day', () => {
    const { chip, open, bus, wait_ms } = create(false)
    const driver = open()
    driver.set(NOON_S)
    const io = new (bus.constructorFor())({ address: 0x52, hz: 400_000 })
    io.write(Uint8Array.of(0x37, 0x1c))
    expect(chip.peek(0x37)).toBe(0x1c)
    wait_ms(12 * 3_600_000 + 1000)
    expect(chip.peek(0x37)).toBe(0x10)
  })

  test('as delivered the switchover is off, and a power failure loses the time', () => {
    const { chip, open, wait_ms } = create(false)
    const driver = open()
    driver.set(NOON_S)
    chip.powerOff()
    wait_ms(10)
    chip.powerOn()
    expect(driver.sample().state).toBe('lost')
    driver.configure()
    driver.set(NOON_S)
    chip.powerOff()
    wait_ms(3_600_000)
    chip.powerOn()
    expect(driver.sample()).toMatchObject({ state: 'set', utc_s: NOON_S + 3600 })
    expect([driver.takeSwitched(), driver.takeSwitched()]).toEqual([true, false])
  })

  test('the supply fails at any byte of the configuration: the next start finishes it', () => {
    for (let cut = 0, whole = false; !whole; cut++) {
      expect(cut).toBeLessThan(300)
      const { chip, open, bus, wait_ms } = create(true)
      const driver = open()
      whole = true
      bus.cutAfter(cut, () => {
        whole = false
        chip.powerOff()
      })
      try {
        driver.configure({ trickle_ohm: 3000, trim_ppm: 5 })
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONFIGURATION' })
      }
      bus.cutAfter(undefined)
      wait_ms(1000)
      chip.powerOn()
      wait_ms(100)
      open().configure({ trickle_ohm: 3000, trim_ppm: 5 })
      expect([chip.stored(0x36), chip.stored(0x37), chip.peek(0x37)], `cut after ${cut} bytes`).toEqual([0x02, 0xbc, 0xbc])
    }
  })

  test('the date changes while the EEPROM is written', () => {
    for (let before_ms = 0; before_ms <= 300; before_ms += 10) {
      const { chip, open, wait_ms } = create(true)
      wait_ms(100)
      const driver = open()
      driver.configure({ switchover: 'level' })
      driver.set(Date.UTC(2026, 11, 31, 23, 59, 59) / 1000)
      wait_ms(1000 - before_ms)
      driver.configure({ switchover: 'direct', trim_ppm: 10 })
      expect([chip.stored(0x36), chip.stored(0x37), chip.peek(0x37)], `${before_ms} ms before`).toEqual([0x05, 0x14, 0x14])
    }
  })

  test('values that do not fit are refused before anything is written', () => {
    const { open, bus } = create(false)
    const driver = open()
    const before = bus.transfers
    for (const wrong of [{ trim_ppm: 250 }, { trim_ppm: Number.NaN }, { trickle_ohm: 1000 as 3000 }, { switchover: 'on' as 'off' }])
      expect(() => driver.configure(wrong)).toThrow(RangeError)
    expect(bus.transfers).toBe(before)
  })
})
