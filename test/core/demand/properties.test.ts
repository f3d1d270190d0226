import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Demand, DemandStatus } from '../../../src/core/demand/demand.ts'
import { blankStorage } from '../flash.ts'

const T0 = 1_767_614_400
const LIMIT_S = 9
const RATES = 2

interface Shape {
  readonly period_s: number
  readonly periods: number
  readonly outage: 'restart' | 'continue'
  readonly incompleteSetsMaximum: boolean
}

/** A sub-interval as it really was. `whole`: from boundary to boundary, all of it known. */
interface Interval {
  readonly energies: number[]
  seconds: number
  whole: boolean
  bounded: boolean
  touched: boolean
}

/**
 * A meter with its oracle: the oracle keeps every sub-interval with the energy that really flowed in it, and finds maxima by looking through all windows
 * at the end, in floating point Wh.
 */
class Meter {
  readonly shape: Shape
  readonly #settings = blankStorage().settings
  readonly counts = new Array(RATES + 1).fill(0) as number[]
  demand!: Demand
  /** Lists of sub-intervals that follow each other; a restart begins a new one. */
  readonly lists: Interval[][] = []
  #running!: Interval
  #boundary_s = 0
  #start_s = 0
  #shift_s = 0
  now_s = T0 + 100
  maxima: number[] = new Array(RATES + 1).fill(0)
  resets = 0
  cumulative: number[] = new Array(RATES + 1).fill(0)

  constructor(shape: Shape) {
    this.shape = shape
    this.#create('first')
    this.lists.push([])
    this.#begin(false)
  }

  #create(reason: 'first' | 'power'): void {
    this.demand = new Demand(
      {
        counts: (_, rate) => this.counts[rate],
        unit: { numerator: 25, denominator: 8 },
        settings: this.#settings,
        quantities: [0],
        rates: RATES,
        shiftLimit_s: LIMIT_S,
        ...this.shape,
      },
      this.now_s,
    )
    this.demand.start(reason)
  }

  #begin(whole: boolean): void {
    this.#running = { energies: new Array(RATES + 1).fill(0), seconds: 0, whole, bounded: true, touched: !whole }
    this.#start_s = this.now_s
    this.#boundary_s = (Math.floor(this.now_s / this.shape.period_s) + 1) * this.shape.period_s
    this.#shift_s = 0
  }

  /** The sub-interval has ended: both must have the same energy, and say the same of it. */
  #end(): void {
    const { demand } = this
    for (let rate = 0; rate <= RATES; rate++) expect(demand.lastEnergy(0, rate)).toBe(this.#running.energies[rate])
    const list = this.lists.at(-1)
    list?.push(this.#running)
    const window = list?.slice(-this.shape.periods) ?? []
    // Before the first one of a list nothing is known.
    const whole = window.every((interval) => interval.whole) && window.length === this.shape.periods
    expect((demand.lastStatus & DemandStatus.incomplete) === 0).toBe(whole)
    // A second call of a shifted clock may come a second late without a mark.
    if (demand.lastStatus === 0) for (const { seconds } of window) expect(Math.abs(seconds - this.shape.period_s)).toBeLessThanOrEqual(1)
    if (window.some(({ touched }) => touched)) expect(demand.lastStatus).not.toBe(0)
    if (window.some(({ bounded }) => !bounded) || !(whole || this.shape.incompleteSetsMaximum)) return
    for (let rate = 0; rate <= RATES; rate++) {
      const counts = window.reduce((sum, { energies }) => sum + energies[rate], 0)
      const watts = Math.floor((counts * 25 * 3600) / (8 * 1000 * this.shape.period_s * this.shape.periods))
      this.maxima[rate] = Math.max(this.maxima[rate], watts)
    }
  }

  run(seconds: number, load: number, rate: number): void {
    for (let i = 0; i < seconds; i++) {
      this.now_s++
      this.#running.seconds++
      for (const register of [0, rate]) {
        this.counts[register] += load
        this.#running.energies[register] += load
      }
      const ended = this.demand.second(this.now_s, 0)
      if (ended !== this.now_s >= this.#boundary_s) expect(ended).toBe(!ended)
      if (!ended) continue
      this.#end()
      this.#begin(true)
    }
  }

  setClock(change_s: number): void {
    // A small shift may have passed the boundary, and no second has come since.
    if (this.now_s >= this.#boundary_s) {
      expect(this.demand.second(this.now_s, 0)).toBe(true)
      this.#end()
      this.#begin(true)
    }
    const new_s = this.now_s + change_s
    this.#shift_s += change_s
    this.#running.touched = true
    const large = Math.abs(this.#shift_s) > LIMIT_S
    expect(this.demand.clockAdjusted(this.now_s, new_s)).toBe(large)
    this.now_s = new_s
    if (!large) return
    this.#running.whole = false
    this.#end()
    this.#begin(new_s % this.shape.period_s === 0)
    this.#running.touched = true
  }

  /** The time is another one, and nobody said so. */
  jump(change_s: number): void {
    const before_s = this.now_s
    this.now_s += change_s
    const inside = this.now_s >= this.#start_s - LIMIT_S && this.now_s < this.#boundary_s
    const late = this.now_s >= this.#boundary_s && this.now_s <= this.#boundary_s + LIMIT_S
    if (inside || late) {
      // Cannot be told from a shift of the right length: not what this is about.
      this.now_s = before_s
      return
    }
    this.#running.whole = this.#running.bounded = false
    expect(this.demand.second(this.now_s, 0)).toBe(true)
    this.#end()
    this.#begin(this.now_s % this.shape.period_s === 0)
    this.#running.touched = true
  }

  outage(seconds: number, announced: boolean): void {
    if (announced) this.demand.hold()
    const before = this.#running
    const start_s = this.#start_s
    const boundary_s = this.#boundary_s
    this.now_s += seconds
    this.#create('power')
    const goesOn = announced && this.shape.outage === 'continue' && this.now_s >= start_s && this.now_s < boundary_s
    // Nothing is expected of an entry that an earlier outage left: whether it helps depends on it.
    this.#begin(false)
    if (goesOn) {
      this.#running = before
      this.#running.touched = true
      this.#start_s = start_s
    } else this.lists.push([])
  }

  reset(): void {
    this.resets++
    this.demand.reset(this.resets)
    for (let rate = 0; rate <= RATES; rate++) this.cumulative[rate] += this.maxima[rate]
    this.maxima = this.maxima.map(() => 0)
  }

  check(): void {
    const all = this.counts.map((_, rate) => this.demand.maximum_W(0, rate))
    expect(all).toEqual(this.maxima)
    expect(this.counts.map((_, rate) => this.demand.cumulative_W(0, rate))).toEqual(this.cumulative)
  }
}

type Action = Partial<{ run: readonly [number, number, number]; set: number; jump: number; outage: number; reset: true }>

const ACTION: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ run: fc.tuple(fc.integer({ min: 1, max: 1500 }), fc.nat(200), fc.integer({ min: 1, max: RATES })) }),
  },
  { weight: 2, arbitrary: fc.record({ set: fc.oneof(fc.integer({ min: -12, max: 12 }), fc.integer({ min: -3000, max: 3000 })) }) },
  { weight: 1, arbitrary: fc.record({ jump: fc.integer({ min: -3000, max: 3000 }) }) },
  { weight: 1, arbitrary: fc.record({ outage: fc.integer({ min: 0, max: 2000 }) }) },
  { weight: 1, arbitrary: fc.record({ reset: fc.constant(true as const) }) },
)

const SHAPE: fc.Arbitrary<Shape> = fc.record({
  period_s: fc.constantFrom(60, 300, 900),
  periods: fc.constantFrom(1, 2, 3),
  outage: fc.constantFrom('restart', 'continue'),
  incompleteSetsMaximum: fc.boolean(),
})

test('energies of the periods are what flowed, maxima are those of an oracle, and what is not whole says so', () => {
  fc.assert(
    fc.property(SHAPE, fc.array(ACTION, { maxLength: 25 }), (shape, actions) => {
      const meter = new Meter(shape)
      for (const { run, set, jump, outage, reset } of actions) {
        if (run !== undefined) meter.run(...run)
        if (set !== undefined) meter.setClock(set)
        if (jump !== undefined) meter.jump(jump)
        if (outage !== undefined) meter.outage(outage, true)
        if (reset) meter.reset()
        meter.check()
      }
    }),
    { numRuns: 100 },
  )
})

test('the sum of all period energies and the running one is what the register grew by, as long as the meter runs', () => {
  const step = fc.oneof(
    fc.record({ run: fc.tuple(fc.integer({ min: 1, max: 2000 }), fc.nat(99)) }),
    fc.record({ set: fc.integer({ min: -5000, max: 5000 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps: Partial<{ run: [number, number]; set: number }>[]) => {
      let count = 2 ** 40
      let now_s = T0 + 7
      let sum = 0
      const unit = { numerator: 3_600_000, denominator: 300 }
      const options = {
        unit,
        rates: 0,
        quantities: [0],
        period_s: 300,
        periods: 1,
        shiftLimit_s: 9,
        outage: 'restart',
        incompleteSetsMaximum: false,
      } as const
      const demand = new Demand({ ...options, counts: () => count, settings: blankStorage().settings }, now_s)
      demand.start('first')
      for (const { run: [seconds, load] = [0, 0], set } of steps) {
        for (let i = 0; i < seconds; i++) {
          now_s++
          count += load
          if (demand.second(now_s, 0)) sum += demand.lastEnergy(0)
        }
        if (set !== undefined && demand.clockAdjusted(now_s, now_s + set)) sum += demand.lastEnergy(0)
        now_s += set ?? 0
      }
      // With this unit a count in a period of 300 s is 144 W: the running average tells the counts.
      expect(sum + demand.current_W(0) / 144).toBe(count - 2 ** 40)
    }),
    { numRuns: 60 },
  )
})
