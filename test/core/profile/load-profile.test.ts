import { describe, expect, test } from 'vitest'
import { ProfileStatus } from '../../../src/core/events/codes.ts'
import { LoadProfile, profileValue } from '../../../src/core/profile/load-profile.ts'
import { EnergyRegisters } from '../../../src/core/registers/energy.ts'
import type { RecordLog } from '../../../src/core/storage/record-log.ts'
import { blankStorage } from '../flash.ts'

const PERIOD_S = 900
const START_S = 1_767_614_400

function rows(log: RecordLog): [utc_s: number, status: number][] {
  const found: [number, number][] = []
  const cursor = log.cursor()
  while (cursor.next()) found.push([cursor.utc_s, cursor.status])
  return found
}

/** A profile that starts two seconds into a period. */
function create(log = blankStorage().profile, start_s = START_S + 2) {
  const energy = new EnergyRegisters({ numerator: 1000, denominator: 1 })
  return { log, energy, profile: new LoadProfile({ log, period_s: PERIOD_S }, start_s) }
}

describe('LoadProfile', () => {
  test('is due in the first second of a period and not before', () => {
    const { profile, energy } = create()
    for (const after_s of [0, 2, 450, 899]) expect(profile.due(START_S + after_s)).toBe(false)
    expect(profile.due(START_S + 900)).toBe(true)
    profile.capture(START_S + 900, energy, 0)
    expect(profile.due(START_S + 900)).toBe(false)
    expect(profile.due(START_S + 1799)).toBe(false)
    expect(profile.due(START_S + 1800)).toBe(true)
  })

  test('stamps an entry with the end of its period, even when it is captured late', () => {
    const { profile, log, energy } = create()
    profile.capture(START_S + 907, energy, 0)
    expect(rows(log)).toEqual([[START_S + 900, 0]])
  })

  test('stores the four energies of the sum with all their digits', () => {
    const { profile, log, energy } = create()
    const values = [5_000_000_000, 2 ** 40 + 1, 0xffffffff, 0]
    for (const [quantity, value] of values.entries()) energy.counts[4 * quantity] = value
    profile.capture(START_S + 900, energy, 0)
    const cursor = log.cursor()
    expect(cursor.next()).toBe(true)
    expect([0, 1, 2, 3].map((index) => profileValue(cursor.payload, index))).toEqual(values)
  })

  test('marks belong to one period, persistent bits are given with each entry', () => {
    const { profile, log, energy } = create()
    profile.mark(ProfileStatus.powerDown)
    profile.mark(ProfileStatus.clockAdjusted)
    profile.capture(START_S + 900, energy, ProfileStatus.daylightSaving)
    expect(profile.lastStatus).toBe(ProfileStatus.powerDown | ProfileStatus.clockAdjusted | ProfileStatus.daylightSaving)
    profile.capture(START_S + 1800, energy, ProfileStatus.clockInvalid)
    profile.capture(START_S + 2700, energy, 0)
    expect(rows(log).map(([, status]) => status)).toEqual([0xa8, ProfileStatus.clockInvalid, 0])
  })

  test('two entries in a row never carry one time stamp; the marks wait for the next entry', () => {
    const { profile, log, energy } = create()
    profile.capture(START_S + 900, energy, 0)
    profile.mark(ProfileStatus.clockAdjusted)
    expect(profile.due(START_S + 899)).toBe(true)
    profile.capture(START_S + 1000, energy, 0)
    expect(profile.count).toBe(1)
    profile.capture(START_S + 1800, energy, 0)
    expect(rows(log)).toEqual([
      [START_S + 900, 0],
      [START_S + 1800, ProfileStatus.clockAdjusted],
    ])
  })

  test('a clock that is set forward over many periods closes one long entry', () => {
    const { profile, log, energy } = create()
    const later_s = START_S + 86_400 * 365 + 17
    expect(profile.due(later_s)).toBe(true)
    profile.capture(later_s, energy, 0)
    expect(profile.due(later_s + 1)).toBe(false)
    expect(rows(log)).toEqual([[START_S + 86_400 * 365, 0]])
  })

  test('a clock that was far ahead does not stop the profile when it is put right', () => {
    const { profile, log, energy } = create(blankStorage().profile, 4_000_000_000)
    profile.capture(4_000_000_500, energy, 0)
    for (let period = 1; period <= 3; period++) {
      expect(profile.due(START_S + 900 * period)).toBe(true)
      profile.capture(START_S + 900 * period, energy, 0)
    }
    expect(rows(log).map(([utc_s]) => utc_s)).toEqual([4_000_000_500, START_S + 900, START_S + 1800, START_S + 2700])
  })

  test('a restart knows the last entry, and repeats none', () => {
    const { profile, log, energy } = create()
    profile.mark(ProfileStatus.dataNotValid)
    profile.capture(START_S + 900, energy, 0)
    const again = create(log, START_S + 905)
    expect(again.profile.lastStatus).toBe(ProfileStatus.dataNotValid)
    expect(again.profile.due(START_S + 905)).toBe(false)
    again.profile.capture(START_S + 905, again.energy, 0)
    expect(again.profile.count).toBe(1)
    expect(again.profile.due(START_S + 1800)).toBe(true)
  })
})
