import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { FerrarisError } from '../../lib/errors.ts'
import { seededSkew } from '../../world/chips/skew.ts'
import { AccuracyBench, type Point } from './bench.ts'
import { ACCURACY_CLASSES, type AccuracyClass, ratedAt } from './classes.ts'
import { type BenchMeterType, METER_NAMES, meterTypeOf } from './meters.ts'
import { type Panel, plotSVG } from './plot.ts'
import { reportText } from './report.ts'
import { Rig } from './rig.ts'

const ACCURACY_USAGE = `Usage: ferraris bench-accuracy [options]

Puts the metering driver, its emulated IC, the energy registers and the LED on a test bench and measures their errors at the points of the
accuracy class. Exit status 1 when a point is outside its limit.

  --ic NAME        ${METER_NAMES.join(', ')} (default ATM90E32)
  --class 1|0.5S   accuracy class (default 1: 5(60) A direct; 0.5S: 5(6) A behind transformers)
  --skew SEED      a front end with tolerances that follow from the seed
  --calibrate      measures, calibrates the front end, and measures again; needs --skew
  --json           every point with its error and limit
  --plot FILE.svg  error against current with the limits of the class`

interface AccuracyOptions {
  readonly type: BenchMeterType
  readonly accuracyClass: AccuracyClass
  readonly seed?: number
  readonly calibrate: boolean
  readonly json: boolean
  readonly plot?: string
}

/** One pass over all points. */
export interface AccuracyRun {
  readonly title: string
  readonly points: readonly Point[]
  readonly passed: boolean
}

export interface AccuracyOutcome {
  /** For the standard output. */
  readonly text: string
  /** All points of the last run are inside their limits. */
  readonly passed: boolean
}

function usage(reason: string): never {
  throw new FerrarisError('USAGE', `${reason} (see ferraris bench-accuracy --help)`)
}

function seedOf(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= 0xffffffff)) usage(`--skew: found "${text}", allowed is an integer 0..4294967295`)
  return value
}

function classOf(name: string): AccuracyClass {
  const found = ACCURACY_CLASSES.find((accuracyClass) => accuracyClass.name === name)
  return found ?? usage(`--class: found "${name}", allowed is ${ACCURACY_CLASSES.map((accuracyClass) => accuracyClass.name).join(' or ')}`)
}

/** Errors: FerrarisError `USAGE`. */
function parse(words: readonly string[]): AccuracyOptions {
  const values = new Map<string, string>()
  for (let i = 0; i < words.length; i++) {
    const [name, inline] = words[i].split(/=(.*)/s, 2)
    if (values.has(name)) usage(`${name} is given twice`)
    if (['--json', '--calibrate'].includes(name) && inline === undefined) values.set(name, 'yes')
    else if (['--ic', '--class', '--skew', '--plot'].includes(name)) {
      const value = inline ?? words[++i]
      if (value === undefined || value === '' || value.startsWith('--')) usage(`${name} needs a value`)
      values.set(name, value)
    } else usage(`unknown option ${words[i]}`)
  }
  const seed = values.get('--skew')
  if (values.has('--calibrate') && seed === undefined) usage('--calibrate needs --skew: nothing is wrong with the nominal front end')
  const type = meterTypeOf(values.get('--ic') ?? 'ATM90E32')
  const accuracyClass = classOf(values.get('--class') ?? '1')
  const { connection, maximum_A } = accuracyClass.rating
  if (seed !== undefined && !type.skews) usage(`${type.name} has its nominal front end only`)
  if (connection === 'transformer' && !type.transformers) usage(`${type.name} is connected directly; class ${accuracyClass.name} is not`)
  return {
    type,
    accuracyClass: ratedAt(accuracyClass, type.maximum_A ?? maximum_A),
    seed: seed === undefined ? undefined : seedOf(seed),
    calibrate: values.has('--calibrate'),
    json: values.has('--json'),
    plot: values.get('--plot'),
  }
}

function measure(rig: Rig, title: string): AccuracyRun {
  const points = new AccuracyBench(rig).run()
  return { title, points, passed: points.every((point) => point.passed) }
}

/** Runs the bench: once, or with `calibrate` before and after the calibration. */
function runs({ type, accuracyClass, seed, calibrate }: AccuracyOptions): AccuracyRun[] {
  const title = `${type.name}, class ${accuracyClass.name}`
  if (seed === undefined) return [measure(new Rig({ type, accuracyClass }), `${title}, nominal front end`)]
  const rig = new Rig({ type, accuracyClass, skew: seededSkew(seed, accuracyClass.rating) })
  const before = measure(rig, `${title}, front end ${seed}, not calibrated`)
  if (!calibrate) return [before]
  const again = new Rig({ type, accuracyClass, skew: seededSkew(seed, accuracyClass.rating) })
  again.meter.calibrate?.(again.compare)
  return [before, measure(again, `${title}, front end ${seed}, calibrated`)]
}

/** Errors: FerrarisError `ACCURACY`. */
function writing(path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw new FerrarisError('ACCURACY', `${path}: cannot be written`, { cause: error })
  }
}

/** `ferraris bench-accuracy`, without the name of the command. Errors: FerrarisError `USAGE`, `ACCURACY`. */
export function benchAccuracy(words: readonly string[]): AccuracyOutcome {
  if (words.includes('--help') || words.includes('-h')) return { text: `${ACCURACY_USAGE}\n`, passed: true }
  const options = parse(words)
  const { plot } = options
  // Before all the measuring.
  if (plot !== undefined) writing(plot, () => accessSync(dirname(plot), constants.W_OK))
  const done = runs(options)
  const panels: Panel[] = done.map(({ title, points }) => ({ title, points }))
  if (plot !== undefined) writing(plot, () => writeFileSync(plot, plotSVG(options.accuracyClass, panels)))
  const { passed } = done[done.length - 1]
  const { type, accuracyClass, seed } = options
  if (options.json) {
    const { name, standard, rating } = accuracyClass
    const result = { ic: type.name, class: name, standard, rating, skew: seed, passed, runs: done }
    return { text: `${JSON.stringify(result, undefined, 2)}\n`, passed }
  }
  return { text: done.map(reportText).join('\n'), passed }
}
