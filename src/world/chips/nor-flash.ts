import type { Flash, FlashStatus } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { SeededRandom } from '../../lib/random.ts'

/** The supply is gone: thrown by the operation that was cut, and by all that follow until `powerOn`. */
export class PowerLoss extends FerrarisError {
  override name = 'PowerLoss'
  constructor() {
    super('POWER_LOSS', 'the flash has no supply')
  }
}

/**
 * How far the operation gets that power loss ends.
 * - `none`: nothing happens; `complete`: everything, but nobody is told.
 * - `prefix`: programs write only their first bytes; erases clear only the first part of the block.
 * - `bits`: any subset of the bits that had to change has changed.
 * - `garbage`: programs leave any bits cleared in the units they touch; erases leave random content.
 * - `erase-random`: erases leave random content; programs as `bits`.
 * - `reordered`: a write cache. Until then every read saw what had been written; now any of the last `HELD_BACK` operations, and of this one, are
 *   missing, while later ones are there. Within a block, what follows an erase never happens without it.
 * - `dropped`: as `none`, but the power stays on and the caller is told that all went well: a chip that ignores a command.
 */
export type Tear = 'none' | 'complete' | 'prefix' | 'bits' | 'garbage' | 'erase-random' | 'reordered' | 'dropped'

/** Operations before the one that is cut, which `reordered` may take back. */
export const HELD_BACK = 4

export interface NorFlashOptions {
  /** Source of torn and rotten bits. Default: a generator with a fixed seed. */
  readonly random?: SeededRandom
  /** Erases that a block survives; after that, some of its bits stay 0. Default: without end. */
  readonly endurance?: number
  /** As `NorFlash.onOperation`. */
  readonly onOperation?: OperationHook
}

/**
 * Called before each operation, with its bytes (for an erase: of one block) and its offset: charges time and energy to it. The tear it returns ends
 * the supply in this operation (`dropped`: it is ignored, nothing else).
 */
export type OperationHook = (kind: 'program' | 'erase', bytes: number, offset: number) => Tear | undefined

/** What operations of a chip take; maxima hold over temperature and over the life of the chip. */
export interface FlashTiming {
  readonly page_bytes: number
  /** One page, or a part of it. */
  readonly program_ms: { readonly typical: number; readonly maximum: number }
  /** One block of 4 KiB. */
  readonly erase_ms: { readonly typical: number; readonly maximum: number }
}

export const FlashTimings = Object.freeze({
  /** Winbond W25Q32JV, datasheet revision J, AC electrical characteristics: tPP (256 bytes; 0.4 ms typical in other revisions), tSE. */
  W25Q32JV: Object.freeze({
    page_bytes: 256,
    program_ms: Object.freeze({ typical: 0.7, maximum: 3 }),
    erase_ms: Object.freeze({ typical: 45, maximum: 400 }),
  }),
}) satisfies Record<string, FlashTiming>

/** Time of one operation, as `onOperation` is told of it: a program takes a page time for each page that it touches, which is an upper bound. */
export function operationTime_ms(
  timing: FlashTiming,
  kind: 'program' | 'erase',
  bytes: number,
  offset: number,
  which: 'typical' | 'maximum' = 'typical',
): number {
  if (kind === 'erase') return timing.erase_ms[which] * Math.ceil(bytes / 4096)
  const pages = bytes === 0 ? 0 : Math.floor((offset + bytes - 1) / timing.page_bytes) - Math.floor(offset / timing.page_bytes) + 1
  return timing.program_ms[which] * pages
}

/** What an operation overwrote, to be taken back. */
interface Held {
  readonly erase: boolean
  readonly offset: number
  readonly before: Uint8Array
}

/**
 * A NOR flash chip around the memory that holds its cells: counts operations (each program and each erase of a block is one), wears out,
 * and loses power or bits when told to. Serial NOR chips behave so.
 */
export class NorFlash implements Flash {
  /** Erases of each block so far. May be loaded (`wear.set(saved)`) and saved. */
  readonly wear: Uint32Array
  /** Operations since the chip was made. */
  operations = 0
  /** Bytes programmed since the chip was made. */
  programmed_bytes = 0
  /** Bytes read since the chip was made. */
  read_bytes = 0
  /** Programs into units that were not erased. Flash encryption does not allow them, so this should stay 0. */
  overwrites = 0
  onOperation: OperationHook | undefined
  readonly #inner: Flash
  readonly #status: FlashStatus
  readonly #random: SeededRandom
  readonly #endurance: number
  readonly #bad = new Set<number>()
  /** The last operations, the newest at the end. Kept only where `reordered` may come. */
  readonly #held: Held[] = []
  #block: Uint8Array
  #cutAt = 0
  #tear: Tear = 'none'
  #powered = true

  constructor(inner: Flash, options: NorFlashOptions = {}) {
    this.#inner = inner
    this.#status = inner.status()
    this.#random = options.random ?? new SeededRandom(0)
    this.#endurance = options.endurance ?? Number.POSITIVE_INFINITY
    this.onOperation = options.onOperation
    this.wear = new Uint32Array(this.#status.blocks)
    this.#block = new Uint8Array(this.#status.blockLength)
  }

  get powered(): boolean {
    return this.#powered
  }

  /** Ends the supply in operation number `operation` (counted like `operations`: the first one is 1), which gets as far as `tear` says. */
  cutAt(operation: number, tear: Tear = 'none'): void {
    assert(operation > this.operations, 'that operation is over')
    this.#cutAt = operation
    this.#tear = tear
  }

  /** Ends the supply now, between two operations. */
  powerOff(): void {
    this.#powered = false
  }

  /** The supply returns; a cut that has not happened yet is forgotten. What is in the cells now stays. */
  powerOn(): void {
    this.#powered = true
    this.#cutAt = 0
    this.#held.length = 0
  }

  /** Flips `count` random bits in [start, end), in either direction. */
  rot(count: number, start = 0, end = this.#status.size): void {
    for (let i = 0; i < count; i++) {
      const at = start + this.#random.below(end - start)
      this.#alter(Math.floor(at / this.#status.blockLength), (cells) => {
        cells[at % cells.length] ^= 1 << this.#random.below(8)
      })
    }
  }

  /** Makes a block fail at its next erase, as if worn out. */
  wearOut(block: number): void {
    this.#bad.add(block)
  }

  status(): FlashStatus {
    return this.#inner.status()
  }

  eraseBlock(start: number, end = start + 1): void {
    this.#supply()
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > this.#status.blocks) {
      throw new RangeError(`erase of blocks ${start} to ${end} in a flash of ${this.#status.blocks}`)
    }
    const { blockLength } = this.#status
    for (let block = start; block < end; block++) {
      const tear = this.#count('erase', blockLength, block * blockLength)
      if (tear === undefined) this.#erase(block)
      else this.#tearErase(block, tear)
    }
  }

  read(buffer: Uint8Array, offset: number): void {
    this.#supply()
    this.read_bytes += buffer.length
    this.#inner.read(buffer, offset)
  }

  write(buffer: Uint8Array, offset: number): void {
    this.#supply()
    this.#checkProgram(buffer.length, offset)
    const tear = this.#count('program', buffer.length, offset)
    this.programmed_bytes += buffer.length
    if (this.#overwrites(buffer.length, offset)) this.overwrites++
    if (tear === undefined) this.#inner.write(buffer, offset)
    else this.#tearProgram(buffer, offset, tear)
  }

  close(): void {
    this.#inner.close()
  }

  #supply(): void {
    if (!this.#powered) throw new PowerLoss()
  }

  /** Validated here, so that a refused program is no operation and cannot be torn. */
  #checkProgram(length: number, offset: number): void {
    const { size, writeAlign } = this.#status
    const inside = Number.isInteger(offset) && offset >= 0 && length <= size - offset
    if (!inside || offset % writeAlign !== 0 || length % writeAlign !== 0) {
      throw new RangeError(`program of ${length} bytes at ${offset}: outside the flash or off the unit of ${writeAlign} bytes`)
    }
  }

  /** Counts an operation; its tear when it is the one to be cut. */
  #count(kind: 'program' | 'erase', bytes: number, offset: number): Tear | undefined {
    this.operations++
    const asked = this.onOperation?.(kind, bytes, offset)
    const tear = this.operations === this.#cutAt ? this.#tear : asked
    const mayReorder = this.onOperation !== undefined || this.#tear === 'reordered'
    if (mayReorder && tear !== 'dropped') this.#hold(kind === 'erase', bytes, offset)
    return tear
  }

  #hold(erase: boolean, bytes: number, offset: number): void {
    const before = new Uint8Array(bytes)
    this.#inner.read(before, offset)
    this.#held.push({ erase, offset, before })
    if (this.#held.length > HELD_BACK + 1) this.#held.shift()
  }

  /** Takes any of the operations held back, from the newest to the oldest; what came after an erase in its block goes with it. */
  #reorder(): void {
    const { blockLength } = this.#status
    const blockOf = (held: Held) => Math.floor(held.offset / blockLength)
    const held = this.#held.splice(0)
    const missing = held.map(() => this.#random.below(2) === 0)
    for (const [i, erase] of held.entries()) {
      if (!missing[i] || !erase.erase) continue
      for (let later = i + 1; later < held.length; later++) if (blockOf(held[later]) === blockOf(erase)) missing[later] = true
    }
    for (let i = held.length - 1; i >= 0; i--) {
      const { offset, before } = held[i]
      // An erase that did happen has taken the program with it.
      const gone = held.some((later, index) => index > i && later.erase && !missing[index] && blockOf(later) === blockOf(held[i]))
      if (!missing[i] || gone) continue
      this.#alter(blockOf(held[i]), (cells) => cells.set(before, offset % blockLength))
    }
  }

  #erase(block: number): void {
    this.wear[block]++
    this.#inner.eraseBlock(block)
    if (this.wear[block] <= this.#endurance && !this.#bad.has(block)) return
    this.#fill(block, (cells) => {
      cells.fill(0xff)
      for (let i = 0; i < 8; i++) cells[this.#random.below(cells.length)] &= ~(1 << this.#random.below(8))
    })
  }

  #tearErase(block: number, tear: Tear): void {
    const random = this.#random
    if (tear === 'complete' || tear === 'reordered') this.#erase(block)
    else if (tear !== 'none' && tear !== 'dropped') {
      this.wear[block]++
      const erased = random.below(this.#status.blockLength + 1)
      this.#alter(block, (cells) => {
        if (tear === 'prefix') cells.fill(0xff, 0, erased)
        else for (let i = 0; i < cells.length; i++) cells[i] = random.below(256) | (tear === 'bits' ? cells[i] : 0)
      })
    }
    this.#lose(tear)
  }

  #tearProgram(buffer: Uint8Array, offset: number, tear: Tear): void {
    const random = this.#random
    if (tear !== 'none' && tear !== 'dropped') {
      const torn = buffer.slice()
      if (tear === 'prefix') torn.fill(0xff, random.below(buffer.length + 1))
      else if (tear === 'garbage') for (let i = 0; i < torn.length; i++) torn[i] = random.below(256)
      else if (tear !== 'complete' && tear !== 'reordered') for (let i = 0; i < torn.length; i++) torn[i] |= random.below(256)
      this.#inner.write(torn, offset)
    }
    this.#lose(tear)
  }

  #lose(tear: Tear): void {
    if (tear === 'dropped') return
    if (tear === 'reordered') this.#reorder()
    this.#powered = false
    throw new PowerLoss()
  }

  #overwrites(length: number, offset: number): boolean {
    if (length > this.#block.length) this.#block = new Uint8Array(length)
    const cells = length === this.#block.length ? this.#block : this.#block.subarray(0, length)
    this.#inner.read(cells, offset)
    for (let i = 0; i < length; i++) if (cells[i] !== 0xff) return true
    return false
  }

  /** Changes the cells of a block in any way: what no operation of the chip can do. */
  #alter(block: number, change: (cells: Uint8Array) => void): void {
    const { blockLength } = this.#status
    const cells = new Uint8Array(blockLength)
    this.#inner.read(cells, block * blockLength)
    change(cells)
    this.#inner.eraseBlock(block)
    this.#inner.write(cells, block * blockLength)
  }

  #fill(block: number, make: (cells: Uint8Array) => void): void {
    const cells = new Uint8Array(this.#status.blockLength)
    make(cells)
    this.#inner.write(cells, block * cells.length)
  }
}
