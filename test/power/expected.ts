import type { RecordLog } from '../../src/core/storage/record-log.ts'
import type { Storage } from '../../src/core/storage/storage.ts'
import type { Transfer } from './duties.ts'
import { must } from './violation.ts'

/** The logs of the meter, as their names in `Storage`. */
export const LOGS = ['profile', 'events', 'powerFailures'] as const

/** Digests of this many entries are kept; the logs of the small flash hold fewer. */
const DIGESTS_MAX = 1024

/** Hash of an entry (FNV-1a, 32 bits). */
function digestOf(type: number, status: number, utc_s: number, payload: Uint8Array): number {
  let hash = 0x811c9dc5
  const add = (byte: number): void => {
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  add(type)
  add(status)
  for (let shift = 0; shift < 32; shift += 8) add((utc_s >>> shift) & 0xff)
  for (let i = 0; i < payload.length; i++) add(payload[i])
  return hash >>> 0
}

/** What is promised of one log: all entries before `next`. */
export class LogBook {
  /** Sequence number that the next entry gets. */
  next = 1
  /** Sequence number of the first digest. */
  #origin = 1
  #digests: number[] = []

  /** A copy that shares its past; only one of the two may learn more. */
  view(): LogBook {
    const other = new LogBook()
    other.next = this.next
    other.#origin = this.#origin
    other.#digests = this.#digests
    return other
  }

  copy(): LogBook {
    const other = this.view()
    other.#digests = this.#digests.slice(0, Math.max(0, this.next - this.#origin))
    return other
  }

  /** An entry with this number was returned for. `unpromised`: entries before it that were cut off and may be there all the same. */
  promise(sequence: number, unpromised: number): void {
    must(sequence >= this.next && sequence <= this.next + unpromised, () => `entry ${sequence} after ${this.next - 1}`)
    this.next = sequence + 1
  }

  /** The flash has lost entries with all that followed them: numbers from `next` on are given again. */
  forget(next: number): void {
    this.next = next
    this.#digests = this.#digests.slice(0, Math.max(0, next - this.#origin))
  }

  /** Reads the log: what is known must be as it was, what is new is kept. `gaps`: entries may be missing, because the flash lost bits. */
  compare(log: RecordLog, name: string, gaps: boolean): void {
    if (log.nextSequence > this.next) this.next = log.nextSequence
    const cursor = log.cursor()
    let expected = log.firstSequence
    while (cursor.next()) {
      const { sequence } = cursor
      must(gaps ? sequence >= expected : sequence === expected, () => `${name}: entry ${expected} is missing, found ${sequence}`)
      expected = sequence + 1
      this.#compareEntry(sequence, digestOf(cursor.type, cursor.status, cursor.utc_s, cursor.payload), name)
    }
    must(gaps || expected === log.nextSequence, () => `${name}: ends at ${expected}, not at ${log.nextSequence}`)
  }

  /** Keeps the digests of entries that are not known yet, without looking at the others. */
  learn(log: RecordLog): void {
    const from = this.#origin + this.#digests.length
    if (log.nextSequence <= from) return
    const cursor = log.cursor(Math.max(from, log.firstSequence))
    while (cursor.next()) this.#keep(cursor.sequence, digestOf(cursor.type, cursor.status, cursor.utc_s, cursor.payload))
  }

  #compareEntry(sequence: number, digest: number, name: string): void {
    const index = sequence - this.#origin
    const known = index < 0 ? digest : this.#digests[index]
    if (known === undefined || known < 0) this.#keep(sequence, digest)
    else must(known === digest, () => `${name}: entry ${sequence} has changed`)
  }

  #keep(sequence: number, digest: number): void {
    // A number that nothing could be read of: -1 until it can.
    while (this.#origin + this.#digests.length < sequence) this.#digests.push(-1)
    this.#digests[sequence - this.#origin] = digest
    if (this.#digests.length <= DIGESTS_MAX) return
    const dropped = DIGESTS_MAX / 2
    this.#digests = this.#digests.slice(dropped)
    this.#origin += dropped
  }
}

/** A setting that is being changed: the flash may have either value. Undefined: no setting. */
interface Change {
  readonly key: string
  readonly value: string | undefined
}

/** Everything that the meter has promised so far, and at most one thing that it tried and was cut off. Images are never changed, only replaced. */
export class Expected {
  /** The register image that the last `save` returned for, and the one that it was called with. */
  committed: Float64Array
  attempted: Float64Array
  /** World's second of `committed`. */
  committed_s = 0
  /** Counts that a client has read. */
  read: Float64Array | undefined
  books = LOGS.map(() => new LogBook())
  settings: ReadonlyMap<string, string> = new Map()
  change: Change | undefined
  /** Last number that each counter gave. */
  numbers: ReadonlyMap<number, number> = new Map()
  /** A firmware image on its way, and whether the next one was being started. */
  transfer: Transfer | undefined
  initiating = false
  /** Values that the secret may have; undefined: none. More than one after a change that was cut off. */
  secrets: readonly (string | undefined)[] = [undefined]
  /** A factory reset of configuration and secrets: `tried` may or may not be noted in the flash, or be done already. */
  reset: 'none' | 'tried' | 'promised' = 'none'

  constructor(count: number) {
    this.committed = new Float64Array(count)
    this.attempted = this.committed
  }

  /** For a record of the past; nobody may live on with it before `copy`. */
  view(): Expected {
    return this.#with((book) => book.view())
  }

  copy(): Expected {
    return this.#with((book) => book.copy())
  }

  learn(storage: Storage): void {
    for (const [index, name] of LOGS.entries()) this.books[index].learn(storage[name])
  }

  /** Settings change by a new map, so that views stay what they were. */
  changed(): void {
    if (this.change === undefined) return
    const settings = new Map(this.settings)
    if (this.change.value === undefined) settings.delete(this.change.key)
    else settings.set(this.change.key, this.change.value)
    this.settings = settings
    this.change = undefined
  }

  #with(book: (from: LogBook) => LogBook): Expected {
    const other = new Expected(0)
    other.committed = this.committed
    other.attempted = this.attempted
    other.committed_s = this.committed_s
    other.read = this.read
    other.books = this.books.map(book)
    other.settings = this.settings
    other.change = this.change
    other.numbers = this.numbers
    other.transfer = this.transfer
    other.initiating = this.initiating
    other.secrets = this.secrets
    other.reset = this.reset
    return other
  }
}
