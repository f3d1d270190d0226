import { describe, expect, test } from 'vitest'
import type { I2C } from '../../../hal/api/i2c.ts'
import type { SPI } from '../../../hal/api/io.ts'
import { ADE7953, type ADE7953Options } from '../../../src/world/chips/ade7953.ts'
import { createElectrical } from '../../../src/world/electrical.ts'
import { I2CBus } from '../../../src/world/i2c-bus.ts'

const SECOND = 1_000_000

function bench(options: Partial<ADE7953Options> = {}) {
  const time = { us: 0 }
  const pin: (0 | 1)[] = []
  const chip = new ADE7953({ now_us: () => time.us, interrupt: (level) => void pin.push(level), ...options })
  const wires = new I2CBus()
  wires.attach(chip.peripheral)
  const spi: SPI = new (chip.bus())({ hz: 5_000_000, mode: 3 })
  const i2c: I2C = new (wires.constructorFor())({ address: 0x38, hz: 400_000 })
  const width = (address: number) => (address < 0x400 ? (address >> 8) + 1 : 1)
  const read = (address: number, bytes = width(address)): number => {
    const frame = new Uint8Array(3 + bytes)
    frame.set([address >> 8, address & 0xff, 0x80])
    spi.transfer(frame)
    return frame.subarray(3).reduce((value, byte) => value * 256 + byte, 0)
  }
  const put = (address: number, value: number, bytes = width(address)): void => {
    const data = Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256)
    spi.transfer(Uint8Array.from([address >> 8, address & 0xff, 0, ...data]))
  }
  const inputs = createElectrical()
  inputs.frequency_Hz = 50
  const load = (voltage_V: number, current_A: number, active_W: number, reactive_var = 0): void => {
    inputs.voltage_V[0] = voltage_V
    inputs.current_A[0] = current_A
    inputs.active_W[0] = active_W
    inputs.reactive_var[0] = reactive_var
    chip.setInputs(inputs)
  }
  return { chip, time, pin, wires, spi, i2c, read, put, load }
}

/** Full scale of the default front end. */
const FULL_V = 347.4
const FULL_A = 90.32

describe('registers', () => {
  test('reset values in their widths', () => {
    const { read } = bench()
    expect([read(0x004), read(0x102), read(0x103), read(0x107), read(0x100)]).toEqual([0x40, 0x8004, 0x3f, 0x300, 0xffff])
    expect([read(0x282), read(0x382), read(0x303), read(0x22c), read(0x37f)]).toEqual([0x400000, 0x400000, 0xe419, 0x100000, 0xffffffff])
  })

  test('twins of 24 and 32 bits are one memory location; the wide one extends the sign', () => {
    const { read, put } = bench()
    put(0x289, 0xfffffe)
    expect([read(0x289), read(0x389)]).toEqual([0xfffffe, 0xfffffffe])
    put(0x389, 5)
    expect(read(0x289)).toBe(5)
    put(0x380, 0x512345)
    expect(read(0x280)).toBe(0x512345)
  })

  test('full scale', () => {
    const { read, load } = bench()
    load(FULL_V, FULL_A, FULL_V * FULL_A * 0.6, FULL_V * FULL_A * 0.8)
    expect([read(0x21c), read(0x21a), read(0x21b)]).toEqual([9_032_007, 9_032_007, 9_032_007])
    expect([read(0x212), read(0x214), read(0x210)]).toEqual([Math.round(4_862_401 * 0.6), Math.round(4_862_401 * 0.8), 4_862_401])
    // 223.75 kHz / 50 Hz; 53.13 degrees of it; 0.6 * 2^15.
    expect([read(0x10e), read(0x10c), read(0x10a)]).toEqual([4474, Math.round((53.1301 / 360) * 4475), Math.round(0.6 * 0x8000)])
    expect(read(0x226)).toBe(6_500_000)
  })

  test('calibration: gains, offsets, phase', () => {
    const { read, put, load } = bench()
    load(230, 5, 575, 1150 * Math.sqrt(0.75))
    const before = { active: read(0x312), reactive: read(0x314), current: read(0x31a) }
    put(0x382, 0x500000)
    put(0x389, 512 * 100)
    expect(Math.abs(read(0x312) - (before.active * 5) / 4 - 100)).toBeLessThanOrEqual(1)
    put(0x382, 0x400000)
    put(0x389, 0)
    put(0x386, 1000)
    expect(Math.abs(read(0x31a) - Math.sqrt(before.current ** 2 + 1000 * 4096))).toBeLessThanOrEqual(1)
    // 100 * 1.117 us delay the current by 2.01 degrees: cos(62.01 degrees) / cos(60 degrees).
    put(0x108, 100)
    expect(read(0x312) / before.active).toBeCloseTo(Math.cos(((60 + (36_000 * 50) / 895_000) * Math.PI) / 180) / 0.5, 4)
    put(0x108, 0x200 | 100)
    expect(read(0x312) / before.active).toBeGreaterThan(1.05)
    // Not taken: a magnitude above 383 and gains outside their range.
    put(0x108, 384)
    put(0x380, 0x100000)
    expect([read(0x108), read(0x380)]).toEqual([0x200 | 100, 0x400000])
  })

  test('CFxDEN needs two writes in a row, 120H the key immediately before', () => {
    const { read, put } = bench()
    put(0x103, 100)
    expect(read(0x103)).toBe(0x3f)
    put(0x103, 100)
    put(0x103, 100)
    expect(read(0x103)).toBe(100)
    put(0x120, 0x30)
    put(0x0fe, 0xad)
    read(0x102)
    put(0x120, 0x30)
    expect(read(0x120)).toBe(0)
    put(0x0fe, 0xad)
    put(0x120, 0x30)
    expect(read(0x120)).toBe(0x30)
  })

  test('write protection by width, except for itself', () => {
    const { read, put } = bench()
    put(0x040, 7)
    put(0x000, 1)
    put(0x101, 1)
    put(0x200, 1)
    expect([read(0x000), read(0x101), read(0x200)]).toEqual([0, 0, 0])
    put(0x040, 5)
    put(0x101, 1)
    put(0x300, 1)
    expect([read(0x101), read(0x300)]).toEqual([1, 0])
  })

  test('SWRST resets, and the reset event cannot be masked', () => {
    const { read, put, pin } = bench()
    expect([read(0x22d) & 0x100000, pin.at(-1)]).toEqual([0x100000, 0])
    read(0x22e)
    expect(pin.at(-1)).toBe(1)
    put(0x22c, 0)
    put(0x101, 7)
    put(0x102, 0x0084)
    expect([read(0x101), read(0x102), pin.at(-1)]).toEqual([0, 0x8004, 0])
  })
})

describe('transactions', () => {
  test('short and long ones are none; the last complete one is recorded, and asking for it is not', () => {
    const { read, put } = bench()
    put(0x101, 0x1234)
    expect([read(0x0fd), read(0x1fe), read(0x1ff)]).toEqual([0xca, 0x101, 0x1234])
    put(0x101, 0x55, 1)
    put(0x101, 0x55, 3)
    read(0x22c, 2)
    expect([read(0x101), read(0x0fd), read(0x1fe), read(0x1ff)]).toEqual([0x1234, 0x35, 0x101, 0x1234])
    read(0x37f)
    expect([read(0x1fe), read(0x3ff)]).toEqual([0x37f, 0xffffffff])
    // There is no register at 105H.
    read(0x105)
    expect(read(0x1fe)).toBe(0x37f)
  })

  test('a lost clock: the master reads nonsense, and for the chip there was nothing', () => {
    for (let clock = 0; clock < 56; clock++) {
      const { chip, time, read, load } = bench()
      load(230, 10, 2300)
      time.us += SECOND
      const held = chip.peek(0x31e)
      read(0x102)
      chip.spi.loseClock(clock)
      read(0x31e)
      expect([read(0x1fe), chip.peek(0x31e)], `clock ${clock}`).toEqual([0x102, held])
    }
  })

  test('SPI and I2C reach the same registers, until one is locked; only a reset opens the other again', () => {
    const { i2c, read, put, chip } = bench()
    put(0x101, 0x0102)
    i2c.write(Uint8Array.of(0x01, 0x01), false)
    expect([...i2c.read(2)]).toEqual([1, 2])
    i2c.write(Uint8Array.of(0x01, 0x02, 0x00, 0x04))
    expect([read(0x102), read(0x101)]).toEqual([0, 0])
    i2c.write(Uint8Array.of(0x01, 0x02), false)
    expect([...i2c.read(2)]).toEqual([0, 4])
    chip.spontaneousReset()
    expect(read(0x102)).toBe(0x8004)
    put(0x102, 0x0004)
    expect(() => i2c.read(1)).toThrow()
  })

  test('I2C: a write of another length than the register is none, a short read clears nothing', () => {
    const { i2c, read, chip, load, time } = bench()
    i2c.write(Uint8Array.of(0x01, 0x01, 9))
    i2c.write(Uint8Array.of(0x01, 0x01, 9, 9, 9))
    expect(read(0x101)).toBe(0)
    load(230, 10, 2300)
    time.us += SECOND
    const held = chip.peek(0x31e)
    i2c.write(Uint8Array.of(0x03, 0x1e), false)
    i2c.read(3)
    expect(chip.peek(0x31e)).toBe(held)
    i2c.write(Uint8Array.of(0x03, 0x1e), false)
    expect([...i2c.read(6)].slice(4)).toEqual([0xff, 0xff])
    expect(chip.peek(0x31e)).toBe(0)
  })
})

describe('checksum', () => {
  test('disabled, with all reset values, after a change, and its event', () => {
    const { chip, read, put } = bench()
    put(0x102, 0x8104)
    expect(read(0x37f)).toBe(0x48739163)
    read(0x22e)
    put(0x380, 0x400001)
    expect(read(0x37f)).not.toBe(0x48739163)
    expect(read(0x22e) & (1 << 21)).not.toBe(0)
    put(0x380, 0x400000)
    expect(read(0x37f)).toBe(0x48739163)
    // SAGLVL and the no-load thresholds are not in it.
    put(0x300, 1000)
    chip.flip(0x203, 4)
    expect(read(0x37f)).toBe(0x48739163)
    chip.flip(0x285, 0)
    expect(read(0x37f)).not.toBe(0x48739163)
  })
})

describe('energy', () => {
  test('206.9 kHz at full scale, signed, cleared by reading unless RSTREAD is off', () => {
    const { read, put, load, time } = bench()
    load(FULL_V, FULL_A, FULL_V * FULL_A)
    time.us += SECOND
    expect(Math.abs(read(0x31e) - 206_900)).toBeLessThanOrEqual(1)
    expect(read(0x31e)).toBe(0)
    load(FULL_V, FULL_A, -FULL_V * FULL_A)
    time.us += SECOND
    expect(Math.abs(read(0x31e) - 0x100000000 + 206_900)).toBeLessThanOrEqual(2)
    put(0x004, 0)
    time.us += SECOND
    expect(read(0x322)).toBe(read(0x322))
    expect(read(0x322)).toBeGreaterThan(200_000)
  })

  test('half full after 20 s, over after 40.5 s at full scale', () => {
    const { read, load, time } = bench()
    load(FULL_V, FULL_A, FULL_V * FULL_A)
    read(0x22e)
    time.us += 20 * SECOND
    expect(read(0x22d) & 9).toBe(0)
    time.us += SECOND
    expect(read(0x22d) & 9).toBe(1)
    time.us += 20 * SECOND
    expect(read(0x22d) & 9).toBe(9)
    expect(read(0x21e)).toBe((Math.floor(41 * 206_900) + 0x1000000) % 0x1000000)
  })

  test('positive only, absolute, antitamper', () => {
    const { chip, put, load, time } = bench()
    load(230, 10, -1000, 2000)
    const gained = (mode: number) => {
      put(0x301, mode)
      const before = [chip.generated(0x21e), chip.generated(0x220)]
      time.us += SECOND
      const after = [chip.generated(0x21e), chip.generated(0x220)]
      return after.map(({ forward, reverse }, i) => Math.sign(forward - before[i].forward - (reverse - before[i].reverse)))
    }
    expect([gained(0x00), gained(0x01), gained(0x02), gained(0x10), gained(0x20)]).toEqual([
      [-1, 1],
      [0, 1],
      [1, 1],
      [-1, -1],
      [-1, 1],
    ])
  })

  test('no-load: the threshold that was there when the detection was enabled', () => {
    const { read, put, load, time } = bench()
    // 10000:1 of 31.4 kW is 3.1 W.
    load(230, 0.01, 2.3)
    time.us += 10 * SECOND
    expect([read(0x31e), read(0x301) & (1 << 16)]).toEqual([0, 1 << 16])
    put(0x303, 0)
    time.us += 10 * SECOND
    expect(read(0x31e)).toBe(0)
    put(0x001, 1)
    put(0x001, 0)
    time.us += 10 * SECOND
    expect(read(0x31e)).toBeGreaterThan(100)
    expect(read(0x301) & (1 << 16)).toBe(0)
  })

  test('line cycles: exact over whole half cycles, the first one excepted', () => {
    const { read, put, load, time } = bench()
    load(230, 10, 2300)
    time.us += 123_456
    read(0x31e)
    put(0x101, 100)
    put(0x004, 0x41)
    expect(read(0x22e) & (1 << 18)).toBe(0)
    time.us += SECOND
    expect(read(0x22e) & (1 << 18)).not.toBe(0)
    const first = read(0x31e)
    expect(read(0x31e)).toBe(0)
    time.us += SECOND
    const whole = (2300 / (FULL_V * FULL_A)) * 206_900
    expect(Math.abs(first - whole)).toBeGreaterThan(10)
    expect(Math.abs(read(0x31e) - whole)).toBeLessThanOrEqual(1)
  })
})

describe('events', () => {
  test('sag after SAGCYC half cycles, once; IRQ falls and rises with the reset of the status', () => {
    const { chip, read, put, load, pin, time } = bench()
    put(0x000, 3)
    put(0x300, 3_000_000)
    put(0x32c, 1 << 19)
    read(0x32e)
    load(230, 0, 0)
    time.us += SECOND
    load(100, 0, 0)
    time.us += 29_000
    chip.advance()
    expect(pin.at(-1)).toBe(1)
    time.us += 1000
    chip.advance()
    expect(pin.at(-1)).toBe(0)
    expect(read(0x32e) & (1 << 19)).not.toBe(0)
    expect(pin.at(-1)).toBe(1)
    time.us += SECOND
    expect(read(0x32e) & (1 << 19)).toBe(0)
  })

  test('missing crossings, overvoltage, turned signs', () => {
    const { read, put, load, time } = bench()
    put(0x100, 1398)
    put(0x324, 5_000_000)
    load(230, 5, 1150)
    read(0x32e)
    load(280, 5, -1400)
    expect(read(0x32e) & ((1 << 16) | (1 << 9))).toBe((1 << 16) | (1 << 9))
    expect(read(0x301) & (1 << 10)).not.toBe(0)
    load(0, 0, 0)
    time.us += 99_000
    expect(read(0x32e) & (1 << 14)).toBe(0)
    time.us += 2000
    expect(read(0x32e) & (1 << 14)).not.toBe(0)
  })
})
