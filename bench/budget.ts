import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Figures, measureBudget } from './budget-measure.ts'
import { overruns, renderTable, sorted } from './budget-table.ts'

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url))
const DATA = `${DOCS}/budget.json`
const PAGE = `${DOCS}/budget.md`
const BEGIN = '<!-- figures -->\n'
const END = '\n<!-- end -->'

const USAGE = `Usage: npm run budget [-- --json | --write]
       npm run budget -- --sdk [--write | --fit]

Measures what the firmware costs on XS and compares it with docs/budget.json; ends with 1 when a figure is more than 5 % above it.
  --json   figures as JSON
  --write  the figures become those of docs/budget.json and docs/budget.md
  --sdk    instead, slots and chunks of the firmware linked and preloaded by the Moddable SDK, in 32 bits; skipped without the SDK
  --fit    in the memory of a board (manifest.json) instead of as much as wanted
`

function write(figures: Figures): void {
  writeFileSync(DATA, `${JSON.stringify(figures, undefined, 2)}\n`)
  const page = readFileSync(PAGE, 'utf8')
  const [before] = page.split(BEGIN)
  const after = page.slice(page.indexOf(END))
  writeFileSync(PAGE, `${before}${BEGIN}\n${renderTable(figures)}\n${after}`)
}

/** What needs the SDK is a script: nothing of it is compiled here. */
function measureWithSdk(words: readonly string[]): number {
  const script = fileURLToPath(new URL('../../../scripts/budget-sdk.mjs', import.meta.url))
  return spawnSync(process.execPath, [script, ...words], { stdio: 'inherit' }).status ?? 1
}

async function main(words: readonly string[]): Promise<number> {
  if (words[0] === '--sdk') return measureWithSdk(words.slice(1))
  const [option] = words
  if (words.length > 1 || (option !== undefined && option !== '--json' && option !== '--write')) {
    process.stderr.write(USAGE)
    return 2
  }
  const figures = sorted(await measureBudget())
  process.stdout.write(option === '--json' ? `${JSON.stringify(figures, undefined, 2)}\n` : `${renderTable(figures)}\n`)
  if (option === '--write') {
    write(figures)
    return 0
  }
  const wrong = overruns(figures, JSON.parse(readFileSync(DATA, 'utf8')) as Figures)
  for (const line of wrong) process.stderr.write(`${line}\n`)
  if (wrong.length > 0) process.stderr.write('if that is meant: npm run budget -- --write\n')
  return wrong.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
