import type { Flash } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { BlockRing, type Extent, type RingReport } from './block-ring.ts'
import { getUint32, HEADER_LENGTH, HELD_BACK, setUint32 } from './format.ts'
import { PAYLOAD_OFFSET, recordSize, type Workspace } from './record.ts'
import type { Settings } from './settings.ts'
import { putVarint, VARINT_MAX, VarintReader } from './varint.ts'

/** The counters of a meter. Their ids are stored, and never used again for something else. */
export const Counter = Object.freeze({
  /** Nonces under which secrets are sealed in flash. */
  secretNonce: 0,
  /** Starts of the meter. */
  boot: 1,
  /** Sequence number of messages that the meter sends unasked: push, last gasp. */
  message: 2,
  /** DevNonce of join requests, LoRaWAN 1.0.4 §6.2.5: 16 bits for the life of the device. */
  lorawanDevNonce: 3,
  /** Frame counter of uplinks, LoRaWAN 1.0.4 §4.3.1.5. */
  lorawanFCntUp: 4,
  /** Invocation counter of ciphered APDUs, IEC 62056-5-3 (DLMS Green Book 9.2.3.3.7.3). */
  dlmsInvocation: 5,
  /** Changes of sealed parameters: the number that an inspector compares with the one in the certificate. */
  sealedChange: 6,
})

/** Numbers that one record reserves, by id. A batch may grow from one version to the next, never shrink. */
export const COUNTER_BATCH: readonly number[] = Object.freeze([16, 1, 16, 1, 32, 64, 1])
/** Ids are 0…31. */
const COUNTERS_MAX = 32
/** The copy in the settings is good for so many batches of a counter: what may be skipped after damage, and how rarely the copy is written. */
const CEILING_BATCHES = 32

/** Record types of this area. */
const LIMITS = 1
/** Nothing; pushes what was written before it out of every cache. */
const FILLER = 2
const FILLERS = HELD_BACK * recordSize(0)

/** The copy: sequence(4), then five bytes for each ceiling. A fixed length, so that replacing it never makes the settings full. */
const COPY_KEY = ' counters'
const COPY_FIXED = 4
const COPY_PER_COUNTER = 5
/** No counter goes further: its ceiling must still fit into the copy. */
const LIMIT_MAX = 2 ** 39

export interface CountersOptions extends Extent {
  /** Must be mounted before. */
  readonly settings: Settings
  readonly workspace?: Workspace
}

/** `missing`: reservations that cannot be read. `torn` also counts numbers that were skipped because it could not be told whether they were used. */
export type CountersReport = Readonly<RingReport>

/**
 * Counters that never give a number twice: frame counters, nonces, starts. Numbers are reserved in flash, a batch at a time, before the first
 * one of the batch is handed out; a restart skips the rest of the batch. Each record holds the limits of all counters.
 *
 * When `mount` cannot be sure to see the last reservation (a torn or damaged record, a lost block), it goes on from ceilings that a copy in the
 * settings holds, and that no reservation exceeds before the copy is raised. Only the loss of both areas can make numbers repeat.
 *
 * A chip that loses its last `HELD_BACK` operations does it without trace. So the first reservation of each counter after a start, and every one of
 * a counter without batches, is followed by as many fillers; the others are covered by skipping as many batches at the next start.
 */
export class Counters {
  readonly ring: BlockRing
  readonly #settings: Settings
  /** Numbers up to here are reserved in flash, or may have been. Longer than the table when a newer firmware has more counters: they are kept. */
  #limits = new Float64Array(COUNTER_BATCH.length)
  /** Last number handed out since the start; -1: none yet. */
  readonly #last = new Float64Array(COUNTER_BATCH.length)
  /** What the copy allows. */
  readonly #ceilings = new Float64Array(COUNTERS_MAX)
  /** Sequence number of the record that `#limits` were last read from, and the fillers after it. */
  #sequence = 0
  #fillers = 0

  constructor(flash: Flash, options: CountersOptions) {
    this.ring = new BlockRing(flash, options, options.workspace)
    this.#settings = options.settings
    const largest = recordSize(COUNTER_BATCH.length * VARINT_MAX) + FILLERS
    assert(HEADER_LENGTH + largest <= this.ring.blockLength, 'the counters do not fit into a block')
  }

  /** No number was ever reserved. */
  get empty(): boolean {
    return this.ring.used === 0 && this.#settings.get(COPY_KEY) === undefined
  }

  /** Finds the limits. Must be called first, after the settings were mounted. Writes nothing. */
  mount(): CountersReport {
    const { ring } = this
    const report = ring.mount()
    this.#limits = new Float64Array(COUNTER_BATCH.length)
    this.#last.fill(-1)
    this.#sequence = this.#fillers = 0
    while (ring.used > 0 && !this.readBlock(ring.newest)) {
      report.missing += ring.nextSequence - ring.first(ring.newest)
      ring.retreat(report)
    }
    const copied = this.readCopy()
    // A damaged reservation leaves two units at least; one alone was cut off before its end, so nobody was given its numbers.
    const whole = this.#sequence + this.#fillers === ring.nextSequence - 1 && ring.tail < recordSize(1)
    if (whole && this.#sequence >= copied) return report
    for (let id = 0; id < COUNTERS_MAX; id++) this.skip(id)
    // Nothing else to be seen: the copy was written, and power was lost before the record.
    if (report.torn + report.corruptBlocks + report.missing === 0) report.torn++
    return report
  }

  /** Erases one block if none is erased ahead. True when more is to do. */
  prepare(): boolean {
    return this.ring.prepare()
  }

  /**
   * The next number of a counter of the table `Counter`: 1, 2, 3 … with gaps after restarts, never one that was handed out before.
   * Errors: FerrarisError `STORAGE_WORN` when the flash takes no more reservations; no number is handed out then.
   */
  next(counter: number): number {
    checkId(counter)
    if (this.left(counter) === 0) this.refill(counter)
    return ++this.#last[counter]
  }

  /** The number before the one that comes next: no higher one has ever been handed out. 0 for a counter never used. */
  last(counter: number): number {
    checkId(counter)
    return this.#last[counter] < 0 ? this.start(counter) : this.#last[counter]
  }

  /**
   * Reserves a batch if half of one is not at hand. To be called when there is time (once a second), for counters that are needed when there is
   * none: then `next` has nothing to write. Errors: as `next`.
   */
  reserve(counter: number): void {
    checkId(counter)
    if (this.left(counter) * 2 < COUNTER_BATCH[counter]) this.refill(counter)
  }

  /** Numbers reserved and not handed out. */
  private left(counter: number): number {
    return this.#last[counter] < 0 ? 0 : this.#limits[counter] - this.#last[counter]
  }

  /** Where a counter goes on after a start: behind the reservations that may have been lost without trace. */
  private start(counter: number): number {
    const limit = this.#limits[counter]
    const batch = COUNTER_BATCH[counter]
    return limit > 0 && batch > 1 ? limit + HELD_BACK * batch : limit
  }

  private refill(counter: number): void {
    const { ring } = this
    const batch = COUNTER_BATCH[counter]
    const first = this.#last[counter] < 0
    const start = first ? this.start(counter) : this.#limits[counter]
    const settle = first || batch === 1
    const limits = this.#limits.slice()
    limits[counter] = start + batch
    assert(limits[counter] < LIMIT_MAX, 'a counter is at its end')
    const room = this.size(limits) + (settle ? FILLERS : 0)
    if (limits[counter] > this.#ceilings[counter]) this.writeCopy(limits)
    while (!(ring.fits(room) && this.write(limits) && (!settle || this.settle()))) {
      // Before each block, so that the loss of the whole block shows.
      this.writeCopy(limits)
      ring.open(0)
    }
    ring.anchor()
    this.#limits = limits
    if (first) this.#last[counter] = start
  }

  private size(limits: Float64Array): number {
    const scratch = this.ring.workspace.out.bytes
    let at = 0
    for (let id = 0; id < limits.length; id++) at = putVarint(scratch, at, limits[id])
    return recordSize(at)
  }

  private write(limits: Float64Array): boolean {
    const { bytes } = this.ring.workspace.out
    let at = PAYLOAD_OFFSET
    for (let id = 0; id < limits.length; id++) at = putVarint(bytes, at, limits[id])
    return this.ring.write(LIMITS, 0, 0, at - PAYLOAD_OFFSET)
  }

  /** After this, what was written before can no longer be lost. */
  private settle(): boolean {
    for (let i = 0; i < HELD_BACK; i++) if (!this.ring.write(FILLER, 0, 0, 0)) return false
    return true
  }

  /** True when the block has limits. */
  private readBlock(block: number): boolean {
    let found = false
    this.ring.forEach(block, (record) => {
      if (record.type === FILLER) this.#fillers++
      else if (record.type === LIMITS && this.readLimits(record.payload)) {
        found = true
        this.#sequence = record.sequence
        this.#fillers = 0
      }
    })
    return found
  }

  private readLimits(payload: Uint8Array): boolean {
    try {
      const reader = new VarintReader(payload)
      const limits: number[] = []
      while (reader.position < payload.length && limits.length < COUNTERS_MAX) limits.push(reader.next())
      while (limits.length < COUNTER_BATCH.length) limits.push(0)
      this.#limits = Float64Array.from(limits)
      return true
    } catch (error) {
      // A good checksum over something else: then it is not certain what was reserved.
      if (!(error instanceof DecodeError)) throw error
      return false
    }
  }

  /** Raises a limit to what may have been handed out at most. */
  private skip(id: number): void {
    const ceiling = this.#ceilings[id]
    if (id >= this.#limits.length) {
      if (ceiling === 0) return
      const longer = new Float64Array(id + 1)
      longer.set(this.#limits)
      this.#limits = longer
    }
    // Without the copy, more than any number of records that can have been lost in the rest of a block is the best guess.
    const guess = ceiling === 0 && this.#limits[id] > 0 ? this.#limits[id] + 2 * CEILING_BATCHES * (COUNTER_BATCH[id] ?? 1) : 0
    this.#limits[id] = Math.max(this.#limits[id], ceiling, guess)
  }

  /** Reads the ceilings. Returns the sequence number of the first reservation after the copy was written; 0 when there is none. */
  private readCopy(): number {
    this.#ceilings.fill(0)
    const copy = this.#settings.get(COPY_KEY)
    if (copy === undefined || copy.length < COPY_FIXED) return 0
    for (let id = 0; id < COUNTERS_MAX; id++) {
      const at = COPY_FIXED + COPY_PER_COUNTER * id
      if (at + COPY_PER_COUNTER <= copy.length) this.#ceilings[id] = copy[at] * 2 ** 32 + getUint32(copy, at + 1)
    }
    return getUint32(copy, 0)
  }

  /** Raises the ceilings, and says with which record they begin to count: when that one is not found, something is lost. */
  private writeCopy(limits: Float64Array): void {
    const copy = new Uint8Array(COPY_FIXED + COPY_PER_COUNTER * limits.length)
    const ceilings = new Float64Array(limits.length)
    setUint32(copy, 0, this.ring.nextSequence)
    for (let id = 0; id < limits.length; id++) {
      const used = limits[id] > 0 || id >= COUNTER_BATCH.length
      ceilings[id] = used ? limits[id] + CEILING_BATCHES * (COUNTER_BATCH[id] ?? 1) : 0
      const at = COPY_FIXED + COPY_PER_COUNTER * id
      copy[at] = Math.floor(ceilings[id] / 2 ** 32)
      setUint32(copy, at + 1, ceilings[id] % 2 ** 32)
    }
    try {
      this.#settings.keep(COPY_KEY, copy)
      this.#ceilings.set(ceilings)
    } catch (error) {
      // The copy is for damage. Without room for it the counters still work; with it the meter would stand still.
      const lives = error instanceof FerrarisError && (error.code === 'SETTINGS_FULL' || error.code === 'STORAGE_WORN')
      if (!lives) throw error
    }
  }
}

function checkId(counter: number): void {
  assert(counter >= 0 && counter < COUNTER_BATCH.length, 'unknown counter')
}
