import type { Flash } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { HEADER_LENGTH, Kind, UNIT } from './format.ts'
import { createWorkspace, type RecordBuffer, type Workspace } from './record.ts'

/** Where an area lies in the flash, in erase blocks. */
export interface Extent {
  readonly area: number
  readonly firstBlock: number
  readonly blocks: number
}

/** What `mount` found. All counts are 0 for an area in good order. */
export interface RingReport {
  /** Operations that power loss interrupted; nothing that had been stored before is missing because of them. */
  torn: number
  /** Blocks with damaged headers, whose content is lost or only partly readable. */
  corruptBlocks: number
  /** Sequence numbers known to be missing in the newest block. Damage in older blocks shows when they are read. */
  missing: number
  /** Blocks of a newer format. The area must not be written. */
  unknownVersion: number
}

/** Fewer blocks cannot hold a block in use, the one before it, and one erased block ahead. */
export const BLOCKS_MIN = 3

/**
 * The ring of erase blocks under every area: headers with an epoch, records with sequence numbers, and one erased block ahead. Blocks follow
 * each other in flash order; opening a block gives it the next epoch. Block arguments are indices 0…blocks-1 inside the area.
 *
 * `mount` only reads. `prepare` does the erasing, when there is time for it; when it was not called in time, `open` has to.
 */
export class BlockRing {
  readonly flash: Flash
  readonly workspace: Workspace
  readonly #area: number
  readonly #firstBlock: number
  readonly #blocks: number
  /** Per block: sequence number of its first record. A block without readable header gets that of its successor, so it is an empty range. */
  readonly #first: Uint32Array
  /** Where our blocks begin in it. */
  readonly #base: number
  #newest: number
  /** Blocks in the ring, from the oldest to the newest without a hole. */
  #used = 0
  #epoch = 0
  #next = 1
  /** Flash offset of the next record. */
  #position = 0
  /** The block after the newest is known to be erased. */
  #ready = false
  /** Blocks opened since the data was last known safe: the ring must not come round to it. */
  #opened = 0
  #lateErases = 0
  /** Bytes between the last record of the newest block and the next one's place: torn programs, or damaged records. */
  #tail = 0
  #ordered = true
  #newestUtc_s = 0
  /** Block that `mount` took into the ring although its header is damaged, and the records it found missing because of that. */
  #adopted = -1
  #adoptedMissing = 0

  constructor(flash: Flash, extent: Extent, workspace?: Workspace) {
    const { blockLength, blocks, writeAlign } = flash.status()
    assert(UNIT % writeAlign === 0 && blockLength % UNIT === 0, 'program unit of the flash does not fit the format')
    assert(extent.blocks >= BLOCKS_MIN && extent.firstBlock + extent.blocks <= blocks, 'area too small or outside the flash')
    this.flash = flash
    this.#area = extent.area
    this.#firstBlock = extent.firstBlock
    this.#blocks = extent.blocks
    this.workspace = workspace ?? createWorkspace(blockLength)
    const shared = this.workspace.first
    this.#first = shared ?? new Uint32Array(extent.blocks)
    this.#base = shared === undefined ? 0 : extent.firstBlock
    this.#newest = extent.blocks - 1
  }

  get extent(): Extent {
    return { area: this.#area, firstBlock: this.#firstBlock, blocks: this.#blocks }
  }
  get blockLength(): number {
    return this.workspace.blockLength
  }

  get used(): number {
    return this.#used
  }
  get newest(): number {
    return this.#newest
  }
  /** Flash offset that the next record gets, when it fits. */
  get position(): number {
    return this.#position
  }
  /** Sequence number that the next record gets. */
  get nextSequence(): number {
    return this.#next
  }
  /** Oldest sequence number in the ring; equals `nextSequence` when the ring is empty. */
  get firstSequence(): number {
    return this.#used === 0 ? this.#next : this.#first[this.#base + this.at(0)]
  }
  /** Bytes that are left in the open block. */
  get room(): number {
    return this.offset(this.#newest) + this.blockLength - this.#position
  }
  /** Bytes after the last readable record that are not erased, as `mount` found them: torn programs or damaged records. */
  get tail(): number {
    return this.#tail
  }
  /** The block ahead is erased. */
  get ready(): boolean {
    return this.#ready
  }
  /** There is no block left that could be tried: the area can be read, and what is open may be filled. */
  get worn(): boolean {
    return !this.#ready && this.#opened >= this.#blocks - 1
  }
  /** Times that `open` had to erase, because `prepare` had not: slow, and dangerous when the supply is about to end. */
  get lateErases(): number {
    return this.#lateErases
  }
  /** The headers' times never step back, and no block in between is damaged: they can be searched by halving. */
  get ordered(): boolean {
    return this.#ordered
  }

  /** Block with the given rank, 0 = oldest, `used - 1` = newest. */
  at(rank: number): number {
    return this.around(this.#newest - this.#used + 1 + rank)
  }
  /** Flash offset of a block. */
  offset(block: number): number {
    return (this.#firstBlock + block) * this.blockLength
  }
  /** First sequence number of a block. */
  first(block: number): number {
    return this.#first[this.#base + block]
  }
  /** Sequence number after the last one of a block. */
  limit(block: number): number {
    return block === this.#newest ? this.#next : this.#first[this.#base + this.around(block + 1)]
  }

  /** Block that holds a sequence number of the ring, by halving. */
  locate(sequence: number): number {
    let low = 0
    let high = this.#used - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#first[this.#base + this.at(middle)] <= sequence) low = middle
      else high = middle - 1
    }
    return this.at(low)
  }

  /** Time in a block's header, when its first record was written; -1 when the header cannot be read. */
  headerUtc_s(block: number): number {
    return this.workspace.header.read(this.flash, this.offset(block)) === Kind.valid ? this.workspace.header.utc_s : -1
  }

  /** Calls `visit` for each valid record of a block in order, with its flash offset. The record is the shared buffer. */
  forEach(block: number, visit: (record: RecordBuffer, offset: number) => void): void {
    const record = this.workspace.in
    const end = this.offset(block) + this.blockLength
    let expected = this.#first[this.#base + block]
    for (let at = this.offset(block) + HEADER_LENGTH; at < end && expected < this.limit(block); ) {
      if (this.isNext(record, at, end, expected, this.limit(block))) {
        visit(record, at)
        expected = record.sequence + 1
        at += record.size
      } else at += UNIT
    }
  }

  /** True when the open block has room for `size` bytes. */
  fits(size: number): boolean {
    return this.#used > 0 && size <= this.room
  }

  /**
   * Programs the record whose payload of `length` bytes is in `workspace.out`, and reads it back. False when the cells do not hold it; the rest
   * of the block is then given up and the sequence number stays free.
   */
  write(type: number, status: number, utc_s: number, length: number): boolean {
    const { out } = this.workspace
    const size = out.seal(type, status, this.#next, utc_s, length)
    assert(this.fits(size), 'no room for the record')
    const at = this.#position
    // Before the program: whatever goes wrong, these cells are not used again.
    this.#position += size
    this.flash.write(out.view(size), at)
    if (!this.holds(out.bytes, size, at)) {
      this.#position = this.offset(this.#newest) + this.blockLength
      return false
    }
    this.#next++
    return true
  }

  /** Takes the block ahead and writes its header. Errors: FerrarisError `STORAGE_WORN` when no block can be used any more. */
  open(utc_s: number): void {
    for (;;) {
      while (!this.#ready && !this.worn) if (this.eraseAhead()) this.#lateErases++
      if (!this.#ready) {
        throw new FerrarisError('STORAGE_WORN', `area ${this.#area}: no block of the flash can be erased and written any more`)
      }
      this.push()
      const at = this.offset(this.#newest)
      this.workspace.header.encode(this.#area, this.#epoch, this.#next, utc_s)
      this.flash.write(this.workspace.header.bytes, at)
      if (this.holds(this.workspace.header.bytes, HEADER_LENGTH, at)) {
        this.#position = at + HEADER_LENGTH
        if (utc_s < this.#newestUtc_s) this.#ordered = false
        this.#newestUtc_s = utc_s
        return
      }
      // Worn cells: the block stays in the ring as an empty range, and the next one is tried.
      this.#ordered = false
    }
  }

  /** The newest block alone now holds, or can restore, all that matters: the ring may come round again. */
  anchor(): void {
    this.#opened = 0
  }

  /**
   * Erases the block ahead unless it is erased already. The oldest block goes with that when the ring is full. One erase at most: true when
   * that one failed, and the next block is to be tried.
   */
  prepare(): boolean {
    if (this.#ready || this.worn) return false
    this.eraseAhead()
    return !this.#ready && !this.worn
  }

  /** A block that cannot be erased stays in the ring as an empty range. Returns whether an erase was necessary. */
  private eraseAhead(): boolean {
    if (this.#used === this.#blocks) this.#used--
    const ahead = this.around(this.#newest + 1)
    const necessary = !this.isErased(ahead)
    if (necessary) this.flash.eraseBlock(this.#firstBlock + ahead)
    if (!necessary || this.isErased(ahead)) this.#ready = true
    else {
      this.push()
      this.#ordered = false
    }
    return necessary
  }

  /**
   * Takes the newest block out of the ring, because what it was opened for did not come to its end. It is erased by the next `prepare`; when
   * that is cut off, `mount` may have taken the rest for a block with a damaged header: `report` is put right then.
   */
  retreat(report: RingReport): void {
    assert(this.#used > 0, 'nothing to retreat from')
    if (this.#adopted === this.#newest) {
      report.corruptBlocks--
      report.torn++
      report.missing -= this.#adoptedMissing
      this.#adopted = -1
    }
    this.#newest = this.around(this.#newest - 1)
    this.#used--
    this.#epoch--
    this.#ready = false
    this.#next = 1
    this.#position = this.offset(this.#newest) + this.blockLength
    this.#tail = 0
    if (this.#used > 0) report.missing += this.findEnd()
  }

  /**
   * Finds what the area holds. Reads every header, the newest block, and a block whose header is damaged; bounded by the size of the area,
   * whatever is in it. Never throws for what it finds.
   */
  mount(): RingReport {
    const blocks = this.#blocks
    const report: RingReport = { torn: 0, corruptBlocks: 0, missing: 0, unknownVersion: 0 }
    const epochs = new Uint32Array(blocks)
    const times_s = new Uint32Array(blocks)
    const kinds = new Uint8Array(blocks)
    this.#newest = blocks - 1
    this.#used = this.#epoch = this.#opened = this.#newestUtc_s = this.#tail = 0
    this.#next = 1
    this.#position = this.offset(this.#newest) + this.blockLength
    this.#adopted = -1
    this.#ready = false
    this.#ordered = true
    for (let block = 0; block < blocks; block++) {
      kinds[block] = this.readHeader(block)
      if (kinds[block] === Kind.unknownVersion) report.unknownVersion++
      if (kinds[block] !== Kind.valid) continue
      epochs[block] = this.workspace.header.epoch
      times_s[block] = this.workspace.header.utc_s
      this.#first[this.#base + block] = this.workspace.header.firstSequence
      if (epochs[block] > this.#epoch) {
        this.#epoch = epochs[block]
        this.#newest = block
      }
    }
    if (this.#epoch > 0) {
      this.#newestUtc_s = times_s[this.#newest]
      this.chain(epochs, times_s, kinds, report)
      report.missing = this.findEnd(report)
    } else {
      for (let block = 1; block < blocks; block++) if (kinds[block] === Kind.invalid) report.corruptBlocks++
    }
    this.lookAhead(kinds, report)
    return report
  }

  /** Kind of a block's header; a valid header that cannot be ours counts as damaged. */
  private readHeader(block: number): number {
    const kind = this.workspace.header.read(this.flash, this.offset(block))
    const { area, epoch, firstSequence } = this.workspace.header
    if (kind !== Kind.valid || (area === this.#area && epoch > 0 && firstSequence > 0)) return kind
    return Kind.invalid
  }

  /** Follows the epochs from the newest block back to the oldest. */
  private chain(epochs: Uint32Array, times_s: Uint32Array, kinds: Uint8Array, report: RingReport): void {
    const blocks = this.#blocks
    this.#used = 1
    let newer = this.#newest
    for (let back = 1; back < blocks; back++) {
      const block = this.around(this.#newest - back)
      const fits =
        kinds[block] === Kind.valid &&
        epochs[block] === this.#epoch - back &&
        this.#first[this.#base + block] <= this.#first[this.#base + newer]
      if (!fits) {
        const ahead = back === blocks - 1
        if (kinds[block] !== Kind.erased && !ahead) report.corruptBlocks++
        const limit = this.#first[this.#base + newer]
        const low = Math.max(1, limit - this.blockLength / UNIT)
        const saved = kinds[block] === Kind.invalid && !ahead ? this.salvage(block, low, limit) : 0
        this.#first[this.#base + block] = saved === 0 ? limit : saved
        times_s[block] = times_s[newer]
        if (saved > 0) this.#used = back + 1
      } else {
        if (times_s[block] > times_s[newer] || back > this.#used) this.#ordered = false
        this.#used = back + 1
      }
      // A block without header has no time: it turns the search by halving off.
      if (!fits && this.#used > back) this.#ordered = false
      newer = block
    }
  }

  /** The block after the newest: erased, or the oldest of a full ring, or torn, or (damaged header) the newest after all. */
  private lookAhead(kinds: Uint8Array, report: RingReport): void {
    while (this.#used < this.#blocks) {
      const ahead = this.around(this.#newest + 1)
      if (kinds[ahead] !== Kind.invalid) return
      const saved = this.salvage(ahead, this.#next, this.#next + this.blockLength / UNIT)
      if (saved === 0) {
        report.torn++
        return
      }
      this.adopt(ahead, saved, report)
    }
  }

  /** Takes the block ahead into the ring although its header is damaged: its records go on where the newest block ends. */
  private adopt(ahead: number, saved: number, report: RingReport): void {
    const expected = this.#next
    this.push()
    this.#opened = 0
    this.#ordered = false
    this.#first[this.#base + ahead] = saved
    this.#adopted = ahead
    this.#adoptedMissing = saved - expected + this.findEnd(report)
    report.corruptBlocks++
    report.missing += this.#adoptedMissing
  }

  /** First valid record in a block without header whose sequence number is in [low, limit); 0 when there is none. */
  private salvage(block: number, low: number, limit: number): number {
    const end = this.offset(block) + this.blockLength
    const record = this.workspace.in
    for (let at = this.offset(block) + HEADER_LENGTH; at < end; at += UNIT) {
      if (this.isNext(record, at, end, low, limit)) return record.sequence
    }
    return 0
  }

  /** Walks the newest block: sets the next sequence number and position, and returns the count of missing records. */
  private findEnd(report?: RingReport): number {
    const start = this.offset(this.#newest) + HEADER_LENGTH
    const end = this.offset(this.#newest) + this.blockLength
    const clean = this.cleanFrom(start, end)
    const record = this.workspace.in
    let missing = 0
    let last = start
    this.#next = this.#first[this.#base + this.#newest]
    for (let at = start; at < clean; ) {
      if (this.isNext(record, at, end, this.#next, this.#next + this.blockLength / UNIT)) {
        missing += record.sequence - this.#next
        this.#next = record.sequence + 1
        at += record.size
        last = at
      } else at += UNIT
    }
    this.#position = Math.max(last, clean)
    this.#tail = this.#position - last
    if (report !== undefined && clean > last) report.torn++
    return missing
  }

  private isNext(record: RecordBuffer, at: number, end: number, low: number, limit: number): boolean {
    if (!record.read(this.flash, at, end)) return false
    if (record.sequence >= low && record.sequence < limit) return true
    // The next place is one unit further, and need not be read as far as this record reaches.
    record.size = UNIT
    return false
  }

  /** First program boundary in [start, end) from which on all cells are erased. */
  private cleanFrom(start: number, end: number): number {
    const { bytes } = this.workspace.in
    let clean = start
    for (let at = start; at < end; ) {
      const size = Math.min(bytes.length, end - at)
      this.flash.read(this.workspace.in.view(size), at)
      for (let i = size - 1; i >= 0; i--) {
        if (bytes[i] === 0xff) continue
        clean = at + (Math.floor(i / UNIT) + 1) * UNIT
        break
      }
      at += size
    }
    return clean
  }

  private isErased(block: number): boolean {
    const at = this.offset(block)
    return this.cleanFrom(at, at + this.blockLength) === at
  }

  private holds(bytes: Uint8Array, size: number, at: number): boolean {
    const check = this.workspace.in
    for (let done = 0; done < size; ) {
      const count = Math.min(size - done, check.bytes.length)
      this.flash.read(check.view(count), at + done)
      for (let i = 0; i < count; i++) if (check.bytes[i] !== bytes[done + i]) return false
      done += count
    }
    return true
  }

  /** The block ahead becomes the newest, still without room for records. */
  private push(): void {
    this.#newest = this.around(this.#newest + 1)
    this.#used++
    this.#epoch++
    this.#opened++
    this.#ready = false
    this.#first[this.#base + this.#newest] = this.#next
    this.#position = this.offset(this.#newest) + this.blockLength
  }

  private around(block: number): number {
    const blocks = this.#blocks
    return ((block % blocks) + blocks) % blocks
  }
}
