/**
 * The TCP wrapper of IEC 62056-4-7 (formerly 62056-47): eight bytes before each APDU.
 *
 *   version 0x0001 | source wPort | destination wPort | length of the APDU, all 16 bits
 */
import type { ByteWriter } from '../../lib/bytes.ts'

export const WRAPPER_HEADER = 8
const VERSION = 1
const FIRST_BUFFER = 64

/** What a connection does with complete frames. */
export interface FrameHandler {
  /** `apdu` is only valid during the call. Returns false to leave later bytes unread for now. */
  onFrame(source: number, destination: number, apdu: Uint8Array): boolean
}

/** Fills the eight bytes at `at`, in front of an APDU of `length` bytes. */
export function setWrapperHeader(writer: ByteWriter, at: number, source: number, destination: number, length: number): void {
  writer.setUint16(at, VERSION)
  writer.setUint16(at + 2, source)
  writer.setUint16(at + 4, destination)
  writer.setUint16(at + 6, length)
}

/**
 * Cuts a byte stream into APDUs. Frames that arrive whole are handed on where they lie; only a frame cut by the transport is collected, in a
 * buffer that grows with the bytes received and never past header plus `largestApdu`.
 */
export class WrapperParser {
  readonly #largestApdu: number
  #partial: Uint8Array | undefined
  #filled = 0

  constructor(largestApdu: number) {
    this.#largestApdu = largestApdu
  }

  /**
   * Takes bytes and calls `handler` once per complete frame. Returns how many bytes were consumed: fewer than given when the handler asked to
   * stop, -1 when the stream is not a wrapper stream or a frame is longer than allowed. After -1 the connection has to be closed.
   */
  push(bytes: Uint8Array, handler: FrameHandler): number {
    let position = 0
    while (position < bytes.length) {
      const rest = bytes.length - position
      if (this.#filled === 0 && rest >= WRAPPER_HEADER) {
        const length = this.frameLength(bytes, position)
        if (length < 0) return -1
        if (rest >= length) {
          const more = deliver(bytes, position, length, handler)
          position += length
          if (!more) return position
          continue
        }
      }
      const taken = this.collect(bytes, position)
      if (taken < 0) return -1
      position += taken
      if (!this.deliverPartial(handler)) return position
    }
    return position
  }

  /** Length of the frame with its header; -1 for a wrong version or more than `largestApdu`. */
  private frameLength(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== 0 || bytes[at + 1] !== VERSION) return -1
    const length = bytes[at + 6] * 0x100 + bytes[at + 7]
    return length > this.#largestApdu ? -1 : WRAPPER_HEADER + length
  }

  /** Moves bytes into the partial frame: first to the end of its header, then to its end. Returns their count. */
  private collect(bytes: Uint8Array, position: number): number {
    let wanted = WRAPPER_HEADER
    if (this.#partial !== undefined && this.#filled >= WRAPPER_HEADER) {
      wanted = this.frameLength(this.#partial, 0)
      if (wanted < 0) return -1
    }
    const count = Math.min(wanted - this.#filled, bytes.length - position)
    const needed = this.#filled + count
    let buffer = this.#partial
    if (buffer === undefined || buffer.length < needed) {
      const grown = new Uint8Array(Math.min(WRAPPER_HEADER + this.#largestApdu, Math.max(needed, 2 * (buffer?.length ?? FIRST_BUFFER / 2))))
      if (buffer !== undefined) grown.set(buffer.subarray(0, this.#filled))
      this.#partial = grown
      buffer = grown
    }
    buffer.set(bytes.subarray(position, position + count), this.#filled)
    this.#filled = needed
    if (needed === WRAPPER_HEADER && this.frameLength(buffer, 0) < 0) return -1
    return count
  }

  /** Hands the partial frame on when it is complete. */
  private deliverPartial(handler: FrameHandler): boolean {
    const buffer = this.#partial
    if (buffer === undefined || this.#filled < WRAPPER_HEADER) return true
    if (this.#filled < this.frameLength(buffer, 0)) return true
    const length = this.#filled
    this.#filled = 0
    return deliver(buffer, 0, length, handler)
  }
}

function deliver(bytes: Uint8Array, at: number, length: number, handler: FrameHandler): boolean {
  const source = bytes[at + 2] * 0x100 + bytes[at + 3]
  const destination = bytes[at + 4] * 0x100 + bytes[at + 5]
  return handler.onFrame(source, destination, bytes.subarray(at + WRAPPER_HEADER, at + length))
}
