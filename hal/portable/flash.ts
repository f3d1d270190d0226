import { FerrarisError } from '../../src/lib/errors.ts'
import { NorArray } from '../../src/lib/nor-array.ts'
import type { Flash, FlashStatus } from '../api/flash.ts'

export interface MemoryFlashOptions {
  readonly blocks: number
  /** Bytes in one erase block. Default 4096. */
  readonly blockLength?: number
  /** Program unit in bytes. Default 16. */
  readonly writeAlign?: number
  /** Granularity of `takeDirty` in bytes. Default: nothing is collected. */
  readonly page?: 256 | 4096
}

/** A piece of the content that changed; `bytes` is a copy. */
export interface DirtyPage {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * Flash in memory: for meters that live only as long as their process, and inside a guest engine whose host keeps the image: the host takes
 * the dirty pages of each batch and writes them to its file before anything that depends on them leaves.
 */
export class MemoryFlash implements Flash {
  readonly #array: NorArray
  readonly #status: FlashStatus
  readonly #page: number
  // One flag per page, so that a page is listed once however often it changes.
  readonly #dirty: Uint8Array
  readonly #dirtyPages: number[] = []
  #closed = false

  constructor(options: MemoryFlashOptions) {
    const { blocks, blockLength = 4096, writeAlign = 16, page = 0 } = options
    this.#array = new NorArray({ blocks, blockLength, writeAlign })
    this.#status = Object.freeze({ size: this.#array.size, blockLength, blocks, writeAlign, eraseValue: 0xff })
    this.#page = page
    this.#dirty = new Uint8Array(page > 0 ? Math.ceil(this.#array.size / page) : 0)
  }

  status(): FlashStatus {
    this.#open()
    return this.#status
  }

  eraseBlock(start: number, end = start + 1): void {
    this.#open().eraseBlock(start, end)
    this.#mark(start * this.#status.blockLength, end * this.#status.blockLength)
  }

  read(buffer: Uint8Array, offset: number): void {
    this.#open().read(buffer, offset)
  }

  write(buffer: Uint8Array, offset: number): void {
    this.#open().program(buffer, offset)
    this.#mark(offset, offset + buffer.length)
  }

  close(): void {
    this.#closed = true
  }

  /** Bytes of memory that hold content now. */
  get allocated(): number {
    return this.#array.allocated
  }

  /** Replaces the whole content. RangeError when the size differs. Does not make pages dirty. */
  load(image: Uint8Array): void {
    const array = this.#open()
    if (image.length !== array.size) throw new RangeError(`image of ${image.length} bytes for a flash of ${array.size}`)
    array.eraseBlock(0, array.blocks)
    array.set(image)
  }

  /** A copy of the whole content. */
  image(): Uint8Array {
    const bytes = new Uint8Array(this.#array.size)
    this.#open().read(bytes, 0)
    return bytes
  }

  /** The pages that changed since the last call, each once, in the order of their first change. */
  takeDirty(): DirtyPage[] {
    const array = this.#open()
    const taken = this.#dirtyPages.map((index) => {
      const offset = index * this.#page
      const bytes = new Uint8Array(Math.min(this.#page, array.size - offset))
      array.read(bytes, offset)
      this.#dirty[index] = 0
      return { offset, bytes }
    })
    this.#dirtyPages.length = 0
    return taken
  }

  #open(): NorArray {
    if (this.#closed) throw new FerrarisError('CLOSED', 'the flash is closed')
    return this.#array
  }

  #mark(start: number, end: number): void {
    if (this.#page === 0) return
    for (let index = Math.floor(start / this.#page); index * this.#page < end; index++) {
      if (this.#dirty[index] === 1) continue
      this.#dirty[index] = 1
      this.#dirtyPages.push(index)
    }
  }
}
