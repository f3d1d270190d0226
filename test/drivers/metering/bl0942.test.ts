import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'
import type { MeteringSource } from '../../../src/core/metrology/source.ts'
import { BL0942 } from '../../../src/drivers/metering/bl0942/bl0942.ts'
import { type BL0942Configuration, createImage } from '../../../src/drivers/metering/bl0942/image.ts'
import { createPacket, decodeAnswer, decodePacket } from '../../../src/drivers/metering/bl0942/packet.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { type BL0942Options as ChipOptions, BL0942 as Emulated } from '../../../src/world/chips/bl0942.ts'
import { createElectrical } from '../../../src/world/electrical.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import '../../support/fast-check.ts'

const SECOND = 1_000_000
/** What a meter that runs a second behind may not have seen yet, and the doubt of a step that has to be confirmed. */
const SETTLE_S = 6

interface Captured {
  readonly frame: string
  readonly v_rms: number
  readonly i_rms: number
  readonly watt: number
  readonly cf_cnt: number
  readonly freq: number
  readonly status: number
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/ic_frames.json', import.meta.url), 'utf8'))
const captured: readonly Captured[] = vectors.bl0942

function bench(configuration: BL0942Configuration = {}, options: Partial<ChipOptions> = {}) {
  const scheduler = new Scheduler(0)
  const wire = new SerialWire(scheduler)
  const chip = new Emulated({ scheduler, io: wire.end(1), ...options })
  const ticks_ms = () => Math.floor(scheduler.now_us / 1000)
  const create = (counted?: number): BL0942 => {
    const driver = new BL0942({
      sensor: { io: wire.end(0), baud: options.sclkBps === 1 ? 9600 : 4800 },
      ticks_ms,
      address: options.address,
    })
    driver.configure({ ...configuration, ...(counted === undefined ? {} : { counted }) })
    return driver
  }
  const it = { driver: create(configuration.counted ?? 0) }
  const inputs = createElectrical()
  inputs.frequency_Hz = 50
  const load = (active_W: number, voltage_V = 230): void => {
    inputs.voltage_V[0] = voltage_V
    inputs.active_W[0] = active_W
    inputs.current_A[0] = voltage_V > 0 ? Math.abs(active_W) / voltage_V : 0
    chip.setInputs(inputs)
  }
  load(0)
  const totals = { imported: 0, exported: 0, faults: 0, marks: 0 }
  const pass = (us: number): void => scheduler.run(scheduler.now_us + us)
  /** A meter's seconds; gives the last sample. */
  const run = (seconds: number): MeteringSample => {
    let sample: MeteringSample = createMeteringSample()
    for (let i = 0; i < seconds; i++) {
      pass(SECOND)
      sample = it.driver.sample()
      totals.imported += sample.activeImport[0]
      totals.exported += sample.activeExport[0]
      if (sample.status & MeteringStatus.fault) totals.faults++
      if (sample.status & MeteringStatus.reconfigured) totals.marks++
    }
    return sample
  }
  /** Lets the driver catch up with a chip that counts no more. */
  const settle = (): void => {
    load(0)
    run(SETTLE_S)
  }
  return { it, scheduler, wire, chip, inputs, load, pass, run, settle, totals, create }
}

describe('captured frames', () => {
  test.each(captured)('$frame', ({ frame, ...values }) => {
    const packet = createPacket()
    expect(decodePacket(Buffer.from(frame, 'hex'), 0, 0, packet)).toBe(true)
    expect(packet).toEqual({
      current: values.i_rms,
      voltage: values.v_rms,
      power: values.watt,
      pulses: values.cf_cnt,
      period: values.freq,
      status: values.status,
    })
  })

  test.each(captured)('$frame with any bit turned is refused', ({ frame }) => {
    const packet = createPacket()
    for (let bit = 0; bit < 23 * 8; bit++) {
      const bytes = Buffer.from(frame, 'hex')
      bytes[bit >> 3] ^= 1 << (bit & 7)
      expect(decodePacket(bytes, 0, 0, packet), `bit ${bit}`).toBe(false)
    }
    expect(packet).toEqual(createPacket())
  })

  test('a frame of another address, a short one and one beyond the buffer are refused', () => {
    const bytes = Buffer.from(captured[0].frame, 'hex')
    expect(decodePacket(bytes, 0, 1, createPacket())).toBe(false)
    for (const at of [-1, 1, 23]) expect(decodePacket(bytes, at, 0, createPacket())).toBe(false)
    expect(decodeAnswer(Uint8Array.of(0x87, 0, 0, ~(0x58 + 0x19 + 0x87) & 0xff), 0, 0, 0x19)).toBe(0x87)
    expect(decodeAnswer(Uint8Array.of(0x86, 0, 0, ~(0x58 + 0x19 + 0x87) & 0xff), 0, 0, 0x19)).toBe(-1)
    expect(decodeAnswer(Uint8Array.of(0x87, 0, 0), 0, 0, 0x19)).toBe(-1)
  })

  test('a plug with a reversed shunt shows 40 W at 227 V', () => {
    const { chip, it, run } = bench({ reversed: true, lower_Ohm: 510, shunt_uOhm: 1000 })
    chip.forge((packet) => packet.set(Buffer.from(captured[0].frame, 'hex').subarray(0, 22)))
    // The forged packet is the one that the second sample asks for.
    run(1)
    const frame = Buffer.from(captured[0].frame, 'hex').subarray(0, 22)
    for (let i = 0; i < 3; i++) {
      chip.forge((packet) => packet.set(frame))
      run(1)
    }
    chip.forge((packet) => packet.set(frame))
    const sample = run(1)
    expect(sample.voltage_mV[0]).toBeCloseTo(224_043, -3)
    expect(sample.active_mW[0]).toBeGreaterThan(40_000)
    expect(sample.frequency_mHz).toBe(50_025)
    it.driver.close()
  })
})

describe('shape', () => {
  test('is a MeteringSource; one pulse of the application note is 186.7 mWh', () => {
    const { it, run } = bench()
    const source: MeteringSource = it.driver
    const { numerator, denominator } = source.energyUnit
    // 1200 pulses are 0.224 kWh there.
    expect((1200 * numerator) / denominator / 1e6).toBeCloseTo(0.224, 3)
    expect(Math.max(numerator, denominator)).toBeLessThanOrEqual(1_000_000)
    const exact = (419_430.4 * 1.218 * 1.218 * (1_950_510 / 510)) / 3_537_000 / 3.6 / 1e3
    expect(Math.abs(numerator / denominator / 1000 / exact - 1)).toBeLessThan(1e-9)
    expect(source.identification.model).toBe('BL0942')
    const sample = run(3)
    expect(source.sample()).toBe(sample)
    source.acknowledge()
    source.close()
    source.close()
    expect(() => source.sample()).toThrow()
  })

  test('asks for 4800 8N1, and the board may say 9600', () => {
    const seen: SerialOptions[] = []
    class Noting implements Serial {
      constructor(options: SerialOptions) {
        seen.push(options)
      }
      read(): Bytes | undefined {
        return undefined
      }
      write(): void {}
      close(): void {}
    }
    const io: SerialConstructor = Noting
    new BL0942({ sensor: { io }, ticks_ms: () => 0 }).close()
    new BL0942({ sensor: { io, baud: 9600, port: 1 }, ticks_ms: () => 0 }).close()
    expect(seen[0]).toMatchObject({ baud: 4800, bits: 8, parity: 'none', stop: 1 })
    expect(seen[1]).toMatchObject({ baud: 9600, port: 1 })
  })

  test.each([
    { shunt_uOhm: 0 },
    { lower_Ohm: Number.NaN },
    { upper_Ohm: -1 },
    { start_W: 6 },
    { start_W: -1 },
    { power_ppm: 200_000 },
    { counted: 2 ** 24 },
    { counted: 0.5 },
    { maximumCurrent_A: 0 },
  ] as BL0942Configuration[])('refuses %j and stays as it is', (configuration) => {
    const { it, run } = bench()
    run(3)
    expect(() => it.driver.configure(configuration)).toThrow(RangeError)
    expect(run(1).status & MeteringStatus.fault).toBe(0)
  })
})

describe('configure', () => {
  test('reaches the chip, locked again, within two samples', () => {
    const { chip, run, totals } = bench({ mainsFrequency_Hz: 60, start_W: 1 })
    run(2)
    expect([0x19, 0x14, 0x1a, 0x1d].map((address) => chip.peek(address))).toEqual([0xb7, 51, 2, 0])
    expect(run(1).status & MeteringStatus.fault).toBe(0)
    expect(totals.marks).toBe(0)
  })

  test.each([
    [9600, { sclkBps: 1 }],
    [4800, { address: 3 }],
  ] as const)('works at %i baud with %j', (_, options) => {
    const { run, load } = bench({}, options)
    load(1000)
    expect(run(4).active_mW[0]).toBeCloseTo(1_000_000, -2)
  })

  test('other resistors, calibration: the unit and the values follow', () => {
    const frontEnd = { shunt_uOhm: 2000, upper_Ohm: 1_880_000, lower_Ohm: 470 }
    const { load, run, totals, settle, it } = bench({ ...frontEnd, maximumCurrent_A: 15 }, { frontEnd })
    load(2000)
    const sample = run(600)
    expect(sample.voltage_mV[0]).toBeCloseTo(230_000, -2)
    expect(sample.current_mA[0]).toBeCloseTo(8696, -1)
    settle()
    const { numerator, denominator } = it.driver.energyUnit
    expect((totals.imported * numerator) / denominator / ((2000 * 600) / 3.6)).toBeCloseTo(1, 2)
    const plain = createImage({})
    const corrected = createImage({ power_ppm: 5000, voltage_ppm: -3000, current_ppm: 8000 })
    expect([corrected.energyUnit, corrected.perPulse]).toEqual([plain.energyUnit, { numerator: 1_005_000, denominator: 1_000_000 }])
    expect([corrected.mVPerCount / plain.mVPerCount, corrected.mAPerCount / plain.mAPerCount]).toEqual([
      expect.closeTo(0.997, 9),
      expect.closeTo(1.008, 9),
    ])
  })

  test('a restart of the firmware keeps what the chip counted, when it is told how far it was', () => {
    const { it, chip, load, run, pass, settle, totals, create } = bench()
    load(3000)
    run(60)
    const { counted } = it.driver
    it.driver.close()
    pass(20 * SECOND)
    it.driver = create(counted)
    run(10)
    settle()
    expect(totals.imported).toBe(chip.generated.forward)
    expect(totals.marks).toBe(0)
  })

  test('without that word, only what comes after the start', () => {
    const { it, chip, load, run, pass, settle, totals } = bench()
    load(3000)
    run(20)
    it.driver.configure({})
    const before = { chip: chip.generated.forward, meter: totals.imported }
    pass(30 * SECOND)
    run(20)
    settle()
    const missed = chip.generated.forward - before.chip - (totals.imported - before.meter)
    expect(missed).toBeLessThan(150)
    expect(totals.imported).toBeLessThanOrEqual(chip.generated.forward)
  })
})

describe('sample', () => {
  test('values of one phase; what the chip cannot measure stays 0', () => {
    const { load, run, inputs } = bench()
    inputs.frequency_Hz = 49.95
    load(1150)
    const sample = run(4)
    expect(sample.voltage_mV[0]).toBeCloseTo(230_000, -2)
    expect(sample.current_mA[0]).toBe(5000)
    expect([...sample.active_mW]).toEqual([sample.active_mW[0], sample.active_mW[0], 0, 0])
    expect(sample.active_mW[0]).toBeCloseTo(1_150_000, -2)
    expect(sample.apparent_mVA[0]).toBeCloseTo(1_150_000, -2)
    expect(sample.powerFactor_milli[1]).toBe(1000)
    expect(sample.frequency_mHz).toBeCloseTo(49_950, -1)
    expect(sample.status).toBe(0)
    for (const values of [sample.reactive_mvar, sample.reactiveImport, sample.reactiveExport, sample.apparent, sample.currentAngle_ddeg])
      expect(values.every((value) => value === 0)).toBe(true)
    load(-1150)
    expect(run(4).powerFactor_milli[0]).toBe(-1000)
  })

  test('import and export that change slowly are split exactly', () => {
    const { chip, load, run, settle, totals } = bench()
    for (let step = -60; step <= 60; step++) {
      load(step * 10)
      run(20)
    }
    settle()
    expect({ forward: totals.imported, reverse: totals.exported }).toEqual(chip.generated)
  })
})

describe('faults', () => {
  test('the counter falls to 0 while nothing else changes: what it counts from there is taken once', () => {
    const { chip, load, run, settle, totals } = bench()
    load(5000)
    run(300)
    const before = chip.generated.forward
    const taken = totals.imported
    chip.setPulseCount(0)
    run(10)
    settle()
    expect(totals.imported - taken).toBeLessThanOrEqual(chip.generated.forward - taken)
    expect(totals.imported - taken).toBeGreaterThanOrEqual(chip.generated.forward - before)
    expect(totals).toMatchObject({ marks: 1 })
  })
})

/** A line in the hands of a test: it delivers what the chip says in chunks of any size, with rubbish around it. */
class Handmade implements Serial {
  readonly options: SerialOptions
  readonly written: number[][] = []
  #waiting: number[] = []

  constructor(options: SerialOptions) {
    this.options = options
  }
  read(count = Number.POSITIVE_INFINITY): Bytes | undefined {
    const bytes = this.#waiting.splice(0, count)
    return bytes.length === 0 ? undefined : Uint8Array.from(bytes)
  }
  write(bytes: Bytes): void {
    this.written.push([...bytes])
  }
  deliver(bytes: readonly number[]): void {
    this.#waiting.push(...bytes)
    this.options.onReadable?.(this.#waiting.length)
  }
  close(): void {}
}

describe('stream', () => {
  const frame = [...Buffer.from(captured[0].frame, 'hex')]
  const values = createImage({}).values
  const addresses = [0x19, 0x14, 0x1a, 0x12, 0x15, 0x16, 0x17, 0x18, 0x1d]

  function answer(register: number): number[] {
    if (register === 0xaa) return frame
    const value = values[addresses.indexOf(register)]
    const bytes = [value & 0xff, value >> 8, 0]
    return [...bytes, ~(0x58 + register + bytes[0] + bytes[1]) & 0xff]
  }

  function handmade() {
    const lines: Handmade[] = []
    class Line extends Handmade {
      constructor(options: SerialOptions) {
        super(options)
        lines.push(this)
      }
    }
    const time = { ms: 0 }
    const driver = new BL0942({ sensor: { io: Line }, ticks_ms: () => time.ms })
    lines[0].options.onWritable?.(128)
    driver.configure({ reversed: true })
    return { driver, line: lines[0], time }
  }

  test('chunks of any size with rubbish around them are put together', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        fc.infiniteStream(fc.array(fc.constantFrom(0x55, 0x58, 0xaa, 0x00, 0xff), { maxLength: 12 })),
        (sizes, rubbish) => {
          const { driver, line, time } = handmade()
          const deliver = (bytes: readonly number[]): void => {
            for (let at = 0; at < bytes.length; ) {
              const size = sizes.next().value as number
              line.deliver(bytes.slice(at, at + size))
              at += size
            }
          }
          /** Answers until nothing is asked any more. Rubbish in front of a register's answer may look like one; in front of a packet it cannot. */
          const converse = (): void => {
            for (let asked = line.written.pop(), i = 0; asked !== undefined && i < 20; asked = line.written.pop(), i++) {
              line.options.onWritable?.(128)
              deliver(asked[1] === 0xaa ? [...(rubbish.next().value as number[]), ...frame] : answer(asked[1]))
            }
          }
          for (let second = 0; second < 12; second++) {
            converse()
            line.deliver(rubbish.next().value as number[])
            time.ms += 1000
            const sample = driver.sample()
            expect(sample.status & MeteringStatus.fault).toBe(0)
            expect(sample.active_mW[0]).toBeGreaterThan(40_000)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test('rubbish alone never becomes a value', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 30 }), (chunks) => {
        const { driver, line } = handmade()
        for (const chunk of chunks) line.deliver([...chunk])
        expect(driver.sample().status).toBe(MeteringStatus.fault)
      }),
    )
  })
})
