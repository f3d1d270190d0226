import { crc32 } from '../../lib/crc.ts'

/** Ends a frame; the code keeps it out of everything else. */
const DELIMITER = 0
/** Longest run that one code byte describes (S. Cheshire, M. Baker: Consistent Overhead Byte Stuffing, IEEE/ACM Transactions on Networking 7(2), 1999). */
const RUN_MAX = 0xff
const CRC_BYTES = 4
/** Kind and sequence. */
const HEAD_BYTES = 2

/** Bytes that a command, an answer or an event may carry. */
export const BODY_MAX = 1100
const CONTENT_MAX = HEAD_BYTES + BODY_MAX + CRC_BYTES
/** Longest frame on the line: a code byte for each 254 bytes, one more, and the delimiter. */
const ENCODED_MAX = CONTENT_MAX + Math.ceil(CONTENT_MAX / (RUN_MAX - 1)) + 2

/** Makes frames: `COBS(kind, sequence, body, CRC-32) 00`. The buffers are its own; a result is valid until the next call. */
export class FrameWriter {
  readonly #content = new Uint8Array(CONTENT_MAX)
  readonly #encoded = new Uint8Array(ENCODED_MAX)

  /** Throws RangeError for a body that is too long. */
  frame(kind: number, sequence: number, body: Uint8Array): Uint8Array {
    if (body.length > BODY_MAX) throw new RangeError(`${body.length} bytes, allowed are ${BODY_MAX}`)
    const content = this.#content
    content[0] = kind
    content[1] = sequence
    content.set(body, HEAD_BYTES)
    const end = HEAD_BYTES + body.length
    const crc = crc32(content, 0, end)
    for (let i = 0; i < CRC_BYTES; i++) content[end + i] = crc >>> (8 * (CRC_BYTES - 1 - i))
    return this.#stuff(end + CRC_BYTES)
  }

  #stuff(length: number): Uint8Array {
    const encoded = this.#encoded
    let code = 0
    let at = 1
    for (let i = 0; i < length; i++) {
      const byte = this.#content[i]
      if (byte !== DELIMITER) encoded[at++] = byte
      if (byte !== DELIMITER && at - code < RUN_MAX) continue
      encoded[code] = at - code
      code = at++
    }
    encoded[code] = at - code
    encoded[at++] = DELIMITER
    return encoded.subarray(0, at)
  }
}

/** A frame that arrived whole. The views are valid during the call only. */
export type FrameListener = (kind: number, sequence: number, body: Uint8Array) => void

/** Finds frames in what a line brings, whatever the pieces. What is broken is counted and dropped up to the next delimiter. */
export class FrameReader {
  readonly #listener: FrameListener
  readonly #content = new Uint8Array(CONTENT_MAX)
  #length = 0
  /** Bytes of the present run that are still to come; 0: a code byte is next. */
  #left = 0
  /** A zero stands before the next run. */
  #zero = false
  #bad = false
  #begun = false
  /** Frames that were dropped: too long, not stuffed as they should be, or with a wrong CRC. */
  broken = 0

  constructor(listener: FrameListener) {
    this.#listener = listener
  }

  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#take(bytes[i])
  }

  #take(byte: number): void {
    if (byte === DELIMITER) {
      this.#end()
      return
    }
    this.#begun = true
    if (this.#left > 0) {
      this.#left--
      this.#append(byte)
      return
    }
    if (this.#zero) this.#append(DELIMITER)
    this.#left = byte - 1
    this.#zero = byte < RUN_MAX
  }

  #append(byte: number): void {
    if (this.#length < CONTENT_MAX) this.#content[this.#length++] = byte
    else this.#bad = true
  }

  #end(): void {
    const length = this.#length
    const whole = !this.#bad && this.#left === 0 && length >= HEAD_BYTES + CRC_BYTES
    const begun = this.#begun
    this.#length = 0
    this.#left = 0
    this.#zero = false
    this.#bad = false
    this.#begun = false
    // Two delimiters in a row are no frame: a sender may begin with one, to end what noise began.
    if (!begun) return
    if (whole && this.#intact(length - CRC_BYTES)) {
      this.#listener(this.#content[0], this.#content[1], this.#content.subarray(HEAD_BYTES, length - CRC_BYTES))
    } else this.broken++
  }

  #intact(end: number): boolean {
    const crc = crc32(this.#content, 0, end)
    for (let i = 0; i < CRC_BYTES; i++) if (this.#content[end + i] !== ((crc >>> (8 * (CRC_BYTES - 1 - i))) & 0xff)) return false
    return true
  }
}
