import { assert } from '../../lib/assert.ts'
import { ProfileStatus } from '../events/codes.ts'
import { recordSize } from '../storage/record.ts'
import type { LogCursor, RecordLog } from '../storage/record-log.ts'
import type { CaptureSchedule } from './schedule.ts'

/** One captured value. */
export interface ProfileColumn {
  /** OBIS code `C.D.E` of what is captured. */
  readonly code: string
  /** Bytes in the stored entry, big-endian: 1 to 8. A value that does not fit is stored as the largest that does. */
  readonly bytes: number
}

/** What a profile captures, by the index of the column: one object for all of them, for each would take memory of its own. */
export interface CaptureColumns {
  readonly count: number
  column(index: number): ProfileColumn
  /** Called at the end of an interval; gives a non-negative integer, exact below 2^53. */
  read(index: number): number
}

export interface CaptureProfileOptions {
  readonly log: RecordLog
  readonly schedule: CaptureSchedule
  readonly columns: CaptureColumns
  /** Newest entries that can be read. Default: all that the ring keeps. */
  readonly depth?: number
  /** Slots of an outage that `recover` fills at most, the newest ones. Default 0: missing slots are absent, and the next entry says `powerDown`. */
  readonly fill_max?: number
  /** For the status of filled slots. */
  readonly daylightSaving?: (utc_s: number) => boolean
}

/** Types of the records: the latest time stamp of the log, or one before it because the clock was set back. */
const LATEST = 1
const BEHIND = 2
/** Filled entries that one step writes: a second has time for so many programs. */
const FILL_STEP = 8
/** A capture may be so late before what follows counts as a short interval. */
const LATE_S = 5

function putValue(bytes: Uint8Array, at: number, count: number, value: number): void {
  let rest = count < 7 ? Math.min(value, 256 ** count - 1) : value
  for (let i = at + count - 1; i >= at; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** Reads a value of a stored entry. */
export function storedValue(payload: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) value = value * 256 + payload[i]
  return value
}

/** Bytes of an entry's payload with these columns. */
export function payloadLength(columns: readonly ProfileColumn[]): number {
  return columns.reduce((sum, { bytes }) => sum + bytes, 0)
}

/**
 * A capture profile (COSEM class 7): values at the end of each interval, with the AMR status byte of the interval, in a ring of its own. Entries are
 * stamped with the instant of the schedule that ends their interval. No two entries in the ring carry the same time stamp: when the clock was set
 * back, intervals that are there already are not captured again, and what happened in them belongs to the next entry, which is marked.
 *
 * Endurance: a ring of `b` blocks of 4096 bytes takes floor(4064 / size) entries per block, `size` = payload + 16 rounded up to 16. Erases per block in 20
 * years = entries in 20 years / (entries per block * b):
 *
 * | profile                                       | size | entries in 20 years | blocks | keeps at least | erases per block |
 * |-----------------------------------------------|------|---------------------|--------|----------------|------------------|
 * | load profile 1, 15 min, 32 bytes              |   48 |             701,280 |    256 |         21,337 |               33 |
 * | the same, 1 min                               |   48 |          10,519,200 |    256 |         21,337 |              489 |
 * | daily, 4 energies with 4 rates, 120 bytes     |  144 |               7,305 |      4 |             57 |               65 |
 * | monthly, the same                             |  144 |                 240 |      3 |             29 |                3 |
 * | power quality, 10 min, 26 bytes, 32 with THD  |   48 |           1,051,920 |     15 |          1,093 |              835 |
 *
 * The flash bears 100,000.
 */
export class CaptureProfile {
  readonly log: RecordLog
  readonly schedule: CaptureSchedule
  readonly #columns: CaptureColumns
  readonly #depth: number
  readonly #fill_max: number
  readonly #daylightSaving: CaptureProfileOptions['daylightSaving']
  /** Of an entry's payload. */
  readonly #length: number
  /** The slot that was seen last: [from, to). */
  #from_s = 0
  #to_s = 0
  /** Latest time stamp in the log; a later one cannot be there yet. */
  #latest_s = -1
  #status = 0
  /** Slots still to be filled, (filled, fillEnd], with the values that stood still during the outage. */
  #fill_s = 0
  #fillEnd_s = 0
  #filling: Uint8Array | undefined
  /** AMR status byte of the newest entry. */
  lastStatus = 0

  constructor(options: CaptureProfileOptions, utc_s: number) {
    this.log = options.log
    this.schedule = options.schedule
    this.#columns = options.columns
    this.#depth = options.depth ?? Number.POSITIVE_INFINITY
    this.#fill_max = options.fill_max ?? 0
    this.#daylightSaving = options.daylightSaving
    this.#length = payloadLength(this.columns)
    assert(this.#length <= this.log.maxPayload, 'an entry does not fit into a record of the log')
    this.enter(options.schedule.floor(utc_s))
    this.findLatest()
    // Marks were in memory only, but the log shows that the clock was set back, or that nobody was there at the end of an interval.
    if (this.#latest_s > utc_s) this.#status |= ProfileStatus.clockAdjusted
    else if (this.#latest_s >= 0 && this.#latest_s < this.#from_s) this.#status |= ProfileStatus.powerDown
  }

  /** What an entry holds, in order. Made anew each time. */
  get columns(): readonly ProfileColumn[] {
    return Array.from({ length: this.#columns.count }, (_, index) => this.#columns.column(index))
  }

  /** Entries that can be read. */
  get count(): number {
    return Math.min(this.log.count, this.#depth)
  }

  /** Sequence number of the oldest entry that can be read. */
  get firstSequence(): number {
    return this.log.nextSequence - this.count
  }

  /** Reads entries from a sequence number on. */
  cursor(sequence = this.firstSequence): LogCursor {
    return this.log.cursor(sequence)
  }

  /** Bits that the running interval is marked with. */
  get marks(): number {
    return this.#status
  }

  /** Marks the running interval with bits of `ProfileStatus`. */
  mark(status: number): void {
    this.#status |= status
  }

  /** True when the second `utc_s` begins a new interval; then `capture` must follow. */
  due(utc_s: number): boolean {
    return utc_s >= this.#to_s || utc_s < this.#from_s
  }

  /**
   * Stores the values for the interval that has just ended, stamped with its end. `persistent` are status bits that stay set as long as
   * their cause (clock invalid, daylight saving). Returns whether there is a new entry.
   * Errors: FerrarisError `STORAGE_WORN`; the marks stay for the next entry then.
   */
  capture(utc_s: number, persistent: number): boolean {
    const stamp_s = this.schedule.floor(utc_s)
    this.enter(stamp_s)
    while (this.filling) this.fillOne()
    // The first local midnight of a clock that begins with 1970 was before that.
    const impossible = stamp_s < 0
    if (impossible || (stamp_s <= this.#latest_s && this.has(stamp_s))) {
      // What happened in this interval goes into the next entry, which is longer than it looks then.
      this.#status |= ProfileStatus.clockAdjusted
      return false
    }
    const payload = this.log.scratch(this.#length)
    this.read(payload)
    this.append(this.#status | persistent, stamp_s, payload)
    // The clock jumped into the middle of the interval that begins: it is a short one.
    this.#status = utc_s - stamp_s > LATE_S ? ProfileStatus.clockAdjusted : 0
    return true
  }

  /**
   * After a start: the slots between the newest entry and now were missed. With `fill_max`, `fill` then writes them with the values of this
   * moment, so the registers must have been restored and nothing been added since, and status `powerDown | dataNotValid`. Call it with a valid clock
   * only: with another one nobody knows which slots were missed.
   */
  recover(utc_s: number): void {
    const fill_max = this.#fill_max
    const last_s = this.schedule.floor(utc_s)
    if (fill_max === 0 || this.#latest_s < 0 || this.#latest_s >= last_s) return
    this.#fill_s = this.#latest_s
    this.#fillEnd_s = last_s
    const missing = this.missing(fill_max)
    // What is older than the newest `fill_max` slots stays absent.
    for (let i = fill_max; i < missing; i++) this.#fill_s = this.schedule.next(this.#fill_s)
    this.#filling ??= new Uint8Array(this.#length)
    this.read(this.#filling)
  }

  /**
   * Mostly the newest entry is the latest, and says so; else all of the log has to be looked through. The order of the blocks tells it for entries of
   * older firmware, which did not say.
   */
  private findLatest(): void {
    const newest = this.log.cursor(this.log.nextSequence - 1)
    const simple = newest.next() && newest.type === LATEST && this.log.ring.ordered
    const cursor = this.log.cursor(simple ? this.log.nextSequence - 1 : this.log.firstSequence)
    while (cursor.next()) {
      this.#latest_s = Math.max(this.#latest_s, cursor.utc_s)
      this.lastStatus = cursor.status
    }
  }

  /** Slots remain to be filled. */
  get filling(): boolean {
    return this.#fill_s < this.#fillEnd_s
  }

  /** Writes some of the slots that `recover` found, as many as need no erase. Call once a second. Returns whether more remain. */
  fill(): boolean {
    const { ring } = this.log
    const size = recordSize(this.#length)
    for (let i = 0; i < FILL_STEP && this.filling && (ring.ready || ring.fits(size)); i++) this.fillOne()
    return this.filling
  }

  /** Missing slots; a clock that is years ahead must not make anybody count them one by one. */
  private missing(fill_max: number): number {
    const { schedule } = this
    const period_s = schedule.period_s === 0 ? 28 * 86_400 : schedule.period_s
    const guess = Math.floor((this.#fillEnd_s - this.#fill_s) / period_s)
    if (guess > 2 * fill_max + 2) {
      // So far away that the slots in between do not matter: begin near the end, on an instant of the schedule.
      this.#fill_s = schedule.floor(this.#fillEnd_s - (2 * fill_max + 2) * period_s)
    }
    let missing = 0
    for (let stamp_s = this.#fill_s; stamp_s < this.#fillEnd_s; stamp_s = schedule.next(stamp_s)) missing++
    return missing
  }

  private fillOne(): void {
    const stamp_s = this.schedule.next(this.#fill_s)
    this.#fill_s = stamp_s
    if (stamp_s > this.#fillEnd_s || this.#filling === undefined) return
    const summer = this.#daylightSaving?.(stamp_s) === true ? ProfileStatus.daylightSaving : 0
    this.append(ProfileStatus.powerDown | ProfileStatus.dataNotValid | summer, stamp_s, this.#filling)
  }

  private enter(stamp_s: number): void {
    this.#from_s = stamp_s
    this.#to_s = this.schedule.next(stamp_s)
  }

  private read(bytes: Uint8Array): void {
    let at = 0
    for (let i = 0; i < this.#columns.count; i++) {
      const { bytes: count } = this.#columns.column(i)
      putValue(bytes, at, count, this.#columns.read(i))
      at += count
    }
  }

  private append(status: number, stamp_s: number, payload: Uint8Array): void {
    this.log.append(stamp_s > this.#latest_s ? LATEST : BEHIND, status, stamp_s, payload)
    this.lastStatus = status
    this.#latest_s = Math.max(this.#latest_s, stamp_s)
  }

  /** Rare: only after the clock was set back. Marks and energy stay for the next entry. */
  private has(stamp_s: number): boolean {
    const cursor = this.log.cursor()
    while (cursor.next()) if (cursor.utc_s === stamp_s) return true
    return false
  }
}
