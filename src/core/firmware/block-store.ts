import type { Flash } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { Settings } from '../storage/settings.ts'
import { HEADER_LENGTH, type ImageSource } from './image.ts'

/** Bytes of the image in one block of the transfer. */
export const BLOCK_LENGTH = 256
/** Program unit; nothing is ever programmed over a unit that is not erased. */
const UNIT = 16
/** Erase blocks at the end of the slot that say which blocks of the image are there. */
const JOURNAL_BLOCKS = 4
/** A number for the journal's blocks that no area of the meter's own flash has. */
const JOURNAL_AREA = 128
/** Bytes of the map in one entry of the journal: 480 blocks of the image. With key and frame it takes 80 bytes of flash. */
const GROUP_BYTES = 60
const GROUP_BLOCKS = GROUP_BYTES * 8
const GROUP_SIZE = 80
/** What a block of the journal holds besides the map: its header, the image's header, the mark of a complete generation, one change. */
const JOURNAL_OVERHEAD = 32 + 64 + 16 + GROUP_SIZE
const HEADER_KEY = 'h'
/** Keys of two digits keep an entry at its size. */
const GROUPS_MAX = 100
/** Erases tried before a sector counts as worn out. */
const ATTEMPTS = 2

function blocksOf(size: number): number {
  return Math.ceil(size / BLOCK_LENGTH)
}

function groupKey(group: number): string {
  return `m${group}`
}

function isErased(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0xff) return false
  return true
}

function isEqual(cells: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (cells[i] !== bytes[i]) return false
  return true
}

/**
 * An image file that arrives in blocks, in any order, on raw flash that may lose power in any operation. The payload lies at offset 0 of the
 * slot, where a boot loader looks for it, the TLVs behind it; the header is kept in a small journal in the last erase blocks of the
 * slot, together with a map of the blocks that are there.
 *
 * A block is in the map only after it was read back, and leaves it before a cell of it is put at risk. What is in the map is in the flash,
 * therefore, at any moment; what was written and is not in the map is compared when it comes again, and costs nothing when it is the same.
 */
export class BlockStore implements ImageSource {
  readonly #flash: Flash
  readonly #journal: Settings
  /** Bytes of the slot in front of the journal. */
  readonly #room: number
  readonly #sectorLength: number
  /** One block, padded with 0xFF to whole units, and the cells it is compared with. */
  readonly #bytes = new Uint8Array(BLOCK_LENGTH)
  readonly #cells = new Uint8Array(BLOCK_LENGTH)
  #map = new Uint8Array(0)
  #size = 0
  /** No block below is missing. */
  #first = 0

  constructor(flash: Flash) {
    const { blocks, blockLength, writeAlign } = flash.status()
    assert(UNIT % writeAlign === 0 && blockLength % BLOCK_LENGTH === 0 && blocks > JOURNAL_BLOCKS, 'slot of another shape')
    this.#flash = flash
    this.#sectorLength = blockLength
    this.#room = (blocks - JOURNAL_BLOCKS) * blockLength
    const extent = { area: JOURNAL_AREA, firstBlock: blocks - JOURNAL_BLOCKS, blocks: JOURNAL_BLOCKS }
    this.#journal = new Settings(flash, extent)
    // Whatever it finds: the worst is a map without bits, and then every block is sent again.
    this.#journal.mount()
  }

  /** Bytes of the longest image. */
  get capacity(): number {
    const groups = Math.min(GROUPS_MAX, Math.floor((this.#sectorLength - JOURNAL_OVERHEAD) / GROUP_SIZE))
    return Math.min(this.#room + HEADER_LENGTH, groups * GROUP_BLOCKS * BLOCK_LENGTH)
  }

  get size(): number {
    return this.#size
  }

  get blocks(): number {
    return blocksOf(this.#size)
  }

  has(block: number): boolean {
    return ((this.#map[block >> 3] >> (block & 7)) & 1) === 1
  }

  /** The lowest block that is missing; the count of blocks when none is. */
  get firstMissing(): number {
    while (this.#first < this.blocks && this.has(this.#first)) this.#first++
    return this.#first
  }

  /** Goes on with an image of `size` bytes after a restart. */
  resume(size: number): void {
    this.shape(size)
    for (let group = 0; group * GROUP_BYTES < this.#map.length; group++) {
      const bits = this.#journal.get(groupKey(group))
      if (bits?.length === GROUP_BYTES) this.#map.set(bits, group * GROUP_BYTES)
    }
    if (this.#journal.get(HEADER_KEY)?.length !== HEADER_LENGTH) this.#map[0] &= ~1
  }

  /** Forgets the image before. When power is lost meanwhile, the map may still be the old one: the caller must know that it is not valid. */
  start(size: number): void {
    for (const key of this.#journal.keys()) this.#journal.delete(key)
    this.shape(size)
  }

  /** Erases at most one block, so that the next `write` finds the journal ready. */
  prepare(): void {
    this.#journal.prepare()
  }

  /**
   * Stores one block; `data` has its exact length. In flash and in the map when this returns true; false when the cells do not take it.
   * Erases a sector only when the block needs one, and then keeps what else is in it.
   */
  write(block: number, data: Uint8Array): boolean {
    assert(block >= 0 && block < this.blocks && data.length === this.lengthOf(block), 'block of another length')
    if (!this.holds(block, data)) {
      // The old content is about to go, or a part of it.
      this.mark(block, false)
      if (block === 0) this.#journal.set(HEADER_KEY, data.subarray(0, HEADER_LENGTH))
      if (!this.writePayload(block, data)) return false
    }
    this.mark(block, true)
    return true
  }

  read(buffer: Uint8Array, offset: number): void {
    const header = Math.min(buffer.length, Math.max(0, HEADER_LENGTH - offset))
    if (header > 0) {
      const stored = this.#journal.get(HEADER_KEY) ?? new Uint8Array(HEADER_LENGTH)
      buffer.set(stored.subarray(offset, offset + header))
    }
    if (header === 0) this.#flash.read(buffer, offset - HEADER_LENGTH)
    else if (header < buffer.length) this.#flash.read(buffer.subarray(header), 0)
  }

  private shape(size: number): void {
    assert(size <= this.capacity, 'image too large for the slot')
    this.#size = size
    this.#first = 0
    this.#map = new Uint8Array(Math.ceil(blocksOf(size) / GROUP_BLOCKS) * GROUP_BYTES)
  }

  private lengthOf(block: number): number {
    return Math.min(BLOCK_LENGTH, this.#size - block * BLOCK_LENGTH)
  }

  private mark(block: number, present: boolean): void {
    if (this.has(block) === present) return
    this.#map[block >> 3] ^= 1 << (block & 7)
    if (!present) this.#first = Math.min(this.#first, block)
    const start = Math.floor(block / GROUP_BLOCKS) * GROUP_BYTES
    this.#journal.set(groupKey(start / GROUP_BYTES), this.#map.subarray(start, start + GROUP_BYTES))
  }

  /** Whether the flash holds exactly this block, from whichever transfer. */
  private holds(block: number, data: Uint8Array): boolean {
    const cells = data.length === BLOCK_LENGTH ? this.#cells : this.#cells.subarray(0, data.length)
    if (block === 0 && this.#journal.get(HEADER_KEY) === undefined) return false
    this.read(cells, block * BLOCK_LENGTH)
    return isEqual(cells, data, 0, data.length)
  }

  /** Programs what a block has behind the header. Its place may straddle the border of two sectors. */
  private writePayload(block: number, data: Uint8Array): boolean {
    const skip = block === 0 ? HEADER_LENGTH : 0
    this.#bytes.fill(0xff)
    this.#bytes.set(skip === 0 ? data : data.subarray(skip))
    const offset = block * BLOCK_LENGTH + skip - HEADER_LENGTH
    const length = Math.ceil((data.length - skip) / UNIT) * UNIT
    for (let done = 0; done < length; ) {
      const at = offset + done
      const count = Math.min(length - done, this.#sectorLength - (at % this.#sectorLength))
      if (!this.writePart(at, this.#bytes.subarray(done, done + count))) return false
      done += count
    }
    return true
  }

  /** Programs whole units inside one sector. */
  private writePart(offset: number, bytes: Uint8Array): boolean {
    if (!this.isFree(offset, bytes)) return this.renew(offset, bytes)
    for (let start = 0; start < bytes.length; ) {
      let end = start
      while (end < bytes.length && !isEqual(this.#cells, bytes, end, end + UNIT)) end += UNIT
      if (end > start) this.#flash.write(bytes.subarray(start, end), offset + start)
      start = end + UNIT
    }
    return this.reads(offset, bytes) || this.renew(offset, bytes)
  }

  /** Reads the cells; true when each unit is erased or holds already what it should. */
  private isFree(offset: number, bytes: Uint8Array): boolean {
    const cells = this.#cells
    this.#flash.read(cells.subarray(0, bytes.length), offset)
    for (let at = 0; at < bytes.length; at += UNIT) {
      if (!isErased(cells, at, at + UNIT) && !isEqual(cells, bytes, at, at + UNIT)) return false
    }
    return true
  }

  private reads(offset: number, bytes: Uint8Array): boolean {
    const cells = bytes.length <= BLOCK_LENGTH ? this.#cells : new Uint8Array(bytes.length)
    const view = cells.subarray(0, bytes.length)
    this.#flash.read(view, offset)
    return isEqual(view, bytes, 0, bytes.length)
  }

  /**
   * Erases a sector, and writes it again with the parts of other blocks that are in the map, and `bytes` at `offset`. The blocks leave the map
   * meanwhile: when power is lost here, they must be sent again.
   */
  private renew(offset: number, bytes: Uint8Array): boolean {
    const sector = Math.floor(offset / this.#sectorLength)
    const start = sector * this.#sectorLength
    // Taken from the heap only while it is needed: once per sector, when the slot holds an older image.
    const content = new Uint8Array(this.#sectorLength).fill(0xff)
    const kept = this.keep(start, content)
    content.set(bytes, offset - start)
    for (const block of kept) this.mark(block, false)
    if (!this.rewrite(sector, content)) return false
    for (const block of kept) this.mark(block, true)
    return true
  }

  /** Copies what the blocks of the map have in the sector at `start`; returns them. */
  private keep(start: number, content: Uint8Array): number[] {
    const kept: number[] = []
    const last = Math.min(this.blocks - 1, Math.floor((start + this.#sectorLength - 1 + HEADER_LENGTH) / BLOCK_LENGTH))
    for (let block = Math.floor((start + HEADER_LENGTH) / BLOCK_LENGTH); block <= last; block++) {
      if (!this.has(block)) continue
      const from = Math.max(start, block * BLOCK_LENGTH - HEADER_LENGTH)
      const to = Math.min(start + this.#sectorLength, block * BLOCK_LENGTH - HEADER_LENGTH + this.lengthOf(block))
      // A short last block may end before the sector begins.
      if (to <= from) continue
      this.#flash.read(content.subarray(from - start, to - start), from)
      kept.push(block)
    }
    return kept
  }

  private rewrite(sector: number, content: Uint8Array): boolean {
    const start = sector * this.#sectorLength
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.#flash.eraseBlock(sector)
      if (!this.isBlank(start)) continue
      for (let at = 0; at < content.length; at += BLOCK_LENGTH) {
        if (!isErased(content, at, at + BLOCK_LENGTH)) this.#flash.write(content.subarray(at, at + BLOCK_LENGTH), start + at)
      }
      if (this.reads(start, content)) return true
    }
    return false
  }

  private isBlank(start: number): boolean {
    for (let at = 0; at < this.#sectorLength; at += BLOCK_LENGTH) {
      this.#flash.read(this.#cells, start + at)
      if (!isErased(this.#cells, 0, BLOCK_LENGTH)) return false
    }
    return true
  }
}
