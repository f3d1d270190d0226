import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProfileStatus } from '../../../src/core/events/codes.ts'
import { CaptureProfile, type CaptureProfileOptions, storedValue } from '../../../src/core/profile/capture-profile.ts'
import { energyColumns } from '../../../src/core/profile/definitions.ts'
import { type CaptureSchedule, daily, periodic } from '../../../src/core/profile/schedule.ts'
import type { RecordLog } from '../../../src/core/storage/record-log.ts'
import { offset_min } from '../../../src/lib/calendar.ts'
import { blankStorage } from '../flash.ts'

const T0 = 1_767_614_400
const FILLED = ProfileStatus.powerDown | ProfileStatus.dataNotValid
const cet = (utc_ms: number): number => offset_min(utc_ms, { standard_min: 60, dst: 'eu' })

interface Entry {
  readonly utc_s: number
  readonly status: number
  readonly value: number
}

function entriesOf(log: RecordLog): Entry[] {
  const found: Entry[] = []
  for (const cursor = log.cursor(); cursor.next(); )
    found.push({ utc_s: cursor.utc_s, status: cursor.status, value: storedValue(cursor.payload, 0, 8) })
  return found
}

/** A meter with one register and one profile, whose flash survives it. */
class Meter {
  readonly log = blankStorage().profile
  readonly schedule: CaptureSchedule
  readonly #options: Partial<CaptureProfileOptions>
  profile!: CaptureProfile
  register = 0
  now_s = 0

  constructor(schedule: CaptureSchedule, options: Partial<CaptureProfileOptions> = {}) {
    this.schedule = schedule
    this.#options = options
  }

  start(now_s: number, first = false): void {
    this.now_s = now_s
    const columns = { count: 1, column: () => ({ code: '1.8.0', bytes: 8 }), read: () => this.register }
    this.profile = new CaptureProfile({ log: this.log, schedule: this.schedule, columns, ...this.#options }, now_s)
    if (first) return
    this.profile.mark(ProfileStatus.powerDown)
    this.profile.recover(now_s)
  }

  run(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      this.now_s++
      this.register++
      if (this.profile.due(this.now_s)) this.profile.capture(this.now_s, 0)
      this.profile.fill()
      this.log.prepare()
    }
  }

  setClock(now_s: number): void {
    this.profile.mark(ProfileStatus.clockAdjusted)
    this.now_s = now_s
  }
}

describe('CaptureProfile', () => {
  test('captures days of local time', () => {
    const meter = new Meter(daily(cet))
    const start_s = Date.parse('2024-10-25T20:00:00Z') / 1000
    meter.start(start_s, true)
    meter.run(86_400 * 3)
    const midnights = ['2024-10-25T22:00:00Z', '2024-10-26T22:00:00Z', '2024-10-27T23:00:00Z'].map((text) => Date.parse(text) / 1000)
    expect(entriesOf(meter.log)).toEqual(midnights.map((utc_s) => ({ utc_s, status: 0, value: utc_s - start_s })))
  })

  test('stores values in as many bytes as a column has, and the largest that fits', () => {
    const { profile: log } = blankStorage()
    const values = [0x12, 0x10000, 0xffffff, 2 ** 48, 2 ** 53 - 1]
    const lengths = [1, 2, 3, 6, 8]
    const columns = { count: 5, column: (i: number) => ({ code: '1.8.0', bytes: lengths[i] }), read: (i: number) => values[i] }
    const profile = new CaptureProfile({ log, schedule: periodic(60), columns }, T0)
    profile.capture(T0 + 60, 0)
    const cursor = profile.cursor()
    cursor.next()
    expect([0, 1, 3, 6, 12].map((at, i) => storedValue(cursor.payload, at, lengths[i]))).toEqual([
      0x12,
      0xffff,
      0xffffff,
      2 ** 48 - 1,
      2 ** 53 - 1,
    ])
  })

  test('shows as many entries as it is deep', () => {
    const meter = new Meter(periodic(60), { depth: 5 })
    meter.start(T0, true)
    meter.run(600)
    expect([meter.profile.count, meter.profile.firstSequence]).toEqual([5, 6])
    const cursor = meter.profile.cursor()
    cursor.next()
    expect(cursor.utc_s).toBe(T0 + 360)
  })

  test('leaves the slots of an outage out, or fills them where it is told to', () => {
    for (const fill_max of [0, 96]) {
      const meter = new Meter(periodic(900), { fill_max, daylightSaving: (utc_s) => utc_s >= T0 + 3600 })
      meter.start(T0, true)
      meter.run(1000)
      meter.start(T0 + 5000)
      meter.run(500)
      const status = FILLED | ProfileStatus.daylightSaving
      const filled = [
        { utc_s: T0 + 1800, status: FILLED, value: 1000 },
        { utc_s: T0 + 2700, status: FILLED, value: 1000 },
        { utc_s: T0 + 3600, status, value: 1000 },
        { utc_s: T0 + 4500, status, value: 1000 },
      ]
      expect(entriesOf(meter.log)).toEqual([
        { utc_s: T0 + 900, status: 0, value: 900 },
        ...(fill_max === 0 ? [] : filled),
        { utc_s: T0 + 5400, status: ProfileStatus.powerDown, value: 1400 },
      ])
    }
  })

  test('fills no more than it may, the newest slots; the rest before a capture that comes early', () => {
    for (const years of [0, 30]) {
      const meter = new Meter(periodic(60), { fill_max: 40 })
      meter.start(T0, true)
      meter.run(60)
      const back_s = T0 + 12_059 + years * 31_536_000
      meter.start(back_s)
      meter.run(1)
      const entries = entriesOf(meter.log)
      expect(entries.map(({ utc_s }) => utc_s)).toEqual([
        T0 + 60,
        ...Array.from({ length: 40 }, (_, i) => back_s + 1 - 60 * (40 - i)),
        back_s + 1,
      ])
      expect(entries[40].value).toBe(60)
      expect(entries[41]).toMatchObject({ status: ProfileStatus.powerDown, value: 61 })
    }
  })

  test('filling goes on after another outage in the middle of it', () => {
    const meter = new Meter(periodic(60), { fill_max: 100 })
    meter.start(T0, true)
    meter.run(60)
    meter.start(T0 + 6000 - 30)
    meter.run(3)
    expect(meter.profile.filling).toBe(true)
    meter.start(T0 + 6000 - 20)
    meter.run(25)
    expect(entriesOf(meter.log).map(({ utc_s }) => utc_s)).toEqual(Array.from({ length: 100 }, (_, i) => T0 + 60 * (i + 1)))
  })

  test('a restart that nobody announces: the log shows what was missed', () => {
    for (const [change_s, status] of [
      [10, 0],
      [400, ProfileStatus.powerDown],
      [-400, ProfileStatus.clockAdjusted],
    ]) {
      const meter = new Meter(periodic(300))
      meter.start(T0, true)
      meter.run(610)
      meter.start(meter.now_s + change_s, true)
      meter.run(700)
      expect(entriesOf(meter.log).slice(2, 3)).toMatchObject([{ status }])
    }
  })

  test('whatever happens to clock and supply: no time stamp twice, no gap without a reason, no value decreases', () => {
    const action = fc.oneof(
      fc.record({ run: fc.integer({ min: 1, max: 4000 }) }),
      fc.record({ set: fc.integer({ min: -4000, max: 4000 }) }),
      fc.record({ outage: fc.integer({ min: 0, max: 10_000 }) }),
    )
    const choices = fc.tuple(fc.array(action, { maxLength: 25 }), fc.constantFrom(0, 3, 1000))
    const check = ([actions, fill_max]: [readonly Partial<Record<'run' | 'set' | 'outage', number>>[], number]): void => {
      const meter = new Meter(periodic(300), { fill_max })
      meter.start(T0, true)
      for (const { run, set, outage } of actions) {
        if (run !== undefined) meter.run(run)
        if (set !== undefined) meter.setClock(meter.now_s + set)
        if (outage !== undefined) meter.start(meter.now_s + outage)
      }
      meter.run(600)
      const entries = entriesOf(meter.log)
      expect(new Set(entries.map(({ utc_s }) => utc_s)).size).toBe(entries.length)
      const reasons = ProfileStatus.clockAdjusted | ProfileStatus.powerDown
      for (let i = 1; i < entries.length; i++) {
        const [before, entry] = [entries[i - 1], entries[i]]
        expect(entry.utc_s % 300).toBe(0)
        expect(entry.value).toBeGreaterThanOrEqual(before.value)
        if ((entry.status & reasons) !== 0) continue
        // An entry without a reason follows its neighbour, and holds one interval but for the seconds that a capture may be late.
        expect(entry.utc_s).toBe(before.utc_s + 300)
        expect(Math.abs(entry.value - before.value - 300)).toBeLessThanOrEqual(5)
      }
    }
    fc.assert(fc.property(choices, check), { numRuns: 80 })
  })
})

describe('definitions', () => {
  test('energies with their rates', () => {
    const columns = energyColumns((quantity, rate) => 10 * quantity + rate, [0, 3], 2)
    expect(Array.from({ length: columns.count }, (_, i) => [columns.column(i).code, columns.read(i)])).toEqual([
      ['1.8.0', 0],
      ['1.8.1', 1],
      ['1.8.2', 2],
      ['4.8.0', 30],
      ['4.8.1', 31],
      ['4.8.2', 32],
    ])
  })
})
