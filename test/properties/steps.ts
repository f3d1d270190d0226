import fc from 'fast-check'
import type { Tear } from '../../src/world/chips/nor-flash.ts'
import { calendars } from '../core/tariff/arbitraries.ts'

/** How an operation of the flash may end; without those that lie about what was done before, which no meter can promise anything for. */
const TEARS: readonly Tear[] = ['none', 'complete', 'prefix', 'bits', 'garbage', 'erase-random']

const APPLIANCES = 6
const MINUTE_S = 60
const HOUR_S = 3600

/** Mostly minutes, sometimes hours. */
const seconds = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 25 * MINUTE_S }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 * HOUR_S }) },
)

/** A step of one kind, with what belongs to it. */
function kind<K extends string, V extends object>(name: K, fields: { readonly [P in keyof V]: fc.Arbitrary<V[P]> }) {
  return fc.record({ ...fields, kind: fc.constant(name) }) as unknown as fc.Arbitrary<V & { kind: K }>
}

const run = kind('run', { seconds })
const load = kind('load', { appliances: fc.nat(2 ** APPLIANCES - 1), photovoltaics_W: fc.constantFrom(0, 0, 4000, 9000) })
const outage = kind('outage', {
  seconds: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 4 * HOUR_S })),
  /** The clock's battery is empty too. */
  forgets: fc.boolean(),
})
const dip = kind('dip', { phase: fc.nat(3), factor: fc.constantFrom(0, 0.6, 1.15), seconds: fc.integer({ min: 1, max: 200 }) })
const shift = kind('shift', { seconds: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -5000, max: 5000 })) })
/** To shortly before a moment at which a lot happens: the next hour, local midnight, the next first of a month, a change of daylight saving. */
const leap = kind('leap', { to: fc.constantFrom('hour', 'day', 'month', 'saving'), before_s: fc.integer({ min: 1, max: 90 }) })
const passive = kind('passive', { calendar: calendars })
const activate = kind('activate', {})
const activateAt = kind('activateAt', { in_s: fc.oneof(fc.integer({ min: -5, max: 600 }), fc.integer({ min: 0, max: 2 * HOUR_S })) })
const specialDays = kind('specialDays', { day: fc.nat(255), month: fc.option(fc.integer({ min: 1, max: 12 })) })
const bill = kind('bill', {})
const supply = kind('supply', { connect: fc.boolean() })
const cut = kind('cut', { operations: fc.nat(14), tear: fc.constantFrom(...TEARS) })
const reset = kind('reset', { reason: fc.constantFrom('watchdog', 'fault', 'restart') })
const bus = kind('bus', {
  fault: fc.constantFrom('clock', 'low', 'high', 'reset', 'flip'),
  seconds: fc.integer({ min: 1, max: 40 }),
  at: fc.nat(31),
})

const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })

const GENTLE = [
  weighted(8, run),
  weighted(5, load),
  weighted(3, outage),
  weighted(1, dip),
  weighted(3, shift),
  weighted(2, leap),
  weighted(2, passive),
  weighted(2, activate),
  weighted(2, activateAt),
  weighted(1, specialDays),
  weighted(1, bill),
  weighted(1, supply),
] as const

/** What happens to a meter that is treated well: everything is announced, and no count may be lost. */
export const gentleStep = fc.oneof(...GENTLE)

/** The same, and what no meter is told of: power that ends in the middle of an operation of the flash, resets, and a bus that fails. */
export const roughStep = fc.oneof(...GENTLE, weighted(3, cut), weighted(2, reset), weighted(2, bus))

/** Blocks that wear out, bits that turn, commands that are ignored. */
const worn = kind('worn', { blocks: fc.array(fc.nat(511), { minLength: 1, maxLength: 8 }) })
const rot = kind('rot', { bits: fc.integer({ min: 1, max: 40 }) })
const dropped = kind('dropped', { operations: fc.nat(20) })

export const flashStep = fc.oneof(...GENTLE, weighted(3, cut), weighted(3, worn), weighted(3, rot), weighted(2, dropped))

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never
export type Step = Of<typeof roughStep> | Of<typeof flashStep>

/** How the meter is set up. */
export const shape = fc.record({
  start: fc.constantFrom('2026-03-28T22:10:00Z', '2026-10-24T22:10:00Z', '2026-06-30T20:30:00Z', '2026-12-31T21:40:00Z'),
  seed: fc.integer({ min: 1, max: 1000 }),
  profile_min: fc.constantFrom(1, 5, 15),
  demand_min: fc.constantFrom(1, 5, 15),
  periods: fc.constantFrom(1, 1, 3),
  rateWithoutClock: fc.integer({ min: 1, max: 8 }),
  missing: fc.constantFrom('absent', 'marked'),
  save_s: fc.constantFrom(10, 60),
  holdUp_ms: fc.constantFrom(80, 500, 2000),
})
export type Shape = Of<typeof shape>
