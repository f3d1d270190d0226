import type { Flash, FlashStatus } from '../../hal/api/flash.ts'

/** One operation of the chip: a program, or the erase of one block. Offsets and blocks count from the start of the chip. */
export type Operation =
  | { readonly kind: 'erase'; readonly block: number }
  | { readonly kind: 'program'; readonly offset: number; readonly bytes: Uint8Array }

/** Does a recorded operation once more. */
export function repeat(operation: Operation, chip: Flash): void {
  if (operation.kind === 'erase') chip.eraseBlock(operation.block)
  else chip.write(operation.bytes, operation.offset)
}

export interface TapOptions {
  readonly firstBlock: number
  readonly blocks: number
  /** Called before each operation reaches the chip. */
  readonly onOperation?: (operation: Operation) => void
}

/** A partition of the chip: what the meter sees as its flash. Tells of each operation before it happens and counts what is read. */
export class Tap implements Flash {
  /** Bytes read so far. */
  read_bytes = 0
  readonly #chip: Flash
  readonly #status: FlashStatus
  readonly #firstBlock: number
  readonly #start: number
  readonly #onOperation: ((operation: Operation) => void) | undefined

  constructor(chip: Flash, options: TapOptions) {
    const { blockLength, writeAlign } = chip.status()
    const { firstBlock, blocks } = options
    this.#chip = chip
    this.#firstBlock = firstBlock
    this.#start = firstBlock * blockLength
    this.#status = Object.freeze({ size: blocks * blockLength, blockLength, blocks, writeAlign, eraseValue: 0xff })
    this.#onOperation = options.onOperation
  }

  status(): FlashStatus {
    return this.#status
  }

  eraseBlock(start: number, end = start + 1): void {
    if (start < 0 || end > this.#status.blocks) throw new RangeError('erase outside the partition')
    for (let block = start; block < end; block++) {
      const operation = { kind: 'erase', block: this.#firstBlock + block } as const
      this.#onOperation?.(operation)
      repeat(operation, this.#chip)
    }
  }

  read(buffer: Uint8Array, offset: number): void {
    this.#check(buffer.length, offset)
    this.read_bytes += buffer.length
    this.#chip.read(buffer, this.#start + offset)
  }

  write(buffer: Uint8Array, offset: number): void {
    this.#check(buffer.length, offset)
    if (this.#onOperation !== undefined) this.#onOperation({ kind: 'program', offset: this.#start + offset, bytes: buffer.slice() })
    this.#chip.write(buffer, this.#start + offset)
  }

  close(): void {}

  #check(length: number, offset: number): void {
    if (offset < 0 || offset + length > this.#status.size) throw new RangeError('access outside the partition')
  }
}
