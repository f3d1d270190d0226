import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Bench } from '../../hil/bench.ts'
import { reportHTML, reportJSON, stepLine, summaryLines } from '../../hil/report.ts'
import { PlanRunner } from '../../hil/runner.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { DeskBench } from './desk-bench.ts'
import { loadPlan, type Plan, planSchema } from './plan-file.ts'
import { VirtualBench } from './virtual-bench.ts'
import { XsBench } from './xs-bench.ts'

const HIL_USAGE = `Usage: ferraris hil PLAN.json [options]

Runs a test plan on a meter: load steps, sags, tampering, cuts of the supply, and what the meter must say of them at its service port. Exit status 1
when something deviates. Plans and benches: docs/hil.md.

  --bench FILE.json  a board on the desk and what is connected to it
  --target NAME      without a bench: virtual (default; as fast as possible) or xs (the XS engine
                     behind a pseudo-terminal, in real time)
  --speed N          with xs: simulated seconds per second (default 1)
  --seed N           of the virtual world (default 1)
  --report FILE.html page with histograms and every deviation
  --json             the result as one JSON object, nothing else
  --plan-schema      prints the JSON Schema of plans`

interface HilOptions {
  readonly plan: string
  readonly bench?: string
  readonly target: 'virtual' | 'xs'
  readonly speed: number
  readonly seed: number
  readonly report?: string
  readonly json: boolean
}

function usage(reason: string): never {
  throw new FerrarisError('USAGE', `${reason} (see ferraris hil --help)`)
}

const VALUES = ['--bench', '--target', '--speed', '--seed', '--report']

function split(words: readonly string[]): { readonly values: ReadonlyMap<string, string>; readonly rest: readonly string[] } {
  const values = new Map<string, string>()
  const rest: string[] = []
  for (let i = 0; i < words.length; i++) {
    if (!words[i].startsWith('-')) {
      rest.push(words[i])
      continue
    }
    const [name, inline] = words[i].split(/=(.*)/s, 2)
    if (values.has(name)) usage(`${name} is given twice`)
    if (name === '--json' && inline === undefined) values.set(name, 'yes')
    else if (VALUES.includes(name)) {
      const value = inline ?? words[++i]
      if (value === undefined || value === '' || value.startsWith('--')) usage(`${name} needs a value`)
      values.set(name, value)
    } else usage(`unknown option ${words[i]}`)
  }
  return { values, rest }
}

function parse(words: readonly string[]): HilOptions {
  const { values, rest } = split(words)
  if (rest.length !== 1) usage(rest.length === 0 ? 'a plan is needed' : `one plan is enough; found ${rest.join(' ')}`)
  const target = values.get('--target') ?? 'virtual'
  if (target !== 'virtual' && target !== 'xs') usage(`--target: found "${target}", allowed is virtual or xs`)
  const bench = values.get('--bench')
  if (bench !== undefined && values.has('--target')) usage('--bench is a board on the desk, --target an emulated one: give one of them')
  if (values.has('--speed') && target !== 'xs')
    usage('--speed is for --target xs; the virtual meter is as fast as possible, a board as fast as it is')
  const speed = Number(values.get('--speed') ?? 1)
  if (!(speed >= 0.1 && speed <= 100)) usage(`--speed: found "${values.get('--speed')}", allowed is a number 0.1..100`)
  const seed = Number(values.get('--seed') ?? 1)
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff))
    usage(`--seed: found "${values.get('--seed')}", allowed is an integer 0..4294967295`)
  return { plan: rest[0], bench, target, speed, seed, report: values.get('--report'), json: values.has('--json') }
}

function openBench(options: HilOptions, plan: Plan): Promise<Bench> {
  if (options.bench !== undefined) return DeskBench.open(options.bench, plan)
  return options.target === 'xs' ? XsBench.open(plan, options.seed, options.speed) : Promise.resolve(new VirtualBench(plan, options.seed))
}

/** Errors: FerrarisError `REPORT`. */
function writing(path: string, work: () => void): void {
  try {
    work()
  } catch (cause) {
    throw new FerrarisError('REPORT', `${path}: cannot be written`, { cause })
  }
}

/**
 * `ferraris hil`, without the name of the command. True when nothing deviates. Errors: FerrarisError `USAGE`, `PLAN`, `BENCH_FILE`, `REPORT`, `NO_ANSWER`,
 * and those of opening a bench.
 */
export async function hil(words: readonly string[], print: (text: string) => void): Promise<boolean> {
  if (words.includes('--help') || words.includes('-h')) {
    print(`${HIL_USAGE}\n`)
    return true
  }
  if (words.includes('--plan-schema')) {
    print(planSchema())
    return true
  }
  const options = parse(words)
  const { report, json } = options
  // Before all the measuring.
  if (report !== undefined) writing(report, () => accessSync(dirname(resolve(report)), constants.W_OK))
  const plan = loadPlan(options.plan)
  const bench = await openBench(options, plan)
  try {
    if (!json) print(`${plan.name}: ${bench.title}\n`)
    const runner = new PlanRunner(bench, (step) => !json && print(`${stepLine(step)}\n`))
    const result = await runner.run(plan.name, plan.steps, plan.limits)
    print(json ? reportJSON(result) : `${summaryLines(result).join('\n')}\n`)
    if (report !== undefined) writing(report, () => writeFileSync(report, reportHTML(result, new Date().toISOString())))
    return result.passed
  } finally {
    await bench.close()
  }
}
