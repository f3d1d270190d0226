import { readFileSync } from 'node:fs'
import { VIRTUAL_CONFIG, type VirtualConfig } from '../../../boards/virtual/config.ts'
import { configurationErrors } from '../../../boards/virtual/load-config.ts'
import { PLAN_FIELDS, type PlanLimits, type Step, stepsOf } from '../../hil/plan.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { object } from '../../lib/schema.ts'
import { jsonSchema } from '../../lib/schema-json.ts'
import { validate } from '../../lib/schema-validate.ts'

const PLAN = object({ ...PLAN_FIELDS, setup: VIRTUAL_CONFIG }, { description: 'A plan of `ferraris hil`' })

/** A plan on a test bench starts from quiet mains and an empty house: only what it does itself is to be seen. */
const QUIET = { load: 'none', wander: false, appliances: [] }

export interface Plan {
  readonly name: string
  readonly limits: PlanLimits
  readonly steps: readonly Step[]
  /** Configuration of the virtual meter and its world, or what is known of the device on the desk. */
  readonly setup: VirtualConfig
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What stands in `setup.world` goes before what is quiet. */
function quiet(input: unknown): unknown {
  if (!isObject(input)) return input
  const { $schema: _, ...plan } = input
  const setup = plan.setup ?? {}
  if (!isObject(setup) || !(setup.world === undefined || isObject(setup.world))) return plan
  return { ...plan, setup: { ...setup, world: { ...QUIET, ...(setup.world ?? {}) } } }
}

/** Checks a plan. Throws FerrarisError `PLAN` with all mistakes: field, what was found, what is allowed. */
export function parsePlan(text: string, path: string): Plan {
  let input: unknown
  try {
    input = JSON.parse(text)
  } catch (cause) {
    throw new FerrarisError('PLAN', `${path}: not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  const refuse = (errors: readonly string[]): never => {
    throw new FerrarisError('PLAN', errors.map((error) => `${path}: ${error}`).join('\n'))
  }
  const result = validate(PLAN, quiet(input))
  if (!result.ok)
    return refuse(result.errors.map((error) => (error.path === '' ? error.text.replace('configuration', 'plan') : error.text)))
  const { name, limits, setup } = result.value
  const { steps, errors } = stepsOf(result.value)
  const all = [...errors, ...configurationErrors(setup).map((error) => `setup.${error}`)]
  return all.length > 0 ? refuse(all) : { name, limits, steps, setup }
}

/** Throws FerrarisError `PLAN`. */
export function loadPlan(path: string): Plan {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FerrarisError('PLAN', `${path}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  return parsePlan(text, path)
}

/** JSON Schema of plans, for an editor. */
export function planSchema(): string {
  return `${JSON.stringify(jsonSchema(PLAN, { id: 'https://ferraris.invalid/plan.schema.json', title: 'Plan of ferraris hil' }), undefined, 2)}\n`
}
