import type { Bytes } from '../../../hal/api/io.ts'
import { sameSecret } from '../../lib/secret.ts'
import type { Settings } from '../storage/settings.ts'
import { SecretBox, type SecretBoxOptions } from './secret-box.ts'
import { settleSettings } from './wipe.ts'

/** Secrets lie in the settings under this prefix and their name. */
const PREFIX = 'secret.'
const NAME_MAX = 24
const SECRET_MAX = 200

/** `unreadable`: something is stored that this device cannot open: damaged, or sealed by another device. */
export type SecretState = 'absent' | 'good' | 'unreadable'

export interface KeyStoreOptions extends SecretBoxOptions {
  readonly settings: Settings
}

function placeOf(name: string): string {
  if (!/^[a-z0-9.-]+$/.test(name) || name.length > NAME_MAX)
    throw new RangeError(`a secret's name has 1 to ${NAME_MAX} characters a-z 0-9 . -`)
  return PREFIX + name
}

/**
 * Secrets in flash, encrypted with the device key where there is one. Nothing here hands a secret out: protocols ask whether a candidate is
 * right, and ciphers work on it inside `use`. An unreadable secret is never right and never replaced by another one.
 */
export class KeyStore {
  readonly #settings: Settings
  readonly #box: SecretBox

  /** RangeError for a device key of another length than 16 or 32 bytes. */
  constructor(options: KeyStoreOptions) {
    this.#settings = options.settings
    this.#box = new SecretBox(options)
  }

  /** Secrets are encrypted in flash. */
  get sealing(): boolean {
    return this.#box.sealing
  }

  /** Names of all secrets that are stored, readable or not. */
  names(): string[] {
    return this.#settings
      .keys()
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => key.slice(PREFIX.length))
      .sort()
  }

  state(name: string): SecretState {
    return this.use(name, () => 'good' as const) ?? (this.has(name) ? 'unreadable' : 'absent')
  }

  /** Something is stored under the name, readable or not. */
  has(name: string): boolean {
    return this.#settings.get(placeOf(name)) !== undefined
  }

  /** Is this the secret? Takes the same time for every candidate of a length. False without a readable secret. */
  check(name: string, candidate: Bytes): boolean {
    return this.use(name, (secret) => sameSecret(candidate, secret)) ?? false
  }

  /**
   * Lets `action` work on the secret. The bytes are gone when it returns: what it makes of them must not contain them.
   * Undefined, and `action` not called, without a readable secret.
   */
  use<T>(name: string, action: (secret: Bytes) => T): T | undefined {
    const place = placeOf(name)
    const stored = this.#settings.get(place)
    const secret = stored && this.#box.open(place, stored)
    if (secret === undefined) return undefined
    try {
      return action(secret)
    } finally {
      secret.fill(0)
    }
  }

  /**
   * Stores a secret of 1 to 200 bytes; after a power loss it is the old or the new one. Returns false when it is the one already stored, which costs
   * nothing. Errors: RangeError for another length; those of `Settings.set`.
   */
  set(name: string, secret: Bytes): boolean {
    if (secret.length < 1 || secret.length > SECRET_MAX) throw new RangeError(`a secret has 1 to ${SECRET_MAX} bytes`)
    const place = placeOf(name)
    if (this.check(name, secret) && !this.isPlainByMistake(place)) return false
    this.#settings.set(place, this.#box.close(place, secret))
    return true
  }

  delete(name: string): void {
    this.#settings.delete(placeOf(name))
  }

  /** Moves a value that an earlier firmware kept as it is, under another key of the settings. True when there was one. */
  adopt(oldKey: string, name: string): boolean {
    const old = this.#settings.get(oldKey)
    if (old === undefined) return false
    // When power was lost between the two steps, the new place has it already, or something newer.
    if (!this.has(name) && old.length > 0) this.set(name, old)
    settleSettings(this.#settings)
    this.#settings.delete(oldKey)
    return true
  }

  /** Names of secrets that are stored as they are although the device has a key. */
  unsealed(): string[] {
    return this.sealing ? this.names().filter((name) => this.isPlainByMistake(PREFIX + name)) : []
  }

  /** Encrypts what was stored before the device had a key. */
  sealAll(): void {
    for (const name of this.unsealed()) this.use(name, (secret) => this.set(name, secret))
  }

  private isPlainByMistake(place: string): boolean {
    const stored = this.#settings.get(place)
    return this.sealing && stored !== undefined && this.#box.isPlain(stored)
  }
}
