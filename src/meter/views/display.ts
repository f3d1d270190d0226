import type { RegisterEntry } from '../../core/registers/table.ts'

/** Digits of an energy register on the display: six before the point, three behind it, as a direct meter shows kWh. */
const ENERGY_INTEGER_DIGITS = 6
const ENERGY_ROLLOVER = 1_000_000_000

function decimals(value: number, places: number): string {
  const scale = places === 3 ? 1000 : places === 2 ? 100 : places === 1 ? 10 : 1
  const whole = Math.floor(Math.abs(value) / scale)
  const text = String(whole)
  const sign = value < 0 ? '-' : ''
  return places === 0 ? sign + text : `${sign}${text}.${String(Math.abs(value) % scale).padStart(places, '0')}`
}

/**
 * A register as a display shows it. Energies are in kilo units with leading zeros and roll over after the last digit; the rest has the decimals
 * of its scaler.
 */
export function displayValue(entry: RegisterEntry, value: number): { value: string; unit: string } {
  if (entry.kind === 'energy') {
    const shown = Math.abs(value) % ENERGY_ROLLOVER
    const whole = String(Math.floor(shown / 1000)).padStart(ENERGY_INTEGER_DIGITS, '0')
    const fraction = String(shown % 1000).padStart(3, '0')
    return {
      value: `${value < 0 ? '-' : ''}${whole}.${fraction}`,
      unit: entry.shown ?? `k${entry.unitText}`,
    }
  }
  if (entry.unitText === 'W' || entry.unitText === 'var' || entry.unitText === 'VA') {
    return { value: decimals(value, 3), unit: `k${entry.unitText}` }
  }
  return { value: decimals(value, -entry.scaler), unit: entry.unitText }
}
