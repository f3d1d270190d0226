import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes, SPI, SPIConstructor, SPIOptions } from '../../../hal/api/io.ts'
import type { MeteringSource } from '../../../src/core/metrology/source.ts'
import { ATM90E32 } from '../../../src/drivers/metering/atm90e32/atm90e32.ts'
import { PendingEnergy } from '../../../src/drivers/metering/atm90e32/energy.ts'
import type { ATM90E32Configuration } from '../../../src/drivers/metering/atm90e32/image.ts'
import { type MeteringSample, MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { type ATM90E32Options, ATM90E32 as Chip } from '../../../src/world/chips/atm90e32.ts'
import { createElectrical } from '../../../src/world/electrical.ts'

const ENERGY = [0x80, 0x84, 0x88, 0x8c, 0x90]
const KINDS = ['activeImport', 'activeExport', 'reactiveImport', 'reactiveExport', 'apparent'] as const

/** A three-phase load that imports, exports and does both kinds of reactive power, on a chip with a hook before each transaction. */
function bench(options: Partial<ATM90E32Options> = {}) {
  const time = { us: 0 }
  const chip = new Chip({ now_us: () => time.us, ...options })
  const inputs = createElectrical()
  inputs.voltage_V.fill(230)
  inputs.frequency_Hz = 50
  inputs.current_A.set([10, 20, 30])
  inputs.active_W.set([2000, -4000, 6000])
  inputs.reactive_var.set([500, -1000, 300])
  chip.setInputs(inputs)
  const hook: { before: (frame: Bytes) => void; count: number } = { before: () => {}, count: 0 }
  const Bus = chip.bus()
  class Hooked extends Bus {
    override transfer(frame: Bytes): void {
      hook.count++
      hook.before(frame)
      super.transfer(frame)
    }
  }
  const wait_ms = (duration_ms: number): void => {
    time.us += duration_ms * 1000
  }
  return { chip, time, inputs, hook, sensor: { io: Hooked }, wait_ms }
}

function configured(configuration: ATM90E32Configuration = {}, options: Partial<ATM90E32Options> = {}) {
  const it = bench(options)
  const driver = new ATM90E32({ sensor: it.sensor, wait_ms: it.wait_ms })
  driver.configure(configuration)
  return { ...it, driver }
}

/** Adds the counts of a sample to totals by register. */
function addUp(totals: Float64Array, sample: MeteringSample): void {
  KINDS.forEach((kind, k) => {
    for (let i = 0; i < 4; i++) totals[4 * k + i] += sample[kind][i]
  })
}

/** What the chip ever counted, less what its registers still hold. */
function given(chip: Chip): Float64Array {
  const totals = new Float64Array(20)
  for (let i = 0; i < 20; i++) totals[i] = chip.generated(0x80 + i) - chip.peek(0x80 + i)
  return totals
}

interface Frame {
  readonly frame: string
  readonly read: boolean
  readonly address: number
  readonly value?: number
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/ic_frames.json', import.meta.url), 'utf8'))
const frames: readonly Frame[] = vectors.atm90e32

describe('frames of the datasheet', () => {
  test('are what the driver sends', () => {
    const { sensor, hook, wait_ms } = bench()
    const sent = new Set<string>()
    hook.before = (frame) => sent.add(Buffer.from(frame).toString('hex'))
    new ATM90E32({ sensor, wait_ms }).configure()
    // The driver knows no register above FFH.
    for (const { frame, address } of frames) if (address < 0x100) expect([...sent]).toContain(frame)
  })

  test.each(frames)('$frame is understood by the chip', ({ frame, read, address, value = 0 }) => {
    const { chip } = bench()
    const bytes = Buffer.from(frame, 'hex')
    const held = chip.peek(address)
    chip.transfer(bytes)
    if (read) expect([...bytes]).toEqual([0, 0, held >> 8, held & 0xff])
    // A soft reset clears LastSPIData, too.
    else if (address !== 0x70) expect([chip.peek(address), chip.peek(0x78)]).toEqual([value, value])
    else expect(chip.peek(0x78)).toBe(0)
  })
})

describe('shape', () => {
  test('is a MeteringSource with 25/8 mWh per count', () => {
    const source: MeteringSource = configured().driver
    expect(source.energyUnit).toEqual({ numerator: 25, denominator: 8 })
    expect(source.identification.model).toBe('ATM90E32AS')
    const sample: MeteringSample = source.sample()
    expect(sample.status).toBe(0)
    expect(source.sample()).toBe(sample)
    source.close()
    source.close()
    expect(() => source.sample()).toThrow()
  })

  test('asks the bus for 1 MHz, mode 3, and lets the board override', () => {
    const seen: SPIOptions[] = []
    const { chip } = bench()
    const Bus = chip.bus()
    class Noting extends Bus {
      constructor(options: SPIOptions) {
        super(options)
        seen.push(options)
      }
    }
    new ATM90E32({ sensor: { io: Noting } }).close()
    new ATM90E32({ sensor: { io: Noting, hz: 200_000, select: 5 } }).close()
    expect(seen[0]).toMatchObject({ hz: 1_000_000, mode: 3 })
    expect(seen[1]).toMatchObject({ hz: 200_000, mode: 3, select: 5 })
  })

  test.each([0, 0xff])('nobody there (bus shows %i): NO_DEVICE, bus closed', (level) => {
    let closed = 0
    class Empty implements SPI {
      transfer(buffer: Bytes): void {
        buffer.fill(level)
      }
      write(): void {}
      read(): void {}
      close(): void {
        closed++
      }
    }
    const io: SPIConstructor = Empty
    expect(() => new ATM90E32({ sensor: { io } })).toThrow(expect.objectContaining({ code: 'NO_DEVICE' }))
    expect(closed).toBe(1)
  })
})

describe('configure', () => {
  test('defaults: a direct 230 V, 5(60) A meter', () => {
    const { chip } = configured()
    expect([0x00, 0x31, 0x32, 0x33, 0x34, 0x05, 0x07].map((a) => chip.peek(a))).toEqual([1, 0x0861, 0xc468, 0x0087, 0, 0xff3f, 0xd654])
    expect([0x35, 0x36, 0x37, 0x38, 0x39, 0x3a].map((a) => chip.peek(a))).toEqual([5156, 5156, 5156, 344, 344, 344])
    expect([0x0c, 0x0d].map((a) => chip.peek(a))).toEqual([4700, 5300])
    // Vth * 100 * sqrt(2) / (2 * Ugain / 32768), Vth = 0.78 * 230.
    expect(chip.peek(0x08)).toBe(Math.round((0.78 * 23000 * Math.SQRT2) / 2))
    expect(chip.peek(0x7f)).toBe(0)
  })

  test('calibration and mains reach their registers', () => {
    const phase = {
      voltageGain: 58395,
      currentGain: 30000,
      voltageOffset: -2,
      currentOffset: 3,
      activeOffset: -4,
      powerGain: 0x1475,
      phaseDelay: -36,
    }
    const { chip, driver } = configured({
      mainsFrequency_Hz: 60,
      currentPGA: 2,
      sum: 'absolute',
      meterConstant: 1000,
      phases: [phase, {}, phase],
    })
    expect([0x61, 0x62, 0x63, 0x64, 0x41, 0x47, 0x48].map((a) => chip.peek(a))).toEqual([58395, 30000, 0xfffe, 3, 0xfffc, 0x1475, 0x8024])
    expect([0x65, 0x69, 0x45].map((a) => chip.peek(a))).toEqual([0x8000, 58395, 0xfffc])
    expect([0x33, 0x34].map((a) => chip.peek(a))).toEqual([0x109f, 0x15])
    expect(chip.peek(0x31) * 65536 + chip.peek(0x32)).toBe(450_000_000)
    expect(driver.energyUnit).toEqual({ numerator: 10, denominator: 1 })
  })

  test.each([
    { meterConstant: 7 },
    { meterConstant: 100 },
    { start_W: 30 },
    { start_W: -1 },
    { sag_V: Number.NaN },
    { phases: [{ voltageGain: 0 }, {}, {}] },
    { phases: [{}, { activeOffset: 40000 }, {}] },
    { phases: [{}, {}, { phaseDelay: 256 }] },
  ] as ATM90E32Configuration[])('refuses %j and leaves the chip alone', (configuration) => {
    const { chip, driver } = configured()
    const before = chip.peek(0x7a)
    expect(() => driver.configure(configuration)).toThrow(RangeError)
    expect(chip.peek(0x7a)).toBe(before)
    expect(driver.sample().status).toBe(0)
  })

  test('works with the times of the datasheet', () => {
    const { driver, time } = configured({}, { datasheetTiming: true })
    for (let i = 0; i < 3; i++) {
      time.us += 1_000_000
      expect(driver.sample().status).toBe(0)
    }
  })

  test('a restart of the firmware keeps what the chip counted meanwhile', () => {
    const { chip, sensor, driver, time } = configured()
    const before = driver.sample().activeImport[1]
    time.us += 3_000_000
    driver.close()
    const again = new ATM90E32({ sensor })
    again.configure()
    expect(again.sample().activeImport[1]).toBe(chip.generated(0x81) - before)
    expect(chip.generated(0x81)).toBeGreaterThan(533)
  })

  test('a register that does not take its value: CONFIGURATION', () => {
    const { hook, sensor } = bench()
    const driver = new ATM90E32({ sensor })
    hook.before = (frame) => {
      if (frame[0] === 0 && frame[1] === 0x65) frame[3] ^= 1
    }
    expect(() => driver.configure({ phases: [{}, { voltageGain: 40000 }, {}] })).toThrow(expect.objectContaining({ code: 'CONFIGURATION' }))
    expect(() => driver.sample()).toThrow(expect.objectContaining({ code: 'NOT_CONFIGURED' }))
  })
})

describe('sample', () => {
  test('values of three phases', () => {
    const { driver } = configured()
    const sample = driver.sample()
    expect([...sample.active_mW]).toEqual([4_000_000, 2_000_000, -4_000_000, 6_000_000])
    expect([...sample.reactive_mvar]).toEqual([-200_000, 500_000, -1_000_000, 300_000])
    expect([...sample.apparent_mVA]).toEqual([13_800_000, 2_300_000, 4_600_000, 6_900_000])
    expect([...sample.voltage_mV]).toEqual([230_000, 230_000, 230_000])
    expect([...sample.current_mA]).toEqual([10_000, 20_000, 30_000])
    expect([...sample.powerFactor_milli]).toEqual([290, 870, -870, 870])
    expect([...sample.currentAngle_ddeg]).toEqual([140, 1940, 29])
    expect([...sample.voltageAngle_ddeg]).toEqual([0, 1200, 2400])
    expect(sample.frequency_mHz).toBe(50_000)
    expect(sample.neutral_mA).toBeGreaterThan(0)
  })

  test('energy of every quadrant, phase by phase, over a day within one count', () => {
    const { driver, time } = configured()
    driver.sample()
    const totals = new Float64Array(20)
    for (let i = 0; i < 86_400; i++) {
      time.us += 1_000_000
      addUp(totals, driver.sample())
    }
    const expected = [4000, 2000, 0, 6000, 0, 0, 4000, 0, 0, 500, 0, 300, 200, 0, 1000, 0, 13800, 2300, 4600, 6900]
    totals.forEach((counts, i) => {
      expect(Math.abs(counts - (expected[i] * 86_400) / 11.25), `register ${i}`).toBeLessThanOrEqual(1)
    })
  })

  test('status bits', () => {
    const { chip, inputs, driver, time } = configured()
    inputs.voltage_V.set([100, 230, 5])
    chip.setInputs(inputs)
    time.us += 1_000_000
    expect(driver.sample().status).toBe(MeteringStatus.sagL1 | MeteringStatus.sagL3 | MeteringStatus.phaseLossL3)
    inputs.voltage_V.fill(230)
    inputs.angle_deg.set([0, 240, 120])
    inputs.active_W.fill(0)
    inputs.reactive_var.fill(0)
    chip.setInputs(inputs)
    time.us += 1_000_000
    expect(driver.sample().status).toBe(MeteringStatus.phaseSequence | MeteringStatus.noLoad)
  })

  test('each energy register is read once and then compared', () => {
    const { driver, hook, time } = configured()
    driver.sample()
    time.us += 1_000_000
    const reads: number[] = []
    hook.before = (frame) => reads.push(frame[1])
    driver.sample()
    for (const base of ENERGY) {
      for (let i = 0; i < 4; i++) {
        const places = reads.flatMap((address, at) => (address === base + i ? [at] : []))
        expect(places).toHaveLength(1)
        expect(reads[places[0] + 1]).toBe(0x78)
      }
    }
    expect(reads.length).toBeLessThanOrEqual(100)
  })
})

describe('faults', () => {
  test('lost clocks in the data and in comparisons: no count lost or doubled', () => {
    let recoveries = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(40), fc.nat(31)), { minLength: 1, maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 20_000_000 }), { minLength: 1, maxLength: 10 }),
        (faults, steps) => {
          const { driver, chip, hook, time } = configured()
          const totals = new Float64Array(20)
          let index = 0
          let left = faults[0][0]
          let quiet = 0
          hook.before = (frame) => {
            // One fault at a time: a reading and its comparison take at most ten transactions. Address bits only where nothing is cleared.
            if (left-- > 0 || quiet-- > 0 || index >= faults.length) return
            const at = faults[index][1]
            chip.loseClock(frame[1] === 0x78 || at >= 17 ? at : 17)
            index++
            left = faults[index]?.[0] ?? 0
            quiet = 10
          }
          for (const us of steps) {
            time.us += us
            const sample = driver.sample()
            expect(sample.status).toBe(0)
            addUp(totals, sample)
          }
          hook.before = () => {}
          addUp(totals, driver.sample())
          expect(totals).toEqual(given(chip))
          recoveries += driver.recoveries
        },
      ),
      { numRuns: 300 },
    )
    expect(recoveries).toBeGreaterThan(100)
  })

  test('a bus that is dead for any stretch of transactions: nothing lost, nothing doubled, nothing invented', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(250), fc.integer({ min: 1, max: 400 }), fc.constantFrom<0 | 1>(0, 1)), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 3_000_000 }), { minLength: 2, maxLength: 8 }),
        (faults, steps) => {
          const { driver, chip, hook, time } = configured()
          const totals = new Float64Array(20)
          const plan = faults.flatMap(([gap, length, level]) => [...Array(gap + 20).fill(undefined), ...Array(length).fill(level)])
          let at = 0
          hook.before = () => chip.stick(plan[at++])
          for (const us of steps) {
            time.us += us
            const sample = driver.sample()
            addUp(totals, sample)
            if (sample.status & MeteringStatus.fault) expect(sample.activeImport[0]).toBe(0)
          }
          hook.before = () => chip.stick(undefined)
          addUp(totals, driver.sample())
          addUp(totals, driver.sample())
          expect(totals).toEqual(given(chip))
          expect(driver.sample().status).toBe(0)
        },
      ),
      {
        numRuns: 500,
        // The bus dies between a read and its comparison, wakes up while the next sample looks at it, and dies again.
        examples: [
          [
            [
              [21, 36, 0],
              [0, 7, 0],
            ],
            [22_500, 1, 1, 1],
          ],
        ],
      },
    )
  })

  test.each(['dead', 'slipped'] as const)('two registers that hold 1, the second read is %s: looks the same, is told apart', (fault) => {
    const { sensor, chip, hook, time, inputs } = bench()
    inputs.active_W.set([11.25, 11.25, 0])
    inputs.reactive_var.fill(0)
    chip.setInputs(inputs)
    const driver = new ATM90E32({ sensor })
    driver.configure()
    driver.sample()
    time.us += 1_100_000
    expect([chip.peek(0x81), chip.peek(0x82)]).toEqual([1, 1])
    hook.before = (frame) => {
      if (frame[1] !== 0x82) return
      if (fault === 'slipped') chip.loseClock(20)
      else chip.stick(0)
      hook.before = () => chip.stick(undefined)
    }
    const sample = driver.sample()
    expect([sample.activeImport[1], sample.activeImport[2]]).toEqual([1, 1])
    expect(chip.peek(0x82)).toBe(0)
  })

  test('an address that slips into the configuration is recognised', () => {
    const { driver, chip, hook, time } = configured()
    const before = driver.sample().activeImport[1]
    time.us += 1_000_000
    // The topmost one of 81H lost: the chip reads 02H, ChannelMapU = 0654H = 1620.
    hook.before = (frame) => {
      if (frame[1] !== 0x81) return
      chip.loseClock(8)
      hook.before = () => {}
    }
    expect(driver.sample().activeImport[1]).toBe(chip.generated(0x81) - before)
    expect(driver.recoveries).toBe(1)
  })

  test('a spontaneous reset is repaired, reported once, and counting goes on', () => {
    const { driver, chip, time } = configured({ phases: [{ powerGain: 0x100 }, {}, {}] })
    driver.sample()
    time.us += 1_000_000
    chip.spontaneousReset()
    expect(driver.sample().status).toBe(MeteringStatus.reconfigured)
    expect([chip.peek(0x00), chip.peek(0x47), chip.peek(0x7f)]).toEqual([1, 0x100, 0])
    time.us += 1_000_000
    const sample = driver.sample()
    expect(sample.status).toBe(0)
    expect(sample.activeImport[3]).toBe(Math.floor(6000 / 11.25))
  })

  test('a power cut of the chip alone: fault while it lasts, then reconfigured', () => {
    const { driver, chip, time } = configured({}, { datasheetTiming: true })
    chip.powerOff()
    time.us += 1_000_000
    expect(driver.sample().status).toBe(MeteringStatus.fault)
    chip.powerOn()
    expect(driver.sample().status).toBe(MeteringStatus.fault)
    time.us += 1_000_000
    expect(driver.sample().status).toBe(MeteringStatus.reconfigured)
    time.us += 1_000_000
    expect(driver.sample().status).toBe(0)
  })

  test('a configuration that was opened and changed behind the back is noticed by the digest', () => {
    const { driver, chip, time } = configured()
    driver.sample()
    for (const frame of [
      [0, 0x7f, 0x55, 0xaa],
      [0, 0x61, 0x12, 0x34],
      [0, 0x7f, 0, 0],
    ])
      chip.transfer(Uint8Array.from(frame))
    time.us += 1_000_000
    const sample = driver.sample()
    expect(sample.status).toBe(MeteringStatus.reconfigured)
    expect(sample.voltage_mV[0]).toBe(230_000)
  })
})

describe('a driver that is replaced', () => {
  test('on a bus that is dead or throws for any stretch of transactions: nothing lost, nothing doubled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(250), fc.integer({ min: 1, max: 400 }), fc.constantFrom('0', '1', 'throws', 'throws after')), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.array(fc.integer({ min: 1, max: 3_000_000 }), { minLength: 2, maxLength: 8 }),
        (faults, steps) => {
          const { chip, time, sensor, wait_ms } = bench()
          const plan: (string | undefined)[] = faults.flatMap(([gap, length, kind]) => [
            ...Array(gap + 20).fill(undefined),
            ...Array(length).fill(kind),
          ])
          let at = 0
          const Bus = sensor.io
          class Faulty extends Bus {
            override transfer(frame: Bytes): void {
              const kind = plan[at++]
              chip.stick(kind === '0' ? 0 : kind === '1' ? 1 : undefined)
              if (kind === 'throws') throw new Error('bus')
              super.transfer(frame)
              if (kind === 'throws after') throw new Error('bus')
            }
          }
          const pending = new PendingEnergy()
          const totals = new Float64Array(20)
          let driver: ATM90E32 | undefined
          const create = (): ATM90E32 | undefined => {
            const made = new ATM90E32({ sensor: { io: Faulty }, wait_ms, pending })
            try {
              made.configure()
              return made
            } catch {
              made.close()
              return undefined
            }
          }
          const sample = (): void => {
            try {
              driver ??= create()
              if (driver === undefined) return
              const taken = driver.sample()
              addUp(totals, taken)
              if ((taken.status & MeteringStatus.fault) === 0) return
            } catch {
              // replaced like one that says so itself
            }
            driver?.close()
            driver = undefined
          }
          for (const us of steps) {
            time.us += us
            sample()
          }
          plan.length = 0
          for (let i = 0; i < 3; i++) sample()
          const counted = given(chip)
          // A word that the bus swallowed after the chip sent it is told from one that was never sent by LastSPIData; equal counts in a row look alike.
          if (faults.some(([, , kind]) => kind === 'throws after')) {
            for (let i = 0; i < 20; i++) expect(totals[i]).toBeLessThanOrEqual(counted[i])
          } else expect(totals).toEqual(counted)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('an interrupt that is taken back before a reading was settled invents nothing', () => {
    const { driver, chip, hook, time } = configured()
    const before = driver.sample().activeImport[1]
    time.us += 1_000_000
    // The bus dies between the reading and its comparison.
    hook.before = (frame) => {
      if (frame[1] !== 0x81) return
      hook.before = () => chip.stick(0)
    }
    expect(driver.sample().status).toBe(MeteringStatus.fault)
    hook.before = () => {}
    chip.stick(undefined)
    driver.acknowledge()
    const sample = driver.sample()
    expect(sample.activeImport[1]).toBe(chip.generated(0x81) - before)
  })

  test('an interrupt that a dead bus kept is taken back with a later sample', () => {
    const { driver, chip, inputs, time } = configured()
    driver.sample()
    inputs.voltage_V[0] = 0
    chip.setInputs(inputs)
    time.us += 1_000_000
    expect(chip.peek(0x74) & 0x7700).not.toBe(0)
    chip.stick(0)
    driver.acknowledge()
    chip.stick(undefined)
    expect(chip.peek(0x74) & 0x7700).not.toBe(0)
    driver.sample()
    expect(chip.peek(0x74) & 0x7700).toBe(0)
  })

  test('a configuration bit that flipped meanwhile does not cost what was counted', () => {
    const { driver, chip, sensor, time } = configured()
    const before = driver.sample().activeImport[1]
    time.us += 3_000_000
    driver.close()
    chip.flip(0x61, 15)
    const again = new ATM90E32({ sensor })
    again.configure()
    expect(again.sample().activeImport[1]).toBe(chip.generated(0x81) - before)
  })
})
