import { describe, expect, test } from 'vitest'
import { registerOf } from '../../../src/core/registers/table.ts'
import { displayValue } from '../../../src/meter/views/display.ts'

function shown(code: string, value: number): string {
  const entry = registerOf(code)
  if (entry === undefined) throw new Error(`no register ${code}`)
  const { value: text, unit } = displayValue(entry, value)
  return `${text} ${unit}`.trimEnd()
}

describe('displayValue', () => {
  test.each([
    ['1.8.0', 0, '000000.000 kWh'],
    ['1.8.0', 1, '000000.001 kWh'],
    ['1.8.0', 123_456, '000123.456 kWh'],
    ['1.8.0', 999_999_999, '999999.999 kWh'],
    ['1.8.0', 1_000_000_000, '000000.000 kWh'],
    ['1.8.0', 5_000_000_042, '000000.042 kWh'],
    ['3.8.0', 7, '000000.007 kvarh'],
    ['9.8.0', 70, '000000.070 kVAh'],
    ['16.8.0', -1_234, '-000001.234 kWh'],
  ])('energy %s = %d rolls over after nine digits', (code, value, text) => {
    expect(shown(code, value)).toBe(text)
  })

  test.each([
    ['1.7.0', 0, '0.000 kW'],
    ['16.7.0', -5, '-0.005 kW'],
    ['16.7.0', -12_340, '-12.340 kW'],
    ['3.7.0', 999, '0.999 kvar'],
    ['9.7.0', 1000, '1.000 kVA'],
    ['32.7.0', 2304, '230.4 V'],
    ['31.7.0', 5, '0.05 A'],
    ['14.7.0', 4999, '49.99 Hz'],
    ['13.7.0', -87, '-0.087'],
    ['13.7.0', 1000, '1.000'],
    ['81.7.40', 3599, '359.9 °'],
  ])('%s = %d has the decimals of its scaler', (code, value, text) => {
    expect(shown(code, value)).toBe(text)
  })
})
