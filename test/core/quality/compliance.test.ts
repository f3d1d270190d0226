import { describe, expect, test } from 'vitest'
import { Compliance, complies } from '../../../src/core/quality/compliance.ts'
import { MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { goodSample } from './rig.ts'

/** A Monday, 00:00 UTC. */
const MONDAY_S = 345_600 + 604_800 * 2900

function create() {
  const compliance = new Compliance({ phases: 3, nominal_mV: 230_000, nominal_mHz: 50_000 })
  const sample = goodSample()
  let utc_s = MONDAY_S
  const seconds = (count: number) => {
    for (let i = 0; i < count; i++) compliance.second(sample, utc_s++)
  }
  return { compliance, sample, seconds }
}

describe('Compliance', () => {
  test('counts means of ten minutes and ten seconds, and starts each Monday anew', () => {
    const { compliance, sample, seconds } = create()
    seconds(600 * 100)
    sample.voltage_mV[1] = 200_000
    seconds(600 * 5)
    sample.voltage_mV[1] = 190_000
    seconds(600 * 2)
    sample.voltage_mV[1] = 230_000
    sample.frequency_mHz = 49_400
    seconds(600)
    sample.frequency_mHz = 50_000
    seconds(1)
    const { current } = compliance
    expect(current.begin_s).toBe(MONDAY_S)
    expect(current.voltage[0]).toEqual({ count: 108, within: 108, outside: 0 })
    expect(current.voltage[1]).toEqual({ count: 108, within: 101, outside: 2 })
    expect(current.frequency).toEqual({ count: 6480, within: 6420, outside: 0 })
    expect(current.unbalance).toEqual({ count: 108, within: 101, outside: 0 })
    expect(complies(current.voltage[0], 95)).toBe(true)
    expect(complies(current.voltage[1], 95)).toBe(false)
    seconds(604_800 - 600 * 108)
    expect(compliance.last.voltage[1].outside).toBe(2)
    expect(compliance.last.voltage[1].count).toBe(1008)
    expect(compliance.current.voltage[1].count).toBe(0)
    expect(complies(compliance.current.voltage[1], 95)).toBeUndefined()
  })

  test('intervals with an interruption, or with too few seconds, do not count', () => {
    const { compliance, sample, seconds } = create()
    sample.voltage_mV[2] = 0
    seconds(1)
    sample.voltage_mV[2] = 230_000
    seconds(599)
    sample.status = MeteringStatus.fault
    seconds(301)
    sample.status = 0
    seconds(300)
    expect(compliance.current.flagged).toBe(2)
    expect(compliance.current.voltage[0].count).toBe(0)
  })
})
