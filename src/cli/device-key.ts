import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { hostRandom } from '../../hal/host/crypto.ts'
import { FerrarisError } from '../lib/errors.ts'

const KEY_BYTES = 32

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Undefined when there is no file yet. */
function read(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Never over an existing key: without it the secrets in the flash are lost. */
function create(path: string): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  hostRandom(key)
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeSync(fd, key)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return key
}

/**
 * The device key of the virtual meter in a data folder: the file `device.key`, 32 random bytes that only the owner can read. Made when it is missing;
 * a meter whose key was lost cannot read its secrets any more. Call it while the folder is locked. Errors: FerrarisError `DATA`.
 */
export function deviceKey(folder: string): Uint8Array {
  const path = join(folder, 'device.key')
  try {
    const key = read(path) ?? create(path)
    if (key.length !== KEY_BYTES) throw new Error(`found ${key.length} bytes, expected ${KEY_BYTES}`)
    return key
  } catch (cause) {
    throw new FerrarisError('DATA', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
