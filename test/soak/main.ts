// `npm run soak`: runs that are too long for the tests. docs/soak.md tells how to read them.
import { soakFleet } from './fleet.ts'
import { parseOptions, type SoakOptions, USAGE } from './options.ts'
import { soakPower } from './power.ts'
import { soakWear } from './wear.ts'

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const progress = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

function runPower(options: SoakOptions): boolean {
  const { seed, json } = options
  const result = soakPower(options, (done, all) => progress(`seed ${seed}: ${done} of ${all} faults`))
  if (json) print(JSON.stringify({ mode: 'power', seed, ...result }))
  else
    print(
      `seed ${seed}: ${result.operations} operations, ${result.starts} starts after faults, at most ${result.mount_bytes} bytes read in one; nothing lost`,
    )
  return true
}

function runWear({ years, seed, json }: SoakOptions): boolean {
  const lines: string[] = []
  const faults = soakWear(years, seed, (line) => (json ? lines.push(line) : print(line)))
  if (json) print(JSON.stringify({ mode: 'wear', years, table: lines, faults }))
  else for (const fault of faults) print(`FAULT ${fault}`)
  return faults.length === 0
}

function run(words: readonly string[]): boolean {
  // A seed that nobody gave comes from the clock: each run looks somewhere else.
  const options = parseOptions(words, Math.floor(Date.now() / 1000) % 1_000_000)
  if (options.mode === 'power') return runPower(options)
  if (options.mode === 'wear') return runWear(options)
  return soakFleet(options, { print, progress })
}

try {
  process.exitCode = run(process.argv.slice(2)) ? 0 : 1
} catch (error) {
  const words = process.argv.slice(2).join(' ')
  progress(
    error instanceof RangeError
      ? `soak: ${error.message}\n${USAGE}`
      : `FAULT (soak ${words})\n${error instanceof Error ? error.stack : error}`,
  )
  process.exitCode = 1
}
