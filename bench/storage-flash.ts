import type { Flash, FlashStatus } from '../hal/api/flash.ts'

/** Operations on a flash chip. */
export interface FlashCounts {
  /** Program calls. */
  programs: number
  /** Pages of 256 bytes that they touched: a chip programs one page at a time, so this is the number of its program cycles. */
  pages: number
  programmed_bytes: number
  erases: number
  reads: number
  read_bytes: number
}

/** A serial NOR chip on a single SPI line. */
export interface FlashTiming {
  readonly program_ms: number
  readonly erase_ms: number
}

/** W25Q32JV, revision F, AC electrical characteristics: t_PP (a page, or a part of one) and t_SE (4 KiB). */
export const TYPICAL: FlashTiming = { program_ms: 0.4, erase_ms: 45 }
export const MAXIMUM: FlashTiming = { program_ms: 3, erase_ms: 400 }
/** At 20 MHz. */
export const SPI_BYTE_MS = 8 / 20_000
/** Instruction and address before the data. */
const COMMAND_BYTES = 4
const PAGE = 256

/** How long the chip and a bus of 20 MHz are busy with these operations. */
export function busy_ms(counts: FlashCounts, timing: FlashTiming): number {
  const bus = counts.programmed_bytes + counts.read_bytes + COMMAND_BYTES * (counts.pages + counts.erases + counts.reads)
  return counts.pages * timing.program_ms + counts.erases * timing.erase_ms + bus * SPI_BYTE_MS
}

const NAMES = ['programs', 'pages', 'programmed_bytes', 'erases', 'reads', 'read_bytes'] as const

/** Counts of what happened between two copies. */
export function difference(after: FlashCounts, before: FlashCounts): FlashCounts {
  const result = { ...after }
  for (const name of NAMES) result[name] -= before[name]
  return result
}

/** NOR flash in one piece of memory that counts, and allocates nothing: what is measured is the storage above it. */
export class CountingFlash implements Flash {
  readonly counts: FlashCounts = { programs: 0, pages: 0, programmed_bytes: 0, erases: 0, reads: 0, read_bytes: 0 }
  /** Erases of each block. */
  readonly wear: Uint32Array
  readonly #status: FlashStatus
  readonly #cells: Uint8Array

  constructor(blocks: number, blockLength = 4096) {
    const size = blocks * blockLength
    this.#status = Object.freeze({ size, blockLength, blocks, writeAlign: 16, eraseValue: 0xff })
    this.#cells = new Uint8Array(size).fill(0xff)
    this.wear = new Uint32Array(blocks)
  }

  status(): FlashStatus {
    return this.#status
  }

  eraseBlock(start: number, end = start + 1): void {
    const { blockLength } = this.#status
    for (let block = start; block < end; block++) {
      this.counts.erases++
      this.wear[block]++
      this.#cells.fill(0xff, block * blockLength, (block + 1) * blockLength)
    }
  }

  read(buffer: Uint8Array, offset: number): void {
    this.counts.reads++
    this.counts.read_bytes += buffer.length
    const cells = this.#cells
    for (let i = 0; i < buffer.length; i++) buffer[i] = cells[offset + i]
  }

  write(buffer: Uint8Array, offset: number): void {
    const { length } = buffer
    if (offset % 16 !== 0 || length % 16 !== 0) throw new RangeError(`program of ${length} bytes at ${offset}`)
    this.counts.programs++
    this.counts.pages += Math.floor((offset + length - 1) / PAGE) - Math.floor(offset / PAGE) + 1
    this.counts.programmed_bytes += length
    const cells = this.#cells
    for (let i = 0; i < length; i++) cells[offset + i] &= buffer[i]
  }

  close(): void {}
}
