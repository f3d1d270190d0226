import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Serial } from '../../../hal/api/io.ts'
import { CSE7766, type CSE7766Options } from '../../../src/world/chips/cse7766.ts'
import { createElectrical } from '../../../src/world/electrical.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import '../../support/fast-check.ts'

const SECOND = 1_000_000
const PULSE_J = 0x4f0a60 / 1e6

/** A chip on a wire whose other end collects frames. */
function bench(options: Partial<CSE7766Options> = {}) {
  const scheduler = new Scheduler(0)
  const wire = new SerialWire(scheduler)
  const chip = new CSE7766({ scheduler, io: wire.end(1), ...options })
  const bytes: number[] = []
  const times_us: number[] = []
  const errors: string[] = []
  const serial: Serial = new (wire.end(0))({
    baud: 4800,
    parity: 'even',
    onReadable: () => {
      bytes.push(...(serial.read() as Uint8Array))
      times_us.push(scheduler.now_us)
    },
    onError: (reason) => errors.push(reason),
  })
  const inputs = createElectrical()
  inputs.frequency_Hz = 50
  const load = (active_W: number, voltage_V = 230, current_A = Math.abs(active_W) / voltage_V): void => {
    inputs.voltage_V[0] = voltage_V
    inputs.active_W[0] = active_W
    inputs.current_A[0] = current_A
    chip.setInputs(inputs)
  }
  const pass = (us: number): void => scheduler.run(scheduler.now_us + us)
  /** The next whole frame. */
  const frame = (): number[] => {
    pass((105_000 - (scheduler.now_us % 105_000)) % 105_000)
    bytes.length = 0
    pass(105_000)
    return [...bytes]
  }
  return { scheduler, chip, bytes, times_us, errors, load, pass, frame }
}

function u24(bytes: number[], at: number): number {
  return bytes[at] * 0x10000 + bytes[at + 1] * 256 + bytes[at + 2]
}
const shown = (bytes: number[]) => bytes[21] * 256 + bytes[22]

describe('frames', () => {
  test('24 bytes in 55 ms, every 105 ms, with parity', () => {
    const { times_us, bytes, pass, errors, load } = bench()
    load(1000)
    pass(9 * 105_000)
    expect(bytes.length).toBe(9 * 24)
    expect([times_us[23], times_us[47], times_us[71]]).toEqual([105_000, 210_000, 315_000])
    expect(errors).toEqual([])
  })

  test('fields: U, I, P as coefficient / period, checksum of bytes 2 to 22', () => {
    const { load, pass, frame } = bench()
    load(1150)
    pass(SECOND)
    const bytes = frame()
    expect(bytes.slice(0, 2)).toEqual([0x55, 0x5a])
    expect(u24(bytes, 2) / u24(bytes, 5)).toBeCloseTo(230, 0)
    expect(u24(bytes, 8) / u24(bytes, 11)).toBeCloseTo(5, 2)
    expect(u24(bytes, 14) / u24(bytes, 17)).toBeCloseTo(1150, -1)
    expect(bytes[20]).toBe(0x71)
    expect(bytes[23]).toBe(bytes.slice(2, 23).reduce((sum, byte) => sum + byte) & 0xff)
  })

  test('other resistors', () => {
    const { load, pass, frame } = bench({ shunt_uOhm: 2000, divider_Ohm: 1_906_000 })
    load(1150)
    pass(SECOND)
    const bytes = frame()
    expect(u24(bytes, 2) / u24(bytes, 5)).toBeCloseTo(230 / 1.906, 0)
    expect(u24(bytes, 8) / u24(bytes, 11)).toBeCloseTo(10, 1)
    expect(u24(bytes, 14) / u24(bytes, 17)).toBeCloseTo((1150 * 2) / 1.906, -1)
  })

  test('the first frame after a reset has no complete period', () => {
    const { load, frame } = bench()
    load(1000)
    expect(frame()[20] & 0x60).toBe(0)
    expect(frame()[20] & 0x60).toBe(0x60)
  })

  test('a small load: between pulses the register shows the time since the last', () => {
    const { load, pass, frame } = bench()
    load(4)
    pass(10 * SECOND)
    let [valid, growing] = [0, 0]
    let last = 0
    for (let i = 0; i < 40; i++) {
      const bytes = frame()
      expect(bytes[0]).toBe(0x55)
      if (bytes[20] & 0x10) {
        valid++
        expect(u24(bytes, 14) / u24(bytes, 17)).toBeCloseTo(4, 2)
      } else if (u24(bytes, 17) > last) growing++
      last = u24(bytes, 17)
    }
    expect(valid).toBeGreaterThan(30)
    load(2)
    for (let i = 0; i < 20; i++) if ((frame()[20] & 0x10) === 0) growing++
    expect(growing).toBeGreaterThan(5)
  })

  test('no load: after 4.2 s the state is F2H and nothing counts', () => {
    const { chip, load, pass, frame } = bench()
    load(1000)
    pass(SECOND)
    load(1)
    const before = chip.generated
    pass(4 * SECOND)
    expect(frame()[0]).toBe(0x55)
    pass(SECOND)
    expect([frame()[0], frame()[20] & 0x10]).toEqual([0xf2, 0])
    pass(60 * SECOND)
    expect(chip.generated).toBe(before)
  })

  test('no voltage, reasons from outside, not calibrated', () => {
    const { chip, load, pass, frame } = bench()
    load(0, 0, 0)
    pass(SECOND)
    expect(frame()[0] & 0xf8).toBe(0xf8)
    load(1000)
    pass(SECOND)
    chip.setAbnormal(5)
    expect(frame()[0]).toBe(0xf5)
    const blank = bench({ calibrated: false })
    blank.load(1000)
    const bytes = blank.frame()
    expect([bytes[0], u24(bytes, 2), u24(bytes, 8), u24(bytes, 14)]).toEqual([0xaa, 191_200, 16_140, 5_364_000])
  })
})

describe('energy', () => {
  test('one pulse per coefficient in microjoules, whatever the split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 2, max: 3500 }), fc.integer({ min: 1, max: 10_000_000 })), { maxLength: 10 }),
        (steps) => {
          const { chip, load, pass } = bench()
          let sum_J = 0
          for (const [watts, us] of steps) {
            load(watts)
            pass(us)
            sum_J += (watts * us) / SECOND
          }
          expect(chip.generated).toBe(Math.floor(sum_J / PULSE_J))
        },
      ),
      { numRuns: 30 },
    )
  })

  test('sixteen bits, and a carry that toggles', () => {
    const { chip, load, pass, frame } = bench()
    load(3000)
    const carries: number[] = []
    for (let i = 0; i < 3; i++) {
      carries.push(frame()[20] >> 7)
      pass(117 * SECOND)
    }
    expect(carries).toEqual([0, 1, 0])
    expect(chip.generated).toBeGreaterThan(3 * 65_000)
    expect(Math.abs((chip.generated % 65_536) - shown(frame()))).toBeLessThan(200)
  })

  test('while CFl is 0, CFm and the carry are still the old ones', () => {
    const { chip, load, frame } = bench()
    load(0, 230, 0)
    chip.setPulseCount(0x6200, 1)
    let bytes = frame()
    expect([bytes[20] >> 7, bytes[21], bytes[22]]).toEqual([1, 0x61, 0])
    chip.setPulseCount(0, 1)
    bytes = frame()
    expect([bytes[20] >> 7, bytes[21], bytes[22]]).toEqual([0, 0xff, 0])
    chip.setPulseCount(0x6201, 1)
    bytes = frame()
    expect([bytes[20] >> 7, bytes[21], bytes[22]]).toEqual([1, 0x62, 1])
  })

  test('energy has no direction', () => {
    const { chip, load, pass } = bench()
    load(-1000)
    pass(60 * SECOND)
    expect(chip.generated).toBe(Math.floor(60_000 / PULSE_J))
  })
})

describe('faults', () => {
  test('lost, garbled, stuck, forged', () => {
    const { chip, load, frame, errors } = bench()
    load(1000)
    frame()
    chip.line.loseByte(7)
    expect(frame()).toHaveLength(23)
    chip.line.garbleByte(5, 0x81)
    const [bad, good] = [frame(), frame()]
    expect(bad[5]).toBe(good[5] ^ 0x81)
    chip.forge((bytes) => bytes.fill(0, 5, 8))
    const forged = frame()
    expect([u24(forged, 5), forged[23]]).toEqual([0, forged.slice(2, 23).reduce((sum, byte) => sum + byte) & 0xff])
    chip.line.stick(0)
    expect(frame()).toEqual([])
    expect(errors).toEqual(['framing error'])
    chip.line.stick(1)
    expect(frame()).toEqual([])
    chip.line.stick(undefined)
    expect(frame()).toHaveLength(24)
  })

  test('a reset and a lost supply: the counter starts again, the stream too', () => {
    const { chip, load, pass, frame } = bench()
    load(3000)
    pass(10 * SECOND)
    expect(shown(frame())).toBeGreaterThan(5000)
    chip.spontaneousReset()
    expect(shown(frame())).toBeLessThan(300)
    chip.powerOff()
    const before = chip.generated
    pass(10 * SECOND)
    expect(frame()).toEqual([])
    expect(chip.generated).toBe(before)
    chip.powerOn()
    pass(SECOND)
    expect(frame()).toHaveLength(24)
    expect(shown(frame())).toBeLessThan(1500)
  })
})
