import type { KeyStore } from '../core/security/key-store.ts'
import type { Storage } from '../core/storage/storage.ts'
import type { MeterConfig } from './config.ts'
import { type Checked, checkFirmwareKey, checkSecret, endDemo, FIRMWARE_KEY, LORAWAN_KEY, READING, STS_KEY } from './secrets.ts'
import { applyStored, type ConfigChange, planChanges, SECRET_FIELDS, storePlan, withoutSecrets } from './stored-config.ts'

/** What was changed. Never with a value: it goes into a log that everybody may read. */
export interface ProvisioningChange {
  readonly kind: 'configuration' | 'secret' | 'firmware key'
  /** Section of the configuration, or name of the secret. */
  readonly name: string
}

export interface ProvisioningOptions {
  readonly storage: Storage
  readonly keys: KeyStore
  /** Defaults and configuration file: all that is not stored in the meter. */
  readonly base: MeterConfig
  /** Something was changed, and is in flash. */
  readonly onChange?: ((change: ProvisioningChange) => void) | undefined
}

/** Changes outside of a provisioning file. */
export interface Besides {
  readonly changes?: readonly ConfigChange[]
  /** Name, and text as in `setSecret`. */
  readonly secrets?: readonly (readonly [string, string])[]
}

interface Work {
  readonly changes: ConfigChange[]
  readonly secrets: [name: string, value: Uint8Array][]
  readonly errors: string[]
}

type Input = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function keep(work: Work, name: string, checked: Checked<Uint8Array>): void {
  if (checked.ok) work.secrets.push([name, checked.value])
  else work.errors.push(checked.error)
}

function checkNamed(name: string, text: unknown): Checked<Uint8Array> {
  if (name === FIRMWARE_KEY) return checkFirmwareKey(text)
  // In the configuration it is written in digits alone.
  return checkSecret(name, (name === STS_KEY || name === LORAWAN_KEY) && typeof text === 'string' ? `hex:${text}` : text)
}

/** A section of the file; secrets among its fields are taken out, so that no message repeats them. */
function readSection(work: Work, section: string, value: unknown): void {
  if (!isObject(value)) {
    work.changes.push({ path: section, value })
    return
  }
  const fields: [string, unknown][] = []
  for (const [field, content] of Object.entries(value)) {
    const secret = SECRET_FIELDS.get(`${section}.${field}`)
    if (secret === undefined) fields.push([field, content])
    else keep(work, secret, checkNamed(secret, content))
  }
  if (fields.length > 0) work.changes.push({ path: section, value: Object.fromEntries(fields) })
}

function readFile(file: unknown): Work {
  const work: Work = { changes: [], secrets: [], errors: [] }
  if (!isObject(file)) return { ...work, errors: ['provisioning: allowed is an object with configuration, secrets, firmwareKey'] }
  for (const [name, value] of Object.entries(file)) {
    if (name === '$schema') continue
    if (name === 'firmwareKey') keep(work, FIRMWARE_KEY, checkFirmwareKey(value))
    else if (name !== 'configuration' && name !== 'secrets') {
      work.errors.push(`${JSON.stringify(name.slice(0, 40))}: unknown field, known are configuration, secrets, firmwareKey`)
    } else if (!isObject(value)) work.errors.push(`${name}: allowed is an object`)
    else if (name === 'secrets') for (const [secret, text] of Object.entries(value)) keep(work, secret, checkSecret(secret, text))
    else for (const [section, content] of Object.entries(value)) readSection(work, section, content)
  }
  return work
}

/**
 * Changes of configuration and secrets in the meter, for the console, the command line and files. All of a call is checked before anything is
 * stored. Changes of the configuration count from the next start on, secrets at once. Secrets cannot be read back by any method.
 *
 * Methods that return texts: one line per mistake, nothing was stored; empty when all is well. Errors: those of `Settings.set` and `Counters.next`.
 */
export class Provisioning {
  readonly #options: ProvisioningOptions

  constructor(options: ProvisioningOptions) {
    this.#options = options
  }

  /** What the next start runs with, without secrets: fields by section. */
  configuration(): Readonly<Record<string, Input>> {
    const { base, storage } = this.#options
    return withoutSecrets(applyStored(base, storage.settings).config)
  }

  setConfig(changes: readonly ConfigChange[]): readonly string[] {
    return this.#apply({ changes: [...changes], secrets: [], errors: [] })
  }

  /** `text`: printable ASCII, or `hex:` and digits. */
  setSecret(name: string, text: string): readonly string[] {
    const work: Work = { changes: [], secrets: [], errors: [] }
    keep(work, name, checkSecret(name, text))
    return this.#apply(work)
  }

  /** `text`: 04 and 128 hexadecimal digits. */
  setFirmwareKey(text: string): readonly string[] {
    const work: Work = { changes: [], secrets: [], errors: [] }
    keep(work, FIRMWARE_KEY, checkFirmwareKey(text))
    return this.#apply(work)
  }

  /**
   * A provisioning file, as `JSON.parse` gives it: `{ "configuration": { … }, "secrets": { … }, "firmwareKey": "04…" }`, all optional; and what
   * was given besides, which counts after it.
   */
  apply(file: unknown, besides: Besides = {}): readonly string[] {
    const work = readFile(file)
    work.changes.push(...(besides.changes ?? []))
    for (const [name, text] of besides.secrets ?? []) keep(work, name, checkSecret(name, text))
    return this.#apply(work)
  }

  #apply(work: Work): readonly string[] {
    const { storage, keys, base, onChange } = this.#options
    const { plan, errors } = planChanges(base, storage.settings, work.changes)
    const wrong = [...work.errors, ...errors]
    if (wrong.length > 0) return wrong
    // Secrets first: when power is lost in between, the meter is rather closed than open.
    for (const [name, value] of work.secrets) {
      const changed = keys.set(name, value)
      if (name === READING) endDemo(storage.settings)
      if (changed) onChange?.({ kind: name === FIRMWARE_KEY ? 'firmware key' : 'secret', name })
    }
    for (const name of storePlan(storage.settings, plan)) onChange?.({ kind: 'configuration', name })
    return []
  }
}
