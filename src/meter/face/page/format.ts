import type { Modulation } from '../../../lib/lora-radio.ts'
import type { FaceUnit } from '../state.ts'

const GROUP = '\u202f'

/** A number with fixed decimals and a real minus sign. */
export function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals)
  // No "-0.0": what rounds to zero has no sign.
  return value < 0 && Number(text) !== 0 ? `−${text}` : text
}

/** What an electricity meter shows. */
const WATT: FaceUnit = { unit: 'W', kilo: 'kW' }

/** Power or flow for people: `432 W`, `3.21 kW`. */
export function power(value: number, { unit, kilo } = WATT): string {
  return Math.abs(value) < 1000 ? `${fixed(value, 0)} ${unit}` : `${fixed(value / 1000, 2)} ${kilo}`
}

export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, GROUP)
}

const two = (value: number): string => value.toString().padStart(2, '0')

/** Date and time of a UTC instant at an offset: the meter's local time, whatever zone the reader is in. */
export function localTime(time_ms: number, offset_min: number): { date: string; time: string } {
  const at = new Date(time_ms + offset_min * 60_000)
  return {
    date: `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`,
    time: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`,
  }
}

/** `UTC+2`, `UTC+5:30`. */
export function zone(offset_min: number): string {
  const sign = offset_min < 0 ? '−' : '+'
  const minutes = Math.abs(offset_min)
  return offset_min === 0 ? 'UTC' : `UTC${sign}${Math.floor(minutes / 60)}${minutes % 60 === 0 ? '' : `:${two(minutes % 60)}`}`
}

export const PHASES = ['L1', 'L2', 'L3'] as const

/** `868.1 MHz`. */
export function frequency_MHz(frequency_Hz: number): string {
  return `${Number((frequency_Hz / 1e6).toFixed(4))} MHz`
}

/** `SF7 125 kHz`. */
export function modulationText(modulation: Modulation | undefined): string {
  if (modulation === undefined) return 'unknown'
  if (modulation.type === 'fsk') return `FSK ${modulation.bitRate_bps / 1000} kbit/s`
  return `SF${modulation.spreadingFactor} ${modulation.bandwidth_Hz / 1000} kHz`
}
