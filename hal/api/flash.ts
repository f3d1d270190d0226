import type { Bytes } from './io.ts'

export interface FlashStatus {
  /** Bytes in the partition. */
  readonly size: number
  /** Bytes in one erase block. */
  readonly blockLength: number
  readonly blocks: number
  /** Programs start at a multiple of this and have a length that is a multiple of it (16: ESP32 flash encryption). */
  readonly writeAlign: number
  readonly eraseValue: 0xff
}

/**
 * A raw NOR flash partition, shaped like Moddable's `embedded:storage/flash`.
 *
 * Semantics: erasing sets every bit of a block to 1, programming can only clear bits (`cell &= byte`). Both are synchronous. After a power
 * loss the block or program unit that was being worked on may hold anything.
 *
 * Errors: RangeError outside the partition or off the alignment; Error after `close()`.
 */
export interface Flash {
  status(): FlashStatus
  /** Erases the blocks `start` (inclusive) to `end` (exclusive, default `start + 1`). */
  eraseBlock(start: number, end?: number): void
  /** Fills `buffer` with the bytes at `offset`. */
  read(buffer: Bytes, offset: number): void
  /** Programs `buffer` at `offset`. */
  write(buffer: Bytes, offset: number): void
  close(): void
}
