import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PulseHouse } from '../../boards/virtual/pulse.ts'
import { ProfileStatus } from '../../src/core/events/codes.ts'
import { storedValue } from '../../src/core/profile/capture-profile.ts'
import { profileValue } from '../../src/core/profile/load-profile.ts'
import { parseFlowTrace } from '../../src/world/pulse/flow-trace.ts'
import { DAY_MS, HOUR_MS, Rig, type RigOptions } from './rig.ts'

const FILE = 'boards/virtual/data/household_water_1s.csv'
const WATER = parseFlowTrace(readFileSync(FILE, 'utf8'), FILE, 60)
/** The recording begins with this Monday. */
const MONDAY_MS = WATER.start_ms - HOUR_MS
const LITRE_H = 1000

function create(board: string, options: RigOptions & { readonly meter?: object; readonly world?: object } = {}) {
  const { meter = {}, world = {}, ...rest } = options
  const config = { meter, world: { board, load: 'none', ...world } }
  const rig = new Rig({ trace: null, start_ms: MONDAY_MS, ...rest, config })
  return { rig, house: rig.machine.pulses as PulseHouse }
}

/** A register by its OBIS code. */
function register(rig: Rig, code: string): number {
  const entry = rig.core.registers.find((candidate) => candidate.code === code)
  if (entry === undefined) throw new Error(`no register ${code}`)
  return entry.read(rig.core.readings)
}

/** Rows of the load profile: time, status, first value. */
function rows(rig: Rig): (readonly [utc_s: number, status: number, value: number])[] {
  const { profile } = rig.core
  const cursor = profile.cursor(profile.log.firstSequence)
  const found: (readonly [number, number, number])[] = []
  while (cursor.next()) found.push([cursor.utc_s, cursor.status, profileValue(cursor.payload, 0)])
  return found
}

describe('two weeks of recorded water', () => {
  const { rig, house } = create('virtual-water', { trace: WATER, world: { load: 'trace' } })
  rig.run(14 * DAY_MS)

  test('the register is the integral of the recording to the pulse', () => {
    const integral_ml = WATER.flow_ml_s.reduce((sum, value) => sum + value, 0)
    expect(house.movement.passed).toBeCloseTo(integral_ml, 6)
    const passed_l = Math.round(integral_ml / 1000)
    expect([passed_l, Math.abs(register(rig, '1.0.0') * 1000 - integral_ml) <= 1000]).toEqual([412, true])
    expect(register(rig, '1.128.0')).toBe(0)
    expect(rig.imported_mWh).toBe(house.forward.given * 1000)
  })

  test('the profile has every hour, and its differences add up to the register', () => {
    const found = rows(rig)
    expect(found).toHaveLength(14 * 24)
    let last = 0
    for (const [index, [utc_s, status, value]] of found.entries()) {
      expect([utc_s, status]).toEqual([MONDAY_MS / 1000 + 3600 * (index + 1), 0])
      expect(value).toBeGreaterThanOrEqual(last)
      // The wheel of the meter is within a pulse of the recording at every hour.
      const until_s = 3600 * (index + 1)
      const flowed_ml = WATER.flow_ml_s.reduce((sum, flow, row) => (WATER.second[row] < until_s ? sum + flow : sum), 0)
      expect(Math.abs(value * 1000 - flowed_ml)).toBeLessThanOrEqual(1000)
      last = value
    }
    expect(last).toBe(register(rig, '1.0.0'))
  })

  test('daily values, the highest hourly flow, and a household that sleeps has no leak', () => {
    const { daily, demand } = rig.core.accounts
    expect(daily?.columns.map(({ code }) => code)).toEqual(['1.0.0', '1.128.0'])
    const cursor = daily?.cursor()
    const values: number[] = []
    while (cursor?.next()) values.push(storedValue(cursor.payload, 0, 6))
    expect([values.length, values.at(-1)]).toEqual([14, register(rig, '1.0.0')])
    // 15 minutes, l/h: the shower of a Sunday.
    expect(demand.maximum_W(0, 0)).toBeGreaterThan(100)
    expect(demand.maximum_W(0, 0)).toBeLessThan(800)
    expect(rig.events).toEqual(['Power up'])
  })
})

describe('the supply fails while water flows', () => {
  test.each([
    ['with warning', 500],
    ['without', 0],
  ])('%s: counters on a battery lose nothing, and nothing comes twice', (_, holdUp_ms) => {
    const { rig, house } = create('virtual-water', { world: { holdUp_ms } })
    house.flow.set('tap', 360 * LITRE_H)
    rig.run(HOUR_MS + 10 * 60_000 + 34_567)
    for (let i = 0; i < 3; i++) {
      rig.machine.mains.disturbAll(0, 600_000)
      rig.run(300_000)
      expect(rig.machine.meter).toBeUndefined()
      rig.run(400_000)
    }
    house.flow.set('tap', 0)
    rig.run(2 * HOUR_MS)
    expect(rig.core.powerFailures).toBe(3)
    expect(register(rig, '1.0.0')).toBe(house.forward.given)
    expect(Math.abs(register(rig, '1.0.0') * 1000 - house.movement.passed)).toBeLessThanOrEqual(1000)
    // The second hour has the outages: its value is complete.
    expect(rows(rig).map(([, status]) => status)).toEqual([0, ProfileStatus.powerDown | ProfileStatus.recoveredValue, 0])
  })

  test('without a battery what flows in the dark is gone, and the profile says so', () => {
    const { rig, house } = create('virtual-gas')
    house.flow.set('boiler', 3600 * LITRE_H)
    rig.run(30 * 60_000)
    const before = register(rig, '3.0.0')
    rig.machine.mains.disturbAll(0, 600_000)
    rig.run(600_000)
    expect(before).toBe(1800)
    rig.run(20 * 60_000)
    house.flow.set('boiler', 0)
    rig.run(HOUR_MS)
    const lost_l = house.movement.passed / 1000 - register(rig, '3.0.0')
    // Ten minutes, less the half second that the board lived on, and more for the time that it needs to start.
    expect(lost_l).toBeGreaterThan(590)
    expect(lost_l).toBeLessThan(620)
    expect(rows(rig).map(([, status]) => status)).toEqual([ProfileStatus.powerDown | ProfileStatus.dataNotValid, 0])
  })

  test('a restart of the firmware costs at most a pulse without a battery, and says so', () => {
    const { rig, house } = create('virtual-heat')
    house.flow.set('radiators', 3_600_000_000)
    rig.run(HOUR_MS / 2)
    rig.machine.meter?.restart()
    rig.run(HOUR_MS / 2)
    expect(house.forward.given - register(rig, '1.0.0') / 1000).toBeLessThanOrEqual(1)
  })
})

describe('what flows is watched', () => {
  test('a leak, a burst, and what flows back', () => {
    const { rig, house } = create('virtual-water', { meter: { pulse: { flow: { still_d: 2 } } } })
    rig.run(HOUR_MS)
    house.flow.set('toilet', 5 * LITRE_H)
    rig.run(23 * HOUR_MS)
    expect(rig.events).toEqual(['Power up'])
    rig.run(2 * HOUR_MS)
    expect(rig.events).toEqual(['Power up', 'Leak suspected'])
    house.flow.set('toilet', 0)
    rig.run(2 * HOUR_MS)
    expect(rig.events.splice(0)).toEqual(['Power up', 'Leak suspected', 'Leak ended'])
    house.flow.set('pipe', 3000 * LITRE_H)
    rig.run(20 * 60_000)
    expect(Math.abs(register(rig, '2.0.0') - 3000)).toBeLessThan(30)
    house.flow.set('pipe', 0)
    rig.run(HOUR_MS)
    expect([register(rig, '2.0.0'), rig.events.splice(0)]).toEqual([0, ['Burst: flow above its limit', 'Burst ended']])
    house.flow.set('pool', -100 * LITRE_H)
    rig.run(15 * 60_000)
    expect([register(rig, '1.128.0'), rig.events.splice(0)]).toEqual([25, ['Backflow']])
    house.flow.set('pool', 10 * LITRE_H)
    rig.run(HOUR_MS)
    house.flow.set('pool', 0)
    expect(rig.events.splice(0)).toEqual(['Backflow ended'])
    rig.run(3 * DAY_MS)
    expect(rig.events).toEqual(['No flow for long'])
  })

  test('a weak magnet gives less than what flows, a stuck contact nothing', () => {
    const { rig, house } = create('virtual-gas')
    house.flow.set('boiler', 3600 * LITRE_H)
    house.forward.missing_permille = 200
    rig.run(HOUR_MS)
    const counted_l = register(rig, '3.0.0')
    expect(counted_l).toBeGreaterThan(2500)
    expect(counted_l).toBeLessThan(3200)
    house.forward.missing_permille = 0
    house.forward.stuck = 'closed'
    rig.run(HOUR_MS)
    expect(register(rig, '3.0.0') - counted_l).toBeLessThanOrEqual(10)
  })
})

describe('gas', () => {
  test('is converted to base conditions and to energy, to the last Wh', () => {
    const gas = { zFactor_ppm: 963_600, calorificValue_Wh_m3: 11_236 }
    const { rig } = create('virtual-gas', { world: { load: 'trace' }, meter: { pulse: { gas } } })
    rig.run(2 * DAY_MS)
    const measured_l = register(rig, '3.0.0')
    expect(measured_l).toBeGreaterThan(5000)
    const base_ml = (BigInt(measured_l) * 1000n * 963_600n) / 1_000_000n
    expect(register(rig, '3.2.0')).toBe(Number(base_ml / 1000n))
    expect(register(rig, '33.2.0')).toBe(Number((base_ml * 11_236n) / 1000n / 1000n))
  })

  test('the meter names what its pulses stand for', () => {
    const codes = (gas: object) =>
      create('virtual-gas', { meter: { pulse: { gas } } }).rig.core.registers.map(({ code, unit }) => [code, unit])
    expect(codes({})).toEqual([
      ['3.0.0', 13],
      ['43.0.0', 15],
    ])
    expect(codes({ conditions: 'base', zFactor_ppm: 963_600, calorificValue_Wh_m3: 11_236 })).toEqual([
      ['3.2.0', 14],
      ['33.2.0', 30],
      ['43.2.0', 15],
    ])
  })
})

describe('heat', () => {
  test('energy and volume, each to its pulse; power and flow', () => {
    const { rig, house } = create('virtual-heat', { world: { load: 'trace' } })
    rig.run(DAY_MS)
    const energy_Wh = register(rig, '1.0.0')
    expect(energy_Wh).toBeGreaterThan(20_000)
    expect(Math.abs(energy_Wh * 1000 - house.movement.passed)).toBeLessThanOrEqual(1_000_000)
    // 43 l for a kWh.
    expect(Math.abs(register(rig, '2.0.0') - (energy_Wh * 43) / 1000)).toBeLessThanOrEqual(60)
    house.flow.set('test', 36_000_000_000)
    rig.run(60_000)
    expect(register(rig, '8.0.0')).toBeGreaterThan(30_000)
    expect(register(rig, '9.0.0')).toBeGreaterThanOrEqual(0)
  })

  test('in joules, with power in W', () => {
    const weight = { pulses: 1, amount: 1, unit: 'MJ' }
    const { rig, house } = create('virtual-heat', { meter: { pulse: { weight } } })
    // A pulse each 10 s.
    house.flow.set('radiators', 360_000_000)
    rig.run(HOUR_MS)
    expect(rig.core.registers[0]).toMatchObject({ code: '1.0.0', unit: 25, scaler: 3 })
    expect(register(rig, '1.0.0')).toBe(house.forward.given * 1000)
    expect(Math.abs(register(rig, '8.0.0') - 100_000)).toBeLessThan(200)
    rig.run(15 * 60_000)
    expect(Math.abs(rig.core.accounts.demand.maximum_W(0, 0) - 100_000)).toBeLessThan(1200)
  })
})

test('weights are exact fractions, and one that does not fit the medium or the flash is refused', () => {
  const weight = (pulses: number, amount: number, unit: string) => ({ meter: { pulse: { weight: { pulses, amount, unit } } } })
  const { rig, house } = create('virtual-water', weight(3, 1, 'l'))
  house.flow.set('tap', 3600 * LITRE_H)
  rig.run(600_000)
  expect(register(rig, '1.0.0')).toBe(Math.floor(house.forward.given / 3))
  rig.run(120_000)
  expect(() => create('virtual-water', weight(1, 1, 'kWh'))).toThrow('pulse.weight.unit: found "kWh", allowed for water is ml, l or m3')
  expect(() => create('virtual-water', { ...weight(1, 1, 'l'), storage: rig.storage, start_ms: rig.machine.now_ms })).toThrow('counts 1/3')
})
