import { type AveragedReading, QUANTITIES, type QuantityName } from '../../core/calibration/average.ts'
import type { PhaseQuantities } from '../../core/calibration/codes.ts'
import { COMPARED } from '../../core/calibration/plausibility.ts'
import { CALIBRATION_STEPS, type CalibrationKind, type CalibrationStep } from '../../core/calibration/procedure.ts'
import type { Calibrator } from '../calibrator.ts'
import { type Answer, error, firstWord } from './answer.ts'
import type { ConsoleTarget } from './target.ts'

/** What a person types for each step: values of the reference, the same for each phase that is named. */
const STEPS: Readonly<Record<CalibrationKind, { readonly parameters: string; readonly load: string }>> = Object.freeze({
  gain: Object.freeze({ parameters: 'U_V I_A', load: 'nominal voltage, basic current, power factor 1' }),
  offset: Object.freeze({ parameters: '[I_A P_W Q_var]', load: 'nominal voltage, no current' }),
  power: Object.freeze({ parameters: 'P_W', load: 'nominal voltage, basic current, power factor 1' }),
  phase: Object.freeze({ parameters: 'P_W', load: 'nominal voltage, basic current, power factor 0.5 inductive' }),
})
const SHOWN = Object.freeze({
  voltage_V: Object.freeze({ letter: 'U', unit: 'V', digits: 3 }),
  current_A: Object.freeze({ letter: 'I', unit: 'A', digits: 5 }),
  active_W: Object.freeze({ letter: 'P', unit: 'W', digits: 3 }),
  reactive_var: Object.freeze({ letter: 'Q', unit: 'var', digits: 3 }),
})
const NAME_WIDTH = 12

interface Request {
  readonly kind: CalibrationKind
  readonly channels: ReadonlySet<number>
  readonly reference: PhaseQuantities
}

function channelsOf(text: string, names: readonly string[]): ReadonlySet<number> | undefined {
  if (text === 'all') return new Set(names.keys())
  const index = names.findIndex((name, i) => name.toLowerCase() === text.toLowerCase() || String(i + 1) === text)
  return index < 0 ? undefined : new Set([index])
}

function numbersOf(text: string): number[] | undefined {
  const words = text.split(' ').filter((word) => word !== '')
  return words.every((word) => /^-?\d{1,7}(\.\d{1,6})?$/.test(word)) ? words.map(Number) : undefined
}

/** A request, or why it is none. */
function parse(kind: CalibrationKind, rest: string, names: readonly string[]): Request | string {
  const [where, values] = firstWord(rest)
  const channels = channelsOf(where, names)
  const usage = `calibrate ${kind} ${[...names, 'all'].join('|')} ${STEPS[kind].parameters}`
  if (channels === undefined) return `found ${JSON.stringify(where)}; allowed is ${usage}`
  const numbers = numbersOf(values)
  const compared = COMPARED[kind]
  const without = kind === 'offset' && values === ''
  if (numbers === undefined || (!without && numbers.length !== compared.length))
    return `found ${JSON.stringify(values)}; allowed is ${usage}`
  const all = (value: number) => names.map(() => value)
  const reference = { voltage_V: all(0), current_A: all(0), active_W: all(0), reactive_var: all(0) }
  for (const [i, name] of compared.entries()) reference[name] = all(numbers[i] ?? 0)
  return { kind, channels, reference }
}

/** With so many digits, and no minus before a zero. */
function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits)
  return Number(text) === 0 ? text.replace('-', '') : text
}

function shown(quantity: QuantityName, value: number): string {
  const { letter, unit, digits } = SHOWN[quantity]
  return `${letter} ${fixed(value, digits)} ${unit}`
}

function deviation(value: number, reference: number): string {
  if (reference === 0) return ''
  const percent = fixed(100 * (value / reference - 1), 3)
  return percent.startsWith('-') ? ` ${percent} %` : ` +${percent} %`
}

function* comparison(word: string, { mean }: AveragedReading, { kind, channels, reference }: Request, names: readonly string[]): Answer {
  for (const index of channels) {
    const values = COMPARED[kind].map((name) => `${shown(name, mean[name][index])}${deviation(mean[name][index], reference[name][index])}`)
    yield `${`${word} ${names[index]}`.padEnd(NAME_WIDTH)} ${values.join('  ')}`
  }
}

/** Each `measure` keeps the port from asking for the next line until the samples are there. */
function* step(calibrator: Calibrator, request: Request): Answer {
  const { channels } = calibrator
  calibrator.measure(request.kind)
  yield `hold the load: measuring for ${calibrator.duration_s} s`
  yield* comparison('before', calibrator.reading(), request, channels)
  calibrator.take(request.kind, request.reference, request.channels)
  calibrator.measure(request.kind)
  yield 'the new codes are in the IC, not stored yet; measuring again'
  yield* comparison('after', calibrator.reading(), request, channels)
}

function* state(calibrator: Calibrator, sealOpen: boolean): Answer {
  yield `calibration  ${calibrator.summary}`
  yield `seal         ${sealOpen ? 'open' : 'closed: nothing can be changed'}`
  const { present, channels, taken } = calibrator
  if (taken.size > 0) yield `taken        ${[...taken].join(', ')}`
  if (present === undefined) return
  for (const [index, name] of channels.entries()) {
    const values = QUANTITIES.map((quantity) => shown(quantity, present[quantity][index]))
    yield `${name.padEnd(NAME_WIDTH)} ${values.join('  ')}`
  }
}

/** Without a step in between, the second of two equal ones has nothing to do. */
function stepsOf(kinds: ReadonlySet<CalibrationKind>): readonly CalibrationStep[] {
  const steps = CALIBRATION_STEPS.filter(({ kind }) => kinds.has(kind))
  return steps.filter(({ kind }, i) => kind !== steps[i - 1]?.kind)
}

function* usage({ channels, kinds }: Calibrator): Answer {
  yield 'in this order, with the load of the reference source, and what the reference says of each phase:'
  const where = [...channels, 'all'].join('|')
  for (const { kind } of stepsOf(kinds)) yield `  ${`calibrate ${kind} ${where} ${STEPS[kind].parameters}`.padEnd(48)} ${STEPS[kind].load}`
  yield `  ${'calibrate save'.padEnd(48)} stores the codes, sealed`
  yield `  ${'calibrate discard'.padEnd(48)} goes back to what is stored`
  yield `  ${'calibrate neutral'.padEnd(48)} begins anew with the codes of a reset`
}

function* save(calibrator: Calibrator): Answer {
  const missing = [...calibrator.kinds].filter((kind) => !calibrator.taken.has(kind))
  const change = calibrator.save()
  yield `calibration ${change} is stored and sealed`
  if (missing.length > 0) yield `steps that were not taken this time: ${missing.join(', ')}`
}

function* changes(calibrator: Calibrator, word: string, rest: string): Answer {
  if (rest !== '') yield error(`calibrate: ${word} takes no parameter`)
  else if (word === 'save') yield* save(calibrator)
  else if (word === 'discard') {
    calibrator.discard()
    yield 'the codes are those that are stored'
  } else {
    calibrator.neutral()
    yield 'the codes are those of a reset, not stored yet'
  }
}

/** `calibrate` without parameters: how the calibration is. */
export function* calibrationState({ calibrator, sealOpen }: ConsoleTarget): Answer {
  if (calibrator === undefined) yield error('calibrate: this meter has nothing to calibrate')
  else yield* state(calibrator, sealOpen)
}

/** `calibrate`, a step of the procedure, what to do with its result. */
export function* calibrate(target: ConsoleTarget, rest: string): Answer {
  const { calibrator } = target
  const [word, more] = firstWord(rest)
  if (calibrator === undefined || word === 'status') yield* calibrationState(target)
  else if (word === 'help') yield* usage(calibrator)
  else if (word === 'gain' || word === 'offset' || word === 'power' || word === 'phase') {
    const request = parse(word, more, calibrator.channels)
    if (typeof request === 'string') yield error(`calibrate: ${request}`)
    else yield* step(calibrator, request)
  } else if (word === 'save' || word === 'discard' || word === 'neutral') yield* changes(calibrator, word, more)
  else
    yield error(
      `calibrate: found ${JSON.stringify(word.slice(0, 20))}, allowed is status, help, gain, offset, power, phase, save, discard, neutral`,
    )
}
