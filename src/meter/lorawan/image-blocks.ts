import type { FirmwareUpdate } from '../../core/firmware/update.ts'
import type { FragmentStore } from '../../protocols/lorawan-app/fragment-decoder.ts'

/** A block of the image of which not all has come. */
interface Partial {
  readonly bytes: Uint8Array
  filled: number
}

export interface ImageBlocksOptions {
  readonly update: Pick<FirmwareUpdate, 'blockSize' | 'transfer' | 'read' | 'has'>
  /** Bytes of a fragment. */
  readonly size: number
  /** Of the image; what the last fragment has beyond is padding. */
  readonly length: number
  /** Blocks that may be incomplete at once. */
  readonly partials_max: number
}

/** Fragments of any size as blocks of an image: a block goes into the spare slot when all of it is there. */
export class ImageBlocks implements FragmentStore {
  /** The slot took something not, or too much was incomplete at once. */
  failed = false
  readonly #options: ImageBlocksOptions
  readonly #partials = new Map<number, Partial>()

  constructor(options: ImageBlocksOptions) {
    this.#options = options
  }

  /** All of its blocks are in the slot. */
  has(index: number): boolean {
    const { size, length, update } = this.#options
    let whole = true
    this.#each(index * size, Math.min(length, (index + 1) * size), (block) => {
      if (!update.has(block)) whole = false
    })
    return whole
  }

  read(index: number, into: Uint8Array): void {
    const { size, length } = this.#options
    const start = index * size
    // Padding is zeros.
    into.fill(0)
    this.#each(start, Math.min(length, start + size), (block, at, from, to) => {
      const partial = this.#partials.get(block)
      const target = into.subarray(from - start, to - start)
      if (partial === undefined) this.#options.update.read(target, from)
      else target.set(partial.bytes.subarray(at, at + to - from))
    })
  }

  write(index: number, data: Uint8Array): void {
    const { size, length } = this.#options
    const start = index * size
    this.#each(start, Math.min(length, start + size), (block, at, from, to) =>
      this.#put(block, at, data.subarray(from - start, to - start)),
    )
  }

  /** Calls `use` for each block that the bytes `[start, end)` lie in: its number, where they begin in it, and which bytes they are. */
  #each(start: number, end: number, use: (block: number, at: number, from: number, to: number) => void): void {
    const { blockSize } = this.#options.update
    for (let from = start; from < end; ) {
      const block = Math.floor(from / blockSize)
      const to = Math.min(end, (block + 1) * blockSize)
      use(block, from - block * blockSize, from, to)
      from = to
    }
  }

  #put(block: number, at: number, data: Uint8Array): void {
    const { update, length, partials_max } = this.#options
    const blockLength = Math.min(update.blockSize, length - block * update.blockSize)
    let partial = this.#partials.get(block)
    if (partial === undefined && data.length < blockLength) {
      if (this.#partials.size >= partials_max) {
        this.failed = true
        return
      }
      partial = { bytes: new Uint8Array(blockLength), filled: 0 }
      this.#partials.set(block, partial)
    }
    if (partial === undefined) {
      this.#transfer(block, data)
      return
    }
    partial.bytes.set(data, at)
    partial.filled += data.length
    if (partial.filled < blockLength) return
    this.#partials.delete(block)
    this.#transfer(block, partial.bytes)
  }

  #transfer(block: number, bytes: Uint8Array): void {
    if (this.#options.update.transfer(block, bytes) !== 'success') this.failed = true
  }
}
