import { DecodeError } from '../../lib/bytes.ts'

const COLON = 0x3a
const COMMA = 0x2c
const DIGIT_0 = 0x30
/** The worker reads at most nine digits. */
const DIGITS_MAX = 9

/** A netstring (D. J. Bernstein, 1997): length in decimal, colon, body, comma. `prefix` is the first character of the body. */
export function encodeNetstring(prefix: string, body: Uint8Array): Buffer {
  const head = Buffer.from(`${prefix.length + body.length}:${prefix}`, 'latin1')
  const bytes = Buffer.allocUnsafe(head.length + body.length + 1)
  bytes.set(head)
  bytes.set(body, head.length)
  bytes[bytes.length - 1] = COMMA
  return bytes
}

/** Splits a byte stream into netstrings. Chunks are joined once per message, so a large message in many chunks costs linear time. */
export class NetstringReader {
  #chunks: Buffer[] = []
  #length = 0
  /** Bytes that must be there before anything can be decided. */
  #needed = 2
  #limit: number

  /** `limit` bounds the body of one message; DecodeError beyond. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Calls `handle` with each message that is complete now; the view is valid as long as the caller keeps it. */
  push(chunk: Buffer, handle: (message: Uint8Array) => void): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length)
    let start = 0
    this.#needed = 2
    for (;;) {
      const end = this.#read(bytes, start, handle)
      if (end === undefined) break
      start = end
    }
    this.#length = bytes.length - start
    this.#chunks = this.#length === 0 ? [] : [bytes.subarray(start)]
  }

  /** Position after one message; undefined when it is not complete. */
  #read(bytes: Buffer, start: number, handle: (message: Uint8Array) => void): number | undefined {
    let at = start
    let length = 0
    for (; bytes[at] !== COLON; at++) {
      if (at >= bytes.length) return undefined
      const digit = (bytes[at] as number) - DIGIT_0
      if (digit < 0 || digit > 9 || at - start >= DIGITS_MAX) throw new DecodeError('netstring: bad length')
      length = length * 10 + digit
    }
    if (at === start) throw new DecodeError('netstring: no length')
    if (length > this.#limit) throw new DecodeError(`netstring of ${length} bytes`)
    const end = at + 1 + length
    if (end >= bytes.length) {
      this.#needed = end + 1 - start
      return undefined
    }
    if (bytes[end] !== COMMA) throw new DecodeError('netstring: no comma')
    handle(new Uint8Array(bytes.buffer, bytes.byteOffset + at + 1, length))
    return end + 1
  }
}
