import type { Bytes } from '../../hal/api/io.ts'
import type { Settings } from '../core/storage/settings.ts'
import { DecodeError } from '../lib/bytes.ts'
import { validate } from '../lib/schema-validate.ts'
import { decodeUtf8, encodeUtf8 } from '../lib/utf8.ts'
import { METER_CONFIG, type MeterConfig, meterConfigErrors } from './config.ts'
import { FIRMWARE_KEY, LORAWAN_KEY, MANAGEMENT, READING, STS_KEY } from './secrets.ts'

/** What was changed in the meter lies in the settings under this prefix and the name of the section, as JSON of the fields that differ. */
export const CONFIG_PREFIX = 'config.'
/** Bytes of a section's JSON: the largest value of a setting. */
const SECTION_MAX = 240

/** Fields that are secrets: never stored as configuration, never shown. */
export const SECRET_FIELDS: ReadonlyMap<string, string> = new Map([
  ['dlms.readingSecret', READING],
  ['dlms.managementSecret', MANAGEMENT],
  ['firmware.publicKey', FIRMWARE_KEY],
  ['prepayment.decoderKey', STS_KEY],
  ['lorawan.appKey', LORAWAN_KEY],
])

type Section = Readonly<Record<string, unknown>>

/** Change of a field, or of all fields of a section; null takes the stored value back. */
export interface ConfigChange {
  /** `dlms.port`, or `dlms` with an object. */
  readonly path: string
  readonly value: unknown
}

/** What is to be stored: JSON by section, undefined to delete it. */
export type Plan = ReadonlyMap<string, Bytes | undefined>

function isObject(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sectionOf(config: MeterConfig, name: string): Section {
  return Object.hasOwn(config, name) ? (config as unknown as Record<string, Section>)[name] : {}
}

/** All that is wrong with a configuration, or the checked one. */
function checkAll(input: unknown): { readonly config?: MeterConfig; readonly errors: readonly string[] } {
  const result = validate(METER_CONFIG, input)
  if (!result.ok) return { errors: result.errors.map(({ text }) => text) }
  return { config: result.value, errors: meterConfigErrors(result.value) }
}

/** The stored fields of a section; a text when they cannot be read. */
function readSection(settings: Settings, name: string): Section | string {
  const stored = settings.get(CONFIG_PREFIX + name)
  if (stored === undefined) return {}
  try {
    const value: unknown = JSON.parse(decodeUtf8(stored))
    return isObject(value) ? value : `${name}: what is stored is no object`
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof DecodeError)) throw error
    return `${name}: what is stored is no JSON`
  }
}

function storedSections(settings: Settings): string[] {
  const keys = settings.keys().filter((key) => key.startsWith(CONFIG_PREFIX))
  return keys.map((key) => key.slice(CONFIG_PREFIX.length)).sort()
}

/** A configuration, and what of the stored one could not be used. */
export interface StoredConfig {
  readonly config: MeterConfig
  /** One line each: a section that was stored by another firmware and does not fit any more is left out as a whole. */
  readonly ignored: readonly string[]
}

/** What the meter runs with: the defaults, over them the file (`config` has both), over them what is stored in the meter. `config` must be valid. */
export function applyStored(config: MeterConfig, settings: Settings): StoredConfig {
  const ignored: string[] = []
  let current = config
  for (const name of storedSections(settings)) {
    const stored = readSection(settings, name)
    if (typeof stored === 'string') {
      ignored.push(stored)
      continue
    }
    const { config: next, errors } = checkAll({ ...current, [name]: { ...sectionOf(current, name), ...stored } })
    if (next !== undefined && errors.length === 0) current = next
    else ignored.push(...errors)
  }
  return { config: current, ignored }
}

/** Fields that a change sets, by section; a text when the path makes no sense. */
function fieldsOf({ path, value }: ConfigChange): { readonly section: string; readonly fields: Section | null } | string {
  const parts = path.split('.')
  const known = parts.length <= 2 && parts.every((part) => /^[A-Za-z]\w*$/.test(part))
  if (!known) return `${JSON.stringify(path.slice(0, 40))}: allowed is a section such as dlms, or a field such as dlms.port`
  const [section, field] = parts
  if (field !== undefined) return { section, fields: { [field]: value } }
  return value === null || isObject(value) ? { section, fields: value } : `${section}: allowed is an object, or null`
}

/** The section's stored fields with a change in them. */
function change(stored: Section, fields: Section | null): Section {
  const result = new Map(Object.entries(fields === null ? {} : stored))
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === null) result.delete(name)
    else result.set(name, value)
  }
  // Defines what it is given, whatever the name: `__proto__` too becomes an unknown field.
  return Object.fromEntries(result)
}

/**
 * Checks changes together with what is stored already. Nothing is written. `plan` is what has to be stored when there are no errors.
 * `base` is the configuration without what is stored in the meter.
 */
export function planChanges(
  base: MeterConfig,
  settings: Settings,
  changes: readonly ConfigChange[],
): { readonly plan: Plan; readonly errors: readonly string[] } {
  const errors: string[] = []
  const touched = new Map<string, Section>()
  for (const one of changes) {
    const found = fieldsOf(one)
    if (typeof found === 'string') {
      errors.push(found)
      continue
    }
    const { section, fields } = found
    for (const name of Object.keys(fields ?? {})) {
      const secret = SECRET_FIELDS.get(`${section}.${name}`)
      if (secret !== undefined) errors.push(`${section}.${name}: is no configuration but the secret ${secret}`)
    }
    const stored = readSection(settings, section)
    const before = touched.get(section) ?? (typeof stored === 'string' ? {} : stored)
    touched.set(section, change(before, fields))
  }
  if (errors.length > 0) return { plan: new Map(), errors }
  return checkSections(base, settings, touched)
}

/** The other sections count as they are; those that are changed, from the base on. */
function checkSections(base: MeterConfig, settings: Settings, touched: ReadonlyMap<string, Section>) {
  const { config } = applyStored(base, settings)
  const input: Record<string, unknown> = { ...config }
  for (const [name, fields] of touched) input[name] = { ...sectionOf(base, name), ...fields }
  const { errors } = checkAll(input)
  const plan = new Map<string, Bytes | undefined>()
  const tooLong: string[] = []
  for (const [name, fields] of touched) {
    const json = Object.keys(fields).length === 0 ? undefined : encodeUtf8(JSON.stringify(fields))
    if (json !== undefined && json.length > SECTION_MAX)
      tooLong.push(`${name}: found ${json.length} bytes of JSON, allowed are ${SECTION_MAX}`)
    plan.set(name, json)
  }
  return { plan, errors: [...errors, ...tooLong] }
}

/** Stores a plan; after a power loss each section is the old or the new one. Gives the names of the sections that changed. */
export function storePlan(settings: Settings, plan: Plan): string[] {
  const changed: string[] = []
  for (const [name, json] of plan) {
    const key = CONFIG_PREFIX + name
    const before = settings.get(key)
    const same =
      before === undefined || json === undefined
        ? before === json
        : before.length === json.length && before.every((byte, i) => byte === json[i])
    if (same) continue
    if (json === undefined) settings.delete(key)
    else settings.set(key, json)
    changed.push(name)
  }
  return changed
}

/** A configuration without its secrets, as may be shown to anybody. */
export function withoutSecrets(config: MeterConfig): Record<string, Section> {
  const shown: Record<string, Section> = {}
  for (const [section, fields] of Object.entries(config as unknown as Record<string, Section>)) {
    shown[section] = Object.fromEntries(Object.entries(fields).filter(([name]) => !SECRET_FIELDS.has(`${section}.${name}`)))
  }
  return shown
}
