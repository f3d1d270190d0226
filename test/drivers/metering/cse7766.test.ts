import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'
import type { MeteringSource } from '../../../src/core/metrology/source.ts'
import { type CSE7766Configuration, createCircuit } from '../../../src/drivers/metering/cse7766/circuit.ts'
import { CSE7766 } from '../../../src/drivers/metering/cse7766/cse7766.ts'
import { createFrame, decodeFrame } from '../../../src/drivers/metering/cse7766/frame.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { type CSE7766Options as ChipOptions, CSE7766 as Emulated } from '../../../src/world/chips/cse7766.ts'
import { createElectrical } from '../../../src/world/electrical.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { SerialWire } from '../../../src/world/serial-wire.ts'
import '../../support/fast-check.ts'

const SECOND = 1_000_000
const COEFFICIENT = 0x4f0a60

interface Captured {
  readonly frame: string
  readonly state: number
  readonly adj: number
  readonly voltage: number
  readonly current: number
  readonly power: number
  readonly power_valid: boolean
  readonly cf: number
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/ic_frames.json', import.meta.url), 'utf8'))
const captured: readonly Captured[] = vectors.cse7766

function bench(configuration: CSE7766Configuration = { counted: 0 }, options: Partial<ChipOptions> = {}) {
  const scheduler = new Scheduler(0)
  const wire = new SerialWire(scheduler)
  const chip = new Emulated({ scheduler, io: wire.end(1), ...options })
  const ticks_ms = () => Math.floor(scheduler.now_us / 1000)
  /** When the driver told of a loss. */
  const losses: number[] = []
  const create = (again: CSE7766Configuration): CSE7766 => {
    const driver = new CSE7766({ sensor: { io: wire.end(0) }, ticks_ms, onLoss: () => losses.push(ticks_ms()) })
    driver.configure(again)
    return driver
  }
  const it = { driver: create(configuration) }
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
  /** Ends the load, away from CFl = 0, which hides the counter, and lets the driver catch up. */
  const settle = (): void => {
    for (let i = 0; i < 100 && chip.generated % 256 === 0; i++) pass(10_000)
    load(0)
    run(2)
  }
  /** What a meter should show of the chip's pulses. */
  const expected = (pulses = chip.generated): number => Math.floor((pulses * COEFFICIENT) / 3_600_000)
  return { it, scheduler, wire, chip, load, pass, run, settle, totals, create, expected, losses }
}

describe('captured frames', () => {
  test.each(captured)('$frame', ({ frame: hex, ...values }) => {
    const frame = createFrame()
    expect(decodeFrame(Buffer.from(hex, 'hex'), 0, frame)).toBe(true)
    expect(frame.voltageCoefficient / frame.voltagePeriod).toBeCloseTo(values.voltage, 3)
    expect(frame.currentCoefficient / frame.currentPeriod).toBeCloseTo(values.current, 4)
    expect(frame.powerCoefficient / frame.powerPeriod).toBeCloseTo(values.power, 3)
    expect((frame.valid & 0x10) !== 0).toBe(values.power_valid)
    expect(frame.noLoad).toBe(values.state === 0xf2)
    expect(frame.pulses).toBe(values.cf + (values.adj & 0x80 ? 0x10000 : 0))
  })

  test.each(captured)('$frame with any bit turned is refused', ({ frame: hex }) => {
    const frame = createFrame()
    for (let bit = 0; bit < 24 * 8; bit++) {
      const bytes = Buffer.from(hex, 'hex')
      bytes[bit >> 3] ^= 1 << (bit & 7)
      expect(decodeFrame(bytes, 0, frame), `bit ${bit}`).toBe(false)
    }
    expect(frame).toEqual(createFrame())
  })

  test('states: only good and no load; CFl = 0 hides the counter', () => {
    const bytes = Buffer.from(captured[0].frame, 'hex')
    for (let state = 0; state < 256; state++) {
      bytes[0] = state
      expect(decodeFrame(bytes, 0, createFrame()), `${state}`).toBe(state === 0x55 || state === 0xf2)
    }
    bytes[23] -= bytes[22]
    bytes[22] = 0
    const frame = createFrame()
    bytes[0] = 0x55
    expect([decodeFrame(bytes, 0, frame), frame.pulses]).toEqual([true, -1])
    for (const at of [-1, 1, 24]) expect(decodeFrame(bytes, at, frame)).toBe(false)
  })

  test('the frame that says 0.4 V with a right checksum is not believed', () => {
    const { driver, serial } = handmade()
    for (let i = 0; i < 4; i++) serial.deliver(Buffer.from(captured[4].frame, 'hex'))
    serial.deliver(Buffer.from(captured[5].frame, 'hex'))
    const sample = driver.sample()
    expect([sample.voltage_mV[0], sample.status, driver.refused]).toEqual([232_547, 0, 3])
  })
})

/** A line in the hands of a test. */
class Handmade implements Serial {
  readonly options: SerialOptions
  #waiting: number[] = []

  constructor(options: SerialOptions) {
    this.options = options
  }
  read(count = Number.POSITIVE_INFINITY): Bytes | undefined {
    const bytes = this.#waiting.splice(0, count)
    return bytes.length === 0 ? undefined : Uint8Array.from(bytes)
  }
  write(): void {}
  deliver(bytes: Iterable<number>): void {
    this.#waiting.push(...bytes)
    this.options.onReadable?.(this.#waiting.length)
  }
  close(): void {}
}

function handmade(configuration: CSE7766Configuration = {}) {
  const lines: Handmade[] = []
  class Line extends Handmade {
    constructor(options: SerialOptions) {
      super(options)
      lines.push(this)
    }
  }
  const io: SerialConstructor = Line
  const time = { ms: 0 }
  const driver = new CSE7766({ sensor: { io, port: 2 }, ticks_ms: () => time.ms })
  driver.configure(configuration)
  return { driver, serial: lines[0], time }
}

describe('shape', () => {
  test('is a MeteringSource with 1 mWh per count', () => {
    const { it, run } = bench()
    const source: MeteringSource = it.driver
    expect(source.energyUnit).toEqual({ numerator: 1, denominator: 1 })
    expect(source.identification.model).toBe('CSE7766')
    const sample = run(2)
    expect(source.sample()).toBe(sample)
    source.acknowledge()
    source.close()
    source.close()
    expect(() => source.sample()).toThrow()
  })

  test('asks for 4800 8E1', () => {
    expect(handmade().serial.options).toMatchObject({ baud: 4800, bits: 8, parity: 'even', stop: 1, port: 2 })
  })

  test.each([
    { shunt_uOhm: 0 },
    { divider_Ohm: Number.NaN },
    { power_ppm: -200_000 },
    { counted: -1 },
    { counted: 2 ** 17 },
    { nominalVoltage_V: 0 },
  ] as CSE7766Configuration[])('refuses %j and stays as it is', (configuration) => {
    const { it, run } = bench()
    run(2)
    expect(() => it.driver.configure(configuration)).toThrow(RangeError)
    expect(run(1).status & MeteringStatus.fault).toBe(0)
  })
})

describe('sample', () => {
  test('values of one phase; what the chip cannot measure stays 0', () => {
    const { load, run } = bench()
    load(1150)
    const sample = run(3)
    expect(sample.voltage_mV[0]).toBeCloseTo(230_000, -3)
    expect(sample.current_mA[0]).toBeCloseTo(5000, -1)
    expect([...sample.active_mW]).toEqual([sample.active_mW[0], sample.active_mW[0], 0, 0])
    expect(Math.abs(sample.active_mW[0] - 1_150_000)).toBeLessThan(1000)
    expect(sample.powerFactor_milli[1]).toBeGreaterThanOrEqual(999)
    expect([sample.frequency_mHz, sample.status, sample.neutral_mA]).toEqual([0, 0, 0])
    for (const values of [sample.reactive_mvar, sample.reactiveImport, sample.activeExport, sample.apparent, sample.currentAngle_ddeg])
      expect(values.every((value) => value === 0)).toBe(true)
  })

  test('other resistors and calibration', () => {
    const resistors = { shunt_uOhm: 500, divider_Ohm: 1_906_000 }
    const { load, run, settle, totals, chip } = bench({ ...resistors, counted: 0, power_ppm: 1000 }, resistors)
    load(2000)
    const sample = run(600)
    expect(Math.abs(sample.voltage_mV[0] - 230_000)).toBeLessThan(500)
    expect(Math.abs(sample.active_mW[0] - 2_002_000)).toBeLessThan(3000)
    settle()
    const pulse_mWh = (COEFFICIENT * 1.906 * 2 * 1.001) / 3_600_000
    expect(Math.abs(totals.imported - chip.generated * pulse_mWh)).toBeLessThan(1)
    expect(createCircuit(resistors).energy).toEqual({ numerator: 953, denominator: 250 })
  })

  test('sag; phase loss confirmed; no load; a load that ends is 0 at once or fades', () => {
    const { load, run } = bench()
    load(500)
    expect(run(2).status).toBe(0)
    load(0)
    run(1)
    expect(run(5).status).toBe(MeteringStatus.noLoad)
    expect(run(1).active_mW[0]).toBe(0)
    load(0, 150)
    expect(run(1).status).toBe(MeteringStatus.noLoad | MeteringStatus.sagL1)
    load(0, 10)
    expect(run(1).status).toBe(MeteringStatus.noLoad | MeteringStatus.sagL1 | MeteringStatus.phaseLossL1)
    load(500)
    expect(run(2).status).toBe(0)
  })

  test('no voltage at all: told within 0.4 s, once; nothing is lost over it', () => {
    const { load, run, pass, losses, settle, totals, expected, it } = bench()
    load(2000)
    run(10)
    pass(470_000)
    load(0, 0)
    pass(400_000)
    expect(losses).toEqual([expect.any(Number)])
    expect(losses[0] - 10_470).toBeLessThan(400)
    const sample = it.driver.sample()
    totals.imported += sample.activeImport[0]
    expect(sample.status).toBe(MeteringStatus.noLoad | MeteringStatus.sagL1 | MeteringStatus.phaseLossL1)
    expect([sample.voltage_mV[0], sample.active_mW[0], run(10).status & MeteringStatus.fault]).toEqual([0, 0, 0])
    load(2000)
    expect(run(2).status).toBe(0)
    load(0, 0)
    run(2)
    expect(losses).toHaveLength(2)
    load(2000)
    run(2)
    settle()
    expect([totals.imported, totals.faults, totals.marks]).toEqual([expected(), 0, 0])
  })

  test('a small load keeps its last power between pulses', () => {
    const { load, run } = bench()
    load(3)
    run(10)
    for (let i = 0; i < 20; i++) expect(Math.abs(run(1).active_mW[0] - 3000)).toBeLessThan(3)
  })

  test('a restart of the firmware keeps what the chip counted, when it is told how far it was', () => {
    const { it, load, run, pass, settle, totals, create, expected } = bench()
    load(3000)
    run(60)
    const { counted } = it.driver
    it.driver.close()
    pass(5 * SECOND)
    it.driver = create({ counted })
    run(10)
    settle()
    // The rest below one count was in memory.
    expect(expected() - totals.imported).toBeGreaterThanOrEqual(0)
    expect(expected() - totals.imported).toBeLessThanOrEqual(1)
    expect(totals.marks).toBe(0)
  })

  test('without that word, only what comes after the start', () => {
    const { load, run, totals, settle, chip, expected } = bench({})
    chip.setPulseCount(30_001)
    load(3000)
    run(60)
    settle()
    expect(totals.imported).toBeLessThanOrEqual(expected())
    expect(totals.imported).toBeGreaterThan(expected() - 1000)
  })
})

describe('faults', () => {
  test('a silence in which the counter may have gone round: marked, never more than the chip counted', () => {
    const { chip, load, run, settle, totals, expected } = bench()
    load(6000)
    run(60)
    chip.line.stick(1)
    run(600)
    chip.line.stick(undefined)
    run(20)
    settle()
    expect(totals.marks).toBe(1)
    expect(totals.imported).toBeLessThanOrEqual(expected())
  })

  test('two frames in a row with a right checksum and the same wrong content change neither values nor energy', () => {
    const wrong: [string, (frame: Uint8Array) => void][] = [
      ['0.4 V', (frame) => frame.set([0x07, 0x17, 0x1d], 5)],
      ['no period', (frame) => frame.fill(0, 5, 20)],
      ['voltage beyond reason', (frame) => frame.fill(0, 5, 7)],
      ['current beyond reason', (frame) => frame.set([0, 0, 9], 11)],
      ['power without current', (frame) => frame.set([0, 0, 90], 17)],
      ['other coefficients', (frame) => frame.set([0x5f], 14)],
      ['counter far ahead', (frame) => frame.set([frame[21] ^ 0x80], 21)],
      ['counter a little ahead', (frame) => frame.set([frame[21] + 1], 21)],
      ['counter near 0', (frame) => frame.set([0, 3], 21)],
      ['carry', (frame) => frame.set([frame[20] ^ 0x80], 20)],
      ['all ones', (frame) => frame.fill(0xff, 2, 23)],
      ['not calibrated', (frame) => frame.set([0xaa])],
      ['coefficients damaged', (frame) => frame.set([0xf1])],
    ]
    for (const [name, change] of wrong) {
      const { chip, load, run, settle, totals, expected } = bench()
      load(2000)
      run(40)
      for (let i = 0; i < 4; i++) {
        chip.forge(change, 2)
        const sample = run(1)
        expect([sample.status, Math.round(sample.voltage_mV[0] / 1000)], name).toEqual([0, 230])
        run(2)
      }
      settle()
      // The same wrong counter twice looks like one that goes on, if it is not far off: nothing is lost or doubled in the end all the same.
      if (!name.startsWith('counter a little')) expect([name, totals.imported, totals.marks]).toEqual([name, expected(), 0])
    }
  })

  test('voltage or current out of range, or no calibration: fault', () => {
    const { chip, load, run, totals, settle, expected } = bench()
    load(2000)
    run(10)
    for (const bits of [1, 4, 8, 15]) {
      chip.setAbnormal(bits)
      expect(run(5).status & MeteringStatus.fault).not.toBe(0)
      chip.setAbnormal(0)
      expect(run(3).status).toBe(0)
    }
    settle()
    expect(totals.imported).toBe(expected())
    const blank = bench({}, { calibrated: false })
    blank.load(1000)
    expect(blank.run(5).status & MeteringStatus.fault).not.toBe(0)
  })

  test('another chip with other coefficients is believed after a while, and marked', () => {
    const { driver, serial } = handmade()
    const frames = (index: number, count: number): void => {
      for (let i = 0; i < count; i++) serial.deliver(Buffer.from(captured[index].frame, 'hex'))
    }
    frames(2, 5)
    expect(driver.sample().voltage_mV[0]).toBe(207_029)
    frames(3, 15)
    expect(driver.sample().voltage_mV[0]).toBe(207_029)
    frames(3, 2)
    const sample = driver.sample()
    expect([sample.voltage_mV[0], sample.status & MeteringStatus.reconfigured]).toEqual([99_025, MeteringStatus.reconfigured])
  })
})

describe('stream', () => {
  test('chunks of any size with rubbish between frames are put together', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.array(fc.constantFrom(0x55, 0x5a, 0xf2, 0x00, 0xff), { maxLength: 30 }), { minLength: 12, maxLength: 12 }),
        (sizes, rubbish) => {
          const { driver, serial, time } = handmade()
          const frame = [...Buffer.from(captured[2].frame, 'hex')]
          let bytes = rubbish.flatMap((noise) => [...noise, ...frame])
          for (let i = 0; bytes.length > 0; i++) {
            const size = sizes[i % sizes.length]
            serial.deliver(bytes.slice(0, size))
            bytes = bytes.slice(size)
            time.ms += 10
          }
          const sample = driver.sample()
          expect([sample.status, sample.voltage_mV[0], sample.active_mW[0]]).toEqual([0, 207_029, 20_862])
          expect(driver.counted).toBe(2938)
        },
      ),
    )
  })

  test('rubbish alone never becomes a value', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 30 }), (chunks) => {
        const { driver, serial } = handmade()
        for (const chunk of chunks) serial.deliver(chunk)
        expect(driver.sample().status).toBe(MeteringStatus.fault)
      }),
    )
  })
})
