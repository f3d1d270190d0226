import { ByteWriter } from '../../lib/bytes.ts'
import { HttpError } from './request.ts'

/** Longest chunk-size line and longest trailer line taken; extensions are skipped, not kept. */
const MAX_LINE = 256
/** Longest trailer section in bytes. */
const MAX_TRAILER = 1024

type State = 'size' | 'data' | 'dataEnd' | 'trailer' | 'done'

/**
 * Collects the body of one request, by length or in chunks (RFC 9112 section 7.1). The buffer grows with the bytes that really came, never
 * by what the sender announced. Throws HttpError 400 or 413.
 */
export class BodyReader {
  #bytes: ByteWriter
  #maxBody: number
  readonly #chunked: boolean
  #state: State
  /** Bytes of the body or of the chunk that are still to come. */
  #left: number
  #line = ''
  #trailer = 0

  constructor(framing: number | 'chunked', maxBody: number) {
    this.#bytes = new ByteWriter(framing === 0 ? 0 : 256, maxBody)
    this.#maxBody = maxBody
    this.#left = framing === 'chunked' ? 0 : framing
    this.#state = framing === 'chunked' ? 'size' : framing === 0 ? 'done' : 'data'
    this.#chunked = framing === 'chunked'
  }

  get done(): boolean {
    return this.#state === 'done'
  }

  /** A copy of the whole body. */
  body(): Uint8Array<ArrayBuffer> {
    return this.#bytes.copy()
  }

  /** Takes bytes from `start` on; returns the position behind the last byte that belongs to the body. */
  receive(bytes: Uint8Array, start: number): number {
    let at = start
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const count = Math.min(this.#left, bytes.length - at)
        this.#bytes.write(bytes.subarray(at, at + count))
        at += count
        this.#left -= count
        if (this.#left === 0) this.#state = this.#chunked ? 'dataEnd' : 'done'
      } else this.character(bytes[at++] as number)
    }
    return at
  }

  private character(code: number): void {
    this.#line += String.fromCharCode(code)
    if (this.#line.length > MAX_LINE) throw new HttpError(400, 'chunk line too long')
    if (code !== 0x0a) return
    // A bare LF as line end is refused: where one hop takes it and another does not, a request can hide.
    if (!this.#line.endsWith('\r\n')) throw new HttpError(400, 'bare line feed')
    const line = this.#line.slice(0, -2)
    this.#line = ''
    if (this.#state === 'size') this.size(line)
    else if (this.#state === 'dataEnd') {
      if (line !== '') throw new HttpError(400, 'chunk longer than announced')
      this.#state = 'size'
    } else {
      this.#trailer += line.length
      if (this.#trailer > MAX_TRAILER) throw new HttpError(431, 'trailer too large')
      if (line === '') this.#state = 'done'
    }
  }

  private size(line: string): void {
    const match = /^([0-9A-Fa-f]{1,8})[\t ]*(;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line)
    if (match === null) throw new HttpError(400, 'malformed chunk size')
    this.#left = Number.parseInt(match[1] as string, 16)
    if (this.#bytes.length + this.#left > this.#maxBody) throw new HttpError(413, 'body too large')
    this.#state = this.#left === 0 ? 'trailer' : 'data'
  }
}
