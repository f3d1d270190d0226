import { formatDuration } from '../lib/iso8601.ts'
import { type Histogram, histogram } from './histogram.ts'
import type { PlanResult, StepResult, Timings } from './runner.ts'

const CHARTS: Readonly<Record<keyof Timings, string>> = {
  answers: 'Answers at the service port: end of the command to the first byte',
  samples: 'Interval between two looks of the firmware at its metering IC',
  events: 'Events: expected until found in the log',
  stimuli: 'How late the bench acted',
}
const WIDTH = 420
const HEIGHT = 150
const BASE = 120
const LEFT = 36
/** Few classes make no broad bars. */
const BAR_MAX = 32

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** Three significant digits are enough for a time. */
function ms(value: number): string {
  return value === 0 ? '0' : value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

function figures({ count, min, mean, p50, p95, max }: Histogram): string {
  return `${count} values: least ${ms(min)}, mean ${ms(mean)}, half below ${ms(p50)}, 95 % below ${ms(p95)}, most ${ms(max)} ms`
}

function bars({ classes, from, width, count, max }: Histogram): string {
  const highest = Math.max(...classes)
  const pitch = Math.min(BAR_MAX, (WIDTH - LEFT - 8) / classes.length)
  const right = LEFT + pitch * classes.length
  const rects = classes.map((value, i) => {
    const height = value === 0 ? 0 : Math.max(2, (value / highest) * (BASE - 12))
    const title = `${ms(from + i * width)} to ${ms(from + (i + 1) * width)} ms: ${value} of ${count}`
    return `<rect x="${(LEFT + i * pitch).toFixed(1)}" y="${(BASE - height).toFixed(1)}" width="${Math.max(1, pitch - 1).toFixed(1)}" height="${height.toFixed(1)}"><title>${title}</title></rect>`
  })
  const end = from + classes.length * width
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    ...rects,
    `<path d="M${LEFT} ${BASE}H${WIDTH - 8}M${LEFT} 12V${BASE}"/>`,
    `<text x="${LEFT - 4}" y="20" text-anchor="end">${highest}</text><text x="${LEFT - 4}" y="${BASE}" text-anchor="end">0</text>`,
    `<text x="${LEFT}" y="${BASE + 16}">${ms(from)}</text>`,
    `<text x="${Math.max(LEFT + 90, right).toFixed(1)}" y="${BASE + 16}" text-anchor="end">${ms(Math.max(end, max))} ms</text>`,
    '</svg>',
  ].join('')
}

function chart(title: string, values: readonly number[]): string {
  const counted = histogram(values)
  const body = counted === undefined ? '<p class="none">not measured on this bench</p>' : `${bars(counted)}<p>${figures(counted)}</p>`
  return `<figure><figcaption>${escaped(title)}</figcaption>${body}</figure>`
}

function row({ at_ms, what, found, passed, delay_ms }: StepResult): string {
  const cells = [formatDuration(at_ms), what, found, `${ms(delay_ms)} ms`]
  return `<tr class="${passed ? 'good' : 'bad'}"><td>${passed ? 'ok' : 'deviation'}</td>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --paper: #fff; --line: #d5dbe3; --bar: #2f6fb3; --good: #1d7a46; --bad: #b3261e; --badPaper: #fdecea }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --dim: #9aa6b5; --paper: #14181e; --line: #333c48; --bar: #6ba6e6; --good: #5cc98d; --bad: #ff8a80; --badPaper: #3a1d1b } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
.verdict { font-weight: 600 } .verdict.good { color: var(--good) } .verdict.bad, .deviations { color: var(--bad) }
p.sub, .none, figure p, figcaption { color: var(--dim) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem }
figure { margin: 0; border: 1px solid var(--line); border-radius: 6px; padding: .75rem } figcaption { font-size: .9rem } figure p { font-size: .85rem; margin: .25rem 0 0 }
svg { width: 100%; height: auto } svg rect { fill: var(--bar) } svg path { stroke: var(--line); fill: none } svg text { fill: var(--dim); font-size: 11px }
table { border-collapse: collapse; width: 100%; font-size: .9rem } th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid var(--line) }
td:nth-child(5), td:nth-child(2) { white-space: nowrap } tr.good td:first-child { color: var(--good) } tr.bad td { background: var(--badPaper) } tr.bad td:first-child { color: var(--bad); font-weight: 600 }
`

/** One page without anything beside it: verdict, deviations, histograms, every step. */
export function reportHTML(result: PlanResult, made: string): string {
  const { plan, bench, passed, deviations, steps, timings, duration_ms } = result
  const verdict = passed ? 'No deviation' : `${deviations.length} ${deviations.length === 1 ? 'deviation' : 'deviations'}`
  const list =
    deviations.length === 0
      ? ''
      : `<h2>Deviations</h2><ul class="deviations">${deviations.map((text) => `<li>${escaped(text)}</li>`).join('')}</ul>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(plan)}: ${verdict}</title><style>${STYLE}</style></head><body>
<h1>${escaped(plan)}</h1>
<p class="sub">${escaped(bench)}; ${steps.length} steps in ${(duration_ms / 1000).toFixed(1)} s; ${escaped(made)}</p>
<p class="verdict ${passed ? 'good' : 'bad'}">${verdict}</p>
${list}
<h2>Timing</h2>
<div class="charts">${(Object.keys(CHARTS) as (keyof Timings)[]).map((name) => chart(CHARTS[name], timings[name])).join('')}</div>
<h2>Steps</h2>
<table><thead><tr><th></th><th>At</th><th>Step</th><th>Found</th><th>Delay</th></tr></thead><tbody>${steps.map(row).join('\n')}</tbody></table>
</body></html>
`
}

/** The same for programs: histograms in place of the single values. */
export function reportJSON(result: PlanResult): string {
  const timings = Object.fromEntries(Object.entries(result.timings).map(([name, values]) => [`${name}_ms`, histogram(values) ?? null]))
  return `${JSON.stringify({ ...result, timings }, undefined, 2)}\n`
}

/** One line for a terminal. */
export function stepLine({ at_ms, what, found, passed, delay_ms }: StepResult): string {
  return `${passed ? 'ok  ' : 'FAIL'} ${formatDuration(at_ms).padStart(8)}  ${what}: ${found}${delay_ms >= 1 ? ` (${ms(delay_ms)} ms)` : ''}`
}

/** The last lines for a terminal. */
export function summaryLines(result: PlanResult): string[] {
  const lines = (Object.keys(CHARTS) as (keyof Timings)[]).flatMap((name) => {
    const counted = histogram(result.timings[name])
    return counted === undefined ? [] : [`${name.padEnd(8)} ${figures(counted)}`]
  })
  const failed = result.steps.filter(({ passed }) => !passed).length
  const limits = result.deviations.slice(failed)
  return [...lines, ...limits.map((text) => `FAIL ${text}`), `${result.steps.length} steps, ${result.deviations.length} deviations`]
}
