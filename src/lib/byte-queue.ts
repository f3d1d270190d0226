/** More chunks than this are merged, so that a peer who sends single bytes costs no more memory than one who sends blocks. */
const CHUNKS_MAX = 64

/** Bytes waiting to be read, first in, first out. It keeps the chunks it is given; the caller bounds `length`. */
export class ByteQueue {
  #chunks: Uint8Array[] = []
  /** Bytes of the first chunk that are already taken. */
  #taken = 0
  length = 0

  /** Takes over `bytes`: the caller does not change them afterwards. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#chunks.length >= CHUNKS_MAX) this.#merge()
    this.#chunks.push(bytes)
    this.length += bytes.length
  }

  /** At most `count` bytes (default: all); undefined when there are none. A single whole chunk is handed on without a copy. */
  take(count: number = this.length): Uint8Array | undefined {
    const wanted = Math.min(count, this.length)
    if (!(wanted > 0)) return undefined
    const first = this.#chunks[0] as Uint8Array
    if (first.length - this.#taken >= wanted) return this.#takeFromFirst(first, wanted)
    const bytes = new Uint8Array(wanted)
    for (let at = 0; at < wanted; ) {
      const chunk = this.#chunks[0] as Uint8Array
      const part = this.#takeFromFirst(chunk, Math.min(chunk.length - this.#taken, wanted - at))
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  clear(): void {
    this.#chunks = []
    this.#taken = 0
    this.length = 0
  }

  #takeFromFirst(first: Uint8Array, count: number): Uint8Array {
    const start = this.#taken
    const end = start + count
    this.length -= count
    if (end < first.length) {
      this.#taken = end
      return first.subarray(start, end)
    }
    this.#chunks.shift()
    this.#taken = 0
    return start === 0 ? first : first.subarray(start)
  }

  #merge(): void {
    const merged = new Uint8Array(this.length)
    let at = 0
    for (let i = 0; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] as Uint8Array
      const part = i === 0 ? chunk.subarray(this.#taken) : chunk
      merged.set(part, at)
      at += part.length
    }
    this.#chunks = [merged]
    this.#taken = 0
  }
}
