import type { Fields, Schema, Spec } from './schema.ts'
import { mayBeAbsent } from './schema.ts'

/** One thing that is wrong. `text` is the whole line for a person. */
export interface SchemaError {
  /** `dlms.port`, `meters[2].serial`; empty for the whole document. */
  readonly path: string
  readonly text: string
}

export type Validation<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly SchemaError[] }

/** More errors than these help nobody, and the sender chooses how many there are. */
const MAX_ERRORS = 100
/** Longest piece of foreign text that a message repeats, and longest name that is compared with the known ones. */
const MAX_QUOTED = 40

interface Report {
  readonly errors: SchemaError[]
}

/**
 * Checks foreign data (what `JSON.parse` gives, or anything else) and applies defaults. The result holds known fields only and shares
 * nothing with the input but strings. Never throws for data (getters and proxies are code); finds all errors up to a limit. The depth of
 * the work is that of the schema, whatever the input nests.
 */
export function validate<T>(schema: Schema<T>, input: unknown): Validation<T> {
  const report: Report = { errors: [] }
  const value = check(schema, input, '', report)
  if (report.errors.length > 0) return { ok: false, errors: report.errors }
  return { ok: true, value: value as T }
}

function fail(report: Report, path: string, what: string): undefined {
  if (report.errors.length < MAX_ERRORS) report.errors.push({ path, text: `${path === '' ? 'configuration' : path}: ${what}` })
  return undefined
}

function mismatch(spec: Spec, input: unknown, path: string, report: Report): undefined {
  return fail(report, path, `found ${found(input)}, allowed is ${allowed(spec)}`)
}

function check(spec: Spec, input: unknown, path: string, report: Report): unknown {
  if (spec.type === 'object') return checkObject(spec.fields, spec, input, path, report)
  if (spec.type === 'array') return checkArray(spec, input, path, report)
  return fits(spec, input) ? input : mismatch(spec, input, path, report)
}

function fits(spec: Exclude<Spec, { type: 'object' | 'array' }>, input: unknown): boolean {
  switch (spec.type) {
    case 'integer':
      return Number.isSafeInteger(input) && inRange(input as number, spec.min, spec.max)
    case 'number':
      return Number.isFinite(input) && inRange(input as number, spec.min, spec.max)
    case 'string': {
      if (typeof input !== 'string' || !inRange(characters(input), spec.minLength, spec.maxLength)) return false
      return spec.pattern === undefined || new RegExp(spec.pattern, 'u').test(input)
    }
    case 'boolean':
      return typeof input === 'boolean'
    case 'oneOf':
      return spec.values.some((value) => value === input)
  }
}

function inRange(value: number, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): boolean {
  return value >= min && value <= max
}

/** Code points: a surrogate pair counts once. */
function characters(text: string): number {
  let count = text.length
  for (let i = 1; i < text.length; i++) {
    const pair = (text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800
    if (pair) count--
  }
  return count
}

function checkArray(spec: Extract<Spec, { type: 'array' }>, input: unknown, path: string, report: Report): unknown {
  if (!Array.isArray(input)) return mismatch(spec, input, path, report)
  if (!inRange(input.length, spec.minItems, spec.maxItems)) return mismatch(spec, input, path, report)
  const items: unknown[] = []
  for (let i = 0; i < input.length; i++) items.push(check(spec.of, input[i], `${path}[${i}]`, report))
  return items
}

/** An object as JSON knows it. Dates, maps and arrays are objects to the language only; the tag works across realms too. */
function isPlain(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && Object.prototype.toString.call(input) === '[object Object]'
}

function checkObject(fields: Fields, spec: Spec, input: unknown, path: string, report: Report): unknown {
  if (!isPlain(input)) return mismatch(spec, input, path, report)
  const prefix = path === '' ? '' : `${path}.`
  for (const name of Object.keys(input)) {
    if (report.errors.length >= MAX_ERRORS) break
    if (!Object.hasOwn(fields, name)) fail(report, prefix + quotable(name), `unknown field, ${hint(name, Object.keys(fields))}`)
  }
  const output: Record<string, unknown> = {}
  for (const name of Object.keys(fields)) {
    // Only own fields count: what a prototype holds (`constructor`, `toString`) was not configured.
    const value = Object.hasOwn(input, name) ? input[name] : undefined
    const result = value === undefined ? absent(fields[name], prefix + name, report) : check(fields[name], value, prefix + name, report)
    if (result !== undefined) output[name] = result
  }
  return output
}

function absent(schema: Schema<unknown>, path: string, report: Report): unknown {
  if (schema.default !== undefined) return check(schema, schema.default, path, report)
  if (schema.optional) return undefined
  if (mayBeAbsent(schema)) return check(schema, {}, path, report)
  return fail(report, path, `missing, allowed is ${allowed(schema)}`)
}

/** What was found, short whatever it is. */
function found(input: unknown): string {
  if (input === null) return 'null'
  if (typeof input === 'string') return `"${quotable(input)}"`
  if (typeof input === 'number' || typeof input === 'boolean') return String(input)
  if (Array.isArray(input)) return `a list of ${input.length}`
  return input === undefined ? 'nothing' : `a value of type ${typeof input}`
}

/** Foreign text in one line of a message: control characters escaped, long text cut. */
function quotable(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text
  return JSON.stringify(cut).slice(1, -1)
}

/** What is allowed, as the end of a sentence "allowed is …". */
function allowed(spec: Spec): string {
  switch (spec.type) {
    case 'integer':
    case 'number':
      return `${spec.type === 'integer' ? 'an integer' : 'a number'}${span(spec.min, spec.max)}${spec.unit === undefined ? '' : ` (${spec.unit})`}`
    case 'string': {
      const size = span(spec.minLength, spec.maxLength)
      const pattern = spec.pattern === undefined ? 'a text' : `a text matching /${spec.pattern}/`
      return `${spec.meaning ?? pattern}${size === '' ? '' : `, length${size}`}`
    }
    case 'boolean':
      return 'true or false'
    case 'oneOf':
      return spec.values.map((value) => JSON.stringify(value)).join(' or ')
    case 'array':
      return `a list of${span(spec.minItems, spec.maxItems)} entries`
    case 'object':
      return 'an object'
  }
}

function span(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` ${min}..${max}`
  if (min !== undefined) return ` of at least ${min}`
  return max === undefined ? '' : ` of at most ${max}`
}

/** Points to the nearest known name, or lists them. */
function hint(name: string, known: readonly string[]): string {
  let best = ''
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const far = name.length > MAX_QUOTED ? least : distance(name.toLowerCase(), candidate.toLowerCase())
    if (far < least) {
      least = far
      best = candidate
    }
  }
  return best === '' ? `known are ${known.join(', ') || 'none'}` : `did you mean "${best}"?`
}

/** Levenshtein distance: the least count of insertions, deletions and replacements that make `a` out of `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]
}
