import { describe, expect, test } from 'vitest'
import type { Bytes } from '../../../hal/api/io.ts'
import { ATM90E32 } from '../../../src/drivers/metering/atm90e32/atm90e32.ts'
import type { ATM90E32Configuration, PhaseCalibration } from '../../../src/drivers/metering/atm90e32/image.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { type ATM90E32Options, ATM90E32 as Chip } from '../../../src/world/chips/atm90e32.ts'
import { createDistortion, ORDERS, settle } from '../../../src/world/distortion.ts'
import { createElectrical } from '../../../src/world/electrical.ts'

const SECOND = 1_000_000
const PHASE: PhaseCalibration = {
  voltageGain: 33_432,
  currentGain: 33_044,
  currentOffset: -252,
  activeOffset: 124,
  powerGain: 4,
  phaseDelay: 19,
}
const PHASES = [PHASE, { ...PHASE, phaseDelay: -26 }, { ...PHASE, powerGain: -13 }] as const

function bench(configuration: ATM90E32Configuration = {}, options: Partial<ATM90E32Options> = {}) {
  const time = { us: 0 }
  const chip = new Chip({ now_us: () => time.us, ...options })
  const inputs = createElectrical()
  inputs.voltage_V.fill(230)
  inputs.frequency_Hz = 50
  const load = (current_A: number, active_W: number, reactive_var = 0): void => {
    inputs.current_A.fill(current_A)
    inputs.active_W.fill(active_W)
    inputs.reactive_var.fill(reactive_var)
    chip.setInputs(inputs)
  }
  load(5, 1150)
  const wait_ms = (duration_ms: number): void => {
    time.us += duration_ms * 1000
  }
  const driver = new ATM90E32({ sensor: { io: chip.bus() }, wait_ms })
  driver.configure(configuration)
  const sample = () => {
    time.us += SECOND
    return driver.sample()
  }
  return { chip, time, inputs, driver, load, sample }
}

function frame(...bytes: number[]): Bytes {
  return Uint8Array.from(bytes)
}

describe('the driver', () => {
  test('values for the calibration are finer than a sample', () => {
    const { driver, sample, load } = bench()
    load(0.0057, 1.2345, -0.5)
    sample()
    const { voltage_V, current_A, active_W, reactive_var } = driver.fine
    expect(voltage_V[0]).toBe(230)
    expect(current_A[1]).toBeCloseTo(0.0057, 5)
    expect(active_W[2]).toBeCloseTo(1.2345, 3)
    expect(reactive_var[0]).toBeCloseTo(-0.5, 3)
  })

  test('a spontaneous reset: all of the calibration is there again with the next sample, and the CRC is the first one', () => {
    const { chip, driver, sample } = bench({ phases: PHASES })
    sample()
    const before = Array.from({ length: 0x70 }, (_, address) => chip.peek(address))
    const digest = chip.peek(0x7a)
    expect(driver.intact).toBe(true)
    chip.spontaneousReset()
    expect(chip.peek(0x61)).toBe(0x8000)
    expect(sample().status).toBe(MeteringStatus.reconfigured)
    expect(Array.from({ length: 0x70 }, (_, address) => chip.peek(address))).toEqual(before)
    expect(sample().status).toBe(0)
    expect(driver.intact).toBe(true)
    expect(chip.peek(0x7a)).toBe(digest)
  })

  test.each([
    ['LogIrms0, which is used as it is', 0x20],
    ['GainAIrms01', 0x26],
    ['an address without a name', 0x6f],
    ['UgainB', 0x65],
    ['PhiC', 0x4c],
  ])('a flipped bit of %s is written back', (_, address) => {
    const { chip, driver, sample } = bench({ phases: PHASES })
    sample()
    const before = chip.peek(address)
    chip.flip(address, 3)
    expect(sample().status).toBe(MeteringStatus.reconfigured)
    expect(chip.peek(address)).toBe(before)
    expect(sample().status).toBe(0)
    expect(driver.intact).toBe(true)
  })

  test('a chip that comes back with another CRC is written once more, and both samples say so', () => {
    const { chip, sample } = bench({ phases: PHASES })
    sample()
    // The detection mode survives a reset and is not the driver's to write.
    chip.flip(0x11, 0)
    expect([sample().status, sample().status, sample().status]).toEqual([MeteringStatus.reconfigured, MeteringStatus.reconfigured, 0])
  })

  test('a calibration that is changed through the bus does not last', () => {
    const { chip, sample } = bench({ phases: PHASES })
    sample()
    for (const bytes of [frame(0, 0x7f, 0x55, 0xaa), frame(0, 0x61, 0xff, 0xff), frame(0, 0x7f, 0, 0)]) chip.transfer(bytes)
    expect(chip.peek(0x61)).toBe(0xffff)
    expect(sample().status).toBe(MeteringStatus.reconfigured)
    expect(chip.peek(0x61)).toBe(33_432)
  })
})

describe('the emulated front end', () => {
  const none = {}

  test('gains, displacement and crosstalk show in the registers, and the calibration registers take them out', () => {
    const skew = [{ voltageGain: 0.02, currentGain: -0.01, phase_deg: 0.5, offset_W: 0.2 }, none, none] as const
    const frontEnd = { voltageGain: 0x8000, currentGain: 0x8000, skew }
    const { driver, sample, load } = bench({}, { frontEnd })
    sample()
    expect(driver.fine.voltage_V[0]).toBeCloseTo(234.6, 2)
    expect(driver.fine.current_A[0]).toBeCloseTo(4.95, 4)
    // cos(0.5 degrees) = 0.9999619.
    expect(driver.fine.active_W[0]).toBeCloseTo(1.02 * 0.99 * (1150 * 0.9999619 + 0.2), 2)
    expect(driver.fine.active_W[1]).toBe(1150)
    load(5, 575, 1150 * Math.sqrt(0.75))
    sample()
    // A current that comes 0.5 degrees early at 60 degrees: cos(59.5 degrees) = 0.5075384.
    expect(driver.fine.active_W[0]).toBeCloseTo(1.02 * 0.99 * (1150 * 0.5075384 + 0.2), 2)
    const phase = { voltageGain: Math.round(0x8000 / 1.02), currentGain: Math.round(0x8000 / 0.99), phaseDelay: 57 }
    driver.configure({ phases: [phase, {}, {}] })
    sample()
    expect(driver.fine.active_W[0]).toBeCloseTo(575.2, 0)
  })

  test('a transformer is worse at low currents', () => {
    const skew = [{ droop: 0.1, knee_A: 1, currentOffset_A: 0.002 }, none, none] as const
    const { driver, sample, load } = bench({}, { frontEnd: { voltageGain: 0x8000, currentGain: 0x8000, skew } })
    load(1, 230)
    sample()
    expect(driver.fine.current_A[0]).toBeCloseTo(1.002 * 0.95, 4)
    load(0, 0)
    sample()
    expect(driver.fine.current_A[0]).toBeCloseTo(0.002 * 0.9, 5)
  })

  test('harmonics: their part of the power has its own registers and pulses, and Phi turns it further', () => {
    const pulses = [0, 0, 0, 0]
    const { chip, time, inputs, driver, sample, load } = bench({}, { pulse: (output) => void pulses[output - 1]++ })
    const distortion = createDistortion()
    for (let phase = 0; phase < 3; phase++) {
      distortion.voltage.real.set([0, 230, 0, 0, 0, 23], phase * ORDERS)
      distortion.current.real.set([0, 5, 0, 0, 0, 2], phase * ORDERS)
    }
    settle(inputs, distortion)
    chip.setInputs(inputs)
    const read32 = (address: number) => ((chip.peek(address) << 16) | chip.peek(address + 0x10)) / 3125
    expect([read32(0xb1), read32(0xd1), read32(0xd5), read32(0xd4)]).toEqual([1196, 1150, 46, 138])
    time.us += 3600 * SECOND
    chip.advance()
    expect(pulses.map((count) => Math.round(count / 32))).toEqual([Math.round(358.8), 0, 345, Math.round(13.8)])
    // 57 cycles of 2.048 MHz are 0.5 degrees at 50 Hz and 2.5 degrees of the fifth.
    driver.configure({ phases: [{ phaseDelay: 57 }, {}, {}] })
    sample()
    expect(read32(0xd5)).toBeCloseTo(46 * 0.99905, 2)
    expect(read32(0xd1)).toBeCloseTo(1150 * 0.999962, 1)
    inputs.distortion = undefined
    load(5, 1150)
    expect(read32(0xd6)).toBe(0)
  })
})
