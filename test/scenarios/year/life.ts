import type { Device } from '../../../hal/api/device.ts'
import type { Flash } from '../../../hal/api/flash.ts'
import type { Clock } from '../../../hal/api/time.ts'
import type { ResetReason } from '../../../hal/api/watchdog.ts'
import { portableCrypto } from '../../../hal/portable/crypto.ts'
import type { ActivityCalendar } from '../../../src/core/tariff/activity-calendar.ts'
import { tariffOf } from '../../../src/core/tariff/tariff-config.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { validate } from '../../../src/lib/schema-validate.ts'
import { METER_CONFIG, type MeterConfig } from '../../../src/meter/config.ts'
import { MeterCore } from '../../../src/meter/core.ts'
import { NorFlash, PowerLoss } from '../../../src/world/chips/nor-flash.ts'
import { must } from '../../power/violation.ts'
import { blankFlash } from '../rig.ts'
import { QUANTITIES, RATES, YearBooks } from './books.ts'
import { NoBus, YearSource, YearWorld } from './world.ts'

/** Local midnight in Berlin. */
export const START_S = Date.UTC(2025, 11, 31, 23) / 1000
const DAY_S = 86_400
const YEAR_S = 365 * DAY_S
/** The clock is behind at the end. */
const BEHIND_S = 300
const SAVE_S = 60
/** More than any second brings. */
const COUNTS_MAX = 5000

const TARIFF = {
  rates: RATES,
  name: 'first',
  seasons: [
    { name: 'winter', start: '10-15', week: 'w' },
    { name: 'summer', start: '04-15', week: 's' },
  ],
  weeks: [
    { name: 'w', days: [1, 1, 1, 1, 1, 2, 3] },
    { name: 's', days: [2, 2, 2, 2, 2, 2, 3] },
  ],
  days: [
    // One switch inside the hour that spring leaves out and autumn brings twice, and one off the minute.
    {
      id: 1,
      switches: [
        { at: '02:30', rate: 2 },
        { at: '06:00:07', rate: 1 },
        { at: '22:00', rate: 2 },
      ],
    },
    {
      id: 2,
      switches: [
        { at: '00:00', rate: 2 },
        { at: '08:15', rate: 3 },
      ],
    },
    { id: 3, switches: [{ at: '00:00', rate: 2 }] },
  ],
  specialDays: [
    { date: '12-25', day: 3 },
    { date: '05-01', day: 3 },
    { date: '03-last sun', day: 1 },
  ],
} as const

/** From the first of July on, by command of a client in spring: three rates, and another one from October. */
const SECOND: ActivityCalendar = {
  name: 'second',
  seasons: [{ name: 'all', start: { month: 1, day: 1 }, week: 'a' }],
  weeks: [{ name: 'a', days: [1, 1, 1, 1, 1, 2, 3] }],
  days: [
    {
      id: 1,
      switches: [
        { start_s: 0, script: 2 },
        { start_s: 6 * 3600, script: 1 },
        { start_s: 17 * 3600 + 1800, script: 4 },
        { start_s: 20 * 3600, script: 1 },
      ],
    },
    { id: 2, switches: [{ start_s: 7 * 3600, script: 3 }] },
    { id: 3, switches: [{ start_s: 0, script: 2 }] },
  ],
}
const THIRD: ActivityCalendar = { ...SECOND, name: 'third', weeks: [{ name: 'a', days: [2, 1, 2, 1, 2, 3, 3] }] }

const utcOf = (iso: string) => Date.parse(iso) / 1000

export function configuration(): MeterConfig {
  const result = validate(METER_CONFIG, { tariff: TARIFF, save: { interval_s: SAVE_S } })
  if (!result.ok) throw new Error(result.errors.map(({ text }) => text).join('\n'))
  return result.value
}

/** A device without a bus. */
export function deviceOf(clock: Clock, flash: Flash, resetReason: ResetReason): Device {
  return {
    clock,
    timer: { set: () => ({}), clear: () => {} },
    random: (buffer) => buffer.fill(0x5a),
    crypto: portableCrypto,
    flash,
    metering: { part: 'ATM90E32', sensor: { io: NoBus, hz: 1_000_000 } },
    resetReason,
  }
}

interface Incident {
  readonly at_s: number
  readonly run: (year: Year) => void
}

/** The meter's core on a chip of flash, from start to start, with the books beside it. */
class Year {
  readonly world: YearWorld
  readonly memory = blankFlash()
  readonly chip: NorFlash
  readonly config = configuration()
  readonly books: YearBooks
  readonly random: SeededRandom
  core: MeterCore
  /** Seconds that the supply was gone, failure by failure. */
  readonly outages_s: number[] = []
  resets = 0
  lost_counts = 0
  #source: YearSource

  constructor(seed: number) {
    this.world = new YearWorld(START_S, seed)
    this.chip = new NorFlash(this.memory, { random: new SeededRandom(seed, 3) })
    this.random = new SeededRandom(seed, 2)
    const { calendar, specialDays } = tariffOf(this.config.tariff)
    this.books = new YearBooks(this.world, calendar, specialDays)
    this.#source = new YearSource(this.world)
    this.core = this.#start('power')
  }

  #start(resetReason: ResetReason): MeterCore {
    const device = deviceOf(this.world, this.chip, resetReason)
    return new MeterCore({ device, metering: this.#source, config: this.config })
  }

  run(until_s: number): void {
    const { world, books } = this
    while (world.second < until_s) {
      world.advance()
      this.core.second()
      books.second(true)
    }
  }

  /** The mains fail; the meter saves, or dies in the middle of it, and starts when they are back. */
  outage(duration_s: number, torn: boolean): void {
    const { world, books, chip } = this
    world.lost = true
    if (torn) chip.cutAt(chip.operations + 1 + this.random.below(3), 'bits')
    const before = this.#counts()
    try {
      this.core.interrupt()
      for (let held_s = this.random.below(3); held_s > 0; held_s--) {
        world.advance()
        this.core.second()
        books.second(true)
      }
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
    }
    chip.powerOff()
    world.darken()
    for (let i = 0; i < duration_s; i++) {
      world.advance()
      books.second(false)
    }
    world.lost = false
    chip.powerOn()
    this.#source = new YearSource(world)
    this.core = this.#start('power')
    this.outages_s.push(duration_s)
    this.#again(before, torn)
  }

  /** The firmware starts again, without a warning. The IC counts on. */
  crash(): void {
    const before = this.#counts()
    this.core = this.#start('watchdog')
    this.resets++
    this.#again(before, true)
  }

  /** What was not saved is gone: at most what flowed in a save interval. */
  #again(before: readonly number[], mayLose: boolean): void {
    for (const [index, count] of this.#counts().entries()) {
      const lost = before[index] - count
      must(lost >= 0 && lost <= (mayLose ? (SAVE_S + 1) * COUNTS_MAX : 0), () => `register ${index} lost ${lost} counts`)
      this.books.lost(index, lost)
      if (index === 0) this.lost_counts += lost
    }
    this.books.starts(this.world.utc_s)
  }

  setClock(seconds: number): void {
    this.core.shiftClock(seconds * 1000)
    this.books.shifted(seconds)
  }

  activate(at_s: number, calendar: ActivityCalendar): void {
    this.core.setPassive(calendar)
    this.core.tariff.activateAt(at_s)
    this.books.calendarAt(at_s, calendar)
  }

  #counts(): number[] {
    const { energy } = this.core
    const counts: number[] = []
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      for (let rate = 0; rate <= RATES; rate++) counts.push(rate === 0 ? energy.count(quantity, 0) : energy.rateCount(quantity, rate))
    }
    return counts
  }
}

function incidents(random: SeededRandom): Incident[] {
  const list: Incident[] = [
    { at_s: utcOf('2026-05-31T21:50:00Z'), run: (year) => year.outage(1800, false) },
    { at_s: utcOf('2026-09-30T21:58:00Z'), run: (year) => year.outage(600, false) },
    { at_s: utcOf('2026-04-20T10:00:30Z'), run: (year) => year.activate(utcOf('2026-06-30T22:00:00Z'), SECOND) },
    { at_s: utcOf('2026-08-10T10:00:30Z'), run: (year) => year.activate(utcOf('2026-09-30T22:00:00Z'), THIRD) },
    // Forward over a quarter, and back; back over one that has its entry.
    { at_s: utcOf('2026-02-11T12:10:00Z'), run: (year) => year.setClock(400) },
    { at_s: utcOf('2026-02-11T13:37:00Z'), run: (year) => year.setClock(-400) },
    { at_s: utcOf('2026-11-11T14:02:00Z'), run: (year) => year.setClock(-200) },
  ]
  for (let month = 0; month < 12; month++) {
    const day = (days: number) => Date.UTC(2026, month, 1 + days) / 1000
    list.push({ at_s: day(5) + 12 * 3600 + 450, run: (year) => year.setClock(random.below(2) === 0 ? -5 : 4) })
    const outage_s = [3, 90, 2000, 30_000, 200_000][random.below(5)] + random.below(900)
    const torn = random.below(3) === 0
    list.push({ at_s: day(8 + random.below(9)) + random.below(DAY_S), run: (year) => year.outage(outage_s, torn) })
    if (month % 3 === 1) list.push({ at_s: day(20) + random.below(DAY_S), run: (year) => year.crash() })
  }
  return list.sort((a, b) => a.at_s - b.at_s)
}

/** A whole year; the last image of the registers is saved. */
export function live(seed: number): Year {
  const year = new Year(seed)
  for (const { at_s, run } of incidents(new SeededRandom(seed, 4))) {
    year.run(at_s - START_S)
    run(year)
  }
  year.run(YEAR_S + BEHIND_S)
  year.core.save()
  return year
}
