import { describe, expect, test } from 'vitest'
import type { SPI, SPIConstructor, SPIOptions } from '../../../hal/api/io.ts'
import { ADE7953 } from '../../../src/drivers/metering/ade7953/ade7953.ts'
import { PendingEnergy } from '../../../src/drivers/metering/ade7953/energy.ts'
import type { ADE7953Configuration } from '../../../src/drivers/metering/ade7953/image.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { type ADE7953Options, ADE7953 as Chip } from '../../../src/world/chips/ade7953.ts'
import { createElectrical } from '../../../src/world/electrical.ts'
import { I2CBus } from '../../../src/world/i2c-bus.ts'
import '../../support/fast-check.ts'

const SECOND = 1_000_000
/** mWh in one count of the default circuit: 347.4 V * 90.32 A / 206.9 kHz. */
const COUNT_MWH = (347.4 * 90.32) / 206_900 / 3.6

function bench(configuration: ADE7953Configuration = {}, options: Partial<ADE7953Options> = {}, bus: 'SPI' | 'I2C' = 'SPI') {
  const time = { us: 0 }
  const chip = new Chip({ now_us: () => time.us, ...options })
  const wires = new I2CBus()
  wires.attach(chip.peripheral)
  const inputs = createElectrical()
  inputs.frequency_Hz = 50
  const load = (active_W: number, reactive_var = 0, voltage_V = 230): void => {
    inputs.voltage_V[0] = voltage_V
    inputs.active_W[0] = active_W
    inputs.reactive_var[0] = reactive_var
    inputs.current_A[0] = voltage_V > 0 ? Math.hypot(active_W, reactive_var) / voltage_V : 0
    chip.setInputs(inputs)
  }
  load(1150)
  const wait_ms = (duration_ms: number): void => {
    time.us += duration_ms * 1000
  }
  const ticks_ms = () => Math.floor(time.us / 1000)
  const pending = new PendingEnergy()
  const create = () => {
    const common = { wait_ms, ticks_ms, pending }
    const driver =
      bus === 'SPI'
        ? new ADE7953({ ...common, bus, sensor: { io: chip.bus() } })
        : new ADE7953({ ...common, bus, sensor: { io: wires.constructorFor() } })
    driver.configure(configuration)
    return driver
  }
  const it = { driver: create() }
  const sample = (us = SECOND) => {
    time.us += us
    return it.driver.sample()
  }
  return { chip, wires, time, inputs, load, it, create, sample }
}

describe.each(['SPI', 'I2C'] as const)('%s', (bus) => {
  test('values of the phase, the neutral, and energy', () => {
    const { load, sample, chip } = bench({}, {}, bus)
    load(1000, -500)
    const taken = sample()
    expect(taken.status).toBe(0)
    expect(taken.voltage_mV[0]).toBeCloseTo(230_000, -2)
    expect(taken.current_mA[0]).toBeCloseTo(4861, -1)
    expect(taken.neutral_mA).toBeCloseTo(4861, -1)
    expect(Math.abs(taken.active_mW[0] - 1_000_000)).toBeLessThan(10)
    expect(Math.abs(taken.reactive_mvar[1] + 500_000)).toBeLessThan(10)
    expect(Math.abs(taken.apparent_mVA[0] - 1_118_034)).toBeLessThan(10)
    expect(taken.powerFactor_milli[1]).toBe(894)
    expect(Math.abs(taken.frequency_mHz - 50_000)).toBeLessThan(10)
    expect(taken.currentAngle_ddeg[0]).toBeCloseTo(3334, -1)
    expect([taken.voltage_mV[1], taken.activeImport[2]]).toEqual([0, 0])
    let imported = taken.activeImport[0]
    for (let i = 0; i < 99; i++) imported += sample().activeImport[1]
    expect(Math.abs(imported - Math.floor(chip.generated(0x21e).forward * COUNT_MWH))).toBeLessThanOrEqual(1)
    expect(imported).toBeGreaterThan(27_000)
  })
})

describe('shape', () => {
  test('asks for 2 MHz, mode 0, and lets the board override', () => {
    const seen: SPIOptions[] = []
    const Bus = new Chip({ now_us: () => 0 }).bus()
    class Noting extends Bus {
      constructor(options: SPIOptions) {
        super(options)
        seen.push(options)
      }
    }
    new ADE7953({ bus: 'SPI', sensor: { io: Noting } }).close()
    new ADE7953({ bus: 'SPI', sensor: { io: Noting, hz: 200_000, mode: 3, select: 5 } }).close()
    expect(seen[0]).toMatchObject({ hz: 2_000_000, mode: 0 })
    expect(seen[1]).toMatchObject({ hz: 200_000, mode: 3, select: 5 })
  })

  test.each([0, 0xff])('nobody there (bus shows %i): NO_DEVICE, bus closed', (level) => {
    let closed = 0
    class Empty implements SPI {
      transfer(buffer: Uint8Array): void {
        buffer.fill(level)
      }
      write(): void {}
      read(): void {}
      close(): void {
        closed++
      }
    }
    const io: SPIConstructor = Empty
    expect(() => new ADE7953({ bus: 'SPI', sensor: { io } })).toThrow(expect.objectContaining({ code: 'NO_DEVICE' }))
    expect(closed).toBe(1)
  })

  test('nobody at the address: NO_DEVICE', () => {
    const io = new I2CBus().constructorFor()
    expect(() => new ADE7953({ bus: 'I2C', sensor: { io } })).toThrow(expect.objectContaining({ code: 'NO_DEVICE' }))
  })
})

describe('configure', () => {
  test('defaults: the registers of a direct 230 V meter, protected', () => {
    const { chip } = bench()
    expect([0x102, 0x004, 0x001, 0x040, 0x120, 0x000].map((address) => chip.peek(address))).toEqual([0x0104, 0x40, 0, 7, 0x30, 3])
    // Y = 347.4 V * 90.32 A / 2.3 W; 65536 - Y / 1.4.
    expect(chip.peek(0x303)).toBe(Math.round(65_536 - (347.4 * 90.32) / 2.3 / 1.4))
    expect(chip.peek(0x300)).toBe(Math.round((6_500_000 * 0.78 * 230) / 347.4))
    expect(chip.peek(0x37f)).not.toBe(0xffffffff)
  })

  test('works with the times of the datasheet', () => {
    const { sample } = bench({}, { datasheetTiming: true })
    for (let i = 0; i < 3; i++) expect(sample().status).toBe(0)
  })

  test.each([
    { fullScaleVoltage_V: 0 },
    { fullScaleCurrent_A: Number.NaN },
    { voltagePGA: 3 },
    { neutralPGA: 22 },
    { start_W: 0.01 },
    { start_W: -1 },
    { phases: [{ voltageGain: 0 }] },
    { phases: [{ activeOffset: 0x800000 }] },
    { phases: [{}, { phaseDelay: 384 }] },
  ] as ADE7953Configuration[])('refuses %j and leaves the chip alone', (configuration) => {
    const { chip, it, sample } = bench()
    const before = chip.peek(0x37f)
    expect(() => it.driver.configure(configuration)).toThrow(RangeError)
    expect(chip.peek(0x37f)).toBe(before)
    expect(sample().status).toBe(0)
  })
})

describe('direction, sag and neutral', () => {
  test('export, inductive and capacitive', () => {
    const { load, sample } = bench()
    load(-2000, 300)
    sample()
    const taken = sample()
    expect([taken.activeImport[0], taken.reactiveExport[0]]).toEqual([0, 0])
    expect(taken.activeExport[0]).toBeGreaterThan(550)
    expect(taken.reactiveImport[0]).toBeGreaterThan(80)
    expect(taken.powerFactor_milli[0]).toBe(-989)
  })

  test('a sag that was over before the sample is still reported, once', () => {
    const { load, sample, time } = bench()
    sample()
    load(0, 0, 150)
    time.us += 100_000
    load(1150)
    expect(sample().status).toBe(MeteringStatus.sagL1)
    expect(sample().status).toBe(0)
  })

  test('phase loss and no load', () => {
    const { load, sample } = bench()
    load(0)
    expect(sample().status).toBe(MeteringStatus.noLoad)
    load(0, 0, 0)
    const lost = sample()
    expect(lost.status).toBe(MeteringStatus.noLoad | MeteringStatus.sagL1 | MeteringStatus.phaseLossL1)
    expect(lost.frequency_mHz).toBe(0)
  })

  test('a current that returns elsewhere than through the neutral shows', () => {
    const { chip, sample } = bench()
    chip.setNeutral({ current_A: 1, active_W: 230, reactive_var: 0 })
    const { current_mA, neutral_mA } = sample()
    expect([Math.round(current_mA[0] / 10), Math.round(neutral_mA / 10)]).toEqual([500, 100])
  })
})

describe('what only this chip does', () => {
  test('energy that full scale does not explain is not believed, and reported', () => {
    const { chip, sample } = bench()
    sample()
    chip.setEnergy(0x21e, 5_000_000)
    const taken = sample()
    expect([taken.activeImport[0], taken.status]).toEqual([0, MeteringStatus.reconfigured])
    const next = sample()
    expect(next.status).toBe(0)
    expect(Math.abs(next.activeImport[0] - 1150 / 3.6)).toBeLessThan(2)
  })

  test('a reserved register that changed is put right by a reset of the chip', () => {
    const { chip, it, sample } = bench()
    sample()
    chip.flip(0x293, 7)
    const states = Array.from({ length: 6 }, () => sample().status)
    expect(states.slice(0, 3)).toContain(MeteringStatus.reconfigured)
    expect(states.slice(4)).toEqual([0, 0])
    expect([chip.peek(0x293), chip.peek(0x120), chip.peek(0x040), it.driver.intact]).toEqual([0, 0x30, 7, true])
  })

  test('SPI that is locked: nothing on the I2C pins reaches the chip', () => {
    const { wires } = bench()
    const other = new (wires.constructorFor())({ address: 0x38, hz: 100_000 })
    expect(() => other.read(1)).toThrow()
  })
})
