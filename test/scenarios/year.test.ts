import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { BillingReason } from '../../src/core/billing/billing.ts'
import { ProfileStatus, StandardEvent } from '../../src/core/events/codes.ts'
import { type CaptureProfile, storedValue } from '../../src/core/profile/capture-profile.ts'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import { MeterCore } from '../../src/meter/core.ts'
import { temporaryFolder } from '../support/ferraris.ts'
import { blankFlash } from './rig.ts'
import { localDate, localOffset_s, QUANTITIES, RATES, wholeUnits } from './year/books.ts'
import { configuration, deviceOf, START_S } from './year/life.ts'
import type { YearReport } from './year/main.ts'
import { YearSource, YearWorld } from './year/world.ts'

/** The built program: 31 million seconds want an engine that is left alone. */
const MAIN = join(import.meta.dirname, '../../build/js/test/scenarios/year/main.js')
/** `FERRARIS_SEED=N` lives another year. */
const SEED = Number(process.env.FERRARIS_SEED ?? 1) || 1
const DAY_S = 86_400
const REGISTERS = RATES + 1
const TIMEOUT_MS = 600_000

/** Days of daylight saving are left whole, so that they show their 92 and 100 quarters. */
const WHOLE_DAYS = ['2026-03-29', '2026-10-25']

interface Entry {
  readonly utc_s: number
  readonly status: number
  readonly values: readonly number[]
}

function entriesOf(profile: CaptureProfile): Entry[] {
  const entries: Entry[] = []
  const cursor = profile.log.cursor()
  while (cursor.next()) {
    let at = 0
    const { payload } = cursor
    const values = profile.columns.map(({ bytes }) => {
      at += bytes
      return storedValue(payload, at - bytes, bytes)
    })
    entries.push({ utc_s: cursor.utc_s, status: cursor.status, values })
  }
  return entries
}

describe(`a year, seed ${SEED}`, () => {
  let core: MeterCore
  let year: YearReport
  let quarters: ReadonlyMap<number, readonly number[]>
  let midnights: ReadonlyMap<number, readonly number[]>

  beforeAll(async () => {
    const folder = temporaryFolder()
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, folder, String(SEED)], { maxBuffer: 2 ** 28 })
    year = JSON.parse(stdout)
    quarters = new Map(year.quarters)
    midnights = new Map(year.midnights)
    // Another meter on the flash of the first one.
    const flash = blankFlash()
    flash.load(Uint8Array.from(readFileSync(join(folder, 'flash'))))
    const world = new YearWorld(year.end_s, 1)
    core = new MeterCore({ device: deviceOf(world, flash, 'power'), metering: new YearSource(world), config: configuration() })
  }, TIMEOUT_MS)

  test('each rate has the energy of its hours, to the last count, but for what a supply without warning took', () => {
    for (let quantity = 0; quantity < QUANTITIES; quantity++) {
      const rates = Array.from({ length: RATES }, (_, i) => core.energy.rateCount(quantity, i + 1))
      expect(rates).toEqual([...year.counts.slice(quantity * REGISTERS + 1, (quantity + 1) * REGISTERS)])
      expect(core.energy.count(quantity, 0)).toBe(rates.reduce((sum, count) => sum + count, 0))
    }
    expect(Math.min(...[1, 2, 3, 4].map((rate) => wholeUnits(core.energy.rateCount(0, rate))))).toBeGreaterThan(100_000)
    // What was lost is less than a ten-thousandth of the year.
    expect(year.lost_counts).toBeLessThan(core.energy.count(0, 0) / 10_000)
  })

  test('the load profile has every quarter in which the meter was there, with the registers of that moment, and says why others are missing', () => {
    const cursor = core.profile.cursor(core.profile.log.firstSequence)
    const expected = [...quarters.keys()].sort((a, b) => a - b)
    const found: number[] = []
    let last_s = START_S
    while (cursor.next()) {
      const { utc_s: at_s, status, payload } = cursor
      found.push(at_s)
      const values = [0, 1, 2, 3].map((index) => profileValue(payload, index))
      if (values.join() !== quarters.get(at_s)?.join()) expect(values, localDate(at_s)).toEqual(quarters.get(at_s))
      const why = ProfileStatus.powerDown | ProfileStatus.clockAdjusted | ProfileStatus.dataNotValid
      if (at_s !== last_s + 900) expect(status & why, localDate(at_s)).not.toBe(0)
      last_s = at_s
    }
    expect(found).toEqual(expected)
  })

  test('the days on which daylight saving begins and ends have 92 and 100 quarters', () => {
    const cursor = core.profile.cursor(core.profile.log.firstSequence)
    const days = new Map<string, number>()
    while (cursor.next()) {
      // An entry belongs to the day in which its quarter lies.
      const day = localDate(cursor.utc_s - 1).slice(0, 10)
      days.set(day, (days.get(day) ?? 0) + 1)
    }
    expect(WHOLE_DAYS.map((day) => days.get(day))).toEqual([92, 100])
    const others = [...days].filter(([day]) => !WHOLE_DAYS.includes(day))
    expect(others.filter(([, count]) => count === 96).length).toBeGreaterThan(330)
    expect(Math.max(...others.map(([, count]) => count))).toBe(96)
  })

  test('daily and monthly values are the registers at local midnight', () => {
    for (const profile of [core.accounts.daily, core.accounts.monthly]) {
      const entries = entriesOf(profile!)
      expect(entries.length).toBeGreaterThanOrEqual(profile === core.accounts.daily ? 57 : 12)
      for (const { utc_s: at_s, values } of entries) expect(values, localDate(at_s)).toEqual(midnights.get(at_s))
    }
    expect(core.accounts.daily!.log.nextSequence - 1).toBe(midnights.size)
    expect(core.accounts.monthly!.log.nextSequence - 1).toBe(12)
  })

  test('twelve billing periods: energies by rate, and the highest quarter of each rate with its time', () => {
    const { billing, demand } = core.accounts
    expect(billing!.counter).toBe(12)
    const cumulative = new Float64Array(QUANTITIES * REGISTERS)
    for (const [i, end] of year.ends.entries()) {
      const snapshot = billing!.read(12 - i)!
      expect(snapshot).toMatchObject({ number: i + 1, utc_s: end.utc_s, reason: BillingReason.scheduled })
      expect((end.utc_s + localOffset_s(end.utc_s)) % DAY_S).toBe(0)
      for (let index = 0; index < QUANTITIES * REGISTERS; index++) {
        const [c, e] = [Math.floor(index / REGISTERS) + 1, index % REGISTERS]
        const words = `period ${i + 1}, ${c}.x.${e}`
        expect(snapshot.find(c, 8, e)?.value, words).toBe(end.counts[index])
        const { value, time_s } = snapshot.find(c, 6, e)!
        expect({ watts: value, utc_s: time_s }, words).toEqual(end.maxima[index])
        expect(snapshot.find(c, 2, e)?.value, words).toBe(cumulative[index])
        cumulative[index] += value
      }
    }
    for (let index = 0; index < QUANTITIES * REGISTERS; index++) {
      const [quantity, rate] = [Math.floor(index / REGISTERS), index % REGISTERS]
      expect(demand.cumulative_W(quantity, rate)).toBe(cumulative[index])
    }
  })

  test('the logs know of every failure, every change of the clock and of the tariff', () => {
    const { standardLog, powerFailureLog } = core
    const count = (code: number) => standardLog.newest(standardLog.count).filter((event) => event.code === code).length
    expect(core.powerFailures).toBe(year.outages)
    expect(powerFailureLog.count).toBe(year.outages)
    expect(count(StandardEvent.powerDown)).toBe(year.outages)
    expect(count(StandardEvent.tariffActivated)).toBe(2)
    // Shifts of some seconds are marked in the profile and nowhere else.
    expect(count(StandardEvent.clockAdjustedNew)).toBe(3)
    expect(count(StandardEvent.daylightSavingChanged)).toBe(2)
    expect(count(StandardEvent.watchdog)).toBe(year.resets)
    expect(count(StandardEvent.memoryNonVolatileError)).toBe(0)
    expect(core.tariff.activeCalendar.name).toBe('third')
  })

  test('the flash lasts: no block would see 100,000 erases in 20 years', () => {
    expect(20 * year.erases_max).toBeLessThan(100_000)
    expect(year.overwrites).toBe(0)
  })
})
