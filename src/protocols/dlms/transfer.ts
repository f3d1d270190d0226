/** Long values in constant memory: a value is produced in pieces, and what does not fit into a block waits for the next one. */
import type { ByteWriter } from '../../lib/bytes.ts'
import type { RowStream } from './source.ts'

/** What one step of a producer did. */
export const Progress = Object.freeze({ done: 0, more: 1, broken: 2 })
export type Progress = (typeof Progress)[keyof typeof Progress]

/** A value in pieces. A piece is small: a row, or one value of a list. */
export interface Pieces {
  /** Writes the next piece (`more`), or nothing (`done`, `broken`). */
  next(writer: ByteWriter): Progress
}

/** The rows of a stream after their array header. A stream that ends before its announced count is broken. */
export class RowPieces implements Pieces {
  readonly #rows: RowStream
  #left: number

  constructor(rows: RowStream) {
    this.#rows = rows
    this.#left = rows.count
  }

  next(writer: ByteWriter): Progress {
    if (this.#left === 0) return Progress.done
    this.#left--
    return this.#rows.next(writer) ? Progress.more : Progress.broken
  }
}

/** Adds pieces until the writer is past `end` (`more`: it holds a surplus) or the value is complete (`done`). */
export function pump(writer: ByteWriter, pieces: Pieces | undefined, end: number): Progress {
  while (writer.length <= end) {
    const progress = pieces === undefined ? Progress.done : pieces.next(writer)
    if (progress !== Progress.more) return progress
  }
  return Progress.more
}

/** A value that a client fetches block by block. */
export class LongGet {
  readonly #pieces: Pieces | undefined
  /** What was produced but not sent: `#rest[#start..#end)`. */
  #rest = new Uint8Array(0)
  #start = 0
  #end = 0
  /** Number of the block that was sent last. */
  block = 1

  constructor(pieces: Pieces | undefined) {
    this.#pieces = pieces
  }

  /** Takes what the writer holds past `end` as the beginning of the next block. */
  keep(writer: ByteWriter, end: number): void {
    const surplus = writer.length - end
    if (this.#rest.length < surplus) this.#rest = new Uint8Array(surplus)
    this.#rest.set(writer.view(end))
    this.#start = 0
    this.#end = surplus
    writer.truncate(end)
  }

  /** Fills the writer up to `end`: `more` when another block follows, `done` when this is the last one. */
  fill(writer: ByteWriter, end: number): Progress {
    const waiting = this.#end - this.#start
    const taken = Math.min(waiting, end - writer.length)
    writer.write(this.#rest.subarray(this.#start, this.#start + taken))
    this.#start += taken
    if (taken < waiting) return Progress.more
    const progress = pump(writer, this.#pieces, end)
    if (progress === Progress.more) this.keep(writer, end)
    return progress
  }
}
