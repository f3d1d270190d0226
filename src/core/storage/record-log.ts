import type { Flash } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { BlockRing, type Extent } from './block-ring.ts'
import { HEADER_LENGTH, UNIT } from './format.ts'
import { PAYLOAD_OFFSET, RecordBuffer, recordSize, type Workspace } from './record.ts'

/** Longest payload of a log unless its options say otherwise: bounds the buffer of every cursor. */
const DEFAULT_PAYLOAD = 240

export interface RecordLogOptions extends Extent {
  /** Bytes, at most `PAYLOAD_LIMIT` and what fits into a block. Default 240. */
  readonly maxPayload?: number
  /** Buffers shared with the other areas of the same flash. */
  readonly workspace?: Workspace
}

export interface RecordLogReport {
  /** Sequence numbers in the log; equals the count of entries unless old blocks are damaged. */
  readonly entries: number
  readonly torn: number
  readonly corruptBlocks: number
  readonly missing: number
  readonly unknownVersion: number
}

/**
 * Reads a log in the order of its sequence numbers; damaged entries are passed over. Stays usable while the log is written: entries that
 * the ring drops meanwhile are passed over as well, new ones appear. `next` allocates nothing as long as payloads have one length.
 */
export class LogCursor {
  readonly #ring: BlockRing
  readonly #record: RecordBuffer
  /** Next sequence number wanted, and where to look for it. */
  #wanted = 0
  #block = -1
  #position = 0

  constructor(ring: BlockRing, record: RecordBuffer, sequence: number) {
    this.#ring = ring
    this.#record = record
    this.seek(sequence)
  }

  get sequence(): number {
    return this.#record.sequence
  }
  get type(): number {
    return this.#record.type
  }
  get status(): number {
    return this.#record.status
  }
  get utc_s(): number {
    return this.#record.utc_s
  }
  /** View, overwritten by the next call of `next` and replaced when the length changes. */
  get payload(): Uint8Array {
    return this.#record.payload
  }

  /** Puts the cursor before the entry `sequence`. */
  seek(sequence: number): void {
    this.#wanted = sequence
    this.#block = -1
  }

  /** Moves to the next entry; false behind the last one. Only then are `sequence` … `payload` not meaningful. */
  next(): boolean {
    const ring = this.#ring
    if (this.#wanted < ring.firstSequence) this.#wanted = ring.firstSequence
    while (this.#wanted < ring.nextSequence) {
      // The block may be exhausted, or have been erased and used again since the last call.
      if (this.#block < 0 || this.#wanted < ring.first(this.#block) || this.#wanted >= ring.limit(this.#block)) this.#enter()
      if (this.#walk()) return true
    }
    return false
  }

  #enter(): void {
    this.#block = this.#ring.locate(this.#wanted)
    this.#position = this.#ring.offset(this.#block) + HEADER_LENGTH
  }

  /** Goes on inside the block; without success the wanted number moves behind the block. */
  #walk(): boolean {
    const ring = this.#ring
    const record = this.#record
    const limit = ring.limit(this.#block)
    const end = ring.offset(this.#block) + ring.blockLength
    while (this.#position < end) {
      const valid = record.read(ring.flash, this.#position, end) && record.sequence >= ring.first(this.#block) && record.sequence < limit
      this.#position += valid ? record.size : UNIT
      if (valid && record.sequence >= this.#wanted) {
        this.#wanted = record.sequence + 1
        return true
      }
    }
    this.#wanted = limit
    return false
  }
}

/**
 * Append-only log in a ring of erase blocks: load profiles and event logs. When the ring is full, the oldest block goes with all its entries.
 * Entries are numbered from 1 without gaps; an entry that `append` returned for is in flash.
 */
export class RecordLog {
  readonly ring: BlockRing
  readonly maxPayload: number
  readonly #walker: LogCursor

  constructor(flash: Flash, options: RecordLogOptions) {
    const ring = new BlockRing(flash, options, options.workspace)
    const roomiest = ring.workspace.out.maxPayload
    const { maxPayload = Math.min(DEFAULT_PAYLOAD, roomiest) } = options
    assert(maxPayload <= roomiest, 'payload does not fit into a block')
    this.ring = ring
    this.maxPayload = maxPayload
    this.#walker = new LogCursor(ring, ring.workspace.in, 0)
  }

  /** Reads what is there; see `BlockRing.mount`. Must be called first. Writes nothing. */
  mount(): RecordLogReport {
    const { torn, corruptBlocks, missing, unknownVersion } = this.ring.mount()
    return { entries: this.count, torn, corruptBlocks, missing, unknownVersion }
  }

  /** Erases the block ahead if that is still to be done. `append` does it too, after its record is safe. */
  prepare(): void {
    this.ring.prepare()
  }

  get firstSequence(): number {
    return this.ring.firstSequence
  }
  get nextSequence(): number {
    return this.ring.nextSequence
  }
  /** Sequence numbers in the log; with damage, fewer entries can be read. */
  get count(): number {
    return this.ring.nextSequence - this.ring.firstSequence
  }

  /**
   * Appends an entry and returns its sequence number; it is in flash then. `type` and `status` are bytes, `utc_s` has 32 bits.
   * Errors: AssertionError for a payload over `maxPayload`; FerrarisError `STORAGE_WORN` when the flash takes no more.
   */
  append(type: number, status: number, utc_s: number, payload: Uint8Array): number {
    const { ring } = this
    assert(payload.length <= this.maxPayload, 'payload too long for this log')
    assert(Number.isInteger(utc_s) && utc_s >= 0 && utc_s <= 0xffffffff, 'time outside 32 bits')
    const size = recordSize(payload.length)
    for (;;) {
      if (!ring.fits(size)) ring.open(utc_s)
      const sequence = ring.nextSequence
      // Again for every attempt: reading back does not disturb this buffer, but the log must not depend on that.
      ring.workspace.out.bytes.set(payload, PAYLOAD_OFFSET)
      if (!ring.write(type, status, utc_s, payload.length)) continue
      ring.anchor()
      // Last, because an erase takes long: the entry is safe already.
      ring.prepare()
      return sequence
    }
  }

  /** A cursor before the entry `sequence` (default: the oldest): its first `next()` moves there. */
  cursor(sequence = this.firstSequence): LogCursor {
    return new LogCursor(this.ring, new RecordBuffer(this.maxPayload), sequence)
  }

  /**
   * Sequence number of the first entry at or after `utc_s`, or `nextSequence` when there is none. Looks for the block by halving.
   *
   * When the clock was set back, times are not in order: blocks are then looked through from the oldest on, so that the result is the
   * earliest entry that qualifies, as far as the times at the blocks' beginnings tell (a leap forward and back inside one block is not seen).
   */
  firstAtOrAfter(utc_s: number): number {
    const { ring } = this
    if (ring.used === 0) return ring.nextSequence
    const rank = ring.ordered ? this.#halve(utc_s) : this.#lookThrough(utc_s)
    const walker = this.#walker
    walker.seek(ring.first(ring.at(rank)))
    while (walker.next()) if (walker.utc_s >= utc_s) return walker.sequence
    return ring.nextSequence
  }

  /** Rank of the last block that begins before `utc_s`. */
  #halve(utc_s: number): number {
    let low = 0
    let high = this.ring.used - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.ring.headerUtc_s(this.ring.at(middle)) < utc_s) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Rank of the block before the first one that begins at or after `utc_s`; the newest when there is none. */
  #lookThrough(utc_s: number): number {
    for (let rank = 0; rank < this.ring.used; rank++) {
      if (this.ring.headerUtc_s(this.ring.at(rank)) >= utc_s) return Math.max(0, rank - 1)
    }
    return this.ring.used - 1
  }
}
