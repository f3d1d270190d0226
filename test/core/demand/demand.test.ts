import { describe, expect, test } from 'vitest'
import { Demand, type DemandOptions, DemandStatus } from '../../../src/core/demand/demand.ts'
import type { Settings } from '../../../src/core/storage/settings.ts'
import { blankStorage } from '../flash.ts'

const T0 = 1_767_614_400
/** One count is 1 Wh, so that a count in a quarter of an hour is 4 W. */
const UNIT = { numerator: 1000, denominator: 1 }

interface Bench {
  readonly settings: Settings
  readonly counts: number[][]
  demand: Demand
  now_s: number
}

function create(options: Partial<DemandOptions> = {}, start_s = T0, reason: 'first' | 'power' = 'first', from?: Bench): Bench {
  const settings = from?.settings ?? blankStorage().settings
  const counts = from?.counts ?? [0, 1, 2, 3].map(() => new Array(9).fill(0))
  const demand = new Demand(
    {
      counts: (quantity, rate) => counts[quantity][rate],
      unit: UNIT,
      settings,
      rates: 2,
      period_s: 900,
      periods: 1,
      shiftLimit_s: 9,
      outage: 'restart',
      incompleteSetsMaximum: false,
      ...options,
    },
    start_s,
  )
  demand.start(reason)
  return { settings, counts, demand, now_s: start_s }
}

/** Runs until `until_s`, adding energy of quantity 0 evenly: `perSecond` counts to the rate. Returns the ends that were seen. */
function run(bench: Bench, until_s: number, perSecond = 0, rate = 1): number {
  let ends = 0
  while (bench.now_s < until_s) {
    bench.now_s++
    bench.counts[0][0] += perSecond
    bench.counts[0][rate] += perSecond
    if (bench.demand.second(bench.now_s, 0)) ends++
  }
  return ends
}

describe('block demand', () => {
  test('is the energy of a period, at its end, with time and rate', () => {
    const bench = create()
    expect(run(bench, T0 + 450, 1)).toBe(0)
    expect(bench.demand.current_W(0)).toBe(1800)
    expect(run(bench, T0 + 900, 1, 2)).toBe(1)
    const { demand } = bench
    expect([demand.last_W(0), demand.last_W(0, 1), demand.last_W(0, 2), demand.last_W(1)]).toEqual([3600, 1800, 1800, 0])
    expect([demand.lastStatus, demand.lastEnd_s, demand.start_s]).toEqual([0, T0 + 900, T0 + 900])
    expect([demand.maximum_W(0), demand.maximumTime_s(0), demand.maximumStatus(0)]).toEqual([3600, T0 + 900, 0])
    expect([demand.maximum_W(0, 1), demand.maximum_W(0, 2), demand.maximum_W(2)]).toEqual([1800, 1800, 0])
    expect(demand.current_W(0)).toBe(0)
  })

  test('the first of equal maxima stays', () => {
    const bench = create()
    expect(run(bench, T0 + 3600, 1)).toBe(4)
    expect(bench.demand.maximumTime_s(0)).toBe(T0 + 900)
    run(bench, T0 + 4500, 2)
    expect([bench.demand.maximum_W(0), bench.demand.maximumTime_s(0)]).toEqual([7200, T0 + 4500])
  })

  test('a fraction of a watt is cut off, and energies stay exact', () => {
    const bench = create({ unit: { numerator: 25, denominator: 8 } })
    bench.counts[0][0] = 2 ** 45
    const again = create({ unit: { numerator: 25, denominator: 8 } }, T0, 'first', bench)
    again.now_s = T0 + 899
    bench.counts[0][0] += 12_345
    run(again, T0 + 900)
    // 12345 / 320 Wh in a quarter of an hour.
    expect(again.demand.last_W(0)).toBe(Math.floor((12_345 * 4) / 320))
    expect(again.demand.lastEnergy(0)).toBe(12_345)
  })

  test('a first period that begins inside sets no maximum unless configured', () => {
    for (const incompleteSetsMaximum of [false, true]) {
      const bench = create({ incompleteSetsMaximum }, T0 + 300)
      run(bench, T0 + 900, 1)
      expect(bench.demand.lastStatus).toBe(DemandStatus.incomplete)
      expect(bench.demand.last_W(0)).toBe(2400)
      expect(bench.demand.maximum_W(0)).toBe(incompleteSetsMaximum ? 2400 : 0)
    }
  })
})

describe('sliding demand', () => {
  const sliding = { period_s: 300, periods: 3 }

  test('takes the last sub-intervals, each time one ends', () => {
    const bench = create(sliding)
    const seen: number[] = []
    for (const perSecond of [1, 2, 3, 1, 0, 0, 0]) {
      run(bench, bench.now_s + 300, perSecond)
      seen.push(bench.demand.last_W(0))
    }
    expect(seen).toEqual([1200, 3600, 7200, 7200, 4800, 1200, 0])
    // The first two windows reach back before the meter was there.
    expect([bench.demand.maximum_W(0), bench.demand.maximumTime_s(0)]).toEqual([7200, T0 + 900])
  })

  test('the current average is that of the running window', () => {
    const bench = create(sliding)
    run(bench, T0 + 900, 1)
    run(bench, T0 + 1000, 4)
    expect(bench.demand.current_W(0)).toBe((600 + 400) * 4)
    expect(bench.demand.start_s).toBe(T0 + 300)
  })

  test('a period whose data are not valid sets no maximum: its counts may belong to the one before', () => {
    const bench = create()
    run(bench, T0 + 900, 1)
    const before_W = bench.demand.maximum_W(0)
    bench.demand.mark(DemandStatus.dataNotValid)
    run(bench, T0 + 1800, 5)
    expect(bench.demand.last_W(0)).toBe(5 * before_W)
    expect(bench.demand.maximum_W(0)).toBe(before_W)
    run(bench, T0 + 2700, 2)
    expect(bench.demand.maximum_W(0)).toBe(2 * before_W)
  })

  test('a window is as good as its worst sub-interval', () => {
    const bench = create(sliding)
    run(bench, T0 + 1000, 1)
    bench.demand.mark(DemandStatus.dataNotValid)
    const statuses: number[] = []
    for (let end = 1; end <= 4; end++) {
      run(bench, T0 + 900 + 300 * end, 1)
      statuses.push(bench.demand.lastStatus)
    }
    expect(statuses).toEqual([4, 4, 4, 0])
  })
})

describe('the clock', () => {
  test('a small shift is marked and nothing else, also across a boundary, in both directions', () => {
    for (const [at_s, shift_s, longest_s] of [
      [450, 9, 900],
      [450, -9, 909],
      [897, 5, 898],
      [903, -5, 905],
    ]) {
      const bench = create()
      run(bench, T0 + at_s, 1)
      expect(bench.demand.clockAdjusted(bench.now_s, bench.now_s + shift_s)).toBe(false)
      bench.now_s += shift_s
      run(bench, T0 + 1800, 1)
      expect(bench.demand.lastEnd_s).toBe(T0 + 1800)
      expect(bench.demand.lastStatus).toBe(at_s > 890 ? DemandStatus.clockAdjusted : 0)
      // The period as the clock saw it: a limit of one percent is what the shift may cost.
      expect(bench.demand.maximum_W(0)).toBe(4 * longest_s)
    }
  })

  test('many small shifts in one direction end the period as a large one does', () => {
    const bench = create()
    run(bench, T0 + 800, 1)
    let ended = false
    for (let i = 0; i < 3; i++) ended ||= bench.demand.clockAdjusted(T0 + 800, T0 + 795)
    expect(ended).toBe(true)
    expect(bench.demand.lastStatus).toBe(DemandStatus.clockAdjusted | DemandStatus.incomplete)
  })

  test('a large shift ends the period at the old time, and what follows is incomplete too', () => {
    const bench = create()
    run(bench, T0 + 600, 1)
    expect(bench.demand.clockAdjusted(T0 + 600, T0 + 5000)).toBe(true)
    expect([bench.demand.lastEnd_s, bench.demand.lastEnergy(0), bench.demand.last_W(0)]).toEqual([T0 + 600, 600, 2400])
    bench.now_s = T0 + 5000
    expect(run(bench, T0 + 5400, 1)).toBe(1)
    expect(bench.demand.lastStatus).toBe(DemandStatus.clockAdjusted | DemandStatus.incomplete)
    expect(bench.demand.maximum_W(0)).toBe(0)
    run(bench, T0 + 6300, 1)
    expect([bench.demand.lastStatus, bench.demand.maximum_W(0), bench.demand.maximumTime_s(0)]).toEqual([0, 3600, T0 + 6300])
  })

  test('a boundary that passed in the second of the setting is still counted as one', () => {
    const bench = create()
    run(bench, T0 + 899, 1)
    bench.counts[0][0]++
    bench.demand.clockAdjusted(T0 + 900, T0)
    expect(bench.demand.maximum_W(0)).toBe(3600)
  })

  test('a time that is suddenly another sets no maximum, even where short periods may', () => {
    for (const [later_s, sets] of [
      [909, true],
      [910, false],
      [7200, false],
    ] as const) {
      const bench = create({ incompleteSetsMaximum: true })
      run(bench, T0 + 100)
      bench.counts[0][0] += 1_000_000
      expect(bench.demand.second(T0 + later_s, 0)).toBe(true)
      expect(bench.demand.maximum_W(0)).toBe(sets ? 4_000_000 : 0)
      expect(bench.demand.second(T0 + later_s, 0)).toBe(false)
    }
  })

  test('an invalid clock and faults are in the status', () => {
    const bench = create()
    bench.demand.second(T0 + 1, DemandStatus.clockInvalid)
    run(bench, T0 + 900, 1)
    expect(bench.demand.lastStatus).toBe(DemandStatus.clockInvalid)
    expect(bench.demand.maximumStatus(0)).toBe(DemandStatus.clockInvalid)
  })
})

describe('outages', () => {
  test('maxima survive; the interrupted period does not set one', () => {
    const before = create()
    run(before, T0 + 900, 1)
    run(before, T0 + 1000, 9)
    const after = create({}, T0 + 1300, 'power', before)
    expect([after.demand.maximum_W(0), after.demand.maximumTime_s(0), after.demand.maximum_W(0, 1)]).toEqual([3600, T0 + 900, 3600])
    run(after, T0 + 1800, 9)
    expect(after.demand.lastStatus).toBe(DemandStatus.powerDown | DemandStatus.incomplete)
    expect(after.demand.maximum_W(0)).toBe(3600)
    run(after, T0 + 2700, 1)
    expect(after.demand.lastStatus).toBe(0)
  })

  test.each([
    { period_s: 900, periods: 1 },
    { period_s: 300, periods: 3 },
  ])('where configured a period goes on after an outage inside it ($periods)', (shape) => {
    const before = create({ ...shape, outage: 'continue' })
    run(before, T0 + 700, 1)
    before.demand.hold()
    const after = create({ ...shape, outage: 'continue' }, T0 + 800, 'power', before)
    run(after, T0 + 900, 1)
    expect(after.demand.lastStatus).toBe(DemandStatus.powerDown)
    expect([after.demand.last_W(0), after.demand.maximum_W(0), after.demand.maximum_W(0, 1)]).toEqual([3200, 3200, 3200])
  })

  test('an outage over a boundary restarts the period whatever is configured', () => {
    const before = create({ outage: 'continue' })
    run(before, T0 + 700, 1)
    before.demand.hold()
    const after = create({ outage: 'continue' }, T0 + 1000, 'power', before)
    run(after, T0 + 1800, 1)
    expect(after.demand.lastStatus).toBe(DemandStatus.powerDown | DemandStatus.incomplete)
    expect(after.demand.lastEnergy(0)).toBe(800)
  })

  test('what was kept before a clock change is not taken up again', () => {
    const before = create({ outage: 'continue' })
    run(before, T0 + 300, 1)
    before.demand.hold()
    run(before, T0 + 500, 1)
    before.demand.clockAdjusted(T0 + 500, T0 + 400)
    const after = create({ outage: 'continue' }, T0 + 450, 'power', before)
    run(after, T0 + 900, 1)
    expect(after.demand.lastEnergy(0)).toBe(450)
  })

  test('a window too long for an entry restarts', () => {
    const shape = { period_s: 60, periods: 15, outage: 'continue', rates: 8 } as const
    const before = create(shape)
    for (let rate = 1; rate <= 8; rate++) run(before, T0 + 110 * rate, 1000, rate)
    before.demand.hold()
    const after = create(shape, T0 + 881, 'power', before)
    run(after, T0 + 960, 1)
    expect(after.demand.lastStatus & DemandStatus.incomplete).not.toBe(0)
  })
})

describe('reset', () => {
  test('adds the maxima to the cumulative ones, once for each number', () => {
    const bench = create()
    run(bench, T0 + 900, 1)
    bench.demand.reset(1)
    bench.demand.reset(1)
    const { demand } = bench
    expect([demand.maximum_W(0), demand.maximumTime_s(0), demand.cumulative_W(0), demand.cumulative_W(0, 1)]).toEqual([0, 0, 3600, 3600])
    run(bench, T0 + 1800, 2)
    const again = create({}, T0 + 1800, 'power', bench).demand
    again.reset(1)
    expect([again.maximum_W(0), again.cumulative_W(0), again.generation]).toEqual([7200, 3600, 1])
    again.reset(2)
    expect([again.maximum_W(0), again.cumulative_W(0), again.generation]).toEqual([0, 10_800, 2])
  })

  test('the running period goes on', () => {
    const bench = create()
    run(bench, T0 + 500, 1)
    bench.demand.reset(1)
    run(bench, T0 + 900, 1)
    expect([bench.demand.maximum_W(0), bench.demand.lastStatus]).toEqual([3600, 0])
  })

  test('another count of rates keeps what both have', () => {
    const bench = create()
    run(bench, T0 + 900, 1)
    const more = create({ rates: 8 }, T0 + 900, 'power', bench)
    expect([more.demand.maximum_W(0), more.demand.maximum_W(0, 1), more.demand.maximum_W(0, 8)]).toEqual([3600, 3600, 0])
  })
})
