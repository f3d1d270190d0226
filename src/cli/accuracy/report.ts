import type { Point } from './bench.ts'

export interface Reported {
  readonly title: string
  readonly points: readonly Point[]
  readonly passed: boolean
}

/** Header and where numbers stand right. */
const COLUMNS = ['point', 'load', 'way', 'PF', 'I/A', 'value', 'limit', 'LED', ''] as const
const RIGHT: ReadonlySet<number> = new Set([4, 5, 6, 7])

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  return `${value < 0 && Number(text) !== 0 ? '-' : '+'}${text}`
}

function cells(point: Point): string[] {
  const { unit, value, limit, powerFactor, current_A, led_percent } = point
  const isEnergy = unit === '%'
  const bare = point.group === 'no-load' || point.group === 'register'
  return [
    point.name,
    bare ? '' : point.elements,
    bare ? '' : point.direction,
    bare ? '' : powerFactor,
    bare ? '' : String(current_A),
    isEnergy ? `${signed(value, 3)} %` : `${unit === 'pulses' ? value : value.toFixed(3)} ${unit}`,
    isEnergy ? `±${limit} %` : `${limit} ${unit}`,
    led_percent === undefined ? '' : `${signed(led_percent, 2)} %`,
    point.passed ? 'ok' : 'FAILED',
  ]
}

/** A table for a terminal, with the verdict below. */
export function reportText({ title, points, passed }: Reported): string {
  const rows = [[...COLUMNS], ...points.map(cells)]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (RIGHT.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd(),
  )
  const failed = points.filter((point) => !point.passed).length
  const verdict = passed
    ? `All ${points.length} points are inside their limits.`
    : `${failed} of ${points.length} points are outside their limits.`
  return `${title}\n\n${lines.join('\n')}\n\n${verdict}\n`
}
