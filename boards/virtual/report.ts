import { codeOf } from '../../src/core/registers/names.ts'
import { offset_min } from '../../src/lib/calendar.ts'
import { formatDuration, formatInstant } from '../../src/lib/iso8601.ts'
import type { MeterConfig } from '../../src/meter/config.ts'
import type { SessionEvent, Summary } from './session.ts'

/** Local time of the meter. */
export function localTime(config: MeterConfig, utc_ms: number): string {
  const { standardOffset_min, daylightSaving } = config.localTime
  return formatInstant(utc_ms, offset_min(utc_ms, { standard_min: standardOffset_min, dst: daylightSaving }))
}

/** An event as a line of text; undefined for what is no news. */
export function eventText(event: SessionEvent, config: MeterConfig): string | undefined {
  if (event.kind === 'event') {
    const detail = event.log === 'powerFailure' ? ` after ${formatDuration(event.parameter * 1000)}` : ` (${event.code})`
    return `${localTime(config, event.time_ms)} ${event.text}${detail}`
  }
  if (event.kind === 'radio') return `${localTime(config, event.time_ms)} ${event.text}`
  if (event.kind === 'error') return `${event.service}: ${event.reason}`
  return event.kind === 'crash' ? `the firmware crashed: ${event.reason}` : undefined
}

/** What the meter has counted: of electricity what came and went, of another medium all that it has. */
export function totals({ registers }: Summary): string {
  const electricity = ['1.0.1.8.0.255', '1.0.2.8.0.255'].filter((name) => registers[name] !== undefined)
  const names = electricity.length > 0 ? electricity : Object.keys(registers).filter((name) => registers[name].milli !== undefined)
  return names.map((name) => `${codeOf(name)} ${shown(registers[name])}`).join(', ')
}

function shown({ value, scaler, unit }: Summary['registers'][string]): string {
  return `${scaler < 0 ? (value / 10 ** -scaler).toFixed(-scaler) : value * 10 ** scaler} ${unit}`
}
