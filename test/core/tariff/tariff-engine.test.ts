import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { EMPTY_CALENDAR } from '../../../src/core/tariff/activity-calendar.ts'
import type { Tariff } from '../../../src/core/tariff/tariff-config.ts'
import { TariffEngine } from '../../../src/core/tariff/tariff-engine.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { daily, energyRegisters, ratesOf, sampleOf, TestClock, tariff } from './rig.ts'

function openSettings(flash: MemoryFlash): Settings {
  const settings = new Settings(flash, { area: 1, firstBlock: 0, blocks: 3 })
  settings.mount()
  return settings
}

/** A meter that lives on one flash; `restart` makes a new engine, as a new start does. */
function createRig(iso: string, configured: Tariff) {
  const clock = new TestClock(iso)
  const flash = new MemoryFlash({ blocks: 3, blockLength: 4096 })
  const energy = energyRegisters()
  const events: string[] = []
  const time = (utc_s: number) => new Date(utc_s * 1000).toISOString().slice(11, 19)
  const make = () =>
    new TariffEngine({
      clock,
      energy,
      settings: openSettings(flash),
      configured,
      onSwitch: (rate, utc_s) => events.push(`${time(utc_s)} rate ${rate}`),
      onActivated: (utc_s) => events.push(`${time(utc_s)} activated`),
      onRefused: (utc_s, errors) => events.push(`${time(utc_s)} refused: ${errors.join('; ')}`),
    })
  const rig = {
    clock,
    energy,
    events,
    flash,
    engine: make(),
    /** One tick after `ms`, with a sample of `count`. */
    tick(ms = 1000, count = 10, status = 0) {
      clock.advance(ms)
      rig.engine.add(sampleOf(count, status))
      rig.engine.second()
    },
    restart(lastAlive_s: number, counting: boolean) {
      rig.engine = make()
      rig.engine.start(lastAlive_s, counting)
    },
  }
  rig.engine.start(0, false)
  return rig
}

// Local time is one hour ahead: 06:00 is 05:00 UTC.
const DAY_NIGHT = tariff(daily([0, 1], [6, 2], [22, 1]))

describe('tariff engine', () => {
  test('a sample that ends with the switching second belongs to the old rate, the next one to the new rate', () => {
    const rig = createRig('2026-01-15T04:59:58Z', DAY_NIGHT)
    rig.tick()
    expect([rig.engine.activeRate, ...ratesOf(rig.energy).slice(0, 2)]).toEqual([1, 10, 0])
    rig.tick()
    expect([rig.engine.activeRate, ...ratesOf(rig.energy).slice(0, 2)]).toEqual([2, 20, 0])
    rig.tick()
    expect([rig.engine.activeRate, ...ratesOf(rig.energy).slice(0, 2)]).toEqual([2, 20, 10])
    expect(rig.events).toEqual(['05:00:00 rate 2'])
  })

  test('the first sample after the start belongs to the rate of its own time', () => {
    const late = createRig('2026-01-15T04:59:59Z', DAY_NIGHT)
    late.tick(1250, 100)
    expect(ratesOf(late.energy).slice(0, 2)).toEqual([0, 100])
    expect(late.engine.activeRate).toBe(2)
  })

  test.each([
    ['late by a quarter of a second', 1250, 100, [80, 20]],
    ['four seconds, one of them before', 4000, 100, [25, 75]],
    ['what does not divide', 3000, 100, [33, 67]],
    ['one count', 3000, 1, [0, 1]],
  ] as const)('a sample across the switch is split by its time: %s', (_name, ms, count, rates) => {
    const rig = createRig('2026-01-15T04:59:58Z', DAY_NIGHT)
    rig.tick(1000, 0)
    rig.tick(ms, count)
    for (const quantity of [0, 1, 2, 3]) expect(ratesOf(rig.energy, quantity).slice(0, 2)).toEqual(rates)
  })

  test('a sample between two seconds is split as exactly', () => {
    const rig = createRig('2026-01-15T04:59:59Z', DAY_NIGHT)
    rig.tick(0, 0)
    rig.clock.advance(900)
    rig.engine.add(sampleOf(9))
    rig.clock.advance(200)
    rig.engine.add(sampleOf(2))
    rig.clock.advance(300)
    rig.engine.add(sampleOf(3))
    expect(ratesOf(rig.energy).slice(0, 2)).toEqual([10, 4])
    // Twice in one moment: nothing is lost.
    rig.engine.add(sampleOf(5))
    expect(ratesOf(rig.energy).slice(0, 2)).toEqual([10, 9])
  })

  test('counts that come late after faults belong to the time of the faults', () => {
    const rig = createRig('2026-01-15T04:59:56Z', DAY_NIGHT)
    rig.tick(1000, 0)
    for (let i = 0; i < 5; i++) rig.tick(1000, 0, MeteringStatus.fault)
    rig.tick(1000, 600)
    expect(ratesOf(rig.energy).slice(0, 2)).toEqual([300, 300])
  })

  test('after a firmware reset the first sample covers the time since the last save; after a power failure only its own', () => {
    for (const [counting, rates] of [
      [true, [50, 50]],
      [false, [0, 100]],
    ] as const) {
      const rig = createRig('2026-01-15T04:59:50Z', DAY_NIGHT)
      rig.tick(1000, 0)
      const alive_s = rig.clock.utc_ms / 1000
      rig.clock.advance(17_000)
      rig.restart(alive_s, counting)
      expect(rig.events).toEqual(['05:00:08 rate 2'])
      rig.tick(1000, 100)
      expect(ratesOf(rig.energy).slice(0, 2)).toEqual(rates)
    }
  })

  test('a sample of many days is split as its last day', () => {
    const rig = createRig('2026-01-15T12:00:00Z', DAY_NIGHT)
    rig.tick(1000, 0)
    rig.tick(40 * 86_400_000, 24_000)
    expect(ratesOf(rig.energy).slice(0, 2)).toEqual([8000, 16_000])
  })

  test('the clock is set over a switch and back', () => {
    const rig = createRig('2026-01-15T04:00:00Z', DAY_NIGHT)
    rig.tick()
    rig.clock.utc_ms += 2 * 3_600_000
    rig.engine.clockChanged()
    expect(rig.engine.activeRate).toBe(2)
    rig.tick()
    rig.clock.utc_ms -= 2 * 3_600_000
    rig.engine.clockChanged()
    rig.tick()
    expect(rig.events).toEqual(['06:00:01 rate 2', '04:00:02 rate 1'])
    expect(ratesOf(rig.energy).slice(0, 2)).toEqual([20, 10])
    // Nobody says so: the next second finds out.
    rig.clock.utc_ms += 2 * 3_600_000
    rig.tick()
    expect(rig.events.at(-1)).toBe('06:00:04 rate 2')
    expect(ratesOf(rig.energy).slice(0, 2)).toEqual([20, 20])
  })

  test('without a valid clock the rate for this case counts', () => {
    const rig = createRig('2026-01-15T04:59:57Z', tariff(DAY_NIGHT.calendar, { rateWithoutClock: 3 }))
    rig.tick()
    rig.clock.valid = false
    rig.tick()
    rig.tick()
    rig.clock.valid = true
    rig.engine.clockChanged()
    rig.tick()
    expect(rig.events).toEqual(['04:59:59 rate 3', '05:00:00 rate 2'])
    expect(ratesOf(rig.energy).slice(0, 3)).toEqual([10, 10, 20])
    const invalid = createRig('1970-01-01T00:00:00Z', tariff(DAY_NIGHT.calendar, { rateWithoutClock: 3 }))
    invalid.clock.valid = false
    invalid.restart(0, false)
    invalid.tick()
    expect([invalid.engine.activeRate, invalid.events.length]).toEqual([3, 0])
  })

  test('a year with one rate switches never', () => {
    const rig = createRig('2026-01-01T00:00:00Z', tariff(daily([0, 1]), { rates: 1 }))
    for (let i = 0; i < 400; i++) rig.tick(86_400_000, 1)
    expect(rig.events).toEqual([])
    expect([rig.engine.rates, ...ratesOf(rig.energy).slice(0, 2)]).toEqual([1, 400, 0])
  })
})

describe('passive calendar', () => {
  const NEW = daily([0, 4])

  test('becomes active at its time, exactly, and only once', () => {
    const rig = createRig('2026-01-15T12:00:00Z', DAY_NIGHT)
    expect(rig.engine.passiveCalendar).toEqual(EMPTY_CALENDAR)
    rig.engine.setPassive(NEW)
    rig.engine.activateAt(rig.clock.utc_ms / 1000 + 2)
    rig.tick(1000)
    expect(rig.engine.activeRate).toBe(2)
    rig.tick(1500, 150)
    expect(rig.engine.activeCalendar).toEqual(NEW)
    expect([rig.engine.activeRate, rig.engine.activation_s]).toEqual([4, undefined])
    expect(ratesOf(rig.energy)).toEqual([0, 110, 0, 50, 0, 0, 0, 0])
    expect(rig.events).toEqual(['12:00:02 activated', '12:00:02 rate 4'])
    rig.restart(rig.clock.utc_ms / 1000, false)
    rig.tick()
    expect(rig.engine.activeCalendar).toEqual(NEW)
    expect(rig.engine.passiveCalendar).toEqual(NEW)
    expect(rig.events.length).toBe(2)
  })

  test('whose time came while the supply was gone becomes active with the first second, and nothing is written before', () => {
    const rig = createRig('2026-01-15T12:00:00Z', DAY_NIGHT)
    rig.engine.setPassive(NEW)
    rig.engine.activateAt(rig.clock.utc_ms / 1000 + 10)
    const alive_s = rig.clock.utc_ms / 1000
    rig.clock.advance(20_000)
    const before = rig.flash.image()
    rig.restart(alive_s, true)
    expect(rig.flash.image()).toEqual(before)
    rig.clock.advance(0)
    rig.engine.add(sampleOf(20))
    rig.engine.second()
    expect(ratesOf(rig.energy).slice(0, 4)).toEqual([0, 10, 0, 10])
    expect(rig.events).toEqual(['12:00:20 rate 4', '12:00:20 activated'])
  })

  test('can be written table by table, and is refused only when it is to be active', () => {
    const rig = createRig('2026-01-15T12:00:00Z', DAY_NIGHT)
    rig.engine.setPassive({ ...EMPTY_CALENDAR, name: 'new', seasons: NEW.seasons })
    expect(() => rig.engine.activatePassive()).toThrow(expect.objectContaining({ code: 'TARIFF' }))
    rig.engine.activateAt(rig.clock.utc_ms / 1000 + 1)
    rig.tick()
    expect(rig.events).toEqual(['12:00:01 refused: seasons[0].week: found "1", which is no week profile'])
    expect(rig.engine.activation_s).toBeUndefined()
    rig.engine.setPassive({ ...rig.engine.passiveCalendar, weeks: NEW.weeks })
    rig.engine.setPassive({ ...rig.engine.passiveCalendar, days: NEW.days })
    rig.engine.activatePassive()
    expect(rig.engine.activeRate).toBe(4)
    expect(rig.events.slice(1)).toEqual(['12:00:01 activated', '12:00:01 rate 4'])
  })

  test('with impossible tables is not taken', () => {
    const rig = createRig('2026-01-15T12:00:00Z', tariff(DAY_NIGHT.calendar, { rates: 2 }))
    expect(() => rig.engine.setPassive(NEW)).toThrow('days[0].switches[0]: script 4, allowed is 1..2')
    expect(rig.engine.passiveCalendar).toEqual(EMPTY_CALENDAR)
    rig.restart(1, false)
    expect(rig.engine.passiveCalendar).toEqual(EMPTY_CALENDAR)
  })

  test('a time that has passed means the next second: what was counted is not touched', () => {
    const rig = createRig('2026-01-15T12:00:00Z', DAY_NIGHT)
    rig.tick(1000, 0)
    rig.engine.setPassive(NEW)
    rig.clock.advance(500)
    rig.engine.activateAt(1000)
    rig.clock.advance(500)
    rig.engine.add(sampleOf(10))
    rig.engine.second()
    rig.tick()
    expect(ratesOf(rig.energy).slice(0, 4)).toEqual([0, 10, 0, 10])
  })

  test('a time can be taken back', () => {
    const rig = createRig('2026-01-15T12:00:00Z', DAY_NIGHT)
    rig.engine.setPassive(NEW)
    rig.engine.activateAt(rig.clock.utc_ms / 1000 + 1)
    rig.engine.activateAt(undefined)
    rig.tick()
    expect([rig.engine.activeRate, rig.events.length]).toEqual([2, 0])
  })

  test('a flash that takes no more does not stop it', () => {
    const rig = createRig('2026-01-15T12:00:00Z', DAY_NIGHT)
    let broken = false
    const settings = openSettings(rig.flash)
    const set = settings.set.bind(settings)
    settings.set = (key, value) => {
      if (broken) throw new RangeError('broken')
      set(key, value)
    }
    const engine = new TariffEngine({ clock: rig.clock, energy: rig.energy, settings, configured: DAY_NIGHT })
    engine.start(0, false)
    engine.setPassive(NEW)
    engine.activateAt(rig.clock.utc_ms / 1000 + 1)
    broken = true
    rig.clock.advance(1000)
    expect(() => engine.second()).toThrow('broken')
    expect([engine.activeRate, engine.activeCalendar]).toEqual([4, NEW])
    engine.second()
    expect(() => engine.setPassive(DAY_NIGHT.calendar)).toThrow('broken')
    expect(engine.passiveCalendar).toEqual(NEW)
  })

  test('special days hold at once, and survive', () => {
    const calendar = { ...DAY_NIGHT.calendar, days: [...DAY_NIGHT.calendar.days, { id: 2, switches: [{ start_s: 0, script: 5 }] }] }
    const rig = createRig('2026-01-15T12:00:00Z', tariff(calendar))
    expect(() => rig.engine.setSpecialDays([{ index: 0, date: { month: 1, day: 15 }, day: 3 }])).toThrow('which is no day profile')
    rig.engine.setSpecialDays([
      { index: 2, date: { month: 1, day: 15 }, day: 1 },
      { index: 1, date: { month: 1, day: 15 }, day: 2 },
    ])
    expect(rig.engine.activeRate).toBe(5)
    rig.restart(rig.clock.utc_ms / 1000, false)
    expect(rig.engine.specialDays.map(({ index }) => index)).toEqual([1, 2])
    expect([rig.engine.activeRate, rig.engine.rates]).toEqual([5, 8])
  })

  test('what is shown covers every rate that counts or has counted', () => {
    const rig = createRig('2026-01-15T12:00:00Z', tariff(daily([0, 1]), { rates: 1 }))
    rig.energy.rate = 3
    rig.energy.add(sampleOf(1))
    rig.energy.rate = 1
    expect(rig.engine.rates).toBe(3)
  })
})
