import { FerrarisError } from '../lib/errors.ts'
import { formatDuration } from '../lib/iso8601.ts'
import type { AppliedEnergy, Stimulus } from '../world/stimulus.ts'
import type { Bench } from './bench.ts'
import { ConsoleClient, type ReadEvent } from './console-client.ts'
import type { LogName, PlanLimits, Step } from './plan.ts'

/** Between two looks of a check that waits. */
const POLL_MS = 250
/** Events of a log that one look reads. */
const EVENTS = 50

/** What came of one step. */
export interface StepResult {
  readonly index: number
  readonly at_ms: number
  readonly what: string
  /** What was found; of a stimulus how it went. */
  readonly found: string
  readonly passed: boolean
  /** How late it was done, or how long it took until a check was fulfilled. */
  readonly delay_ms: number
}

/** Times that are drawn as histograms, in milliseconds. */
export interface Timings {
  /** From the end of a command to the first byte of its answer. */
  readonly answers: readonly number[]
  /** Between two looks of the firmware at its metering IC. */
  readonly samples: readonly number[]
  /** From the moment an event is expected until it is found in its log. */
  readonly events: readonly number[]
  /** How late the bench did what the plan says. */
  readonly stimuli: readonly number[]
}

export interface PlanResult {
  readonly plan: string
  readonly bench: string
  readonly duration_ms: number
  readonly passed: boolean
  readonly steps: readonly StepResult[]
  /** One line each, of steps and limits. */
  readonly deviations: readonly string[]
  readonly timings: Timings
}

interface Mark {
  readonly values: ReadonlyMap<string, number>
  readonly applied: AppliedEnergy | undefined
}

type Verdict = { readonly found: string; readonly passed: boolean }

function told(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Math.round(value * 1000) / 1000)
}

function reasonOf(error: unknown): string {
  if (error instanceof FerrarisError) return error.message
  throw error
}

type Action = Step & { readonly kind: 'stimulus' | 'cut' }
type Look = Exclude<Step, Action>

function isAction(step: Step): step is Action {
  return step.kind === 'stimulus' || step.kind === 'cut'
}

/** A bench on which the plan's stimuli happen at their time, whoever waits for whatever. */
class Agenda implements Bench {
  readonly delays_ms: number[] = []
  readonly #bench: Bench
  readonly #onDone: (result: StepResult) => void
  #actions: readonly Action[] = []
  #start_ms = 0

  constructor(bench: Bench, onDone: (result: StepResult) => void) {
    this.#bench = bench
    this.#onDone = onDone
  }

  get title(): string {
    return this.#bench.title
  }
  get console(): Bench['console'] {
    return this.#bench.console
  }
  get samples_ms(): readonly number[] {
    return this.#bench.samples_ms
  }

  now_ms(): number {
    return this.#bench.now_ms()
  }
  apply(stimulus: Stimulus): Promise<void> {
    return this.#bench.apply(stimulus)
  }
  cut(duration_ms: number): Promise<void> {
    return this.#bench.cut(duration_ms)
  }
  applied(): Promise<AppliedEnergy | undefined> {
    return this.#bench.applied()
  }
  close(): Promise<void> {
    return this.#bench.close()
  }

  /** The plan starts now. */
  begin(actions: readonly Action[]): number {
    this.#actions = actions
    this.#start_ms = this.#bench.now_ms()
    return this.#start_ms
  }

  async wait(duration_ms: number): Promise<void> {
    const end_ms = this.now_ms() + duration_ms
    for (;;) {
      const [next] = this.#actions
      const due_ms = next === undefined ? Number.POSITIVE_INFINITY : this.#start_ms + next.at_ms
      if (due_ms > end_ms) break
      await this.#bench.wait(Math.max(0, due_ms - this.now_ms()))
      this.#actions = this.#actions.slice(1)
      await this.#act(next, due_ms)
    }
    await this.#bench.wait(Math.max(0, end_ms - this.now_ms()))
  }

  async #act(action: Action, due_ms: number): Promise<void> {
    const delay_ms = Math.max(0, this.now_ms() - due_ms)
    this.delays_ms.push(delay_ms)
    const result = { index: action.index, at_ms: action.at_ms, what: describe(action), delay_ms }
    try {
      if (action.kind === 'cut') await this.cut(action.duration_ms)
      else await this.apply(action.stimulus)
      this.#onDone({ ...result, found: 'done', passed: true })
    } catch (error) {
      this.#onDone({ ...result, found: reasonOf(error), passed: false })
    }
  }
}

/** Runs one plan on one bench. */
export class PlanRunner {
  readonly #bench: Agenda
  readonly #client: ConsoleClient
  readonly #onStep: ((result: StepResult) => void) | undefined
  readonly #results: StepResult[] = []
  readonly #marks = new Map<string, Mark>()
  /** Newest sequence that was seen, by log and code. */
  readonly #seen = new Map<string, number>()
  readonly #newest = new Map<LogName, number>()
  readonly #eventDelays: number[] = []
  #start_ms = 0

  constructor(bench: Bench, onStep?: (result: StepResult) => void) {
    this.#onStep = onStep
    this.#bench = new Agenda(bench, (result) => this.#done(result))
    this.#client = new ConsoleClient(this.#bench)
  }

  /** Errors: FerrarisError `NO_ANSWER` when the device never answers; what goes wrong later is a deviation. */
  async run(name: string, steps: readonly Step[], limits: PlanLimits): Promise<PlanResult> {
    const bench = this.#bench
    const last_ms = steps[steps.length - 1].at_ms
    try {
      await this.#client.connect(limits.connect_ms)
      for (const log of new Set(steps.flatMap((step) => (step.kind === 'event' ? [step.log] : [])))) {
        this.#newest.set(log, (await this.#client.events(log, 1))[0]?.sequence ?? -1)
      }
      this.#start_ms = bench.begin(steps.filter(isAction))
      for (const step of steps) if (!isAction(step)) await this.#look(step)
      await bench.wait(Math.max(0, this.#start_ms + last_ms - bench.now_ms()))
      return this.#result(name, limits)
    } finally {
      this.#client.close()
    }
  }

  #done(result: StepResult): void {
    this.#results.push(result)
    this.#onStep?.(result)
  }

  async #look(step: Look): Promise<void> {
    const due_ms = this.#start_ms + step.at_ms
    await this.#bench.wait(Math.max(0, due_ms - this.#bench.now_ms()))
    const within_ms = 'within_ms' in step ? step.within_ms : 0
    const verdict = await this.#until(due_ms + within_ms, () => this.#check(step))
    const delay_ms = Math.max(0, this.#bench.now_ms() - due_ms)
    if (step.kind === 'event' && verdict.passed) this.#eventDelays.push(delay_ms)
    this.#done({ index: step.index, at_ms: step.at_ms, what: describe(step), ...verdict, delay_ms })
  }

  /** Looks again until the check is fulfilled or its time is over. A device that does not answer yet is one that does not fulfil it yet. */
  async #until(end_ms: number, look: () => Promise<Verdict>): Promise<Verdict> {
    const bench = this.#bench
    for (;;) {
      let verdict: Verdict
      try {
        verdict = await look()
      } catch (error) {
        verdict = { found: reasonOf(error), passed: false }
      }
      const left_ms = end_ms - bench.now_ms()
      if (verdict.passed || left_ms <= 0) return verdict
      await bench.wait(Math.min(POLL_MS, left_ms))
    }
  }

  async #check(step: Look): Promise<Verdict> {
    switch (step.kind) {
      case 'register':
        return this.#register(step)
      case 'energy':
        return this.#energy(step)
      case 'event':
        return this.#event(step)
      case 'mark':
        this.#marks.set(step.name, await this.#mark())
        return { found: 'noted', passed: true }
      case 'console':
        return this.#command(step)
    }
  }

  async #command({ type, expect }: Step & { readonly kind: 'console' }): Promise<Verdict> {
    const lines = await this.#client.command(type)
    const wanted = lines.find((line) => (expect === undefined ? line.startsWith('error:') : line.includes(expect)))
    const shown = wanted ?? lines.join(' / ').slice(0, 400)
    return { found: shown === '' ? 'no words' : shown, passed: (wanted === undefined) === (expect === undefined) }
  }

  async #register({ code, is, tolerance }: Step & { readonly kind: 'register' }): Promise<Verdict> {
    const register = (await this.#client.registers()).get(code)
    if (register === undefined) return { found: `the meter has no register ${code}`, passed: false }
    const deviation = register.value - is
    const passed = Math.abs(deviation) <= tolerance * (1 + 1e-9)
    return { found: `${told(register.value)} ${register.unit}, deviation ${told(deviation)}, allowed ±${told(tolerance)}`, passed }
  }

  async #energy({ code, since, tolerance_Wh, tolerance_percent }: Step & { readonly kind: 'energy' }): Promise<Verdict> {
    const mark = this.#marks.get(since)
    if (mark === undefined) return { found: `the energies at "${since}" could not be noted`, passed: false }
    const now = await this.#mark()
    const [before, after] = [mark.values.get(code), now.values.get(code)]
    if (before === undefined || after === undefined) return { found: `the meter has no register ${code}`, passed: false }
    if (mark.applied === undefined || now.applied === undefined)
      return { found: 'this bench does not know what was applied', passed: false }
    const key = code === '1.8.0' ? 'import_Wh' : 'export_Wh'
    const applied = now.applied[key] - mark.applied[key]
    const deviation = after - before - applied
    const tolerance = tolerance_Wh + (applied * tolerance_percent) / 100
    const found = `${told(after - before)} Wh of ${told(applied)} Wh, deviation ${told(deviation)}, allowed ±${told(tolerance)}`
    return { found, passed: Math.abs(deviation) <= tolerance }
  }

  async #event({ code, log }: Step & { readonly kind: 'event' }): Promise<Verdict> {
    const key = `${log} ${code}`
    const last = this.#seen.get(key) ?? this.#newest.get(log) ?? -1
    const found: ReadEvent | undefined = (await this.#client.events(log, EVENTS))
      .filter((event) => event.code === code && event.sequence > last)
      .at(-1)
    if (found === undefined) return { found: 'not logged', passed: false }
    this.#seen.set(key, found.sequence)
    return { found: `${found.time} ${found.text}`, passed: true }
  }

  async #mark(): Promise<Mark> {
    const registers = await this.#client.registers()
    return { values: new Map([...registers].map(([code, { value }]) => [code, value])), applied: await this.#bench.applied() }
  }

  #result(name: string, limits: PlanLimits): PlanResult {
    const { samples_ms, title } = this.#bench
    const steps = [...this.#results].sort((a, b) => a.at_ms - b.at_ms || a.index - b.index)
    const timings: Timings = {
      answers: this.#client.latencies_ms,
      samples: samples_ms.slice(1).map((time_ms, i) => time_ms - samples_ms[i]),
      events: this.#eventDelays,
      stimuli: this.#bench.delays_ms,
    }
    const failed = steps.filter(({ passed }) => !passed)
    const deviations = [
      ...failed.map(({ index, at_ms, what, found }) => `steps[${index}] at ${formatDuration(at_ms)}: ${what}: ${found}`),
      ...limitDeviations(timings, limits),
      ...[...new Set(this.#client.lineErrors)].map((reason) => `service port: ${reason}`),
    ]
    const duration_ms = this.#bench.now_ms() - this.#start_ms
    return { plan: name, bench: title, duration_ms, passed: deviations.length === 0, steps, deviations, timings }
  }
}

function limitDeviations({ answers, samples, stimuli }: Timings, limits: PlanLimits): string[] {
  const { answer_ms, sampleMin_ms, sampleMax_ms, stimulus_ms } = limits
  const above = (name: string, values: readonly number[], limit: number | undefined): string[] => {
    const worst = Math.max(0, ...values)
    return limit === undefined || worst <= limit ? [] : [`limits.${name}: found ${told(worst)} ms, allowed is up to ${told(limit)} ms`]
  }
  const least = Math.min(...samples)
  const short = sampleMin_ms !== undefined && samples.length > 0 && least < sampleMin_ms
  return [
    ...above('answer_ms', answers, answer_ms),
    ...above('sampleMax_ms', samples, sampleMax_ms),
    ...above('stimulus_ms', stimuli, stimulus_ms),
    ...(short ? [`limits.sampleMin_ms: found ${told(least)} ms, allowed is ${told(sampleMin_ms)} ms or more`] : []),
  ]
}

/** A step in words. */
function describe(step: Step): string {
  switch (step.kind) {
    case 'cut':
      return `supply off for ${formatDuration(step.duration_ms)}`
    case 'console':
      return `console: ${step.type}`
    case 'mark':
      return `mark ${step.name}`
    case 'register':
      return `register ${step.code} is ${told(step.is)} ±${told(step.tolerance)}`
    case 'energy':
      return `energy ${step.code} since ${step.since}`
    case 'event':
      return `event ${step.code} in the ${step.log} log within ${formatDuration(step.within_ms)}`
    case 'stimulus':
      return stimulusText(step.stimulus)
  }
}

function stimulusText(stimulus: (Step & { readonly kind: 'stimulus' })['stimulus']): string {
  if (stimulus.kind === 'load') {
    const where = stimulus.phase === 'all' ? 'all phases' : `L${stimulus.phase}`
    return `load ${told(stimulus.active_W)} W ${told(stimulus.reactive_var)} var on ${where}`
  }
  if (stimulus.kind === 'mains') {
    const where = stimulus.phase === 'all' ? 'all phases' : `L${stimulus.phase}`
    const time = stimulus.duration_ms === undefined ? '' : ` for ${formatDuration(stimulus.duration_ms)}`
    return `voltage ${told(100 * stimulus.factor)} % on ${where}${time}`
  }
  if (stimulus.kind === 'appliance') return `appliance ${stimulus.id} ${stimulus.on ? 'on' : 'off'}`
  return `${stimulus.what} ${stimulus.on ? 'tampered with' : 'whole again'}`
}
