import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { MeteringSource } from '../../src/core/metrology/source.ts'
import { type MeteringSample, MeteringStatus } from '../../src/lib/metering-sample.ts'
import '../support/fast-check.ts'

/** Counts of the sum of all phases. */
export interface Counts {
  activeImport: number
  activeExport: number
  reactiveImport: number
  reactiveExport: number
}

/** What an IC with its driver can do. */
export interface MeteringTraits {
  readonly exports: boolean
  readonly reactive: boolean
  readonly frequency: boolean
  /** The neutral current is measured apart, or follows from three phases. */
  readonly neutral: boolean
  /** Greatest load in W. */
  readonly maximum_W: number
  /** Counts that a change of direction may give to the other one. */
  readonly misplaced: number
  /** Seconds of energy that a reset may cost. */
  readonly reset_s: number
  /** A counter that went past its end is followed exactly. */
  readonly wraps: boolean
}

/** A metering IC in the world, its driver, and a hand on both. */
export interface MeteringUnderTest {
  /** The present one. */
  readonly source: MeteringSource
  readonly traits: MeteringTraits
  /** On L1. */
  load(active_W: number, reactive_var?: number, voltage_V?: number): void
  /** World's time goes on; nobody asks the driver. */
  pass(duration_us: number): void
  /** What the IC counted since its first start, in counts of the driver, rounded down. */
  counted(): Counts
  /** Away from states in which the IC hides its counter; then the load may end. */
  align(): void
  /** Makes the driver again, as after a restart of the firmware. */
  restart(): void
  /** A driver that was not configured, on an IC of its own. */
  unconfigured(): MeteringSource

  /** One transaction, byte or frame goes wrong: what a driver repairs without anybody noticing. `kind` and `moment`: any integers. */
  disturb(kind: number, moment: number): void
  /** Nothing gets through any more; `level` is what the line shows. `undefined` ends it. */
  stick(level: 0 | 1 | undefined): void
  /** Something that passes every check and cannot be. */
  readonly implausible: readonly (readonly [string, () => void])[]
  /** A bit of the configuration flips. Empty: the IC has none. */
  readonly corrupt: readonly (readonly [string, () => void])[]
  reset(): void
  power(on: boolean): void
  /** Brings a counter past its end, with samples in between where it needs some. */
  wrap(run: (seconds: number) => void): void
  /** On a bus with transactions: it is dead for `length` of them, from the `gap`-th on from now. */
  readonly deaden?: (gap: number, length: number, level: 0 | 1) => void
}

const SECOND_US = 1_000_000
/** Until a driver that runs behind has handed over everything. */
const SETTLE_S = 8
const KNOWN = Object.values(MeteringStatus).reduce((bits, bit) => bits | bit, 0)
const KINDS = ['activeImport', 'activeExport', 'reactiveImport', 'reactiveExport'] as const

/** A meter's seconds with a driver: adds up what it delivers and notes what it reports. */
class Meter {
  readonly totals: Counts = { activeImport: 0, activeExport: 0, reactiveImport: 0, reactiveExport: 0 }
  faults = 0
  marks = 0
  readonly #under: MeteringUnderTest

  constructor(under: MeteringUnderTest) {
    this.#under = under
  }

  /** Gives the last sample. */
  run(seconds: number): MeteringSample {
    let sample = this.#take()
    for (let i = 1; i < seconds; i++) sample = this.#take()
    return sample
  }

  /** Ends the load and waits for what is still on the way. */
  settle(): void {
    this.#under.align()
    this.#under.load(0)
    this.run(SETTLE_S)
  }

  #take(): MeteringSample {
    this.#under.pass(SECOND_US)
    const sample = this.#under.source.sample()
    for (const kind of KINDS) this.totals[kind] += sample[kind][0]
    if (sample.status & MeteringStatus.fault) {
      this.faults++
      for (const kind of KINDS) expect(sample[kind][0], 'counts in a faulty sample').toBe(0)
    }
    if (sample.status & MeteringStatus.reconfigured) this.marks++
    return sample
  }
}

function started(under: MeteringUnderTest): Meter {
  const meter = new Meter(under)
  under.load(0)
  meter.run(5)
  meter.faults = 0
  return meter
}

/** Each register within one count, of what the IC counted since `before`; directions apart as far as the IC tells them. */
function expectExact(under: MeteringUnderTest, meter: Meter, changes = 0): void {
  const counted = under.counted()
  const { exports, reactive, misplaced } = under.traits
  const slack = 1 + misplaced * changes
  const { totals } = meter
  expect(Math.abs(totals.activeImport + totals.activeExport - counted.activeImport - counted.activeExport)).toBeLessThanOrEqual(2)
  expect(Math.abs(totals.activeImport - counted.activeImport), 'import').toBeLessThanOrEqual(slack)
  if (exports) expect(Math.abs(totals.activeExport - counted.activeExport), 'export').toBeLessThanOrEqual(slack)
  if (!reactive) return
  expect(Math.abs(totals.reactiveImport - counted.reactiveImport), 'reactive import').toBeLessThanOrEqual(1)
  expect(Math.abs(totals.reactiveExport - counted.reactiveExport), 'reactive export').toBeLessThanOrEqual(1)
}

/** Nothing was invented, and what is missing was reported. */
function expectHonest(under: MeteringUnderTest, meter: Meter): void {
  const { activeImport, activeExport } = under.counted()
  const missing = activeImport + activeExport - meter.totals.activeImport - meter.totals.activeExport
  expect(missing).toBeGreaterThanOrEqual(-2)
  if (missing > 2) expect(meter.marks + meter.faults, `${missing} counts are missing`).toBeGreaterThan(0)
}

/** What every metering IC with its driver has to do. */
export function meteringContract(name: string, open: () => MeteringUnderTest): void {
  describe(`metering: ${name}`, () => {
    let under: MeteringUnderTest
    let meter: Meter
    beforeEach(() => {
      under = open()
      meter = started(under)
    })

    shape(() => [under, meter], open)
    energy(open)
    faults(() => [under, meter], open)
  })
}

function shape(opened: () => readonly [MeteringUnderTest, Meter], open: () => MeteringUnderTest): void {
  test('is a MeteringSource: one sample that it fills again and again, with whole counts', () => {
    const [under, meter] = opened()
    under.load(1150, under.traits.reactive ? 300 : 0)
    const sample = meter.run(4)
    expect(under.source.sample()).toBe(sample)
    expect(under.source.identification.model).toMatch(/^[A-Z]+[0-9A-Z]+$/)
    const { numerator, denominator } = under.source.energyUnit
    expect(Number.isSafeInteger(numerator) && Number.isSafeInteger(denominator) && numerator > 0 && denominator > 0).toBe(true)
    for (const kind of [...KINDS, 'apparent'] as const) {
      expect(sample[kind].length).toBe(4)
      for (const counts of sample[kind]) expect(Number.isSafeInteger(counts) && counts >= 0, kind).toBe(true)
    }
    for (const values of [sample.active_mW, sample.reactive_mvar, sample.apparent_mVA, sample.powerFactor_milli])
      expect([values.length, values.every(Number.isSafeInteger)]).toEqual([4, true])
    for (const values of [sample.voltage_mV, sample.current_mA, sample.currentAngle_ddeg, sample.voltageAngle_ddeg])
      expect([values.length, values.every((value) => Number.isSafeInteger(value) && value >= 0)]).toEqual([3, true])
    expect(sample.status & ~KNOWN).toBe(0)
  })

  test('values of a load; what the IC cannot measure stays 0', () => {
    const [under, meter] = opened()
    const { reactive, frequency, neutral } = under.traits
    under.load(1150, reactive ? -400 : 0)
    const sample = meter.run(4)
    const apparent_VA = reactive ? Math.hypot(1150, 400) : 1150
    expect(Math.abs(sample.voltage_mV[0] - 230_000)).toBeLessThan(500)
    expect(Math.abs(sample.current_mA[0] - (1000 * apparent_VA) / 230)).toBeLessThan(20)
    expect(Math.abs(sample.active_mW[0] - 1_150_000)).toBeLessThan(2000)
    expect(sample.active_mW[1]).toBe(sample.active_mW[0])
    expect(Math.abs(sample.apparent_mVA[0] - 1000 * apparent_VA)).toBeLessThan(2000)
    expect(Math.abs(sample.powerFactor_milli[1] - (1000 * 1150) / apparent_VA)).toBeLessThan(3)
    expect(Math.abs(sample.reactive_mvar[0] + (reactive ? 400_000 : 0))).toBeLessThan(2000)
    expect(Math.abs(sample.frequency_mHz - (frequency ? 50_000 : 0))).toBeLessThan(20)
    if (neutral) expect(Math.abs(sample.neutral_mA - sample.current_mA[0])).toBeLessThan(20)
    else expect(sample.neutral_mA).toBe(0)
    expect(sample.status & (MeteringStatus.noLoad | MeteringStatus.sagL1 | MeteringStatus.phaseLossL1)).toBe(0)
  })

  test('no load, sag, phase loss and back', () => {
    const [under, meter] = opened()
    const bits = MeteringStatus.noLoad | MeteringStatus.sagL1 | MeteringStatus.phaseLossL1 | MeteringStatus.fault
    expect(meter.run(3).status & bits).toBe(MeteringStatus.noLoad)
    under.load(0, 0, 150)
    expect(meter.run(4).status & bits).toBe(MeteringStatus.noLoad | MeteringStatus.sagL1)
    under.load(0, 0, 8)
    expect(meter.run(4).status & bits).toBe(MeteringStatus.noLoad | MeteringStatus.sagL1 | MeteringStatus.phaseLossL1)
    under.load(500)
    expect(meter.run(4).status & bits).toBe(0)
  })

  test('sample before configure: NOT_CONFIGURED', () => {
    const source = opened()[0].unconfigured()
    expect(() => source.sample()).toThrow(expect.objectContaining({ code: 'NOT_CONFIGURED' }))
    source.close()
  })

  test('close may be called twice, other methods throw afterwards', () => {
    const { source } = open()
    source.acknowledge()
    source.close()
    source.close()
    expect(() => source.sample()).toThrow()
    expect(() => source.acknowledge()).toThrow()
  })
}

function energy(open: () => MeteringUnderTest): void {
  test('random loads: every register is what the IC counted, within one count, and that is the integral of the load', () => {
    const step = fc.record({
      part: fc.double({ min: 0.01, max: 1, noNaN: true }),
      exporting: fc.boolean(),
      turn: fc.double({ min: -1, max: 1, noNaN: true }),
      seconds: fc.integer({ min: 1, max: 40 }),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const under = open()
        const meter = started(under)
        const { maximum_W, exports, reactive } = under.traits
        let true_mWh = 0
        let seconds = 0
        for (const { part, exporting, turn, seconds: length } of steps) {
          const active_W = part * maximum_W * (exports && exporting ? -1 : 1)
          under.load(active_W, reactive ? turn * maximum_W * 0.2 : 0)
          meter.run(length)
          true_mWh += (Math.abs(active_W) * length) / 3.6
          seconds += length
        }
        meter.settle()
        expectExact(under, meter, steps.length)
        const { numerator, denominator } = under.source.energyUnit
        const delivered_mWh = ((meter.totals.activeImport + meter.totals.activeExport) * numerator) / denominator
        // Power registers are rounded, and a pulse of an IC whose load ends is not finished.
        const rounding_mWh = (2 * numerator) / denominator + 0.001 * true_mWh + 0.02 * seconds
        expect(Math.abs(delivered_mWh - true_mWh)).toBeLessThan(rounding_mWh)
        expect([meter.faults, meter.marks]).toEqual([0, 0])
      }),
      { numRuns: 25 },
    )
  })

  test('a restart of the firmware neither loses nor doubles what the IC counted', () => {
    const under = open()
    const meter = started(under)
    under.load(3000)
    for (let i = 0; i < 5; i++) {
      meter.run(7)
      under.restart()
    }
    meter.run(5)
    meter.settle()
    const { activeImport } = under.counted()
    // The rest below one count may have been in memory.
    expect(activeImport - meter.totals.activeImport).toBeGreaterThanOrEqual(-1)
    expect(activeImport - meter.totals.activeImport).toBeLessThanOrEqual(6)
    expect(meter.marks).toBe(0)
  })
}

function faults(opened: () => readonly [MeteringUnderTest, Meter], open: () => MeteringUnderTest): void {
  test('single disturbances at random: no count lost, none doubled, nobody notices', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 20, maxLength: 50 }), (plan) => {
        const under = open()
        const meter = started(under)
        under.load(3000, under.traits.reactive ? 500 : 0)
        for (const [kind, moment] of plan) {
          under.disturb(kind, moment)
          meter.run(1)
        }
        meter.run(5)
        meter.settle()
        expectExact(under, meter)
        expect(meter.marks).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  test.each([0, 1] as const)('a stuck bus (%i): old values, then fault without counts; afterwards everything at once', (level) => {
    const [under, meter] = opened()
    under.load(2000)
    meter.run(10)
    under.stick(level)
    const sample = meter.run(15)
    expect(sample.status & MeteringStatus.fault).not.toBe(0)
    expect(Math.abs(sample.active_mW[0] - 2_000_000)).toBeLessThan(3000)
    under.stick(undefined)
    expect(meter.run(6).status & MeteringStatus.fault).toBe(0)
    meter.settle()
    expectExact(under, meter)
    expect(meter.marks).toBe(0)
  })

  test('what passes every check and cannot be changes neither values nor energy', () => {
    for (const [what, forge] of opened()[0].implausible.map(([name], i) => [name, i] as const)) {
      const under = open()
      const meter = started(under)
      under.load(2000)
      meter.run(40)
      for (let i = 0; i < 4; i++) {
        under.implausible[forge][1]()
        const sample = meter.run(1)
        expect(Math.abs(sample.voltage_mV[0] - 230_000), what).toBeLessThan(500)
        expect(Math.abs(sample.active_mW[0] - 2_000_000), what).toBeLessThan(3000)
        expect(sample.status & (MeteringStatus.sagL1 | MeteringStatus.phaseLossL1 | MeteringStatus.noLoad), what).toBe(0)
        meter.run(3)
      }
      meter.settle()
      expectExact(under, meter)
      expect(meter.marks, what).toBe(0)
    }
  })

  test('a flipped bit of the configuration is found, put right and reported; no energy is lost', () => {
    for (const [what, index] of opened()[0].corrupt.map(([name], i) => [name, i] as const)) {
      const under = open()
      const meter = started(under)
      under.load(2000)
      meter.run(10)
      under.corrupt[index][1]()
      meter.run(20)
      expect(meter.marks, what).toBeGreaterThan(0)
      const { marks } = meter
      const sample = meter.run(3)
      expect([meter.marks, sample.status & MeteringStatus.fault], what).toEqual([marks, 0])
      expect(Math.abs(sample.active_mW[0] - 2_000_000), what).toBeLessThan(3000)
      meter.settle()
      expectExact(under, meter)
    }
  })

  test('a spontaneous reset: reported, at most the energy of a moment lost, none invented', () => {
    const [under, meter] = opened()
    under.load(3000)
    meter.run(30)
    for (let i = 0; i < 5; i++) {
      under.pass(300_000)
      under.reset()
      meter.run(10)
    }
    expect(meter.marks).toBeGreaterThanOrEqual(5)
    const { marks } = meter
    expect(meter.run(3).status & (MeteringStatus.fault | MeteringStatus.reconfigured)).toBe(0)
    meter.settle()
    expect(meter.marks).toBe(marks)
    expectHonest(under, meter)
    const { numerator, denominator } = under.source.energyUnit
    const moment = (3000 * under.traits.reset_s * denominator) / (3.6 * numerator)
    expect(under.counted().activeImport - meter.totals.activeImport).toBeLessThanOrEqual(5 * moment + 2)
  })

  test('a supply that fails and returns: fault, then reported, and counting goes on', () => {
    const [under, meter] = opened()
    under.load(4000)
    meter.run(20)
    under.power(false)
    expect(meter.run(20).status & MeteringStatus.fault).not.toBe(0)
    under.power(true)
    meter.run(20)
    expect(meter.marks).toBeGreaterThan(0)
    const before = meter.totals.activeImport
    expect(meter.run(20).status & (MeteringStatus.fault | MeteringStatus.reconfigured)).toBe(0)
    expect(meter.totals.activeImport).toBeGreaterThan(before)
    meter.settle()
    expectHonest(under, meter)
  })

  test('a counter that goes past its end: nothing invented, and nothing lost that is not reported', () => {
    const [under, meter] = opened()
    under.wrap((seconds) => meter.run(seconds))
    meter.run(10)
    meter.settle()
    expectHonest(under, meter)
    if (!under.traits.wraps) return
    expectExact(under, meter, 2)
    expect(meter.marks).toBe(0)
  })

  test('a bus that is dead for any stretch of transactions: no count lost, none doubled', () => {
    const stretch = fc.tuple(fc.nat(250), fc.integer({ min: 1, max: 400 }), fc.constantFrom<0 | 1>(0, 1))
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 6 }), (stretches) => {
        const under = open()
        if (under.deaden === undefined) return
        const meter = started(under)
        under.load(3000, 500)
        for (const [gap, length, level] of stretches) {
          under.deaden(gap, length, level)
          meter.run(4)
        }
        under.stick(undefined)
        meter.run(5)
        meter.settle()
        // A bus that comes back in the very moment in which it was given up costs a reading, and that is reported.
        if (meter.marks > 0) expectHonest(under, meter)
        else expectExact(under, meter)
      }),
      { numRuns: 100 },
    )
  })

  test('any sequence of loads and faults: nothing throws, nothing is invented, what is missing was reported, and the end is well', () => {
    const step = fc.tuple(
      fc.constantFrom('load', 'disturb', 'stick', 'reset', 'power', 'corrupt', 'implausible', 'acknowledge', 'restart'),
      fc.nat(1000),
      fc.integer({ min: 1, max: 12 }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
        const under = open()
        const meter = started(under)
        under.load(1000)
        for (const [what, number, seconds] of steps) {
          act(under, what, number)
          meter.run(seconds)
          under.stick(undefined)
          under.power(true)
        }
        meter.run(20)
        under.load(1000)
        const sample = meter.run(10)
        expect(sample.status & (MeteringStatus.fault | MeteringStatus.reconfigured | MeteringStatus.noLoad)).toBe(0)
        expect(Math.abs(sample.active_mW[0] - 1_000_000)).toBeLessThan(3000)
        meter.settle()
        expectHonest(under, meter)
      }),
      { numRuns: 30 },
    )
  })
}

function act(under: MeteringUnderTest, what: string, number: number): void {
  const pick = (list: readonly (readonly [string, () => void])[]) => list[number % Math.max(1, list.length)]?.[1]()
  if (what === 'load') under.load((number / 1000) * under.traits.maximum_W)
  else if (what === 'disturb') under.disturb(number, number * 7)
  else if (what === 'stick') under.stick(number % 2 === 0 ? 0 : 1)
  else if (what === 'reset') under.reset()
  else if (what === 'power') under.power(false)
  else if (what === 'corrupt') pick(under.corrupt)
  else if (what === 'implausible') pick(under.implausible)
  else if (what === 'acknowledge') under.source.acknowledge()
  else under.restart()
}
