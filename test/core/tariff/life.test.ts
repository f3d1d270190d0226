import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { ELEMENTS, ENERGY_VALUES, EnergyRegisters, RATE_INDEX, RATE_VALUES, RATES } from '../../../src/core/registers/energy.ts'
import { openStorage, type Storage } from '../../../src/core/storage/storage.ts'
import { type ActivityCalendar, calendarErrors, EMPTY_CALENDAR } from '../../../src/core/tariff/activity-calendar.ts'
import { TariffEngine } from '../../../src/core/tariff/tariff-engine.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'
import { calendars, tariffs } from './arbitraries.ts'
import { berlinOffset, Oracle } from './oracle.ts'
import { sampleOf, TestClock, tariff, UNIT } from './rig.ts'

const IMAGE = 96
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']
const RATE_WITHOUT_CLOCK = 8
const berlin = berlinOffset()

/** Longest sample that is compared second by second. */
const CHECKED_S = 600

type Configured = ReturnType<typeof tariff>

/** The part of a meter around the tariff: registers in an image, an image in flash. It can be cut off at any operation of the flash. */
class Meter {
  readonly storage: Storage
  readonly image = new Float64Array(IMAGE)
  readonly energy: EnergyRegisters
  readonly engine: TariffEngine

  constructor(chip: NorFlash, clock: TestClock, configured: Configured, counting: boolean) {
    this.storage = openStorage(chip, { registers: IMAGE })
    const rates = this.image.subarray(RATE_INDEX, RATE_INDEX + RATE_VALUES)
    this.energy = new EnergyRegisters(UNIT, this.image.subarray(0, ENERGY_VALUES), rates)
    const saved = this.storage.registers.load(this.image)
    expect(this.energy.settle()).toBe(true)
    this.engine = new TariffEngine({ clock, energy: this.energy, settings: this.storage.settings, configured })
    this.engine.start(saved?.utc_s ?? 0, counting)
  }

  save(clock: TestClock): void {
    this.storage.registers.save(this.image, Math.floor(clock.utc_ms / 1000))
  }
}

/** What the engine should do, in the plainest words: the two calendars, when the second one comes, and the oracle. */
class Expected {
  readonly #oracles = new Map<ActivityCalendar, Oracle>()
  readonly #configured: Configured
  active: ActivityCalendar
  passive: ActivityCalendar = EMPTY_CALENDAR
  due_s = Number.POSITIVE_INFINITY

  constructor(configured: Configured) {
    this.#configured = configured
    this.active = configured.calendar
  }

  rateAt(utc_s: number): number {
    const calendar = utc_s >= this.due_s && calendarErrors(this.passive).length === 0 ? this.passive : this.active
    let oracle = this.#oracles.get(calendar)
    if (oracle === undefined) {
      oracle = new Oracle(calendar, this.#configured.specialDays, berlin)
      this.#oracles.set(calendar, oracle)
    }
    return oracle.rateAt(utc_s)
  }

  second(utc_s: number): void {
    if (utc_s < this.due_s) return
    if (calendarErrors(this.passive).length === 0) this.active = this.passive
    this.due_s = Number.POSITIVE_INFINITY
  }

  /** Milliseconds of each rate between two times, second by second. */
  shares(from_ms: number, to_ms: number): number[] {
    const shares = new Array<number>(RATES).fill(0)
    for (let at = from_ms; at < to_ms; ) {
      const end = Math.min(to_ms, (Math.floor(at / 1000) + 1) * 1000)
      shares[this.rateAt(Math.floor(at / 1000)) - 1] += end - at
      at = end
    }
    return shares
  }
}

function checkSums(energy: EnergyRegisters): void {
  for (let quantity = 0; quantity < 4; quantity++) {
    let sum = 0
    for (let rate = 1; rate <= RATES; rate++) sum += energy.rateCount(quantity, rate)
    if (sum !== energy.counts[quantity * ELEMENTS]) expect(sum, `quantity ${quantity}`).toBe(energy.counts[quantity * ELEMENTS])
  }
}

const seconds = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 * 3600 }) },
  fc.integer({ min: 1, max: 3 * 86_400 }),
)
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('run' as const), ticks: fc.integer({ min: 1, max: 20 }), count: fc.nat(65_534) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('late' as const),
      ms: seconds.chain((s) => fc.nat(999).map((ms) => 1000 * s + ms)),
      count: fc.nat(10_000_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), ticks: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('near' as const), before_s: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      shift_s: fc.oneof(fc.integer({ min: -7200, max: 7200 }), fc.integer({ min: -4e7, max: 4e7 })),
      told: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant('invalid' as const), ticks: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('save' as const) }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cut' as const),
      operations: fc.nat(12),
      tear: fc.constantFrom(...TEARS),
      counting: fc.boolean(),
      away_s: seconds,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('passive' as const),
      calendar: fc.oneof({ weight: 8, arbitrary: calendars }, fc.constant({ ...EMPTY_CALENDAR, name: 'part' })),
    }),
  },
  fc.record({ do: fc.constant('activate' as const) }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('activateAt' as const),
      in_s: fc.option(fc.oneof(fc.integer({ min: -10, max: 300 }), fc.integer({ min: 0, max: 7200 }))),
    }),
  },
)

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never

/** One life. Everything that happens goes through here, and after everything the sums are looked at. */
class Life {
  readonly clock: TestClock
  readonly chip: NorFlash
  readonly configured: Configured
  readonly expected: Expected
  meter: Meter
  /** Total of +A as it was saved last, and at most: registers never go below it. */
  #floor = 0
  #elapsed_ms: number | undefined

  constructor(iso: string, configured: Configured) {
    this.clock = new TestClock(iso)
    this.configured = configured
    this.chip = new NorFlash(new MemoryFlash({ blocks: 64, blockLength: 4096, writeAlign: 16 }), { random: new SeededRandom(1, 9) })
    this.meter = new Meter(this.chip, this.clock, configured, false)
    this.expected = new Expected(configured)
  }

  pass(ms: number): void {
    this.clock.advance(ms)
    if (this.#elapsed_ms !== undefined) this.#elapsed_ms += ms
  }

  /** A sample, and what it must do to the rates. */
  sample(count: number): void {
    const { energy } = this.meter
    const before = energy.rates.slice(0, RATES)
    this.meter.engine.add(sampleOf(count))
    checkSums(energy)
    const to_ms = this.clock.utc_ms
    const elapsed_ms = Math.min(Math.max(this.#elapsed_ms ?? 1, 1), 86_400_000)
    this.#elapsed_ms = 0
    const given = energy.rates.slice(0, RATES).map((value, i) => value - before[i])
    const shares = this.clock.valid
      ? this.expected.shares(to_ms - Math.min(elapsed_ms, 1000 * CHECKED_S), to_ms)
      : new Array<number>(RATES).fill(0)
    if (!this.clock.valid) shares[RATE_WITHOUT_CLOCK - 1] = 1
    if (elapsed_ms > 1000 * CHECKED_S) return
    const whole = shares.reduce((sum, share) => sum + share)
    for (let i = 0; i < RATES; i++) {
      const exact = (count * shares[i]) / whole
      if (Math.abs(given[i] - exact) > 1 || (shares[i] === whole && given[i] !== count) || (shares[i] === 0 && given[i] !== 0)) {
        expect({ rate: i + 1, given: given[i] }, `${to_ms - elapsed_ms} to ${to_ms}`).toEqual({ rate: i + 1, given: exact })
      }
    }
  }

  second(): void {
    this.meter.engine.second()
    this.follow()
  }

  follow(): void {
    const utc_s = Math.floor(this.clock.utc_ms / 1000)
    if (this.clock.valid) this.expected.second(utc_s)
    expect(this.meter.engine.activeRate).toBe(this.clock.valid ? this.expected.rateAt(utc_s) : RATE_WITHOUT_CLOCK)
    expect(this.meter.engine.activeCalendar).toEqual(this.expected.active)
  }

  /** The supply goes in operation `operations` from now, in whatever the meter then does, and returns. */
  cut(step: Extract<Step, { do: 'cut' }>): void {
    const { chip, clock, meter } = this
    const passive = [this.expected.passive, meter.engine.activeCalendar]
    chip.cutAt(chip.operations + 1 + step.operations, step.tear)
    try {
      for (let i = 0; i < 30 && chip.powered; i++) {
        meter.engine.setPassive(i % 2 === 0 ? meter.engine.activeCalendar : this.configured.calendar)
        this.save()
        this.pass(1000)
        meter.engine.add(sampleOf(7))
      }
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
    }
    chip.powerOn()
    this.pass(1000 * step.away_s)
    this.meter = new Meter(chip, clock, this.configured, step.counting)
    const { engine } = this.meter
    expect(this.meter.storage.report.damaged + engine.damaged).toBe(0)
    checkSums(this.meter.energy)
    expect(this.meter.energy.count(0, 0)).toBeGreaterThanOrEqual(this.#floor)
    expect([...passive, this.configured.calendar]).toContainEqual(engine.passiveCalendar)
    this.expected.passive = engine.passiveCalendar
    this.expected.due_s = engine.activation_s ?? Number.POSITIVE_INFINITY
    const saved_s = this.meter.storage.registers.load(new Float64Array(IMAGE))?.utc_s
    const since_ms = saved_s === undefined ? 0 : Math.max(0, clock.utc_ms - 1000 * saved_s)
    this.#elapsed_ms = step.counting ? since_ms : undefined
    this.sample(12_345)
    this.second()
  }

  tick(ms: number, count: number): void {
    this.pass(ms)
    this.sample(count)
    this.second()
  }

  /** The bus does not answer: no counts, which come later. */
  fault(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.pass(1000)
      this.meter.engine.add(sampleOf(0, MeteringStatus.fault))
      this.second()
    }
    this.tick(1000, 60_000)
  }

  /** The clock is set to shortly before the next switch within a day. */
  near(before_s: number): void {
    const now_s = Math.floor(this.clock.utc_ms / 1000)
    const rate = this.expected.rateAt(now_s)
    let at_s = now_s
    while (at_s < now_s + 86_400 && this.expected.rateAt(at_s) === rate) at_s += 60
    while (at_s > now_s && this.expected.rateAt(at_s - 1) !== rate) at_s--
    this.set(at_s - before_s - now_s, true)
  }

  set(shift_s: number, told: boolean): void {
    if (told) this.sample(1)
    this.clock.utc_ms += 1000 * shift_s
    if (told) this.meter.engine.clockChanged()
    else this.meter.engine.second()
    this.follow()
  }

  loseClock(ticks: number): void {
    this.clock.valid = false
    for (let i = 0; i < ticks; i++) this.tick(1000, 100)
    this.clock.valid = true
    this.meter.engine.clockChanged()
    this.follow()
  }

  save(): void {
    this.meter.save(this.clock)
    this.#floor = this.meter.energy.count(0, 0)
  }

  setPassive(calendar: ActivityCalendar): void {
    this.meter.engine.setPassive(calendar)
    this.expected.passive = calendar
  }

  activate(): void {
    const { expected, meter } = this
    this.sample(3)
    if (calendarErrors(expected.passive).length > 0) {
      expect(() => meter.engine.activatePassive()).toThrow(expect.objectContaining({ code: 'TARIFF' }))
      return
    }
    meter.engine.activatePassive()
    expected.active = expected.passive
    expected.due_s = Number.POSITIVE_INFINITY
    this.follow()
  }

  activateAt(in_s: number | null): void {
    const now_s = Math.floor(this.clock.utc_ms / 1000)
    const at_s = in_s === null ? undefined : now_s + in_s
    this.meter.engine.activateAt(at_s)
    this.expected.due_s = at_s === undefined ? Number.POSITIVE_INFINITY : Math.max(at_s, now_s + 1)
    // Sometimes one sample spans the moment.
    if (in_s !== null && in_s % 2 === 0) this.tick(1000 * Math.max(in_s, 0) + 700, 5000)
  }

  run(step: Step): void {
    if (step.do === 'run') for (let i = 0; i < step.ticks; i++) this.tick(1000 - (this.clock.utc_ms % 1000), step.count)
    else if (step.do === 'late') this.tick(step.ms, step.count)
    else if (step.do === 'fault') this.fault(step.ticks)
    else if (step.do === 'near') this.near(step.before_s)
    else if (step.do === 'set') this.set(step.shift_s, step.told)
    else if (step.do === 'invalid') this.loseClock(step.ticks)
    else if (step.do === 'save') this.save()
    else if (step.do === 'cut') this.cut(step)
    else if (step.do === 'passive') this.setPassive(step.calendar)
    else if (step.do === 'activate') this.activate()
    else this.activateAt(step.in_s)
  }
}

describe('a meter with rates', () => {
  test('any life: the sum of the rates is the total, each second counts for its rate, and the rate is the one of the calendar', () => {
    const starts = fc.constantFrom('2026-03-29T00:30:00Z', '2026-10-25T00:30:00Z', '2026-06-30T21:59:30Z', '2026-12-31T22:50:00Z')
    fc.assert(
      fc.property(starts, tariffs, fc.array(steps, { maxLength: 25 }), (iso, { calendar, specialDays }, list) => {
        const life = new Life(iso, tariff(calendar, { specialDays, rateWithoutClock: RATE_WITHOUT_CLOCK }))
        for (const step of list) {
          life.run(step)
          checkSums(life.meter.energy)
        }
        expect(life.chip.overwrites).toBe(0)
      }),
      { numRuns: 150, endOnFailure: true },
    )
  })

  test('an image of a firmware without rates, cut at every operation of its first saves', () => {
    const old = new MemoryFlash({ blocks: 64, blockLength: 4096, writeAlign: 16 })
    const before = openStorage(old, { registers: 48 })
    const values = Float64Array.from({ length: 48 }, (_, i) => (i < ENERGY_VALUES ? 1000 + 7 * i : i === ENERGY_VALUES ? 3 : 0))
    before.registers.save(values, 1_770_000_000)
    const image = old.image()
    const clock = new TestClock('2026-06-01T12:00:00Z')
    const { calendar } = fc.sample(tariffs, { numRuns: 1, seed: 3 })[0]
    const configured = tariff(calendar)
    for (const tear of TEARS) {
      for (let cut = 1; cut <= 12; cut++) {
        const memory = new MemoryFlash({ blocks: 64, blockLength: 4096, writeAlign: 16 })
        memory.load(image)
        const chip = new NorFlash(memory, { random: new SeededRandom(cut, 2) })
        chip.cutAt(cut, tear)
        try {
          const meter = new Meter(chip, clock, configured, false)
          for (let i = 0; i < 10; i++) {
            meter.engine.add(sampleOf(0))
            meter.save(clock)
            meter.storage.prepare()
            meter.engine.setPassive(calendar)
          }
        } catch (error) {
          if (!(error instanceof PowerLoss)) throw error
        }
        chip.powerOn()
        const meter = new Meter(chip, clock, configured, false)
        checkSums(meter.energy)
        for (let quantity = 0; quantity < 4; quantity++) expect(meter.energy.rateCount(quantity, 1)).toBe(values[4 * quantity])
        expect([...meter.image.subarray(0, 48)]).toEqual([...values])
      }
    }
  })
})
