/** Bytes that can be produced piece by piece, so that a large constant never stands in memory as a whole. */
export interface ByteSource {
  readonly length: number
  /** The bytes `[start, end)`; `end` never exceeds `length`. */
  slice(start: number, end: number): Uint8Array
}

/**
 * Where a protocol's bytes go. `send` takes what it is given and returns nothing; `room` says how many bytes it wants now. Without `room`
 * everything is handed over at once. With it, the owner calls the protocol's `writable()` when room has appeared again.
 */
export interface ByteSink {
  readonly send: (bytes: Uint8Array) => void
  readonly room?: () => number
}

/** Largest piece taken from a ByteSource at once. */
const PIECE = 2048

/** A bounded queue in front of a ByteSink: passes on what the sink has room for and keeps the rest in order. */
export class Outbox {
  #sink: ByteSink
  #limit: number
  #queue: ByteSource[] = []
  #offset = 0
  /** Bytes that wait. */
  length = 0

  /** `limit`: bytes that may wait at once; a single piece into an empty queue is always taken. */
  constructor(sink: ByteSink, limit = 0x10000) {
    this.#sink = sink
    this.#limit = limit
  }

  /** Queues and passes on what fits. False, and nothing queued, when the limit would be exceeded. */
  push(bytes: ByteSource): boolean {
    if (this.#queue.length > 0 && this.length + bytes.length > this.#limit) return false
    if (bytes.length > 0) {
      this.#queue.push(bytes)
      this.length += bytes.length
      this.pump()
    }
    return true
  }

  /** Passes on what the sink has room for now. */
  pump(): void {
    while (this.#queue.length > 0) {
      const first = this.#queue[0] as ByteSource
      const room = this.#sink.room === undefined ? PIECE : this.#sink.room()
      const end = Math.min(first.length, this.#offset + Math.min(PIECE, room))
      if (end <= this.#offset) return
      const piece = first.slice(this.#offset, end)
      this.length -= piece.length
      this.#offset = end
      if (end === first.length) {
        this.#queue.shift()
        this.#offset = 0
      }
      this.#sink.send(piece)
    }
  }

  /** Forgets what waits. */
  clear(): void {
    this.#queue = []
    this.#offset = 0
    this.length = 0
  }
}
