import { FerrarisError } from '../../src/lib/errors.ts'
import { NorArray } from '../../src/lib/nor-array.ts'
import type { Flash, FlashStatus } from '../api/flash.ts'
import type { Bytes } from '../api/io.ts'

export interface FlashShape {
  readonly blocks: number
  /** Bytes in one erase block. Default 4096. */
  readonly blockLength?: number
  /** Program unit in bytes. Default 16. */
  readonly writeAlign?: number
}

/** Where the content of a flash is kept. */
export interface FlashStore {
  /** Fills `buffer` with what is kept at `offset`. */
  load(buffer: Bytes, offset: number): void
  /** The bytes survive the end of the process when it returns. */
  store(bytes: Bytes, offset: number): void
  close(): void
}

/** Flash whose content is a file or the like: every operation is stored when it returns, reads come from a mirror in memory. Throws what the store throws. */
export class StoredFlash implements Flash {
  readonly #array: NorArray
  readonly #status: FlashStatus
  readonly #name: string
  #scratch: Uint8Array
  #store: FlashStore | undefined

  /** `name` is for messages: the path of the image. */
  constructor(shape: FlashShape, name: string, store: FlashStore) {
    const { blocks, blockLength = 4096, writeAlign = 16 } = shape
    this.#array = new NorArray({ blocks, blockLength, writeAlign })
    this.#status = Object.freeze({ size: this.#array.size, blockLength, blocks, writeAlign, eraseValue: 0xff })
    this.#name = name
    this.#scratch = new Uint8Array(blockLength)
    for (let block = 0; block < blocks; block++) {
      store.load(this.#scratch, block * blockLength)
      this.#array.set(this.#scratch, block * blockLength)
    }
    this.#store = store
  }

  status(): FlashStatus {
    this.#open()
    return this.#status
  }

  eraseBlock(start: number, end = start + 1): void {
    const store = this.#open()
    this.#array.eraseBlock(start, end)
    const { blockLength } = this.#status
    const erased = this.#buffer(blockLength).fill(0xff)
    for (let block = start; block < end; block++) store.store(erased, block * blockLength)
  }

  read(buffer: Uint8Array, offset: number): void {
    this.#open()
    this.#array.read(buffer, offset)
  }

  write(buffer: Uint8Array, offset: number): void {
    const store = this.#open()
    this.#array.program(buffer, offset)
    const cells = this.#buffer(buffer.length)
    this.#array.read(cells, offset)
    store.store(cells, offset)
  }

  /** Back door: replaces the content of a range, as the mirror of a flash that lives in another engine. In one write, so that nothing tears. */
  mirror(content: Uint8Array, offset: number): void {
    const store = this.#open()
    this.#array.set(content, offset)
    store.store(content, offset)
  }

  close(): void {
    const store = this.#store
    this.#store = undefined
    store?.close()
  }

  #open(): FlashStore {
    if (this.#store === undefined) throw new FerrarisError('CLOSED', `flash image ${this.#name} is closed`)
    return this.#store
  }

  #buffer(length: number): Uint8Array {
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length)
    return length === this.#scratch.length ? this.#scratch : this.#scratch.subarray(0, length)
  }
}
