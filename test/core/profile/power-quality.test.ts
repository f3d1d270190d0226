import { describe, expect, test } from 'vitest'
import { ProfileStatus } from '../../../src/core/events/codes.ts'
import { storedValue } from '../../../src/core/profile/capture-profile.ts'
import { Aggregate, PowerQualityProfile } from '../../../src/core/profile/power-quality.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { blankStorage } from '../flash.ts'

const T0 = 1_767_614_400

function create(phases = 3, thd = false) {
  const { profile: log } = blankStorage()
  return { log, quality: new PowerQualityProfile({ log, period_s: 600, phases, thd }, T0) }
}

const mains = (first_mV: number, frequency_mHz = 50_000, status = 0) => ({
  voltage_mV: [first_mV, 230_000, 230_000],
  frequency_mHz,
  status,
  voltageThd_permille: [21, 0, 0],
})

function columns({ log, quality }: ReturnType<typeof create>): Record<string, number>[] {
  const rows: Record<string, number>[] = []
  for (const cursor = log.cursor(); cursor.next(); ) {
    rows.push(Object.fromEntries(quality.profile.columns.map(({ code }, i) => [code, storedValue(cursor.payload, 2 * i, 2)])))
  }
  return rows
}

describe('PowerQualityProfile', () => {
  test('mean, minimum and maximum of each interval', () => {
    const bench = create()
    for (let second = 1; second <= 1200; second++) {
      bench.quality.second(second <= 600 ? mains(second <= 300 ? 200_040 : 240_060, second === 7 ? 49_514 : 50_000) : mains(0))
      if (bench.quality.due(T0 + second)) bench.quality.capture(T0 + second, 0)
    }
    const [first, next] = columns(bench)
    // The root of the mean square, which is above the mean of 220.05 V; minima are rounded down and maxima up.
    expect([first['32.24.0'], first['32.23.0'], first['32.26.0']]).toEqual([2210, 2000, 2401])
    expect([first['52.24.0'], first['72.23.0'], first['0.8.0']]).toEqual([2300, 2300, 600])
    expect([first['14.24.0'], first['14.23.0'], first['14.26.0']]).toEqual([5000, 4951, 5000])
    expect([next['32.24.0'], next['32.26.0'], next['0.8.0']]).toEqual([0, 0, 600])
    expect(bench.quality.profile.lastStatus).toBe(0)
  })

  test('seconds without an answer of the IC do not count; too many of them make an entry invalid', () => {
    const bench = create(1)
    for (let second = 1; second <= 600; second++) {
      bench.quality.second(second <= 301 ? mains(1, 0, MeteringStatus.fault) : mains(230_000))
      if (bench.quality.due(T0 + second)) bench.quality.capture(T0 + second, 0)
    }
    expect(columns(bench)).toEqual([
      { '0.8.0': 299, '32.24.0': 2300, '32.23.0': 2300, '32.26.0': 2300, '14.24.0': 5000, '14.23.0': 5000, '14.26.0': 5000 },
    ])
    expect(bench.quality.profile.lastStatus).toBe(ProfileStatus.dataNotValid)
  })

  test('THD where the IC has it; no frequency without voltage', () => {
    const bench = create(3, true)
    for (let second = 1; second <= 600; second++) bench.quality.second(mains(0, 0))
    bench.quality.mark(ProfileStatus.powerDown)
    expect(bench.quality.capture(T0 + 600, ProfileStatus.daylightSaving)).toBe(true)
    const [row] = columns(bench)
    expect([row['14.24.0'], row['32.24.124'], row['52.24.124']]).toEqual([0, 21, 0])
    expect(bench.quality.profile.lastStatus).toBe(ProfileStatus.powerDown | ProfileStatus.daylightSaving)
  })

  test('sums stay exact for an hour of the highest voltage', () => {
    const aggregate = new Aggregate(true)
    for (let second = 0; second < 3600; second++) aggregate.add(second % 2 === 0 ? 400_001 : 400_000)
    expect(aggregate.mean).toBe(400_001)
    expect(new Aggregate(true).mean).toBe(0)
  })
})
