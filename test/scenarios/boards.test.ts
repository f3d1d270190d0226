import { describe, expect, test } from 'vitest'
import type { BoardName } from '../../boards/virtual/variants.ts'
import { MeteringStatus } from '../../src/lib/metering-sample.ts'
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

describe('the flash of a meter with another IC', () => {
  test.each(ICS)('%s does not take it', (board) => {
    const first = rigOf(board)
    first.run(60_000)
    first.machine.stop()
    const start_ms = first.machine.now_ms + 1000
    for (const [other] of ICS) {
      const again = () => rigOf(other, { storage: first.storage, start_ms })
      if (other === board) expect(again().imported_mWh).toBeGreaterThan(0)
      else expect(again).toThrow(expect.objectContaining({ code: 'METERING_UNIT' }))
    }
  })
})
