import { assert } from './assert.ts'
import { FerrarisError } from './errors.ts'

/** Foreign bytes end too early or say something impossible. */
export class DecodeError extends FerrarisError {
  override name = 'DecodeError'
  constructor(message: string) {
    super('MALFORMED', message)
  }
}

/** Reads big-endian values from foreign bytes; throws DecodeError at the end instead of returning undefined. */
export class ByteReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number

  /** A window outside the buffer is refused too: past the end every byte would read as NaN. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (start < 0 || start > end || end > bytes.length) throw new DecodeError(`bytes ${start} to ${end} of ${bytes.length}`)
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  #take(count: number): number {
    const at = this.position
    if (count < 0 || count > this.end - at) throw new DecodeError(`${count} bytes needed, ${this.end - at} left`)
    this.position = at + count
    return at
  }

  uint8(): number {
    return this.bytes[this.#take(1)] as number
  }

  peek(): number {
    if (this.position >= this.end) throw new DecodeError('1 byte needed, 0 left')
    return this.bytes[this.position] as number
  }

  uint16(): number {
    const at = this.#take(2)
    return this.bytes[at] * 0x100 + this.bytes[at + 1]
  }

  uint32(): number {
    const at = this.#take(4)
    return this.bytes[at] * 0x1000000 + (this.bytes[at + 1] << 16) + (this.bytes[at + 2] << 8) + this.bytes[at + 3]
  }

  /** A view of the next `count` bytes, not a copy. */
  take(count: number): Uint8Array {
    const at = this.#take(count)
    return this.bytes.subarray(at, at + count)
  }
}

/**
 * Writes big-endian values into a buffer that grows up to `limit` bytes. Reuse it with `reset()`: in steady state it allocates nothing.
 * Throws RangeError past the limit.
 */
export class ByteWriter {
  #bytes: Uint8Array
  #limit: number
  length = 0

  constructor(capacity = 128, limit = 0x10000) {
    // Room is only checked against the limit when the buffer has to grow, so it must not start larger.
    this.#bytes = new Uint8Array(Math.min(capacity, limit))
    this.#limit = limit
  }

  reset(): void {
    this.length = 0
  }

  /** Undoes writes back to an earlier `length`. */
  truncate(length: number): void {
    assert(length >= 0 && length <= this.length, 'truncate only shortens')
    this.length = length
  }

  #room(count: number): number {
    const at = this.length
    const needed = at + count
    if (needed > this.#bytes.length) {
      if (needed > this.#limit) throw new RangeError(`more than ${this.#limit} bytes written`)
      const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#bytes.length)))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.length = needed
    return at
  }

  uint8(value: number): void {
    const at = this.#room(1)
    this.#bytes[at] = value
  }

  uint16(value: number): void {
    const at = this.#room(2)
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value
  }

  uint32(value: number): void {
    const at = this.#room(4)
    this.#bytes[at] = value >>> 24
    this.#bytes[at + 1] = value >>> 16
    this.#bytes[at + 2] = value >>> 8
    this.#bytes[at + 3] = value
  }

  /** An integer of up to 53 bits as eight bytes (two's complement). */
  int64(value: number): void {
    const high = Math.floor(value / 0x100000000)
    this.uint32(high >>> 0)
    this.uint32((value - high * 0x100000000) >>> 0)
  }

  write(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** ASCII only. */
  ascii(text: string): void {
    const { length } = text
    const at = this.#room(length)
    for (let i = 0; i < length; i++) this.#bytes[at + i] = text.charCodeAt(i)
  }

  /** Overwrites a byte written earlier. */
  set(at: number, value: number): void {
    this.#bytes[at] = value
  }

  setUint16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value
  }

  /** A view of what was written, valid until the next write or reset. */
  view(start = 0, end = this.length): Uint8Array {
    return this.#bytes.subarray(start, end)
  }

  /** A copy of what was written. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length) as Uint8Array<ArrayBuffer>
  }
}
