import type { Bytes } from '../../../hal/api/io.ts'
import { crc32 } from '../../lib/crc.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { getUint32, setUint32 } from '../storage/format.ts'

/** Keys in the settings; a reset of configuration and secrets leaves them alone. */
const PREFIX = 'sealed.'
const NAME_MAX = 31 - PREFIX.length
/** Version(1), number of the change(4), its time(4), checksum of all parameters after it(4); then the value. */
const FIXED = 13
const VALUE_MAX = 240 - FIXED
const VERSION = 1

export interface SealedParametersOptions {
  readonly settings: {
    keys(): string[]
    get(key: string): Bytes | undefined
    set(key: string, value: Bytes): void
  }
  /** The hardware seal is open at this moment. */
  readonly sealOpen: () => boolean
  /** `storage.counters.next(Counter.sealedChange)`: never the same number twice, whatever happens to the supply. */
  readonly nextNumber: () => number
  /** A change is in flash: for the log. */
  readonly onChange: (name: string, number: number, utc_s: number) => void
}

interface Stored {
  readonly number: number
  readonly utc_s: number
  readonly checksum: number
  readonly value: Bytes
}

function decode(bytes: Bytes | undefined): Stored | undefined {
  if (bytes === undefined || bytes.length < FIXED || bytes[0] !== VERSION) return undefined
  return { number: getUint32(bytes, 1), utc_s: getUint32(bytes, 5), checksum: getUint32(bytes, 9), value: bytes.slice(FIXED) }
}

/** CRC-32 over names and values in the order of the names, each with its length. */
function checksumOf(values: ReadonlyMap<string, Bytes>): number {
  const names = [...values.keys()].sort()
  const all: number[] = []
  for (const name of names) {
    const value = values.get(name)!
    all.push(name.length, value.length)
    for (let i = 0; i < name.length; i++) all.push(name.charCodeAt(i))
    for (const byte of value) all.push(byte)
  }
  return crc32(Uint8Array.from(all))
}

/**
 * Parameters of legal relevance (WELMEC 7.2 P7, from memory): meter constant, ratios of transformers, class, limits. They are written only while the
 * hardware seal is open; each change gets a number that never comes twice, and is logged.
 *
 * A change is one record of the settings, with the number and the checksum of all parameters after it. So every power cut leaves the state before or
 * the state after it, and `intact` finds parameters that are gone, old or foreign. A number that was drawn for a change that was cut off is skipped.
 */
export class SealedParameters {
  readonly #options: SealedParametersOptions

  constructor(options: SealedParametersOptions) {
    this.#options = options
  }

  /** They may be written at this moment. */
  get writable(): boolean {
    return this.#options.sealOpen()
  }

  /** Number of the last change; 0 before the first. */
  get number(): number {
    return this.newest()?.number ?? 0
  }

  /** Time of the last change; 0 before the first. */
  get changed_s(): number {
    return this.newest()?.utc_s ?? 0
  }

  /** CRC-32 of all parameters: what is compared with the certificate. */
  get checksum(): number {
    return checksumOf(this.values())
  }

  /** All parameters are those that were there after the last change. */
  get intact(): boolean {
    const newest = this.newest()
    return newest === undefined ? this.names().length === 0 : newest.checksum === this.checksum
  }

  names(): string[] {
    const keys = this.#options.settings.keys().filter((key) => key.startsWith(PREFIX))
    return keys.map((key) => key.slice(PREFIX.length)).sort()
  }

  /** A copy of the value; undefined for one that is not set, or not readable. */
  get(name: string): Bytes | undefined {
    return decode(this.#options.settings.get(PREFIX + name))?.value
  }

  /**
   * Changes a parameter; it is in flash when this returns. Writing the value that is there changes nothing and counts nothing. Gives the number of the last
   * change. Errors: FerrarisError `SEAL` while the seal is closed, RangeError for a name or a value that is too long; those of `Settings.set`.
   */
  set(name: string, value: Bytes, utc_s: number): number {
    const { settings, sealOpen, nextNumber, onChange } = this.#options
    if (!sealOpen()) throw new FerrarisError('SEAL', `the seal is closed: ${name} cannot be changed`)
    if (name.length > NAME_MAX || value.length > VALUE_MAX) {
      throw new RangeError(`a sealed parameter has a name of up to ${NAME_MAX} characters and a value of up to ${VALUE_MAX} bytes`)
    }
    const known = this.get(name)
    if (known !== undefined && known.length === value.length && known.every((byte, i) => byte === value[i])) return this.number
    const values = this.values()
    values.set(name, value)
    // Damaged counters may begin anew; what the parameters themselves say is a lower bound.
    const number = Math.max(nextNumber(), this.number + 1)
    const bytes = new Uint8Array(FIXED + value.length)
    bytes[0] = VERSION
    setUint32(bytes, 1, number)
    setUint32(bytes, 5, utc_s)
    setUint32(bytes, 9, checksumOf(values))
    bytes.set(value, FIXED)
    settings.set(PREFIX + name, bytes)
    onChange(name, number, utc_s)
    return number
  }

  private values(): Map<string, Bytes> {
    const values = new Map<string, Bytes>()
    for (const name of this.names()) values.set(name, this.get(name) ?? new Uint8Array(0))
    return values
  }

  private newest(): Stored | undefined {
    let newest: Stored | undefined
    for (const name of this.names()) {
      const stored = decode(this.#options.settings.get(PREFIX + name))
      if (stored !== undefined && (newest === undefined || stored.number > newest.number)) newest = stored
    }
    return newest
  }
}
