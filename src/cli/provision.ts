import { createPublicKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostCrypto } from '../../hal/host/crypto.ts'
import type { Storage } from '../core/storage/storage.ts'
import { assert } from '../lib/assert.ts'
import { FerrarisError } from '../lib/errors.ts'
import { toHex } from '../lib/hex.ts'
import { validate } from '../lib/schema-validate.ts'
import { METER_CONFIG, type MeterConfig } from '../meter/config.ts'
import { openAfterReset, requestReset } from '../meter/factory-reset.ts'
import { Provisioning, type ProvisioningChange } from '../meter/provisioning.ts'
import { openKeys, provisionFirst } from '../meter/secrets.ts'
import type { ConfigChange } from '../meter/stored-config.ts'
import { DataDirectory } from './data-directory.ts'
import { deviceKey } from './device-key.ts'

/** Options of `ferraris provision`. */
export interface ProvisionOptions {
  readonly dataDirectory: string
  /** Provisioning file, JSON. */
  readonly file?: string | undefined
  /** `path=json` each. */
  readonly set: readonly string[]
  /** `name=text` or `name=hex:…` each. */
  readonly secrets: readonly string[]
  /** PEM of the public key that signs new firmware. */
  readonly keyFile?: string | undefined
}

/** Options of `ferraris reset`. */
export interface ResetOptions {
  readonly dataDirectory: string
  /** Registers and logs too. */
  readonly all: boolean
  /** Whoever sits at the machine of a virtual meter may break its seal. */
  readonly sealOpen: boolean
}

function readFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FerrarisError('PROVISION', `${what} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function readJson(path: string): unknown {
  const text = readFile(path, 'provisioning file')
  try {
    return JSON.parse(text)
  } catch (cause) {
    // Not the parser's own words: they repeat the text, and it has secrets.
    throw new FerrarisError('PROVISION', `${path}: not JSON`, { cause })
  }
}

/** Name and the text behind the first `=`. */
function split(option: string, given: string): readonly [string, string] {
  const at = given.indexOf('=')
  if (at < 1)
    throw new FerrarisError('USAGE', `${option}: allowed is ${option === '--set' ? 'path=json' : 'name=text'} (see ferraris --help)`)
  return [given.slice(0, at), given.slice(at + 1)]
}

/** JSON, or a text that needs no quotes. */
function changeOf(given: string): ConfigChange {
  const [path, text] = split('--set', given)
  try {
    return { path, value: JSON.parse(text) as unknown }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { path, value: text }
  }
}

/** The point of a public key in PEM, SEC 1 uncompressed, hexadecimal. */
function pointOf(path: string): string {
  const pem = readFile(path, 'key')
  try {
    const { crv, x, y } = createPublicKey(pem).export({ format: 'jwk' })
    if (crv === 'P-256' && x !== undefined && y !== undefined) {
      return `04${toHex(Buffer.from(x, 'base64url'))}${toHex(Buffer.from(y, 'base64url'))}`
    }
  } catch (cause) {
    throw new FerrarisError('PROVISION', `key ${path}: not a public key in PEM`, { cause })
  }
  throw new FerrarisError('PROVISION', `key ${path}: allowed is a key of the curve P-256`)
}

/** One document of all that the file and the key say. */
function documentOf(options: ProvisionOptions): unknown {
  const file = options.file === undefined ? {} : readJson(options.file)
  if (options.keyFile === undefined) return file
  const firmwareKey = pointOf(options.keyFile)
  return typeof file === 'object' && file !== null && !Array.isArray(file) ? { ...file, firmwareKey } : file
}

/** All defaults: what `ferraris run` is given besides is checked again when it runs. */
function defaults(): MeterConfig {
  const result = validate(METER_CONFIG, {})
  assert(result.ok, 'the defaults of the configuration are valid')
  return result.value
}

function lineOf({ kind, name }: ProvisioningChange): string {
  return kind === 'firmware key' ? 'firmware key stored' : `${kind} ${name} stored`
}

/** Lends the storage of a stopped virtual meter; a reset that was asked for at its console is done first. */
function withStorage(path: string, work: (storage: Storage, data: DataDirectory) => void): void {
  const data = new DataDirectory(path)
  try {
    work(openAfterReset(data.flash).storage, data)
  } finally {
    data.close()
  }
}

/**
 * `ferraris provision`: configuration and secrets into the flash of a stopped virtual meter, or of a new one. All is checked before anything is stored.
 * Errors: FerrarisError `PROVISION` with one line per mistake; `USAGE`, `DATA`; those of the storage.
 */
export function provision(options: ProvisionOptions, print: (line: string) => void): void {
  const document = documentOf(options)
  const changes = options.set.map(changeOf)
  const secrets = options.secrets.map((given) => split('--secret', given))
  withStorage(options.dataDirectory, (storage, data) => {
    const keys = openKeys(storage, { crypto: hostCrypto, key: deviceKey(data.path) })
    const base = defaults()
    provisionFirst(storage, keys, base)
    let count = 0
    const onChange = (change: ProvisioningChange) => {
      count++
      print(lineOf(change))
    }
    const errors = new Provisioning({ storage, keys, base, onChange }).apply(document, { changes, secrets })
    if (errors.length > 0) throw new FerrarisError('PROVISION', errors.join('\n'))
    if (count === 0) print('nothing to change')
  })
}

/**
 * `ferraris reset`: a stopped virtual meter as from the factory. Registers, profiles and logs stay without `all`.
 * Errors: FerrarisError `SEAL` for `all` with the seal closed; `DATA`; those of the storage.
 */
export function reset(options: ResetOptions, print: (line: string) => void): void {
  const { dataDirectory, all, sealOpen } = options
  // Nothing to reset is more likely a slip of the pen than a wish for a new meter.
  if (!existsSync(join(dataDirectory, 'meter.flash'))) throw new FerrarisError('DATA', `--data ${dataDirectory}: there is no meter`)
  withStorage(dataDirectory, (storage, data) => {
    requestReset(storage, { all, sealOpen })
    openAfterReset(data.flash)
    print(all ? 'everything erased' : 'configuration and secrets erased; registers and logs stay')
  })
}
