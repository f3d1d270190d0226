import type { Flash } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { BlockRing, type Extent } from './block-ring.ts'
import { HEADER_LENGTH } from './format.ts'
import { PAYLOAD_OFFSET, recordSize, type Workspace } from './record.ts'
import { putVarint, VARINT_MAX, VarintReader } from './varint.ts'

/** Record types of this area. */
const CHECKPOINT = 1
const CHANGES = 2
/** Version of the checkpoint's own content. */
const IMAGE_VERSION = 1
/** Checkpoint: version, count, then one number for each value. */
const CHECKPOINT_FIXED = 2
/** So many values of the largest size fit into one record. */
const VALUES_MAX = 120

export interface RegisterJournalOptions extends Extent {
  /** Values in the image, 1…120. */
  readonly count: number
  readonly workspace?: Workspace
}

export interface RegisterJournalReport {
  readonly torn: number
  readonly corruptBlocks: number
  /** Saves that cannot be read: the image may be older than the last save. */
  readonly missing: number
  readonly unknownVersion: number
}

/** Time of a save. */
export interface LoadedImage {
  readonly utc_s: number
}

/**
 * Journal of the register image: an array of integers that never decrease. A block starts with a checkpoint of all values; the saves after it
 * hold what changed *since that checkpoint*, so that each can be read without the others. The block before stays whole until the checkpoint
 * of the next one is safe: there are always two generations.
 */
export class RegisterJournal {
  readonly count: number
  readonly ring: BlockRing
  /** Values at the checkpoint of the open block, and at the last save. Longer than `count` when a newer firmware stored more: they are kept. */
  #base: Float64Array
  #saved: Float64Array
  #saved_s = 0
  #found = false
  /** The open block has a checkpoint that `#base` repeats. */
  #based = false
  /** Values that the checkpoint last read holds. */
  #stored = 0

  constructor(flash: Flash, options: RegisterJournalOptions) {
    const { count } = options
    assert(Number.isInteger(count) && count >= 1 && count <= VALUES_MAX, 'count of registers outside 1…120')
    this.count = count
    this.ring = new BlockRing(flash, options, options.workspace)
    const largest = Math.max(recordSize(CHECKPOINT_FIXED + count * VARINT_MAX), recordSize(Math.ceil(count / 8) + count * VARINT_MAX))
    assert(HEADER_LENGTH + largest <= this.ring.blockLength, 'a checkpoint does not fit into a block')
    this.#base = new Float64Array(count)
    this.#saved = new Float64Array(count)
  }

  /** There is an image to load. */
  get found(): boolean {
    return this.#found
  }

  /** Finds the newest consistent image. Must be called first. Writes nothing. */
  mount(): RegisterJournalReport {
    const { ring } = this
    const report = ring.mount()
    this.#found = this.#based = false
    this.#saved_s = 0
    this.use(new Float64Array(this.count))
    while (ring.used > 0 && report.unknownVersion === 0) {
      const records = ring.nextSequence - ring.first(ring.newest)
      report.unknownVersion += this.readBlock(ring.newest)
      if (this.#found || report.unknownVersion > 0) break
      // Saves without a checkpoint are of no use; the block is opened again, and the previous generation counts.
      report.missing += records
      ring.retreat(report)
    }
    return report
  }

  /** Erases one block if none is erased ahead. True when more is to do. */
  prepare(): boolean {
    return this.ring.prepare()
  }

  /**
   * Copies the newest image into `values`; numbers that an older firmware did not store are 0. Undefined (and `values` untouched) when there
   * is no image.
   */
  load(values: Float64Array): LoadedImage | undefined {
    assert(values.length === this.count, 'image of another length')
    if (!this.#found) return undefined
    for (let i = 0; i < this.count; i++) values[i] = this.#saved[i]
    return { utc_s: this.#saved_s }
  }

  /**
   * Stores the image; it is in flash when this returns.
   * Errors: AssertionError, before anything is written, for a value that is no integer, beyond 2^53-1, or below what was saved before;
   * FerrarisError `STORAGE_WORN` when the flash takes no more.
   */
  save(values: Float64Array, utc_s: number): void {
    const { ring } = this
    assert(values.length === this.count, 'image of another length')
    assert(Number.isInteger(utc_s) && utc_s >= 0 && utc_s <= 0xffffffff, 'time outside 32 bits')
    for (let i = 0; i < values.length; i++) {
      assert(Number.isSafeInteger(values[i]), 'a register is not an integer below 2^53')
      assert(values[i] >= this.#saved[i], 'a register decreased')
    }
    // Only now: a refused image must not leave half of itself behind.
    this.#saved.set(values)
    this.#saved_s = utc_s
    this.#found = true
    if (!this.writeChanges(utc_s)) this.writeCheckpoint(utc_s)
    ring.anchor()
  }

  private writeChanges(utc_s: number): boolean {
    if (!this.#based) return false
    const base = this.#base
    const saved = this.#saved
    const { bytes } = this.ring.workspace.out
    let at = PAYLOAD_OFFSET + Math.ceil(base.length / 8)
    bytes.fill(0, PAYLOAD_OFFSET, at)
    for (let i = 0; i < base.length; i++) {
      if (saved[i] === base[i]) continue
      bytes[PAYLOAD_OFFSET + (i >>> 3)] |= 1 << (i & 7)
      at = putVarint(bytes, at, saved[i] - base[i])
    }
    const length = at - PAYLOAD_OFFSET
    return this.ring.fits(recordSize(length)) && this.ring.write(CHANGES, 0, utc_s, length)
  }

  /** Opens blocks until one takes the checkpoint; `open` throws when there are no more. */
  private writeCheckpoint(utc_s: number): void {
    const saved = this.#saved
    const { bytes } = this.ring.workspace.out
    this.#based = false
    do {
      this.ring.open(utc_s)
      bytes[PAYLOAD_OFFSET] = IMAGE_VERSION
      bytes[PAYLOAD_OFFSET + 1] = saved.length
      let at = PAYLOAD_OFFSET + CHECKPOINT_FIXED
      for (let i = 0; i < saved.length; i++) at = putVarint(bytes, at, saved[i])
      if (this.ring.write(CHECKPOINT, 0, utc_s, at - PAYLOAD_OFFSET)) {
        this.#base.set(saved)
        this.#based = true
      }
    } while (!this.#based)
  }

  private use(values: Float64Array): void {
    this.#base = values
    this.#saved = values.slice()
  }

  /** Restores the image of one block. Returns the count of checkpoints of a newer version. */
  private readBlock(block: number): number {
    let newer = 0
    this.ring.forEach(block, (record) => {
      try {
        if (record.type === CHECKPOINT && record.payload[0] > IMAGE_VERSION) newer++
        else if (record.type === CHECKPOINT) this.readCheckpoint(record.payload)
        else if (record.type === CHANGES && this.#found) this.readChanges(record.payload)
        else return
        this.#saved_s = record.utc_s
      } catch (error) {
        // A record with a good checksum and impossible content: not ours, and the one before it still counts.
        if (!(error instanceof DecodeError)) throw error
      }
    })
    return newer
  }

  private readCheckpoint(payload: Uint8Array): void {
    const count = payload[1]
    if (payload.length < CHECKPOINT_FIXED || payload[0] !== IMAGE_VERSION || count > VALUES_MAX) throw new DecodeError('not a checkpoint')
    const reader = new VarintReader(payload, CHECKPOINT_FIXED)
    const values = new Float64Array(Math.max(count, this.count))
    for (let i = 0; i < count; i++) values[i] = reader.next()
    this.use(values)
    this.#found = true
    // Changes are stored against the checkpoint's own count: with more values than it has, the next save begins a block.
    this.#based = count === values.length
    this.#stored = count
  }

  private readChanges(payload: Uint8Array): void {
    const base = this.#base
    const mask = Math.ceil(this.#stored / 8)
    if (payload.length < mask) throw new DecodeError('not a record of changes')
    const reader = new VarintReader(payload, mask)
    const values = base.slice()
    for (let i = 0; i < this.#stored; i++) {
      if ((payload[i >>> 3] & (1 << (i & 7))) !== 0) values[i] += reader.next()
      if (!Number.isSafeInteger(values[i])) throw new DecodeError('register beyond 53 bits')
    }
    this.#saved = values
  }
}
