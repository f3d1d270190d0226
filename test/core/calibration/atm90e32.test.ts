import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ATM90E32_RULES, NEUTRAL_CODES, phaseDelayCode, powerGainCode, powerOffsetCode } from '../../../src/core/calibration/atm90e32.ts'
import type { PhaseQuantities } from '../../../src/core/calibration/codes.ts'
import { Calibration, gainCode } from '../../../src/core/calibration/procedure.ts'

function quantities(voltage_V: number, current_A: number, active_W: number, reactive_var = 0): PhaseQuantities {
  const three = (value: number) => [value, value, value]
  return { voltage_V: three(voltage_V), current_A: three(current_A), active_W: three(active_W), reactive_var: three(reactive_var) }
}

describe('formulas, with the examples of Atmel-46103A section 4.2', () => {
  test('gain: 123.453 V instead of 220 V', () => {
    // The note prints E41BH; its voltage is rounded.
    expect(Math.abs(gainCode(0x8000, 220, 123.453) - 0xe41b)).toBeLessThanOrEqual(1)
    expect(gainCode(58_395, 220, 220)).toBe(58_395)
  })

  test('power gain: -13.78 % gives 1475H', () => {
    expect(powerGainCode(0, -0.1378)).toBe(0x1475)
    expect(powerGainCode(0, 0)).toBe(0)
  })

  test('phase: 0.95 % at 50 Hz gives 24H; Gphase is 3763.739 and 3136.449', () => {
    expect(phaseDelayCode(0, 0.0095, 50)).toBe(0x24)
    expect(phaseDelayCode(0, -0.0095, 50)).toBe(-0x24)
    expect(phaseDelayCode(0, 0.05, 50)).toBe(Math.round(0.05 * 3763.739))
    expect(phaseDelayCode(0, 0.05, 60)).toBe(Math.round(0.05 * 3136.449))
  })

  test('power offset: the negative reading, in LSBs of 0.00032 W', () => {
    expect(powerOffsetCode(0, 0, 0.32)).toBe(-1000)
    expect(powerOffsetCode(-1000, 4.6, 4.6)).toBe(-1000)
  })

  test('two corrections in a row are one', () => {
    fc.assert(
      fc.property(fc.double({ min: -0.04, max: 0.04, noNaN: true }), fc.double({ min: -0.04, max: 0.04, noNaN: true }), (a, b) => {
        const both = powerGainCode(powerGainCode(0, a), b)
        expect(Math.abs(both - powerGainCode(0, (1 + a) * (1 + b) - 1))).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('the procedure', () => {
  test('starts from the codes of a reset and changes only what a step is about', () => {
    const calibration = new Calibration(ATM90E32_RULES, 50)
    expect(calibration.phases).toEqual([NEUTRAL_CODES, NEUTRAL_CODES, NEUTRAL_CODES])
    calibration.take('gain', quantities(230, 5, 1150), quantities(232.3, 4.9, 1138.27))
    const gains = { voltageGain: Math.round((32_768 * 230) / 232.3), currentGain: Math.round((32_768 * 5) / 4.9) }
    expect(calibration.phases[2]).toEqual({ ...NEUTRAL_CODES, ...gains })
    calibration.take('offset', quantities(230, 0, 0), quantities(230, 0.002, 0.4, -0.2))
    expect(calibration.phases[1]).toEqual({
      ...NEUTRAL_CODES,
      ...gains,
      currentOffset: -1024,
      activeOffset: -1250,
      reactiveOffset: 625,
    })
  })

  test.each([
    ['gain', quantities(230, 5, 1150), quantities(230, 0, 0)],
    ['gain', quantities(230, 5, 1150), quantities(230, 1.2, 1150)],
    ['gain', quantities(230, 5, 1150), quantities(100, 5, 1150)],
    ['power', quantities(230, 5, 1150), quantities(230, 5, -1150)],
    ['power', quantities(230, 0, 0), quantities(230, 0, 0)],
    ['phase', quantities(230, 5, 575), quantities(230, 5, 610)],
    ['phase', quantities(230, 5, 575), quantities(230, 5, Number.NaN)],
    ['offset', quantities(230, 0, 0), quantities(230, 0, 11)],
  ] as const)('%s: what no front end can have is refused, and nothing changes', (kind, reference, measured) => {
    const calibration = new Calibration(ATM90E32_RULES, 50)
    expect(() => calibration.take(kind, reference, measured)).toThrow(expect.objectContaining({ code: 'CALIBRATION' }))
    expect(calibration.phases).toEqual([NEUTRAL_CODES, NEUTRAL_CODES, NEUTRAL_CODES])
  })
})
