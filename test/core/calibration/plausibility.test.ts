import { describe, expect, test } from 'vitest'
import { type AveragedReading, ReadingAverage } from '../../../src/core/calibration/average.ts'
import type { PhaseQuantities } from '../../../src/core/calibration/codes.ts'
import { checkStep } from '../../../src/core/calibration/plausibility.ts'
import type { CalibrationKind } from '../../../src/core/calibration/procedure.ts'

const BASIS = { nominalVoltage_V: 230, basic_A: 5, maximum_A: 60 }
const L1 = { name: 'L1', index: 0 }

const of = (voltage_V: number, current_A: number, active_W: number, reactive_var = 0): PhaseQuantities => ({
  voltage_V: [voltage_V],
  current_A: [current_A],
  active_W: [active_W],
  reactive_var: [reactive_var],
})

function reading(...samples: PhaseQuantities[]): AveragedReading {
  const average = new ReadingAverage(1)
  for (const sample of samples) average.add(sample)
  return average.reading
}

describe('the average', () => {
  test('means and spreads by channel', () => {
    const average = new ReadingAverage(2)
    average.add({ voltage_V: [229, 1], current_A: [5, 2], active_W: [-3, 3], reactive_var: [0, 4] })
    average.add({ voltage_V: [231, 1], current_A: [4, 2], active_W: [-5, 3], reactive_var: [0, 6] })
    const { mean, spread } = average.reading
    expect(average.count).toBe(2)
    expect([...Array.from(mean.voltage_V), ...Array.from(mean.active_W), ...Array.from(mean.reactive_var)]).toEqual([230, 1, -4, 3, 0, 5])
    expect([...Array.from(spread.voltage_V), ...Array.from(spread.current_A), ...Array.from(spread.reactive_var)]).toEqual([
      2, 0, 1, 0, 0, 2,
    ])
  })
})

describe('a step', () => {
  const good: readonly (readonly [CalibrationKind, PhaseQuantities, PhaseQuantities])[] = [
    ['gain', of(230, 5, 0), of(225, 4.9, 1100)],
    ['gain', of(184.1, 60, 0), of(190, 61, 11_000)],
    ['offset', of(0, 0, 0), of(225, 0.002, 0.2, -0.2)],
    ['offset', of(0, 0.1, 23), of(225, 0.09, 20)],
    ['power', of(0, 0, 1150), of(230, 5, 1150, 20)],
    ['phase', of(0, 0, 575), of(230, 5, 578, 995)],
  ]
  test.each(good)('%s is taken', (kind, reference, sample) => {
    expect(() => checkStep(kind, L1, reference, reading(sample, sample), BASIS)).not.toThrow()
  })

  const bad: readonly (readonly [string, CalibrationKind, PhaseQuantities, PhaseQuantities[]])[] = [
    ['a reference of 183 V', 'gain', of(183, 5, 0), [of(183, 5, 915)]],
    ['a reference of 0.4 A', 'gain', of(230, 0.4, 0), [of(230, 0.4, 92)]],
    ['a reference of 61 A', 'gain', of(230, 61, 0), [of(230, 61, 14_030)]],
    ['the voltage of L1 moved by 0.43 %', 'gain', of(230, 5, 0), [of(229.5, 5, 1150), of(230.5, 5, 1150)]],
    ['the active power of L1 moved by 0.26 %', 'power', of(0, 0, 1150), [of(230, 5, 1148), of(230, 5, 1151)]],
    ['the current of L1 moved by 0.20 %', 'offset', of(0, 0, 0), [of(230, 0, 0), of(230, 0.01, 0)]],
    ['the current of L1 is 0.2000, the reference says 0', 'offset', of(0, 0, 0), [of(230, 0.2, 0)]],
    ['the step needs at least 115 W', 'power', of(0, 0, 114), [of(230, 0.5, 114)]],
    ['the step needs at least 57.5 W', 'phase', of(0, 0, -575), [of(230, 5, -575, 995)]],
    ['the power factor of L1 is 0.980, the step needs 1', 'power', of(0, 0, 1127), [of(230, 5, 1127)]],
    ['the power factor of L1 is 0.500, the step needs 0.5 inductive', 'phase', of(0, 0, 575), [of(230, 5, 575, -995)]],
    ['the power factor of L1 is 1.000, the step needs 0.5 inductive', 'phase', of(0, 0, 1150), [of(230, 5, 1150, 1)]],
    ['the power factor of L1 is NaN', 'power', of(0, 0, 1150), [of(0, 0, 0)]],
    ['the power factor of L1 is NaN', 'phase', of(0, 0, 575), [of(0, 0, 0)]],
  ]
  test.each(bad)('%s: refused', (reason, kind, reference, samples) => {
    const take = () => checkStep(kind, L1, reference, reading(...samples), BASIS)
    expect(take).toThrow(expect.objectContaining({ code: 'CALIBRATION', message: expect.stringContaining(reason) }))
  })
})
