import type { VNode } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { FaceCurve, FaceUnit } from '../state.ts'
import { choice } from './choice.ts'
import { localTime, power } from './format.ts'
import { html } from './html.ts'
import type { LivePoint } from './store.ts'

type Range = '24' | '6' | 'live'

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/** Watts or litres per hour on an axis, all in the same unit. */
function axisValues({ unit, kilo } = { unit: 'W', kilo: 'kW' }): (plot: uPlot, splits: number[]) => string[] {
  return (_plot, splits) => {
    const large = splits.some((value) => Math.abs(value) >= 1000)
    return splits.map((value) => (large ? `${Number((value / 1000).toFixed(2))} ${kilo}` : `${value} ${unit}`).replace('-', '−'))
  }
}

function axes(unit: FaceUnit | undefined): uPlot.Axis[] {
  const common = { stroke: () => colour('--muted'), font: '11px system-ui, sans-serif', ticks: { show: false } }
  return [
    { ...common, grid: { show: false }, space: 64, size: 38 },
    { ...common, grid: { stroke: () => colour('--line'), width: 1 }, size: 62, values: axisValues(unit) },
  ]
}

const bars = (): uPlot.Series.PathBuilder | undefined => uPlot.paths.bars?.({ size: [0.86, 40], align: -1, radius: 0.12 })

function barSeries(label: string, variable: string): uPlot.Series {
  return { label, fill: () => colour(variable), stroke: () => colour(variable), width: 0, paths: bars(), points: { show: false } }
}

function options(live: boolean, width: number, height: number, unit: FaceUnit | undefined): uPlot.Options {
  const line: uPlot.Series = {
    label: 'Power',
    stroke: () => colour('--import'),
    fill: () => colour('--import-soft'),
    width: 2,
    points: { show: false },
  }
  const intervals = [barSeries('Import', '--import'), barSeries('Export', '--export'), barSeries('Flagged', '--warn')]
  return {
    width,
    height,
    // Times are shifted to the meter's zone before they come here; the reader's own zone does not matter.
    tzDate: (time_s) => uPlot.tzDate(new Date(time_s * 1000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 20, 0, 0],
    scales: {
      x: { time: true, range: (_plot, low, high) => xRange(low, high, live ? 60 : 7200) },
      y: { range: (_plot, low, high) => yRange(low, high) },
    },
    axes: axes(unit).map((axis, i) => (i === 0 ? { ...axis, values: TIME_FORMATS } : axis)),
    series: [{}, ...(live ? [line] : intervals)],
  }
}

/** Time labels in 24 hours: increment, format, and the format of the first label of a new year, month, day, hour. */
const TIME_FORMATS: uPlot.Axis.Values = [
  [86400, '{MM}-{DD}', null, null, null, null, null, null, 1],
  [60, '{HH}:{mm}', null, null, '\n{MM}-{DD}', null, null, null, 1],
  [0.001, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1],
]

/** At least `span_s`: a single interval has no width of its own. */
function xRange(low: number | null, high: number | null, span_s: number): [number, number] {
  const end_s = high ?? 0
  return [Math.min(low ?? 0, end_s - span_s), end_s]
}

/** Zero is always in view, with some air above; an idle house shows a scale of 100 W. */
function yRange(low: number | null, high: number | null): [number, number] {
  const top = Math.max(high ?? 0, 0) * 1.1
  const bottom = Math.min(low ?? 0, 0) * 1.1
  return top - bottom < 100 ? [bottom, bottom + 100] : [bottom, top]
}

function intervalData(curve: FaceCurve | undefined, hours: number, offset_s: number): uPlot.AlignedData {
  const all = curve?.points ?? []
  const start = (all[all.length - 1]?.[0] ?? 0) - hours * 3600
  const points = all.filter(([end_s]) => end_s > start)
  return [
    points.map(([end_s]) => end_s + offset_s),
    points.map(([, taken]) => taken),
    points.map(([, , given]) => -given),
    points.map(([, taken, given, status]) => (status === 0 ? null : taken - given)),
  ]
}

function liveData(live: readonly LivePoint[], offset_s: number): uPlot.AlignedData {
  return [live.map(([time_s]) => time_s + offset_s), live.map(([, value_W]) => value_W)]
}

/** Keeps one uPlot in step with the data, the width of its box and the colours of the page. */
function usePlot(data: uPlot.AlignedData, live: boolean, unit: FaceUnit | undefined): { current: HTMLDivElement | null } {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  useEffect(() => {
    const parent = box.current
    if (parent === null) return
    const made = new uPlot(options(live, parent.clientWidth, parent.clientHeight, unit), data, parent)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: parent.clientHeight }))
    observer.observe(parent)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const repaint = () => made.redraw(true, true)
    scheme.addEventListener('change', repaint)
    return () => {
      observer.disconnect()
      scheme.removeEventListener('change', repaint)
      made.destroy()
    }
  }, [live, unit?.unit])
  useEffect(() => plot.current?.setData(data), [data])
  return box
}

function summary(curve: FaceCurve | undefined, offset_min: number, unit: FaceUnit | undefined): string {
  const points = curve?.points ?? []
  if (points.length === 0) return 'The first interval is not complete yet.'
  const peak = points.reduce((best, point) => (point[1] > best[1] ? point : best))
  const given = points.reduce((best, point) => (point[2] > best[2] ? point : best))
  const at = (end_s: number) => localTime(end_s * 1000, offset_min).time.slice(0, 5)
  const exported = given[2] > 0 ? `, most given back ${power(given[2], unit)} at ${at(given[0])}` : ''
  return `Highest import ${power(peak[1], unit)} at ${at(peak[0])}${exported}`
}

const KEYS = [
  ['import', 'Import'],
  ['export', 'Export'],
  ['warn', 'Flagged'],
] as const

export interface CurveProps {
  readonly curve: FaceCurve | undefined
  readonly live: readonly LivePoint[]
  readonly offset_min: number
  readonly now_W: number
  /** The meter tells export from import. */
  readonly directed: boolean
  /** Absent: W. */
  readonly unit?: FaceUnit
}

/** The load curve: the profile's intervals as bars, or the power of the last minute as a line. */
export function Curve({ curve, live, offset_min, now_W, directed, unit }: CurveProps): VNode {
  const [range, setRange] = useState<Range>('24')
  const offset_s = offset_min * 60
  const source = range === 'live' ? live : curve
  const data = useMemo(
    () => (range === 'live' ? liveData(live, offset_s) : intervalData(curve, Number(range), offset_s)),
    [source, range, offset_s],
  )
  const box = usePlot(data, range === 'live', unit)
  const words = summary(curve, offset_min, unit)
  const select = choice<Range>({
    name: 'range',
    label: 'Span of the load curve',
    value: range,
    options: [
      ['24', '24 h', '24 hours'],
      ['6', '6 h', '6 hours'],
      ['live', 'Live'],
    ],
    onChange: setRange,
  })
  const keys = KEYS.filter(([name]) => directed || name !== 'export')
  const minutes = Math.round((curve?.interval_s ?? 900) / 60)
  return html`<section class="card curve" aria-labelledby="curve-title">
    <h2 id="curve-title">Load curve <span class="aside">${power(now_W, unit)} now</span>${select}</h2>
    <div class="plot" ref=${box} role="img" aria-label=${`Load curve. ${words}`}></div>
    <p class="legend">
      ${keys.map(([name, text]) => (range === 'live' ? null : html`<span class=${`key ${name}`}>${text}</span>`))}
      <span class="words">${range === 'live' ? 'Power as it is measured' : `${minutes}-minute means. ${words}`}</span></p>
  </section>`
}
