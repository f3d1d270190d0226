import type { Point } from './bench.ts'
import { type AccuracyClass, limitOf, type PowerFactor } from './classes.ts'

/** One picture of the plot: the points of one run. */
export interface Panel {
  readonly title: string
  readonly points: readonly Point[]
}

const WIDTH = 760
const HEIGHT = 380
const LEFT = 62
const RIGHT = 150
const TOP = 44
const BOTTOM = 50
const PLOT_WIDTH = WIDTH - LEFT - RIGHT
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM
/** Least steps that the error axis is divided in. */
const DIVISIONS = 4
const COLORS: Readonly<Record<PowerFactor, string>> = Object.freeze({
  '1': '#1b6ca8',
  '0.5L': '#c8553d',
  '0.8C': '#3a7d44',
  '0.25L': '#8e5ea2',
  '0.5C': '#b08900',
})
/** Between two currents of the table a limit is followed in steps of this factor. */
const FINE = 1.01

interface Scale {
  readonly x: (current_A: number) => number
  readonly y: (percent: number) => number
  readonly range_percent: number
  readonly least_A: number
}

function number(value: number): string {
  return value.toFixed(1)
}

function text(x: number, y: number, content: string, extra = ''): string {
  return `<text x="${number(x)}" y="${number(y)}"${extra}>${content}</text>`
}

function powerFactors({ currents_A }: AccuracyClass): PowerFactor[] {
  return Object.keys(currents_A) as PowerFactor[]
}

/** Natural logarithm of a number above 0, from multiplications only: the plot has the same bytes on every engine. */
function logarithm(value: number): number {
  let [mantissa, halvings] = [value, 0]
  for (; mantissa > 1.5; mantissa /= 2) halvings++
  for (; mantissa < 0.75; mantissa *= 2) halvings--
  const z = (mantissa - 1) / (mantissa + 1)
  let sum = 0
  for (let k = 17; k >= 1; k -= 2) sum = sum * z * z + 1 / k
  return 2 * z * sum + halvings * Math.LN2
}

/** Logarithmic in the current; the errors reach from one outermost value to the other, limits included. */
function scaleOf(accuracyClass: AccuracyClass, points: readonly Point[]): Scale {
  const { currents_A, limits, rating } = accuracyClass
  const least_A = Math.min(...Object.values(currents_A).flat())
  const whole = logarithm(rating.maximum_A / least_A)
  const balanced = limits.filter(({ load }) => load === 'balanced').map(({ limit_percent }) => limit_percent)
  const outermost = Math.max(...points.filter(isDrawn).map(({ value }) => Math.abs(value)), ...balanced)
  const step = stepOf(outermost)
  const range_percent = Math.ceil((1.05 * outermost) / step) * step
  return {
    x: (current_A) => LEFT + (PLOT_WIDTH * logarithm(current_A / least_A)) / whole,
    y: (percent) => TOP + PLOT_HEIGHT / 2 - (PLOT_HEIGHT * percent) / (2 * range_percent),
    range_percent,
    least_A,
  }
}

/** 0.1, 0.2, 0.5, 1, 2 … so that there are some lines on each side of 0. */
function stepOf(outermost: number): number {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
  return steps.filter((step) => outermost / step >= DIVISIONS).pop() ?? steps[0]
}

function isDrawn({ group }: Point): boolean {
  return group === 'load'
}

function grid(accuracyClass: AccuracyClass, { x, y, range_percent }: Scale): string[] {
  const lines: string[] = []
  const step = stepOf(range_percent)
  const count = Math.floor(range_percent / step + 0.5)
  for (let i = -count; i <= count; i++) {
    const percent = i * step
    const stroke = i === 0 ? '#555' : '#ddd'
    lines.push(`<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${number(y(percent))}" y2="${number(y(percent))}" stroke="${stroke}"/>`)
    const label = i === 0 ? '0' : `${percent > 0 ? '+' : '−'}${Number(Math.abs(percent).toFixed(2))}`
    lines.push(text(LEFT - 8, y(percent) + 4, label, ' text-anchor="end"'))
  }
  const currents = [...new Set(Object.values(accuracyClass.currents_A).flat())].sort((a, b) => a - b)
  let last = Number.NEGATIVE_INFINITY
  for (const current_A of currents) {
    const at = x(current_A)
    lines.push(`<line x1="${number(at)}" x2="${number(at)}" y1="${TOP}" y2="${TOP + PLOT_HEIGHT}" stroke="#eee"/>`)
    // Two currents that lie close together share a place.
    if (at - last < 24 && current_A !== accuracyClass.rating.maximum_A) continue
    last = at
    lines.push(text(at, TOP + PLOT_HEIGHT + 18, String(current_A), ' text-anchor="middle"'))
  }
  lines.push(text(LEFT + PLOT_WIDTH / 2, HEIGHT - 12, 'current in A', ' text-anchor="middle"'))
  lines.push(text(16, TOP + PLOT_HEIGHT / 2, 'error in %', ` text-anchor="middle" transform="rotate(-90 16 ${TOP + PLOT_HEIGHT / 2})"`))
  return lines
}

/** The limit of one power factor as a line with steps, above and below. */
function limitLines(accuracyClass: AccuracyClass, powerFactor: PowerFactor, { x, y, least_A }: Scale): string[] {
  const { maximum_A } = accuracyClass.rating
  const steps: [number, number][] = []
  for (let current_A = least_A; current_A < maximum_A; current_A *= FINE) {
    const row = limitOf(accuracyClass, 'balanced', powerFactor, current_A)
    const next = limitOf(accuracyClass, 'balanced', powerFactor, Math.min(current_A * FINE, maximum_A))
    if (row === undefined || next === undefined) continue
    if (steps.length === 0) steps.push([current_A, row.limit_percent])
    steps.push([current_A, row.limit_percent], [Math.min(current_A * FINE, maximum_A), next.limit_percent])
  }
  // Only the corners.
  const corners = steps.filter(
    ([, limit], i) => i === 0 || i === steps.length - 1 || steps[i - 1][1] !== limit || steps[i + 1][1] !== limit,
  )
  const dash = powerFactor === '1' ? '' : ' stroke-dasharray="5 4"'
  return [1, -1].map((sign) => {
    const path = corners.map(([current_A, limit], i) => `${i === 0 ? 'M' : 'L'}${number(x(current_A))} ${number(y(sign * limit))}`).join('')
    return `<path d="${path}" fill="none" stroke="${COLORS[powerFactor]}" stroke-opacity="0.55" stroke-width="2.5"${dash}/>`
  })
}

/** Balanced import as a curve with dots, export hollow; loads of one phase as small crosses. */
function curves(points: readonly Point[], powerFactor: PowerFactor, { x, y }: Scale): string[] {
  const own = points.filter((point) => isDrawn(point) && point.powerFactor === powerFactor)
  const color = COLORS[powerFactor]
  const lines: string[] = []
  for (const direction of ['import', 'export'] as const) {
    const curve = own.filter((point) => point.elements === 'balanced' && point.direction === direction)
    const path = curve.map(({ current_A, value }, i) => `${i === 0 ? 'M' : 'L'}${number(x(current_A))} ${number(y(value))}`).join('')
    const thin = direction === 'export' ? ' stroke-dasharray="2 3"' : ''
    lines.push(`<path d="${path}" fill="none" stroke="${color}" stroke-width="1.4"${thin}/>`)
    const fill = direction === 'import' ? color : '#fff'
    for (const { current_A, value } of curve)
      lines.push(`<circle cx="${number(x(current_A))}" cy="${number(y(value))}" r="3" fill="${fill}" stroke="${color}"/>`)
  }
  for (const { elements, current_A, value } of own) {
    if (elements === 'balanced') continue
    const [cx, cy] = [x(current_A), y(value)]
    lines.push(
      `<path d="M${number(cx - 3)} ${number(cy - 3)}l6 6m0 -6l-6 6" stroke="${color}" stroke-width="1" stroke-opacity="0.7" fill="none"/>`,
    )
  }
  return lines
}

function legend(accuracyClass: AccuracyClass): string[] {
  const left = LEFT + PLOT_WIDTH + 14
  const lines: string[] = []
  let y = TOP + 8
  for (const powerFactor of powerFactors(accuracyClass)) {
    lines.push(`<line x1="${left}" x2="${left + 22}" y1="${y - 4}" y2="${y - 4}" stroke="${COLORS[powerFactor]}" stroke-width="2"/>`)
    lines.push(text(left + 28, y, `PF ${powerFactor}`))
    y += 18
  }
  for (const note of ['● import', '○ export', '× one phase only', '━ limit, PF 1', '╍ limit, other PF']) {
    y += 17
    lines.push(text(left, y, note, ' fill="#555"'))
  }
  return lines
}

/** Error against current, a curve for each power factor, with the limits of the class for balanced loads; the panels below each other. */
export function plotSVG(accuracyClass: AccuracyClass, panels: readonly Panel[]): string {
  const drawn = panels.map(({ title, points }, i) => {
    const scale = scaleOf(accuracyClass, points)
    return [
      `<g transform="translate(0 ${i * HEIGHT})">`,
      text(LEFT, 26, title, ' font-size="15" font-weight="600" fill="#222"'),
      ...grid(accuracyClass, scale),
      ...powerFactors(accuracyClass).flatMap((powerFactor) => limitLines(accuracyClass, powerFactor, scale)),
      ...powerFactors(accuracyClass).flatMap((powerFactor) => curves(points, powerFactor, scale)),
      ...legend(accuracyClass),
      '</g>',
    ].join('\n')
  })
  const height = HEIGHT * panels.length
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#333">`,
    '<title>Error against current, with the limits of the class</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}
