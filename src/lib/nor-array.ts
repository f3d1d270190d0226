/** Shape of a NOR partition; the same fields as `FlashStatus` of `hal/api/flash.ts`. */
export interface NorGeometry {
  readonly blocks: number
  /** Bytes in one erase block. */
  readonly blockLength: number
  /** Programs start at, and have a length of, a multiple of this. */
  readonly writeAlign: number
}

/** Largest piece of memory taken at once. Small, because the ring logs of an idle meter touch only the head of a few blocks. */
const LARGEST_PAGE_SHIFT = 10
/** Offsets must stay inside 31 bits. */
const SIZE_MAX = 0x7fffffff

function isErased(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0xff) return false
  return true
}

/**
 * The cells of a NOR flash: erase sets every bit of a block, programming only clears bits. Sparse: memory is taken when a page is first
 * programmed and given back when its block is erased, so that thousands of mostly empty meters fit into one process.
 *
 * Errors: RangeError outside the array, off the program alignment, or for numbers that are not integers. Nothing changes then.
 */
export class NorArray {
  readonly blocks: number
  readonly blockLength: number
  readonly writeAlign: number
  readonly size: number
  readonly #pageShift: number
  readonly #pageLength: number
  readonly #pages = new Map<number, Uint8Array>()
  // The page used last: sequential reads come in tens per page and skip the look-up.
  #lastIndex = -1
  #lastPage: Uint8Array | undefined = undefined

  constructor(geometry: NorGeometry) {
    const { blocks, blockLength, writeAlign } = geometry
    const whole = Number.isInteger(blocks) && Number.isInteger(blockLength) && Number.isInteger(writeAlign)
    if (!whole || blocks < 1 || blockLength < 1 || writeAlign < 1 || blockLength % writeAlign !== 0 || blocks * blockLength > SIZE_MAX) {
      throw new RangeError(`impossible flash: ${blocks} blocks of ${blockLength} bytes, program unit ${writeAlign}`)
    }
    this.blocks = blocks
    this.blockLength = blockLength
    this.writeAlign = writeAlign
    this.size = blocks * blockLength
    // A power of two, so that finding a cell takes no division.
    let shift = LARGEST_PAGE_SHIFT
    while (blockLength % (1 << shift) !== 0) shift--
    this.#pageShift = shift
    this.#pageLength = 1 << shift
  }

  /** Bytes of memory that hold cells now. */
  get allocated(): number {
    return this.#pages.size * this.#pageLength
  }

  /** Erases the blocks `start` (inclusive) to `end` (exclusive). */
  eraseBlock(start: number, end = start + 1): void {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > this.blocks) {
      throw new RangeError(`erase of blocks ${start} to ${end} in a flash of ${this.blocks}`)
    }
    const perBlock = this.blockLength / this.#pageLength
    for (let page = start * perBlock; page < end * perBlock; page++) this.#pages.delete(page)
    this.#lastIndex = -1
    this.#lastPage = undefined
  }

  /** Clears bits: `cell &= byte`. */
  program(bytes: Uint8Array, offset: number): void {
    this.checkProgram(bytes.length, offset)
    for (let done = 0; done < bytes.length; ) {
      const at = (offset + done) & (this.#pageLength - 1)
      const count = Math.min(bytes.length - done, this.#pageLength - at)
      const page = this.#allocate((offset + done) >>> this.#pageShift)
      for (let i = 0; i < count; i++) page[at + i] &= bytes[done + i]
      done += count
    }
  }

  /** Throws RangeError when `program` would. */
  checkProgram(length: number, offset: number): void {
    this.#checkRange(length, offset)
    if (offset % this.writeAlign !== 0 || length % this.writeAlign !== 0) {
      throw new RangeError(`program of ${length} bytes at ${offset} is off the program unit of ${this.writeAlign} bytes`)
    }
  }

  /** Fills `buffer` with the cells at `offset`. */
  read(buffer: Uint8Array, offset: number): void {
    this.#checkRange(buffer.length, offset)
    for (let done = 0; done < buffer.length; ) {
      const at = (offset + done) & (this.#pageLength - 1)
      const count = Math.min(buffer.length - done, this.#pageLength - at)
      const page = this.#page((offset + done) >>> this.#pageShift)
      if (page === undefined) buffer.fill(0xff, done, done + count)
      else for (let i = 0; i < count; i++) buffer[done + i] = page[at + i]
      done += count
    }
  }

  /** Puts cells to `bytes` whatever they held: loads an image, or plants damage. Erased pages take no memory. */
  set(bytes: Uint8Array, offset = 0): void {
    this.#checkRange(bytes.length, offset)
    for (let done = 0; done < bytes.length; ) {
      const at = (offset + done) & (this.#pageLength - 1)
      const count = Math.min(bytes.length - done, this.#pageLength - at)
      const index = (offset + done) >>> this.#pageShift
      const part = bytes.subarray(done, done + count)
      if (this.#page(index) !== undefined || !isErased(part)) this.#allocate(index).set(part, at)
      done += count
    }
  }

  #checkRange(length: number, offset: number): void {
    if (!Number.isInteger(offset) || offset < 0 || length > this.size - offset) {
      throw new RangeError(`${length} bytes at ${offset} in a flash of ${this.size} bytes`)
    }
  }

  #page(index: number): Uint8Array | undefined {
    if (index !== this.#lastIndex) {
      this.#lastPage = this.#pages.get(index)
      this.#lastIndex = index
    }
    return this.#lastPage
  }

  #allocate(index: number): Uint8Array {
    const known = this.#page(index)
    if (known !== undefined) return known
    const page = new Uint8Array(this.#pageLength).fill(0xff)
    this.#pages.set(index, page)
    this.#lastPage = page
    return page
  }
}
