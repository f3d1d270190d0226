import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFlash } from '../../../hal/portable/flash.ts'
import { Settings } from '../../../src/core/storage/settings.ts'
import { type ActivityCalendar, Limit, type SpecialDay } from '../../../src/core/tariff/activity-calendar.ts'
import { CalendarStore, type StoredTariff } from '../../../src/core/tariff/calendar-store.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { NorFlash, PowerLoss, type Tear } from '../../../src/world/chips/nor-flash.ts'
import { tariffs } from './arbitraries.ts'

const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']
const AREA = { area: 1, firstBlock: 0, blocks: 3 }

type Model = Omit<StoredTariff, 'damaged'>
const NOTHING: Model = { active: undefined, passive: undefined, specialDays: undefined, activation_s: undefined }

function mounted(flash: MemoryFlash | NorFlash): { settings: Settings; store: CalendarStore; stored: StoredTariff } {
  const settings = new Settings(flash, AREA)
  settings.mount()
  const store = new CalendarStore(settings)
  return { settings, store, stored: store.load() }
}

/** Two settings long. */
function large(seed: number): ActivityCalendar {
  const [{ calendar }] = fc.sample(tariffs, { numRuns: 1, seed })
  const name = `${seed}`.padEnd(Limit.name, '.')
  return {
    name,
    seasons: calendar.seasons,
    weeks: Array.from({ length: Limit.weeks }, (_, i) => ({ name: `${name.slice(1)}${i}`, days: new Array(7).fill(seed & 0xff) })),
    days: Array.from({ length: 8 }, (_, id) => ({
      id,
      switches: Array.from({ length: 8 }, (_, i) => ({ start_s: 60 * i + seed, script: 1 + (i % 8) })),
    })),
  }
}

const special = (seed: number): SpecialDay[] =>
  Array.from({ length: Limit.specialDays }, (_, index) => ({ index, date: { month: 1 + (seed % 12), day: 1 }, day: (seed + index) & 0xff }))

interface Step {
  readonly run: (store: CalendarStore) => void
  readonly model: (model: Model) => Model
}

const savePassive = (calendar: ActivityCalendar): Step => ({
  run: (store) => store.savePassive(calendar),
  model: (model) => ({ ...model, passive: calendar }),
})
const saveSpecialDays = (specialDays: SpecialDay[]): Step => ({
  run: (store) => store.saveSpecialDays(specialDays),
  model: (model) => ({ ...model, specialDays }),
})
const activateAt = (activation_s: number | undefined): Step => ({
  run: (store) => store.saveActivation(activation_s),
  model: (model) => ({ ...model, activation_s }),
})
const activate: Step = {
  run: (store) => store.activate(),
  model: (model) => (model.passive === undefined ? model : { ...model, active: model.passive, activation_s: undefined }),
}

const ROUNDS = [1, 2, 3, 4, 5]

/** Everything that can be in use together, changed in every order that matters; long enough for the settings to move to another block. */
const SCRIPT: readonly Step[] = ROUNDS.flatMap((round) => [
  savePassive(large(10 * round)),
  activateAt(1000 * round),
  savePassive(large(10 * round + 1)),
  saveSpecialDays(special(round)),
  activate,
  savePassive(large(10 * round + 2)),
  activateAt(undefined),
  activate,
  activate,
])

const without = ({ damaged: _, ...rest }: StoredTariff): Model => rest

/** Lives through the script with one cut, and says in which step it was. */
function live(chip: NorFlash, check: (stored: StoredTariff, before: Model, after: Model) => Model): number {
  let model = NOTHING
  let step = 0
  let cut = -1
  while (step < SCRIPT.length) {
    try {
      const { store } = mounted(chip)
      for (; step < SCRIPT.length; step++) {
        SCRIPT[step].run(store)
        model = SCRIPT[step].model(model)
      }
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
      chip.powerOn()
      cut = step
      model = check(mounted(chip).stored, model, SCRIPT[step].model(model))
      step++
    }
  }
  expect(mounted(chip).stored).toEqual({ ...model, damaged: 0 })
  return cut
}

function createChip(seed: number): NorFlash {
  return new NorFlash(new MemoryFlash({ blocks: 3, blockLength: 4096, writeAlign: 16 }), { random: new SeededRandom(seed, 8) })
}

describe('calendar store', () => {
  test('nothing is stored at first, and loading writes nothing', () => {
    const chip = createChip(0)
    expect(mounted(chip).stored).toEqual({ ...NOTHING, damaged: 0 })
    expect(chip.operations).toBe(0)
  })

  test('the script without a cut leaves no more than what is in use', () => {
    const chip = createChip(0)
    expect(live(chip, () => NOTHING)).toBe(-1)
    const { settings, stored } = mounted(chip)
    expect(stored.active).toEqual(large(52))
    expect(stored.passive).toBe(stored.active)
    expect(settings.keys().length).toBe(1 + 2 + 2)
    // The settings had to move to another block on the way.
    expect(chip.wear.reduce((sum, erases) => sum + erases)).toBeGreaterThan(0)
  })

  test.each(TEARS)('cut at every operation (%s): each change is whole or has not happened', (tear) => {
    const uncut = createChip(0)
    live(uncut, () => NOTHING)
    let cuts = 0
    for (let cut = 1; cut <= uncut.operations; cut++) {
      const chip = createChip(cut)
      chip.cutAt(cut, tear)
      const step = live(chip, (stored, before, after) => {
        expect(stored.damaged).toBe(0)
        const found = without(stored)
        try {
          expect(found).toEqual(before)
          return before
        } catch {
          expect(found, `cut at ${cut}`).toEqual(after)
          return after
        }
      })
      if (step >= 0) cuts++
      expect(chip.overwrites).toBe(0)
    }
    expect(cuts).toBe(uncut.operations)
  })

  test('a chip that writes out of order: what cannot be read is said to be damaged, and never a mixture of two calendars', () => {
    const uncut = createChip(0)
    live(uncut, () => NOTHING)
    const known = new Set(
      ROUNDS.flatMap((round) => [10 * round, 10 * round + 1, 10 * round + 2]).map((seed) => JSON.stringify(large(seed))),
    )
    for (let cut = 1; cut <= uncut.operations; cut++) {
      const chip = createChip(cut)
      chip.cutAt(cut, 'reordered')
      try {
        const { store } = mounted(chip)
        for (const step of SCRIPT) step.run(store)
      } catch (error) {
        if (!(error instanceof PowerLoss)) throw error
      }
      chip.powerOn()
      const { store, stored } = mounted(chip)
      for (const calendar of [stored.active, stored.passive])
        if (calendar !== undefined) expect(known.has(JSON.stringify(calendar))).toBe(true)
      // Whatever was found, it can be replaced.
      store.savePassive(large(90))
      store.activate()
      expect(mounted(chip).stored).toMatchObject({ active: large(90), passive: large(90) })
    }
  })

  test('when the settings are full, nothing changes and nothing is left behind', () => {
    const { settings, store } = mounted(createChip(0))
    store.savePassive(large(1))
    const keys = settings.keys()
    for (let i = 0; i < 20; i++) {
      try {
        settings.set(`filler${i}`, new Uint8Array(240).fill(i))
      } catch {
        break
      }
    }
    expect(() => store.savePassive(large(2))).toThrow(expect.objectContaining({ code: 'SETTINGS_FULL' }))
    expect(settings.keys().filter((key) => !key.startsWith('filler'))).toEqual(keys)
    expect(new CalendarStore(settings).load()).toEqual({ ...NOTHING, passive: large(1), damaged: 0 })
  })

  test('flipped bits: what is stored, or damage, and nothing else', () => {
    const flash = new MemoryFlash({ blocks: 3, blockLength: 4096, writeAlign: 16 })
    const { store } = mounted(flash)
    for (const seed of [1, 2, 3]) {
      store.savePassive(large(seed))
      store.saveSpecialDays(special(seed))
      if (seed !== 3) store.activate()
    }
    const image = flash.image()
    const used = image.reduce((last, byte, at) => (byte === 0xff ? last : at), 0)
    const calendars = new Set([1, 2, 3].map((seed) => JSON.stringify(large(seed))))
    for (let at = 0; at <= used; at += 7) {
      const flipped = image.slice()
      flipped[at] ^= 1 << (at % 8)
      flash.load(flipped)
      const { stored } = mounted(flash)
      for (const calendar of [stored.active, stored.passive]) if (calendar) expect(calendars.has(JSON.stringify(calendar))).toBe(true)
    }
  })

  test('a state of another version, or out of any place, is damage', () => {
    for (const state of [[2], [1, 4], [1, 1, 0xff, 0xff, 0, 0, 0, 0], []]) {
      const { settings } = mounted(createChip(0))
      settings.set('tariff', Uint8Array.from([...state, ...new Array(30).fill(0)].slice(0, state.length === 0 ? 0 : 30)))
      expect(new CalendarStore(settings).load(), state.join(' ')).toEqual({ ...NOTHING, damaged: 1 })
    }
  })
})
