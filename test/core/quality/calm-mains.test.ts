import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CalmMains } from '../../../src/core/quality/calm-mains.ts'
import { QUALITY_PARAMETERS } from '../../../src/core/quality/parameters-table.ts'
import { unbalance_permille } from '../../../src/core/quality/unbalance.ts'
import { goodSample } from './rig.ts'

const calm = new CalmMains({
  phases: 3,
  nominal_mV: 230_000,
  nominal_mHz: 50_000,
  maximum_mA: 60_000,
  parameter: (quantity) => QUALITY_PARAMETERS[quantity],
})

describe('CalmMains', () => {
  test('an ordinary sample is calm, one that is not is seen', () => {
    expect(calm.holds(goodSample())).toBe(true)
    const changes: ((sample: ReturnType<typeof goodSample>) => void)[] = [
      (sample) => (sample.voltage_mV[2] = 206_000),
      (sample) => (sample.voltage_mV[0] = 254_000),
      (sample) => (sample.current_mA[1] = 64_000),
      (sample) => (sample.frequency_mHz = 49_400),
      (sample) => (sample.frequency_mHz = 50_600),
      (sample) => (sample.status = 1),
      (sample) => (sample.voltageAngle_ddeg[1] = 2400),
    ]
    for (const change of changes) {
      const sample = goodSample()
      change(sample)
      expect(calm.holds(sample)).toBe(false)
    }
  })

  test('never takes an unbalance that counts for calm', () => {
    const volts = fc.integer({ min: 207_000, max: 253_000 })
    const angle = fc.integer({ min: -60, max: 60 })
    let seen = 0
    fc.assert(
      fc.property(volts, volts, volts, angle, angle, (a, b, c, second, third) => {
        const sample = goodSample()
        sample.voltage_mV.set([a, b, c])
        sample.voltageAngle_ddeg.set([0, 1200 + second, 2400 + third])
        if (!calm.holds(sample)) return
        seen++
        expect(unbalance_permille(sample.voltage_mV, sample.voltageAngle_ddeg)).toBeLessThanOrEqual(QUALITY_PARAMETERS.unbalance.start)
      }),
      { numRuns: 5000 },
    )
    expect(seen).toBeGreaterThan(20)
  })
})
