import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Serial } from '../../../hal/api/io.ts'
import { BL0942, type BL0942Options } from '../../../src/world/chips/bl0942.ts'
import { createElectrical } from '../../../src/world/electrical.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import '../../support/fast-check.ts'

const K = (1_950_000 + 510) / 510
const SECOND = 1_000_000

/** A chip on a wire whose other end records every byte. */
function bench(options: Partial<BL0942Options> = {}, baud = 4800) {
  const scheduler = new Scheduler(0)
  const wire = new SerialWire(scheduler)
  const chip = new BL0942({ scheduler, io: wire.end(1), ...options })
  const heard: number[] = []
  const errors: string[] = []
  const serial: Serial = new (wire.end(0))({
    baud,
    onReadable: () => heard.push(...(serial.read() as Uint8Array)),
    onError: (reason) => errors.push(reason),
  })
  scheduler.run(0)
  const inputs = createElectrical()
  inputs.frequency_Hz = 50
  const load = (active_W: number, voltage_V = 230, reactive_var = 0): void => {
    inputs.voltage_V[0] = voltage_V
    inputs.active_W[0] = active_W
    inputs.reactive_var[0] = reactive_var
    inputs.current_A[0] = voltage_V > 0 ? Math.hypot(active_W, reactive_var) / voltage_V : 0
    chip.setInputs(inputs)
  }
  const pass = (us: number): void => scheduler.run(scheduler.now_us + us)
  const send = (...bytes: number[]): number[] => {
    heard.length = 0
    serial.write(Uint8Array.from(bytes))
    pass(100_000)
    return [...heard]
  }
  const address = options.address ?? 0
  const read = (register: number): number | undefined => {
    const answer = send(0x58 | address, register)
    if (answer.length !== 4) return undefined
    expect(answer[3]).toBe(~((0x58 | address) + register + answer[0] + answer[1] + answer[2]) & 0xff)
    return answer[0] | (answer[1] << 8) | (answer[2] << 16)
  }
  const write = (register: number, value: number, spoil = 0): void => {
    const bytes = [0xa8 | address, register, value & 0xff, (value >> 8) & 0xff, value >> 16]
    send(...bytes, (~bytes.reduce((sum, byte) => sum + byte) & 0xff) ^ spoil)
  }
  const packet = (): number[] => send(0x58 | address, 0xaa)
  return { scheduler, wire, chip, serial, heard, errors, inputs, load, pass, send, read, write, packet }
}

function again(chip: BL0942): void {
  chip.powerOff()
  chip.powerOn()
}

/** The value of three bytes, lowest first. */
function u24(bytes: number[], at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)
}

describe('UART (section 3.2)', () => {
  test('registers have their reset values', () => {
    const { read } = bench()
    const values = [0x08, 0x12, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1d].map(read)
    expect(values).toEqual([0x4e20, 0, 0x0b, 0xffff, 1, 3, 0x24, 0x87, 2, 0])
  })

  test('the packet: 23 bytes in 48 ms, checksum without the AAH', () => {
    const { scheduler, chip, serial, heard, pass } = bench()
    pass(SECOND)
    const start_us = scheduler.now_us
    serial.write(Uint8Array.of(0x58, 0xaa))
    while (heard.length < 23) pass(100)
    expect(scheduler.now_us - start_us).toBeLessThan(53_000)
    expect(heard[0]).toBe(0x55)
    expect(heard[22]).toBe(~heard.slice(0, 22).reduce((sum, byte) => sum + byte, 0x58) & 0xff)
    expect(u24(heard, 19)).toBe(chip.peek(0x09))
  })

  test.each([
    ['an address that is not its own', [0x59, 0x03]],
    ['no command at all', [0x00, 0x58 ^ 0xff, 0x12]],
    ['a register that does not exist', [0x58, 0x20]],
  ])('no answer to %s', (_, bytes) => {
    const { send, read } = bench()
    expect(send(...bytes)).toEqual([])
    expect(read(0x19)).toBe(0x87)
  })

  test('the address of the pins is part of both commands and of the checksum', () => {
    const { read, write } = bench({ address: 2 })
    write(0x1d, 0x55)
    write(0x14, 0x33)
    expect(read(0x14)).toBe(0x33)
  })

  test('a write takes the unlock key, the right checksum, and only bits that exist', () => {
    const { read, write } = bench()
    write(0x14, 0x33)
    expect(read(0x14)).toBe(0x0b)
    write(0x1d, 0x55)
    write(0x14, 0x33, 1)
    expect(read(0x14)).toBe(0x0b)
    write(0x14, 0x133)
    write(0x06, 0x123456)
    expect([read(0x14), read(0x06)]).toEqual([0x33, 0])
    write(0x1d, 0x54)
    write(0x14, 0x44)
    expect([read(0x14), read(0x1d)]).toEqual([0x33, 0x54])
  })

  test('a frame that takes longer than 16 ms is dropped', () => {
    const { send, pass } = bench()
    expect(send(0x58)).toEqual([])
    pass(16_000)
    expect(send(0x58, 0x19)).toHaveLength(4)
  })

  test('baud by pin and by MODE', () => {
    expect(bench({ sclkBps: 1 }, 9600).read(0x19)).toBe(0x87)
    expect(bench({ sclkBps: 1 }, 4800).read(0x19)).toBeUndefined()
    const { wire, chip, scheduler, write, serial } = bench()
    write(0x1d, 0x55)
    write(0x19, 0x387)
    serial.close()
    const heard: number[] = []
    const fast: Serial = new (wire.end(0))({ baud: 38_400, onReadable: () => heard.push(...(fast.read() as Uint8Array)) })
    scheduler.run(scheduler.now_us)
    fast.write(Uint8Array.of(0x58, 0x19))
    scheduler.run(scheduler.now_us + 10_000)
    expect(heard.slice(0, 2)).toEqual([0x87, 0x03])
    expect(chip.peek(0x19)).toBe(0x387)
  })

  test('faults of the line: lost, garbled, stuck', () => {
    const { chip, packet, errors } = bench()
    chip.line.loseByte(3)
    expect(packet()).toHaveLength(22)
    const good = packet()
    chip.line.garbleByte(5, 0x10)
    expect(packet()[5]).toBe(good[5] ^ 0x10)
    chip.line.stick(1)
    expect(packet()).toEqual([])
    chip.line.stick(0)
    expect(packet()).toEqual([])
    expect(errors).toEqual(['framing error'])
    chip.line.stick(undefined)
    expect(packet()).toHaveLength(23)
  })
})

describe('measured values', () => {
  test('the example of the application note: 220 V, 1 A, 220 W', () => {
    const { load, pass, packet, chip } = bench()
    load(220, 220)
    pass(SECOND)
    const bytes = packet()
    expect(u24(bytes, 1)).toBeCloseTo(251_213, -1)
    expect(u24(bytes, 4)).toBeCloseTo(3_494_335, -2)
    expect(u24(bytes, 10)).toBeCloseTo(137_146, -1)
    expect(u24(bytes, 7)).toBe(Math.round((0.363 * 305_978) / 1.218))
    expect(bytes[16] | (bytes[17] << 8)).toBe(20_000)
    expect(chip.peek(0x09)).toBe(1 << 8)
  })

  test('export is negative power, reversed by a reversed shunt', () => {
    for (const reversed of [false, true]) {
      const { load, pass, read } = bench({ frontEnd: { reversed } })
      load(-500)
      pass(SECOND)
      expect((((read(0x06) as number) << 8) >> 8) * (reversed ? -1 : 1)).toBeLessThan(-300_000)
    }
  })

  test('RMS values and power follow every 400 ms, or 800 if asked to', () => {
    for (const [mode, period_us] of [
      [0x87, 400_000],
      [0x8f, 800_000],
    ]) {
      const { load, scheduler, chip, write } = bench()
      write(0x1d, 0x55)
      write(0x19, mode)
      scheduler.run(4 * SECOND - 1)
      load(1000)
      expect(chip.peek(0x04)).toBe(0)
      scheduler.run(4 * SECOND + period_us - 1)
      expect(chip.peek(0x04) > 0).toBe(true)
      const first = chip.peek(0x06)
      load(2000)
      expect(chip.peek(0x06)).toBe(first)
      scheduler.run(4 * SECOND + period_us)
      expect(chip.peek(0x06)).toBeGreaterThan(1.9 * first)
    }
  })

  test('anti-creep: below WA_CREEP power and current are 0 and nothing counts', () => {
    const { load, pass, chip, write } = bench()
    load(0.2)
    pass(SECOND)
    expect([chip.peek(0x06), chip.peek(0x03), chip.peek(0x09) & 2]).toEqual([0, 0, 2])
    load(0.25)
    pass(SECOND)
    expect(chip.peek(0x06)).toBeGreaterThan(134)
    expect(chip.peek(0x09) & 2).toBe(0)
    write(0x1d, 0x55)
    write(0x14, 0x33)
    pass(3600 * SECOND)
    expect(chip.generated).toEqual({ forward: 0, reverse: 0 })
  })

  test('zero-crossing thresholds, and a frequency that stays without voltage', () => {
    const { load, pass, chip, inputs } = bench()
    inputs.frequency_Hz = 49.5
    load(1000)
    pass(SECOND)
    expect([chip.peek(0x09), chip.peek(0x08)]).toEqual([0, 20_202])
    inputs.frequency_Hz = 50
    load(0, 20)
    pass(SECOND)
    expect([chip.peek(0x09) >> 8, chip.peek(0x08)]).toEqual([3, 20_202])
  })

  test('gain of the current input', () => {
    const { load, pass, read, write } = bench()
    load(920)
    pass(SECOND)
    const before = read(0x03) as number
    write(0x1d, 0x55)
    write(0x1a, 3)
    pass(SECOND)
    expect(read(0x03)).toBeCloseTo(1.5 * before, -1)
  })

  test('waveforms: 20 bits, a current that lags', () => {
    const { load, pass, chip } = bench()
    load(1000, 230, 1000)
    pass(5000)
    const [voltage, current] = [0x02, 0x01].map((address) => (chip.peek(address) << 12) >> 12)
    // A quarter of a cycle after the start the voltage has its peak, the current 45 degrees to go.
    expect(voltage / (230 / K)).toBeCloseTo((1000 * Math.SQRT2 * 0x7ffff) / 100, -2)
    expect(current).toBeCloseTo(((Math.hypot(1000, 1000) / 230) * 0x7ffff) / 42, -1)
  })
})

describe('energy (section 2.4)', () => {
  test('one pulse per 419430.4 WATT-seconds, whatever the split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -7000, max: 7000 }), fc.integer({ min: 1, max: 4_000_000_000 })), { maxLength: 20 }),
        (steps) => {
          const { chip, load, pass } = bench()
          let sum = 0
          for (const [watts, us] of steps) {
            load(watts)
            pass(us)
            chip.advance()
            sum += (Math.abs(watts) * us) / SECOND
          }
          const joulePerPulse = (419_430.4 * 1.218 * 1.218 * K) / 3_537_000
          const { forward, reverse } = chip.generated
          expect(Math.abs(forward + reverse - sum / joulePerPulse)).toBeLessThan(1 + (1e-4 * sum) / joulePerPulse)
          expect(chip.peek(0x07)).toBe((forward + reverse) % 2 ** 24)
        },
      ),
    )
  })

  test('looking often does not change the count', () => {
    const often = bench()
    const once = bench()
    often.load(777)
    once.load(777)
    for (let i = 0; i < 36_000; i++) {
      often.pass(100_000)
      often.chip.advance()
    }
    once.pass(3600 * SECOND)
    expect(often.chip.peek(0x07)).toBe(once.chip.peek(0x07))
    expect(once.chip.peek(0x07)).toBe(Math.floor((777 * 3600) / ((419_430.4 * 1.218 * 1.218 * K) / 3_537_000)))
  })

  test('absolute mode adds both directions; the last one shows', () => {
    const { load, pass, chip } = bench()
    load(1000)
    pass(60 * SECOND)
    const forward = chip.peek(0x07)
    load(-1000)
    expect(chip.peek(0x09) & 1).toBe(0)
    pass(60 * SECOND)
    expect(chip.peek(0x07)).toBeGreaterThanOrEqual(2 * forward)
    expect(chip.peek(0x09) & 1).toBe(1)
  })

  test('algebraic mode goes back and wraps below zero', () => {
    const { load, pass, chip, write } = bench()
    write(0x1d, 0x55)
    write(0x19, 0x07)
    load(1000)
    pass(60 * SECOND)
    expect(chip.peek(0x07)).toBeGreaterThan(80)
    load(-1000)
    pass(70 * SECOND)
    expect(chip.peek(0x07)).toBeGreaterThan(2 ** 24 - 20)
  })

  test('the counter wraps at 24 bits; CF_EN stops it; clear on read does', () => {
    const { load, pass, chip, write, read, packet } = bench()
    load(6000)
    chip.setPulseCount(2 ** 24 - 5)
    pass(2 * SECOND)
    expect(chip.peek(0x07)).toBe(chip.generated.forward - 5)
    write(0x1d, 0x55)
    write(0x19, 0x83)
    const stopped = chip.peek(0x07)
    pass(2 * SECOND)
    expect(chip.peek(0x07)).toBe(stopped)
    write(0x19, 0x47 | 0x80)
    pass(2 * SECOND)
    const before = chip.peek(0x07)
    expect(read(0x07)).toBe(before)
    expect(chip.peek(0x07)).toBeLessThan(5)
    pass(2 * SECOND)
    expect(u24(packet(), 13)).toBeGreaterThan(10)
    expect(chip.peek(0x07)).toBeLessThan(5)
  })
})

describe('resets', () => {
  test('soft reset, spontaneous reset and a new supply lose registers and counter', () => {
    const { load, pass, chip, write } = bench()
    const resets = [() => write(0x1c, 0x5a5a5a), () => chip.spontaneousReset(), () => again(chip)]
    for (const reset of resets) {
      load(1000)
      pass(10 * SECOND)
      write(0x1d, 0x55)
      write(0x14, 0x33)
      expect(chip.peek(0x07)).toBeGreaterThan(10)
      reset()
      expect([0x14, 0x19, 0x1d, 0x07].map((address) => chip.peek(address))).toEqual([0x0b, 0x87, 0, 0])
    }
    write(0x1c, 0x5a5a5b)
    pass(10 * SECOND)
    expect(chip.peek(0x07)).toBeGreaterThan(10)
  })

  test('without supply: silence, nothing counts', () => {
    const { load, pass, chip, packet } = bench()
    load(1000)
    chip.powerOff()
    pass(10 * SECOND)
    expect(packet()).toEqual([])
    chip.powerOn()
    pass(SECOND)
    expect(chip.generated.forward).toBeLessThan(3)
    expect(u24(packet(), 4)).toBeGreaterThan(3_000_000)
  })
})
