import { DURATION_PATTERN, parseDuration_ms } from '../lib/iso8601.ts'
import { array, boolean, type Infer, integer, number, object, oneOf, optional, string } from '../lib/schema.ts'
import { type Stimulus, TAMPER_POINTS } from '../world/stimulus.ts'

const LOGS = ['standard', 'fraud', 'disconnector', 'quality', 'communication'] as const

const duration = (description: string) =>
  string({ pattern: DURATION_PATTERN, meaning: 'a duration such as 500ms, 5s or 1m30s', maxLength: 40, description })
const phase = oneOf([1, 2, 3, 'all'], { default: 'all', description: 'Phase; all: balanced over those that the house has' })
const code = string({ pattern: '^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$', meaning: 'an OBIS code such as 1.8.0' })
const name = string({ pattern: '^[A-Za-z0-9-]{1,24}$', meaning: '1 to 24 letters, digits or hyphens' })

/** What is done or checked at a moment; exactly one of the fields beside `at`. */
const STEP = object({
  at: duration('Since the start of the plan'),
  load: optional(
    object(
      {
        phase,
        active_W: number({ min: -100_000, max: 100_000, unit: 'W', description: 'Negative: fed in' }),
        reactive_var: number({ min: -100_000, max: 100_000, default: 0, unit: 'var' }),
      },
      { description: 'A test source draws this power from now on, at nominal voltage' },
    ),
  ),
  mains: optional(
    object(
      {
        phase,
        factor: number({ min: 0, max: 1.5, description: 'Of the nominal voltage; 1 is normal' }),
        for: optional(duration('Then normal again; without it until further notice')),
      },
      { description: 'Sag, swell or failure of the voltage that the metering IC sees' },
    ),
  ),
  cut: optional(object({ for: duration('How long') }, { description: 'The supply fails: on a desk a relay board opens' })),
  appliance: optional(object({ id: string({ minLength: 1, maxLength: 24 }), on: boolean() }, { description: 'Of the virtual house' })),
  tamper: optional(object({ what: oneOf(TAMPER_POINTS), on: boolean() })),
  console: optional(
    object(
      {
        type: string({ minLength: 1, maxLength: 400, description: 'A command at the service port' }),
        expect: optional(string({ minLength: 1, maxLength: 200, description: 'Text that its answer must contain' })),
      },
      { description: 'An answer that begins with "error:" is a deviation, unless it is expected' },
    ),
  ),
  mark: optional({ ...name, description: 'Notes energies now, for a later `energy`' }),
  register: optional(
    object(
      {
        code,
        is: number({ min: -1e9, max: 1e9, description: 'In W, var, VA, V, A, Hz, Wh …, without k' }),
        tolerance: number({ min: 0, max: 1e9, default: 0, description: 'In the same unit' }),
        tolerance_percent: number({ min: 0, max: 100, default: 0, unit: '%' }),
        within: optional(duration('So long may it take until the value is reached; default 3 s')),
      },
      { description: 'A register of the meter has this value' },
    ),
  ),
  energy: optional(
    object(
      {
        code: oneOf(['1.8.0', '2.8.0'], { default: '1.8.0' }),
        since: name,
        tolerance_Wh: number({ min: 0, max: 1e6, default: 1, unit: 'Wh' }),
        tolerance_percent: number({ min: 0, max: 100, default: 0, unit: '%' }),
        within: optional(duration('So long may it take until the energy is counted; default 3 s')),
      },
      { description: 'The register grew by what the test source applied since the mark' },
    ),
  ),
  event: optional(
    object(
      {
        code: integer({ min: 0, max: 255 }),
        log: oneOf(LOGS, { default: 'standard' }),
        within: optional(duration('So long may it take until it is logged; default 5 s')),
      },
      { description: 'This event was logged since it was last expected, or since the start' },
    ),
  ),
})

/** What holds for the whole plan. */
const LIMITS = object({
  connect_ms: number({
    min: 100,
    max: 600_000,
    default: 20_000,
    unit: 'ms',
    description: 'So long may it take until the device answers at all: it may have to start',
  }),
  answer_ms: optional(
    number({ min: 1, max: 600_000, unit: 'ms', description: 'Longest time to the first byte of an answer at the service port' }),
  ),
  sampleMin_ms: optional(
    number({ min: 0, max: 600_000, unit: 'ms', description: 'Shortest interval between two looks at the metering IC' }),
  ),
  sampleMax_ms: optional(number({ min: 1, max: 600_000, unit: 'ms', description: 'Longest such interval while the meter has its supply' })),
  stimulus_ms: optional(number({ min: 0, max: 600_000, unit: 'ms', description: 'How late the bench may act' })),
})

/** Everything of a plan but its setup. */
export const PLAN_FIELDS = {
  name: string({ minLength: 1, maxLength: 80 }),
  description: optional(string({ minLength: 1, maxLength: 1000 })),
  limits: LIMITS,
  steps: array(STEP, { minItems: 1, maxItems: 500 }),
} as const

const PLAN = object(PLAN_FIELDS)
export type PlanFile = Infer<typeof PLAN>
export type PlanLimits = Infer<typeof LIMITS>
type StepFile = Infer<typeof STEP>

const KINDS = ['load', 'mains', 'cut', 'appliance', 'tamper', 'console', 'mark', 'register', 'energy', 'event'] as const
type Kind = (typeof KINDS)[number]

interface Timed {
  readonly at_ms: number
  /** Where it stands in the file. */
  readonly index: number
}

/** A step whose durations are numbers. */
export type Step = Timed &
  (
    | { readonly kind: 'stimulus'; readonly stimulus: Stimulus }
    | { readonly kind: 'cut'; readonly duration_ms: number }
    | { readonly kind: 'console'; readonly type: string; readonly expect: string | undefined }
    | { readonly kind: 'mark'; readonly name: string }
    | {
        readonly kind: 'register'
        readonly code: string
        readonly is: number
        readonly tolerance: number
        readonly within_ms: number
      }
    | {
        readonly kind: 'energy'
        readonly code: '1.8.0' | '2.8.0'
        readonly since: string
        readonly tolerance_Wh: number
        readonly tolerance_percent: number
        readonly within_ms: number
      }
    | { readonly kind: 'event'; readonly code: number; readonly log: (typeof LOGS)[number]; readonly within_ms: number }
  )

export type LogName = (typeof LOGS)[number]

function ms(text: string): number {
  const parsed = parseDuration_ms(text)
  return parsed.ok ? parsed.value : 0
}

function withinOf(text: string | undefined, default_ms: number): number {
  return text === undefined ? default_ms : ms(text)
}

function stepOf(file: StepFile, kind: Kind, index: number): Step {
  const timed = { at_ms: ms(file.at), index }
  const { load, mains, cut, appliance, tamper, console, mark, register, energy, event } = file
  if (load !== undefined) return { ...timed, kind: 'stimulus', stimulus: { kind: 'load', ...load } }
  if (mains !== undefined) {
    const { phase: where, factor, for: time } = mains
    const duration_ms = time === undefined ? undefined : ms(time)
    return { ...timed, kind: 'stimulus', stimulus: { kind: 'mains', phase: where, factor, duration_ms } }
  }
  if (cut !== undefined) return { ...timed, kind: 'cut', duration_ms: ms(cut.for) }
  if (appliance !== undefined) return { ...timed, kind: 'stimulus', stimulus: { kind: 'appliance', ...appliance } }
  if (tamper !== undefined) return { ...timed, kind: 'stimulus', stimulus: { kind: 'tamper', ...tamper } }
  if (console !== undefined) return { ...timed, kind: 'console', type: console.type, expect: console.expect }
  if (register !== undefined) {
    const { is, tolerance, tolerance_percent, within } = register
    const allowed = tolerance + (Math.abs(is) * tolerance_percent) / 100
    return { ...timed, kind: 'register', code: register.code, is, tolerance: allowed, within_ms: withinOf(within, 3000) }
  }
  if (energy !== undefined) return { ...timed, kind: 'energy', ...energy, within_ms: withinOf(energy.within, 3000) }
  if (event !== undefined) return { ...timed, kind: 'event', code: event.code, log: event.log, within_ms: withinOf(event.within, 5000) }
  return { ...timed, kind: kind as 'mark', name: mark ?? '' }
}

/** The steps in order of time, those of one moment as they stand in the file; or all mistakes, each with field, found and allowed. */
export function stepsOf(plan: PlanFile): { readonly steps: readonly Step[]; readonly errors: readonly string[] } {
  const steps: Step[] = []
  const errors: string[] = []
  for (const [index, file] of plan.steps.entries()) {
    const kinds = KINDS.filter((kind) => file[kind] !== undefined)
    if (kinds.length === 1) steps.push(stepOf(file, kinds[0], index))
    else
      errors.push(
        `steps[${index}]: found ${kinds.length === 0 ? 'only a time' : kinds.join(' and ')}, allowed is exactly one of ${KINDS.join(', ')}`,
      )
  }
  steps.sort((a, b) => a.at_ms - b.at_ms || a.index - b.index)
  errors.push(...markErrors(steps))
  return { steps, errors }
}

function markErrors(steps: readonly Step[]): string[] {
  const marks = new Set<string>()
  const errors: string[] = []
  for (const step of steps) {
    if (step.kind === 'mark') marks.add(step.name)
    else if (step.kind === 'energy' && !marks.has(step.since))
      errors.push(
        `steps[${step.index}].energy.since: found "${step.since}", allowed is a mark of an earlier step (${[...marks].join(', ') || 'there is none'})`,
      )
  }
  return errors
}
