import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digitalPulseCount } from '../../../hal/portable/pulse-count.ts'
import type { MeteringSource } from '../../../src/core/metrology/source.ts'
import { PulseInput, type PulseInputConfiguration } from '../../../src/drivers/pulse/pulse-input.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { PinBank } from '../../../src/world/pins.ts'
import { Movement } from '../../../src/world/pulse/movement.ts'
import { PulseSensor, type SensorKind } from '../../../src/world/pulse/pulse-sensor.ts'
import { CounterUnit } from '../../../src/world/pulse-counter.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldTimer } from '../../../src/world/time.ts'

const FORWARD = 3
const REVERSE = 4
const SUPPLY = 5
/** 1 litre a pulse, counted in ml. */
const LITRE: PulseInputConfiguration = { unit: { numerator: 1, denominator: 1 }, perPulse: 1000 }

interface Options {
  readonly kind?: SensorKind
  readonly counter?: 'digital' | 'hardware' | 'retained'
  readonly seed?: number
  readonly numerator?: number
}

function create({ kind = 'reed', counter = 'digital', seed = 1, numerator = 1000 }: Options = {}) {
  const scheduler = new Scheduler(0)
  const pins = new PinBank(scheduler)
  pins.drive(SUPPLY, 1)
  const random = new SeededRandom(seed, 9)
  const sensor = (pin: number) => new PulseSensor({ scheduler, random, kind, drive: (level) => pins.drive(pin, level) })
  const [forward, reverse] = [sensor(FORWARD), sensor(REVERSE)]
  const movement = new Movement({ scheduler, perPulse: { numerator, denominator: 1 }, forward, reverse })
  const unit = new CounterUnit({
    scheduler,
    pins,
    retained: counter === 'retained',
    filterMax_ns: counter === 'retained' ? 1e8 : undefined,
  })
  const digital = pins.constructorFor()
  const timer = new WorldTimer(scheduler)
  const io = counter === 'digital' ? digitalPulseCount({ io: digital, timer }) : unit.constructorFor()
  const filter = counter === 'hardware' ? 10_000 : 5_000_000
  const ticks_ms = () => Math.floor(scheduler.now_us / 1000)
  const open = (configuration: Partial<PulseInputConfiguration> = {}) => {
    const driver = new PulseInput({
      sensor: { forward: { io, signal: FORWARD, filter }, reverse: { io, signal: REVERSE, filter }, supply: { io: digital, pin: SUPPLY } },
      ticks_ms,
    })
    driver.configure({ ...LITRE, ...configuration })
    return driver
  }
  const run = (duration_ms: number) => scheduler.run(scheduler.now_us + duration_ms * 1000)
  /** As a meter does: once a second. Sums of forward and reverse. */
  const seconds = (driver: PulseInput, count: number): [number, number] => {
    const sums: [number, number] = [0, 0]
    for (let i = 0; i < count; i++) {
      run(1000)
      const sample = driver.sample()
      sums[0] += sample.activeImport[0]
      sums[1] += sample.activeExport[0]
    }
    return sums
  }
  return { scheduler, pins, forward, movement, unit, open, run, seconds }
}

describe('pulse input', () => {
  test('has the shape of a metering driver', () => {
    const driver: MeteringSource = create().open()
    expect([driver.energyUnit, driver.identification.model]).toEqual([{ numerator: 1, denominator: 1 }, 'pulse input'])
    driver.close()
    driver.close()
    expect(() => driver.sample()).toThrow()
  })

  test('counts a bouncing reed through a digital input, each pulse once, in both directions', () => {
    const { open, movement, seconds } = create()
    const driver = open()
    movement.rate = 360_000
    const forth = seconds(driver, 100)
    movement.rate = -180_000
    const back = seconds(driver, 100)
    expect([forth, back]).toEqual([
      [10_000, 0],
      [0, 5000],
    ])
  })

  test('a hardware counter counts what an open collector gives, and the bouncing of a reed', () => {
    for (const [kind, right] of [
      ['openCollector', true],
      ['reed', false],
    ] as const) {
      const { open, movement, seconds } = create({ kind, counter: 'hardware' })
      const driver = open()
      movement.rate = 360_000
      expect(seconds(driver, 100)[0] === 10_000, kind).toBe(right)
    }
  })

  test('any flow through a bouncing reed: what was counted is what passed, to the pulse', () => {
    // Slower than a pulse in 100 ms: a reed that is closed for 30 ms.
    const flows = fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000_000 }), fc.integer({ min: 1, max: 60 })), {
      minLength: 1,
      maxLength: 12,
    })
    fc.assert(
      fc.property(flows, fc.integer({ min: 1, max: 1e6 }), (parts, seed) => {
        const { open, movement, seconds, forward, run } = create({ seed })
        const driver = open()
        let counted = 0
        for (const [rate, duration_s] of parts) {
          movement.rate = rate
          counted += seconds(driver, duration_s)[0]
        }
        movement.rate = 0
        run(100)
        counted += driver.sample().activeImport[0]
        expect(counted).toBe(forward.given * 1000)
        expect(Math.abs(counted - movement.passed)).toBeLessThanOrEqual(1000)
      }),
      { numRuns: 40 },
    )
  })

  test('shows the flow in ml/h from the intervals, signed, and 0 after a quarter of an hour', () => {
    const { open, movement, seconds, run } = create()
    const driver = open()
    movement.rate = 360_000
    seconds(driver, 60)
    expect(Math.abs(driver.sample().active_mW[0] - 360_000)).toBeLessThan(360)
    movement.rate = 0
    run(100_000)
    expect(driver.sample().active_mW[0]).toBeLessThan(40_000)
    run(900_000)
    expect(driver.sample().active_mW[0]).toBe(0)
    movement.rate = -720_000
    seconds(driver, 60)
    // The bouncing moves a pulse by a millisecond or two.
    expect(Math.abs(driver.sample().active_mW[0] + 720_000)).toBeLessThan(720)
  })

  test('the weight is a whole number of counts; the unit may be any fraction', () => {
    for (const perPulse of [0, -1, 1.5, Number.NaN]) expect(() => create().open({ perPulse })).toThrow(RangeError)
    // 3 pulses a litre: counts of a third of a ml.
    const { open, movement, seconds } = create({ numerator: 500 })
    const driver = open({ unit: { numerator: 1, denominator: 3 }, perPulse: 1000 })
    movement.rate = 360_000
    expect(seconds(driver, 100)[0]).toBe(20_000)
  })

  test('the supply line shows as the loss of all phases', () => {
    const { open, pins } = create()
    const driver = open()
    expect(driver.sample().status).toBe(0)
    pins.drive(SUPPLY, 0)
    expect(driver.sample().status).toBe(MeteringStatus.phaseLossL1 | MeteringStatus.phaseLossL2 | MeteringStatus.phaseLossL3)
  })
})

describe('pulse input and the end of the supply', () => {
  test('without a battery the pulses of the dark are gone, and the first sample says so', () => {
    const { open, movement, seconds, run } = create()
    const first = open()
    movement.rate = 360_000
    expect(seconds(first, 50)[0]).toBe(5000)
    first.close()
    run(100_000)
    const second = open({ incomplete: true })
    const sample = second.sample()
    expect([sample.activeImport[0], sample.status]).toEqual([0, MeteringStatus.incomplete])
    expect([second.sample().status, seconds(second, 50)[0]]).toEqual([0, 5000])
  })

  test('with one nothing is lost and nothing comes twice', () => {
    const { open, movement, seconds, run } = create({ counter: 'retained' })
    const first = open()
    movement.rate = 360_000
    expect(seconds(first, 50)[0]).toBe(5000)
    const positions = [first.position(0), first.position(1)]
    // Three pulses that nobody has taken when the supply ends.
    run(30_000)
    first.close()
    run(100_000)
    const second = open({ positions })
    const sample = second.sample()
    expect([sample.activeImport[0], sample.status]).toEqual([13_000, MeteringStatus.recovered])
    expect([second.sample().status, seconds(second, 50)[0]]).toEqual([0, 5000])
  })

  test('a counter whose battery was changed gives what it has, and says that something is missing', () => {
    const { open, movement, seconds, run, unit } = create({ counter: 'retained' })
    const first = open()
    movement.rate = 360_000
    seconds(first, 100)
    const positions = [first.position(0)]
    first.close()
    unit.loseBattery()
    run(30_000)
    const sample = open({ positions }).sample()
    expect([sample.activeImport[0], sample.status]).toEqual([3000, MeteringStatus.incomplete | MeteringStatus.recovered])
  })

  test('a counter beyond 24 bits, and one that wraps, go on', () => {
    const { open, movement, seconds, pins, unit } = create({ counter: 'retained' })
    void pins
    const io = unit.constructorFor()
    const chip = new io({ signal: FORWARD, filter: 5_000_000 })
    chip.write(0x7ffffffe)
    chip.close()
    const driver = open({ positions: [0xfffffb] })
    expect(driver.sample().activeImport[0]).toBe(3000)
    movement.rate = 360_000
    expect([seconds(driver, 50)[0], driver.position(0)]).toEqual([5000, 3])
  })
})
