import { describe, expect, test } from 'vitest'
import type { BoardName } from '../../boards/virtual/variants.ts'
import { MeteringStatus } from '../../src/lib/metering-sample.ts'
import { requestReset } from '../../src/meter/factory-reset.ts'
import { HOUR_MS, householdTrace, Rig, type RigOptions } from './rig.ts'

/** Samples, and the answers of a chip that is asked once a second, lie behind by so much. */
const BEHIND_S = 3

/** Without wander, so that the energy of the recording is known to the last joule. */
function rigOf(board: BoardName, options: RigOptions & { readonly world?: object; readonly meter?: object } = {}): Rig {
  const { world, meter, ...rest } = options
  return new Rig({ ...rest, config: { world: { board, wander: false, ...world }, meter: meter ?? {} } })
}

/** Energy of the recording from its start on, in mWh. */
function recorded_mWh(minutes: number): number {
  const { active_W } = householdTrace()
  let sum_W = 0
  for (let i = 0; i < 3 * minutes; i++) sum_W += active_W[i]
  return (sum_W * 1000) / 60
}

function expectRecorded(rig: Rig, minutes: number): void {
  const { numerator, denominator } = rig.core.energy.unit
  const most_mW = Math.max(rig.core.now.active_mW[0], 1)
  const missing_mWh = recorded_mWh(minutes) - rig.imported_mWh
  expect(missing_mWh).toBeLessThan((BEHIND_S * most_mW) / 3600 + (3 * numerator) / denominator)
  expect(missing_mWh).toBeGreaterThan(-(3 * numerator) / denominator)
}

const ICS = [
  ['virtual', 'ATM90E32AS'],
  ['virtual-1p', 'BL0942'],
  ['virtual-1pn', 'ADE7953'],
  ['virtual-plug', 'CSE7766'],
] as const

describe.each(ICS)('the board %s', (board, model) => {
  test('hours of the household: the energy of the recording to the count of the IC, and nothing to report', () => {
    const rig = rigOf(board)
    rig.run(4 * HOUR_MS)
    expect(rig.core.metering.identification.model).toBe(model)
    expect(rig.core.measured.phases).toBe(rig.machine.phases)
    expect(rig.events).toEqual(['Power up'])
    expect(rig.core.now.status & MeteringStatus.fault).toBe(0)
    expectRecorded(rig, 240)
    expect(rig.core.profile.count).toBe(16)
    expect(rig.core.profile.lastStatus).toBe(0)
    expect(rig.machine.meter?.led.pulses).toBe(Math.floor(rig.core.pulseEnergy_mWh / 1000))
  })
})

describe.each(['virtual-1p', 'virtual-plug'] as const)('a firmware that starts again on the board %s', (board) => {
  test('goes on where the chip is: what it counted meanwhile is not lost', () => {
    const rig = rigOf(board)
    rig.run(HOUR_MS)
    for (const reason of ['watchdog', 'restart', 'fault'] as const) {
      if (reason === 'restart') rig.machine.meter?.restart()
      else rig.machine.board.reset(reason)
      rig.run(HOUR_MS / 2)
    }
    expect(rig.machine.generation).toBe(4)
    expectRecorded(rig, 150)
  })
})

/** A load of so much and nothing else. */
const STEADY_W = 1800
const STEADY = { load: 'none', appliances: [{ id: 'heater', name: 'Heater', phase: 1, active_W: STEADY_W, on: true }] }

describe.each(['virtual-1p', 'virtual-1pn', 'virtual-plug'] as const)('the supply of the board %s', (board) => {
  const steady = (world: object = {}, meter: object = {}) => rigOf(board, { trace: null, world: { ...STEADY, ...world }, meter })

  test('fails and returns, with time to notice: nothing is lost, the failure is logged', () => {
    const rig = steady({ holdUp_ms: 4000 }, { save: { interval_s: 3600 } })
    rig.run(600_000)
    rig.machine.mains.disturbAll(0, 60_000)
    rig.run(30_000)
    expect(rig.machine.meter).toBeUndefined()
    rig.run(630_000)
    expect(rig.events).toEqual(['Power up', 'Power down', 'Power up', expect.stringMatching(/^failure of (57|58|59|60) s$/)])
    // Ten minutes before, ten after; what was on the way from the IC when it died is gone.
    const missing_s = 1200 - (rig.imported_mWh * 3.6) / STEADY_W
    expect(missing_s).toBeGreaterThan(0)
    expect(missing_s).toBeLessThan(3 * BEHIND_S)
  })

  test('is pulled and returns: no more is lost than since the last save', () => {
    const rig = steady()
    rig.run(590_000)
    const saved_mWh = rig.imported_mWh
    rig.run(10_000)
    rig.machine.mains.disturbAll(0, 60_000)
    rig.run(90_000)
    expect(rig.imported_mWh).toBeGreaterThanOrEqual(saved_mWh - 50 * (STEADY_W / 3.6))
    expect(rig.core.powerFailures).toBe(1)
    expect(rig.events.slice(0, 3)).toEqual(['Power up', 'Power down', 'Power up'])
    // These see it in time: the IC has an interrupt, or its driver is told ten times a second.
    if (board !== 'virtual-1p') expect(rig.imported_mWh).toBeGreaterThan(saved_mWh)
  })

  test('sags: no failure, the meter says so', () => {
    const rig = steady()
    rig.run(60_000)
    rig.machine.mains.disturbAll(0.65)
    rig.run(10_000)
    expect(rig.core.now.status & (MeteringStatus.sagL1 | MeteringStatus.phaseLossL1 | MeteringStatus.fault)).toBe(MeteringStatus.sagL1)
    rig.machine.mains.disturbAll(1)
    rig.run(10_000)
    expect([rig.core.now.status, rig.events]).toEqual([0, ['Power up']])
  })

  test('is short of it: the meter lives on and counts on', () => {
    const rig = steady({ holdUp_ms: 20_000 })
    rig.run(60_000)
    rig.machine.mains.disturbAll(0, 8000)
    rig.run(60_000)
    expect(rig.machine.generation).toBe(1)
    expect(rig.events.slice(0, 3)).toEqual(['Power up', 'Power down', 'Power up'])
    const missing_s = 112 - (rig.imported_mWh * 3.6) / STEADY_W
    expect(missing_s).toBeGreaterThan(-0.1)
    expect(missing_s).toBeLessThan(BEHIND_S)
    expect(rig.core.now.status).toBe(0)
  })
})

/** The ADE7953 and the CSE7766 both give whole mWh. */
const unitOf = (board: BoardName) => (board === 'virtual-1pn' ? 'virtual-plug' : board)

describe.each(['virtual-1p', 'virtual-plug'] as const)('the line to the IC of the board %s', (board) => {
  function silenced(duration_ms: number): Rig {
    const rig = rigOf(board, { trace: null, world: STEADY })
    rig.run(60_000)
    const { chip } = rig.machine.board.metering
    if (!('line' in chip)) throw new Error('an IC on a UART')
    chip.line.stick(1)
    rig.run(duration_ms)
    expect(rig.core.now.status & MeteringStatus.fault).toBe(MeteringStatus.fault)
    chip.line.stick(undefined)
    rig.run(60_000)
    expect(rig.core.now.status & MeteringStatus.fault).toBe(0)
    expect(rig.events).toEqual(['Power up', 'Measurement system error', 'Configuration of the metering IC changed'])
    return rig
  }
  const counted_s = (rig: Rig) => (rig.imported_mWh * 3.6) / STEADY_W

  test('is silent for some seconds: drivers come and go, no pulse is lost', () => {
    const rig = silenced(15_000)
    expect(135 - counted_s(rig)).toBeGreaterThan(0)
    expect(135 - counted_s(rig)).toBeLessThan(2 * BEHIND_S)
  })

  test('is silent for an hour: logged once, never more than flowed, and the meter goes on', () => {
    const rig = silenced(HOUR_MS)
    expect(counted_s(rig)).toBeGreaterThan(2 * 60 - 2 * BEHIND_S - 10)
    expect(counted_s(rig)).toBeLessThan(HOUR_MS / 1000 + 120)
  })
})

test('what the IC counted before everything was erased is no energy of the meter', () => {
  const rig = rigOf('virtual-plug', { trace: null, world: STEADY })
  rig.run(600_000)
  const { machine } = rig
  machine.board.sealed = false
  requestReset(rig.core.storage, { all: true, sealOpen: true })
  machine.meter?.restart()
  rig.run(60_000)
  expect(machine.generation).toBe(2)
  const seconds = (rig.imported_mWh * 3.6) / STEADY_W
  expect(seconds).toBeLessThan(60)
  expect(seconds).toBeGreaterThan(60 - 2 * BEHIND_S)
})

describe('the flash of a meter with another IC', () => {
  test.each(ICS)('%s does not take it', (board) => {
    const first = rigOf(board)
    first.run(60_000)
    first.machine.stop()
    const start_ms = first.machine.now_ms + 1000
    for (const [other] of ICS) {
      const again = () => rigOf(other, { storage: first.storage, start_ms })
      if (unitOf(other) === unitOf(board)) expect(again().imported_mWh).toBeGreaterThan(0)
      else expect(again).toThrow(expect.objectContaining({ code: 'METERING_UNIT' }))
    }
  })
})
