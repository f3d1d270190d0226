import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QualityEvent } from '../../../src/core/events/log-codes-table.ts'
import { QualityCounter } from '../../../src/core/quality/failure-counters.ts'
import { QUALITY_PARAMETERS, type QualityQuantity } from '../../../src/core/quality/parameters-table.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { episodes } from '../events/hold-off-oracle.ts'
import { NOMINAL_MV, QualityRig, type Told } from './rig.ts'

const E = QualityEvent
/** Start and end, of one phase. */
const PAIRS: readonly (readonly [number, number])[] = [
  ...[0, 1, 2].flatMap((phase) =>
    (
      [
        [E.undervoltageL1, E.voltageNormalL1],
        [E.overvoltageL1, E.voltageNormalL1],
        [E.sagL1, E.sagEndedL1],
        [E.swellL1, E.swellEndedL1],
        [E.phaseOutageL1, E.phaseReturnedL1],
        [E.overcurrentL1, E.overcurrentEndedL1],
        [E.thdHighL1, E.thdNormalL1],
      ] as const
    ).map(([start, end]) => [start + phase, end + phase] as const),
  ),
  [E.interruption, E.interruptionEnded],
  [E.frequencyLow, E.frequencyLowEnded],
  [E.frequencyHigh, E.frequencyHighEnded],
  [E.unbalance, E.unbalanceEnded],
]

/** Every end has one start before it, and nothing starts twice. Gives the starts that are open at the end. */
function checkNesting(told: readonly { readonly code: number }[]): Set<number> {
  const open = new Set<number>()
  const ends = new Set(PAIRS.map(([, end]) => end))
  const starts = new Map(PAIRS)
  for (const { code } of told) {
    const end = starts.get(code)
    if (end !== undefined) {
      // Undervoltage and overvoltage have one end: they are never open together.
      for (const [start, other] of PAIRS) if (other === end) expect(open.has(start), `${start} open at ${code}`).toBe(false)
      open.add(code)
    } else if (ends.has(code)) {
      const mine = PAIRS.filter(([start, other]) => other === code && open.has(start))
      expect(mine, `end ${code} without start`).toHaveLength(1)
      open.delete(mine[0][0])
    }
  }
  return open
}

describe('QualityMonitor', () => {
  test('a good supply has nothing to tell', () => {
    const rig = new QualityRig()
    rig.seconds(7200)
    expect([rig.told, rig.monitor.disturbed]).toEqual([[], false])
  })

  test('undervoltage: after a minute, until a minute after; the lowest value and the duration', () => {
    const rig = new QualityRig()
    rig.seconds(10)
    rig.sample.voltage_mV[1] = 200_000
    rig.seconds(30)
    rig.sample.voltage_mV[1] = 195_000
    rig.seconds(90)
    // Hysteresis: 208 V are above the limit, and no end.
    rig.sample.voltage_mV[1] = 208_000
    rig.seconds(200)
    rig.sample.voltage_mV[1] = 215_000
    rig.seconds(70)
    const relevant = rig.told.filter(({ code }) => code === E.undervoltageL1 + 1 || code === E.voltageNormalL1 + 1)
    expect(relevant.map(({ code, ticks_ms, parameter, value }) => [code, ticks_ms, parameter, value])).toEqual([
      [E.undervoltageL1 + 1, 71_000, 60_000, 195_000],
      [E.voltageNormalL1 + 1, 391_000, 320_000, 195_000],
    ])
  })

  test('a sag between two seconds, reported by the IC, with its length in milliseconds', () => {
    const rig = new QualityRig()
    rig.seconds(10)
    rig.ticks_ms += 300
    rig.sample.status = MeteringStatus.sagL1
    rig.sample.voltage_mV[0] = 150_000
    rig.observe()
    rig.ticks_ms += 240
    rig.sample.status = 0
    rig.sample.voltage_mV[0] = NOMINAL_MV
    rig.observe()
    rig.ticks_ms += 460
    rig.seconds(12)
    expect(rig.told.map(({ code, parameter, value }) => [code, parameter, value])).toEqual([
      [E.sagL1, 0, 150_000],
      [E.sagEndedL1, 240, 150_000],
    ])
    expect(rig.counters[QualityCounter.sagsL1]).toBe(1)
    expect(rig.monitor.lastSag[0]).toEqual({ magnitude_mV: 150_000, duration_ms: 240 })
  })

  test('swell, overcurrent, frequency, distortion', () => {
    const rig = new QualityRig()
    rig.sample.voltage_mV[2] = 256_000
    rig.seconds(5)
    rig.sample.voltage_mV[2] = NOMINAL_MV
    rig.seconds(10)
    expect(rig.codes()).toEqual([E.swellL1 + 2])
    rig.seconds(1)
    expect(rig.codes()).toEqual([E.swellEndedL1 + 2])
    rig.sample.current_mA[0] = 64_000
    rig.sample.frequency_mHz = 49_400
    rig.sample.voltageThd_permille = [10, 90, 10]
    rig.seconds(700)
    expect(rig.codes()).toEqual([E.overcurrentL1, E.frequencyLow, E.thdHighL1 + 1])
    rig.sample.current_mA[0] = 59_000
    rig.sample.frequency_mHz = 50_600
    rig.sample.voltageThd_permille = [10, 70, 10]
    rig.seconds(100)
    expect(rig.codes().sort()).toEqual([E.thdNormalL1 + 1, E.overcurrentEndedL1, E.frequencyLowEnded, E.frequencyHigh].sort())
  })

  test('a phase that is gone is an outage, and neither a sag nor an undervoltage; it counts', () => {
    const rig = new QualityRig()
    rig.sample.voltage_mV[1] = 0
    rig.sample.status = MeteringStatus.phaseLossL2 | MeteringStatus.sagL2
    rig.seconds(400)
    rig.sample.voltage_mV[1] = NOMINAL_MV
    rig.sample.status = 0
    rig.seconds(10)
    expect(rig.told.map(({ code, parameter, value }) => [code, parameter, value])).toEqual([
      [E.phaseOutageL1 + 1, 1000, 0],
      [E.phaseReturnedL1 + 1, 400_000, 0],
    ])
    const { failures, longFailures } = QualityCounter
    expect([...rig.counters.subarray(failures, failures + 5)]).toEqual([0, 0, 1, 0, 1])
    expect([...rig.counters.subarray(longFailures, longFailures + 5)]).toEqual([0, 0, 1, 0, 1])
  })

  test('a supply that is gone altogether is one interruption; what was open before goes on', () => {
    const rig = new QualityRig()
    rig.sample.voltage_mV[0] = 195_000
    rig.seconds(70)
    expect(rig.codes()).toEqual([E.sagL1, E.undervoltageL1])
    rig.sample.voltage_mV.fill(0)
    rig.sample.frequency_mHz = 0
    rig.sample.status = MeteringStatus.phaseLossL1 | MeteringStatus.phaseLossL2 | MeteringStatus.phaseLossL3
    rig.seconds(100)
    expect(rig.codes()).toEqual([E.interruption])
    rig.sample.voltage_mV.fill(NOMINAL_MV)
    rig.sample.frequency_mHz = 50_000
    rig.sample.status = 0
    rig.seconds(70)
    expect(rig.codes()).toEqual([E.interruptionEnded, E.sagEndedL1, E.voltageNormalL1])
  })

  test('failures of the whole supply count for every phase, long ones twice', () => {
    const rig = new QualityRig()
    rig.monitor.supplyReturned(180)
    rig.monitor.supplyReturned(181)
    rig.monitor.supplyReturned(undefined)
    expect([...rig.counters.subarray(QualityCounter.failures)]).toEqual([3, 3, 3, 3, 3, 1, 1, 1, 1, 1])
  })

  test('unbalance of amount and of angle', () => {
    const rig = new QualityRig()
    rig.sample.voltageAngle_ddeg.set([0, 1170, 2430])
    rig.seconds(610)
    expect(rig.told.map(({ code, value }) => [code, value])).toEqual([[E.unbalance, 30]])
  })

  test('an IC that does not answer ends nothing, and starts nothing', () => {
    const rig = new QualityRig()
    rig.sample.voltage_mV[0] = 195_000
    rig.seconds(59)
    rig.codes()
    rig.sample.status = MeteringStatus.fault
    rig.sample.voltage_mV.fill(0)
    rig.seconds(600)
    expect(rig.codes()).toEqual([])
    rig.sample.status = 0
    rig.sample.voltage_mV.fill(NOMINAL_MV)
    rig.seconds(11)
    expect(rig.codes()).toEqual([E.sagEndedL1])
  })

  test('a meter with one phase has no outage of a phase, and no unbalance', () => {
    const rig = new QualityRig({ phases: 1 })
    rig.sample.voltage_mV.set([0, 0, 0])
    rig.sample.status = MeteringStatus.phaseLossL1 | MeteringStatus.sagL1
    rig.seconds(30)
    rig.sample.voltage_mV[0] = NOMINAL_MV
    rig.sample.status = 0
    rig.seconds(30)
    expect(rig.codes()).toEqual([E.interruption, E.interruptionEnded])
  })

  test('a restart in the middle: no second start, and the end with all of the duration', () => {
    const rig = new QualityRig()
    rig.sample.voltage_mV[0] = 195_000
    rig.sample.voltage_mV[1] = 260_000
    rig.seconds(100)
    expect(rig.codes()).toEqual([E.sagL1, E.swellL1 + 1, E.undervoltageL1, E.overvoltageL1 + 1])
    rig.sample.voltage_mV[1] = NOMINAL_MV
    rig.restart()
    rig.seconds(100)
    expect(rig.codes()).toEqual([E.swellEndedL1 + 1, E.voltageNormalL1 + 1])
    rig.sample.voltage_mV[0] = NOMINAL_MV
    rig.seconds(100)
    const [sag, under] = rig.told
    expect([sag.code, sag.parameter, sag.value]).toEqual([E.sagEndedL1, 200_000, 195_000])
    expect([under.code, under.parameter]).toEqual([E.voltageNormalL1, 200_000])
    rig.restart()
    expect(rig.monitor.lastSag[0]).toEqual({ magnitude_mV: 195_000, duration_ms: 200_000 })
    expect(rig.monitor.lastSwell[1].magnitude_mV).toBe(260_000)
    rig.seconds(100)
    expect(rig.monitor.disturbed).toBe(false)
  })
})

describe('properties', () => {
  const level = fc.record({
    seconds: fc.integer({ min: 1, max: 100 }),
    voltages: fc.tuple(
      ...[0, 1, 2].map(() => fc.constantFrom(0, 8000, 14_000, 100_000, 206_000, 209_000, 230_000, 250_000, 254_000, 280_000)),
    ),
    current_mA: fc.constantFrom(0, 59_000, 62_000, 70_000),
    frequency_mHz: fc.constantFrom(0, 49_000, 49_550, 50_000, 50_450, 51_000),
    status: fc.constantFrom(0, 0, 0, 0, MeteringStatus.fault, MeteringStatus.sagL2, MeteringStatus.phaseLossL1, 0x3f),
    restart: fc.constantFrom(false, false, false, false, false, true),
  })

  test('any history: starts and ends are nested for each quantity, also over restarts, and all ends come', () => {
    fc.assert(
      fc.property(fc.array(level, { maxLength: 40 }), (levels) => {
        const rig = new QualityRig()
        for (const { seconds, voltages, current_mA, frequency_mHz, status, restart } of levels) {
          rig.sample.voltage_mV.set(voltages)
          rig.sample.current_mA[0] = current_mA
          rig.sample.frequency_mHz = frequency_mHz
          rig.sample.status = status
          if (restart) rig.restart()
          rig.seconds(seconds)
        }
        Object.assign(rig.sample, { frequency_mHz: 50_000, status: 0 })
        rig.sample.voltage_mV.fill(NOMINAL_MV)
        rig.sample.current_mA.fill(0)
        rig.seconds(200)
        expect(checkNesting(rig.told)).toEqual(new Set())
      }),
      { numRuns: 60 },
    )
  })

  /** What an oracle says of one quantity over a history of values. */
  function expected(quantity: QualityQuantity, values: readonly number[], nominal: number) {
    const { start, end, startHold_ms, endHold_ms } = QUALITY_PARAMETERS[quantity]
    const below = start < end
    const all = values.map((value, i) => ({
      ticks_ms: 1000 * (i + 1),
      beyond: below ? 1000 * value < start * nominal : 1000 * value > start * nominal,
      within: below ? 1000 * value >= end * nominal : 1000 * value <= end * nominal,
    }))
    return episodes(all, startHold_ms, endHold_ms)
      .filter(({ toldEnd }) => toldEnd >= 0)
      .map((episode) => {
        const run = values.slice(episode.begin, episode.end)
        return [1000 * (episode.toldEnd + 1), episode.duration_ms, below ? Math.min(...run) : Math.max(...run)]
      })
  }
  const ends = (told: readonly Told[], code: number) =>
    told.filter((event) => event.code === code).map(({ ticks_ms, parameter, value }) => [ticks_ms, parameter, value])

  const runs = (values: readonly number[]) =>
    fc
      .array(fc.tuple(fc.constantFrom(...values), fc.integer({ min: 1, max: 45 })), { minLength: 1, maxLength: 12 })
      .map((list) => list.flatMap(([value, count]) => new Array<number>(count).fill(value)))

  test.each([
    ['sag', E.sagEndedL1, [100_000, 206_000, 209_000, 230_000, 240_000]],
    ['swell', E.swellEndedL1, [230_000, 249_000, 252_000, 254_000, 270_000]],
  ] as const)('%s: ends, durations and extremes are those of an oracle', (quantity, code, values) => {
    fc.assert(
      fc.property(runs(values), (voltages) => {
        const rig = new QualityRig()
        for (const voltage_mV of voltages) {
          rig.sample.voltage_mV[0] = voltage_mV
          rig.seconds(1)
        }
        expect(ends(rig.told, code)).toEqual(expected(quantity, voltages, NOMINAL_MV))
      }),
      { numRuns: 30 },
    )
  })

  test('frequency: ends, durations and extremes are those of an oracle', () => {
    fc.assert(
      fc.property(runs([49_000, 49_490, 49_550, 50_000, 50_450, 50_510, 51_000]), (frequencies) => {
        const rig = new QualityRig()
        for (const frequency_mHz of frequencies) {
          rig.sample.frequency_mHz = frequency_mHz
          rig.seconds(1)
        }
        expect(ends(rig.told, E.frequencyLowEnded)).toEqual(expected('frequencyLow', frequencies, 50_000))
        expect(ends(rig.told, E.frequencyHighEnded)).toEqual(expected('frequencyHigh', frequencies, 50_000))
      }),
      { numRuns: 30 },
    )
  })

  test('a supply that does its worst for a day: the log gets 90 events an hour and no more, the counters get all', () => {
    const rig = new QualityRig()
    let sags = 0
    for (let second = 0; second < 86_400; second++) {
      const low = second % 12 === 0
      if (low) sags++
      for (let phase = 0; phase < 3; phase++) rig.sample.voltage_mV[phase] = low ? 100_000 + phase : NOMINAL_MV
      rig.sample.current_mA[0] = second % 60 < 30 ? 70_000 : 0
      rig.seconds(1)
    }
    for (let hour = 1; hour < 24; hour++) {
      const inHour = rig.told.filter(({ ticks_ms }) => Math.floor(ticks_ms / 3_600_000) === hour).length
      expect(inHour).toBeLessThanOrEqual(90)
    }
    expect(rig.told.length).toBeLessThan(60 + 90 * 24)
    expect(rig.told.some(({ code }) => code === E.eventsSuppressed)).toBe(true)
    expect([...rig.counters.subarray(0, 3)]).toEqual([sags, sags, sags])
    expect(checkNesting(rig.told).size).toBeLessThanOrEqual(4)
  })
})
