import type { Figures } from './budget-measure.ts'

/** Bytes of a slot on a 32-bit engine. */
const SLOT_B = 16
/** How much a figure may grow before the table has to be changed. */
const GROWTH_MAX = 0.05

/** What the figures are, in the order of the table. */
const TEXTS: Readonly<Record<string, string>> = {
  'code.slots': 'the whole firmware loaded, over an empty engine (in flash on a device)',
  'core.rest_slots': 'meter with metering, at rest',
  'core.peak_slots': 'meter with metering, at peak',
  'dlms.rest_slots': '+ DLMS, at rest',
  'dlms.peak_slots': '+ DLMS, at peak',
  'face.rest_slots': '+ face, at rest',
  'face.peak_slots': '+ face, at peak',
  'lorawan.rest_slots': '+ LoRaWAN, at rest',
  'lorawan.peak_slots': '+ LoRaWAN, at peak',
  'sample.garbage_slots': 'left behind by 200 samples of the ATM90E32',
  'sample.driver_codes': 'sample of the ATM90E32',
  'sample.second_codes': 'second of the core, sample included',
  'sample.capture_codes': 'end of a capture period on top',
  'core.second_codes': 'second of the meter with metering',
  'dlms.second_codes': 'second of the meter, + DLMS',
  'face.second_codes': 'second of the meter, + face',
  'lorawan.second_codes': 'second of the meter, + LoRaWAN',
  'dlms.associate_codes': 'DLMS association of the reading client',
  'dlms.get_codes': 'DLMS GET of an energy register, without ciphering',
  'face.state_codes': 'state of the meter for the page',
  'lorawan.uplink_codes': 'LoRaWAN uplink with six measurements, its windows included',
}

const grouped = (value: number): string => value.toLocaleString('en-US')

/** What it would be on an ESP32. */
function estimate(name: string, value: number): string {
  if (name.endsWith('_codes')) return `${(value / 4000).toFixed(value < 40_000 ? 1 : 0)} ms`
  return `${Math.round((value * SLOT_B) / 1000)} KB`
}

function row(cells: readonly string[], widths: readonly number[]): string {
  return `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
}

/** The table of docs/budget.md. */
export function renderTable(figures: Figures): string {
  const head = ['figure', 'name', 'slots or byte codes', 'ESP32, estimated']
  const names = Object.keys(TEXTS).filter((name) => figures[name] !== undefined)
  const rows = names.map((name) => [TEXTS[name], `\`${name}\``, grouped(figures[name]), estimate(name, figures[name])])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((cells) => cells[i].length)))
  return [
    row(head, widths),
    row(
      widths.map((width) => '-'.repeat(width)),
      widths,
    ),
    ...rows.map((cells) => row(cells, widths)),
  ].join('\n')
}

/** The figures in the order of the table; one that has no place in it is an error. */
export function sorted(figures: Figures): Figures {
  const unknown = Object.keys(figures).filter((name) => TEXTS[name] === undefined)
  if (unknown.length > 0) throw new Error(`no text for ${unknown.join(', ')}`)
  return Object.fromEntries(Object.keys(TEXTS).map((name) => [name, figures[name]]))
}

/** What is wrong with measured figures against those of the table, a line each. */
export function overruns(measured: Figures, table: Figures): string[] {
  const names = new Set([...Object.keys(table), ...Object.keys(measured)])
  return [...names].flatMap((name) => {
    const [now, before] = [measured[name], table[name]]
    if (now === undefined) return [`${name}: in the table, but not measured`]
    if (before === undefined) return [`${name}: measured, but not in the table`]
    if (now <= before * (1 + GROWTH_MAX)) return []
    return [`${name}: ${grouped(now)}, the table has ${grouped(before)} (${(100 * (now / before - 1)).toFixed(1)} % more)`]
  })
}
