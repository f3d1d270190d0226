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
    if (this.#wanted < ring.firstSequence) this.seek(ring.firstSequence)
    while (this.#wanted < ring.nextSequence) {
      // The block may be exhausted, or have been erased and used again since the last call.
      if (this.#block < 0 || this.#wanted < ring.first(this.#block) || this.#wanted >= ring.limit(this.#block)) this.enter()
      if (this.walk()) return true
    }
    return false
  }

  private enter(): void {
    this.#block = this.#ring.locate(this.#wanted)
    this.#position = this.#ring.offset(this.#block) + HEADER_LENGTH
  }

  /** Goes on inside the block; without success the wanted number moves behind the block. */
  private walk(): boolean {
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

  constructor(flash: Flash, options: RecordLogOptions) {
    const ring = new BlockRing(flash, options, options.workspace)
    const roomiest = ring.workspace.out.maxPayload
    const { maxPayload = Math.min(DEFAULT_PAYLOAD, roomiest) } = options
    assert(maxPayload <= roomiest, 'payload does not fit into a block')
    this.ring = ring
    this.maxPayload = maxPayload
  }

  /** Reads what is there; see `BlockRing.mount`. Must be called first. Writes nothing. */
  mount(): RecordLogReport {
    const { torn, corruptBlocks, missing, unknownVersion } = this.ring.mount()
    return { entries: this.count, torn, corruptBlocks, missing, unknownVersion }
  }

  /** Erases one block if none is erased ahead. True when more is to do. */
  prepare(): boolean {
    return this.ring.prepare()
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

  /** Room for a payload on its way to `append`, shared with the other logs: whatever is stored next overwrites it. */
  scratch(length: number): Uint8Array {
    return this.ring.workspace.out.bytes.subarray(PAYLOAD_OFFSET, PAYLOAD_OFFSET + length)
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
      return sequence
    }
  }

  /** A cursor before the entry `sequence` (default: the oldest): its first `next()` moves there. */
  cursor(sequence = this.firstSequence): LogCursor {
    return new LogCursor(this.ring, new RecordBuffer(this.maxPayload), sequence)
  }

  /**
   * Sequence number of the first entry at or after `utc_s`, or `nextSequence` when there is none. Finds the block by halving.
   *
   * When the clock was set back, times are not in order. Then the blocks are gone through from the oldest on by the times at their beginnings,
   * so that the result is the earliest entry that qualifies; only a step back that is shorter than the time one block spans may hide one.
   */
  firstAtOrAfter(utc_s: number): number {
    const { ring } = this
    if (ring.used === 0) return ring.nextSequence
    if (!ring.ordered) return this.lookThrough(utc_s)
    let low = 0
    let high = ring.used - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (ring.headerUtc_s(ring.at(middle)) < utc_s) low = middle
      else high = middle - 1
    }
    // In the last block that begins earlier, or else the first one of the next block.
    return this.search(utc_s, ring.first(ring.at(low)), ring.nextSequence)
  }

  /** Searches each block whose successor begins at or after `utc_s`, or before the block itself: there the clock was set back. */
  private lookThrough(utc_s: number): number {
    const { ring } = this
    let previous_s = -1
    for (let rank = 0; rank < ring.used; rank++) {
      const block = ring.at(rank)
      const begin_s = ring.headerUtc_s(block)
      if (rank > 0 && (begin_s >= utc_s || begin_s < previous_s)) {
        const found = this.search(utc_s, ring.first(ring.at(rank - 1)), ring.first(block))
        if (found < ring.first(block)) return found
      }
      if (begin_s >= 0) previous_s = begin_s
    }
    return this.search(utc_s, ring.first(ring.at(ring.used - 1)), ring.nextSequence)
  }

  /** First entry of [from, limit) at or after `utc_s`; `limit` when there is none. */
  private search(utc_s: number, from: number, limit: number): number {
    const walker = new LogCursor(this.ring, this.ring.workspace.in, from)
    while (walker.next() && walker.sequence < limit) if (walker.utc_s >= utc_s) return walker.sequence
    return limit
  }
}
