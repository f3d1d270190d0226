import { assert } from '../../lib/assert.ts'
import { Outbox } from '../../lib/outbox.ts'
import { encodeUtf8 } from '../../lib/utf8.ts'
import { BodyReader } from './body.ts'
import { HttpError, type HttpHead, parseHead } from './request.ts'
import { bodyBytes, encodeHead, type HttpResponse, textResponse, type Upgraded } from './response.ts'

export interface HttpRequest extends HttpHead {
  readonly content: Uint8Array
}

export interface HttpOptions {
  /** Takes bytes for the client. Never calls back into the connection. */
  readonly send: (bytes: Uint8Array) => void
  /**
   * Bytes that the transport wants now. Where it is given, no more than that is sent, a large body is produced piece by piece, and the owner
   * calls `writable()` when there is room again. Without it everything is sent at once.
   */
  readonly room?: () => number
  /** Ends the connection once what was sent has been delivered. Called at most once. */
  readonly close: () => void
  /** Answers a request, synchronously. An HttpError it throws is sent; any other error becomes 500 and is reported. */
  readonly handler: (request: HttpRequest) => HttpResponse
  readonly onError?: (error: unknown) => void
}

/** Largest head and largest body of a request. */
const MAX_HEAD = 8192
export const MAX_BODY = 16384
/** Largest response. What waits of it is not in memory when its body is a ByteSource. */
const MAX_RESPONSE = 0x100000
/** Requests that a client may send ahead of the answers (pipelining), in bytes. */
const MAX_AHEAD = MAX_HEAD + MAX_BODY

const NOTHING = new Uint8Array(0)

/**
 * One connection of an HTTP/1.1 server (RFC 9112): bytes in, bytes out, no socket and no clock. The owner closes connections that stay
 * silent; `idle` tells which ones wait for a request.
 */
export class HttpConnection {
  #options: HttpOptions
  #outbox: Outbox
  /** Received and not yet consumed. */
  #input: Uint8Array = NOTHING
  /** Position up to which `#input` holds no end of a head. */
  #scanned = 0
  #head: HttpHead | undefined
  #body: BodyReader | undefined
  #upgraded: Upgraded | undefined
  /** Close as soon as the response is out; nothing more is read. */
  #closing = false
  #ended = false

  constructor(options: HttpOptions) {
    this.#options = options
    this.#outbox = new Outbox(options, MAX_RESPONSE)
  }

  /** No request is under way and no answer waits. */
  get idle(): boolean {
    return this.#upgraded === undefined && this.#head === undefined && this.#input.length === 0 && this.#outbox.length === 0
  }

  /** The connection speaks another protocol now. */
  get upgraded(): boolean {
    return this.#upgraded !== undefined
  }

  /** Bytes from the client. Never throws for what they are. */
  receive(bytes: Uint8Array): void {
    if (this.#ended || this.#closing) return
    if (this.#upgraded !== undefined) {
      this.#upgraded.receive(bytes)
      return
    }
    if (this.#outbox.length > 0 && this.#input.length + bytes.length > MAX_AHEAD) {
      this.end()
      return
    }
    this.#input = this.#input.length === 0 ? bytes.slice() : concat(this.#input, bytes)
    this.advance()
  }

  /** The transport has room again. */
  writable(): void {
    if (this.#ended) return
    if (this.#upgraded !== undefined) {
      this.#upgraded.writable()
      return
    }
    this.#outbox.pump()
    this.advance()
  }

  /** The transport is gone. */
  closed(): void {
    if (this.#ended) return
    this.#ended = true
    this.#outbox.clear()
    this.#upgraded?.closed()
  }

  /** Serves what is complete, one request at a time: the next one waits until the answer is out. */
  private advance(): void {
    try {
      while (!this.#ended && !this.#closing && this.#upgraded === undefined && this.#outbox.length === 0) {
        if (!this.step()) break
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      this.refuse(error)
    }
    if (this.#closing && this.#outbox.length === 0) this.end()
  }

  /** One head, one piece of a body or one answer. False when more bytes are needed. */
  private step(): boolean {
    if (this.#head === undefined && !this.readHead()) return false
    const head = this.#head as HttpHead
    const body = this.#body as BodyReader
    this.consume(body.receive(this.#input, 0))
    if (!body.done) return false
    this.#head = undefined
    this.#body = undefined
    this.answer(head, body.body())
    return true
  }

  private readHead(): boolean {
    // An empty line before a request is skipped (RFC 9112 section 2.2).
    while (this.#input[0] === 0x0d && this.#input[1] === 0x0a) this.consume(2)
    const end = endOfHead(this.#input, this.#scanned)
    this.#scanned = Math.max(0, this.#input.length - 3)
    if (end < 0 ? this.#input.length > MAX_HEAD : end > MAX_HEAD) throw new HttpError(431, 'header too large')
    if (end < 0) return false
    const head = parseHead(latin1(this.#input, end - 4), MAX_BODY)
    this.consume(end)
    this.#head = head
    this.#body = new BodyReader(head.body, MAX_BODY)
    this.expect(head)
    return true
  }

  /** `Expect: 100-continue` (RFC 9110 section 10.1.1). */
  private expect(head: HttpHead): void {
    const expect = head.headers.get('expect')
    if (expect === undefined) return
    if (expect.toLowerCase() !== '100-continue') throw new HttpError(417, 'unknown expectation')
    if (head.body !== 0) this.#outbox.push(encodeUtf8('HTTP/1.1 100 Continue\r\n\r\n'))
  }

  private consume(count: number): void {
    this.#scanned = 0
    // A copy when little is left, so that a large buffer does not stay because of a few bytes.
    if (count > 0) this.#input = count === this.#input.length ? NOTHING : this.#input.slice(count)
  }

  private answer(head: HttpHead, content: Uint8Array): void {
    let response: HttpResponse
    try {
      response = this.#options.handler({ ...head, content })
    } catch (error) {
      // A failure of ours tells the client no more than that, and the connection goes on.
      response = error instanceof HttpError ? textResponse(error.status, error.message) : textResponse(500)
      if (!(error instanceof HttpError)) this.#options.onError?.(error)
    }
    if (response.upgrade !== undefined) {
      this.upgrade(response)
      return
    }
    this.write(response, head.method === 'HEAD', !head.keepAlive)
  }

  private write(response: HttpResponse, headOnly: boolean, close: boolean): void {
    const body = bodyBytes(response)
    const head = encodeHead(response, body.length, close)
    if (close) this.#closing = true
    this.#outbox.push({ length: head.length, slice: (start, end) => head.subarray(start, end) })
    if (!headOnly && response.status !== 304 && !this.#outbox.push(body)) this.end()
  }

  private upgrade(response: HttpResponse): void {
    assert(response.status === 101 && response.upgrade !== undefined, 'an upgrade answers 101')
    const { send, room } = this.#options
    this.#outbox.push(encodeHead(response, 0, false))
    // A head that the transport has no room for yet is not worth a second queue: the client connects again.
    if (this.#outbox.length > 0) {
      this.end()
      return
    }
    this.#upgraded = response.upgrade({ send, ...(room === undefined ? {} : { room }), close: () => this.finish() })
    const early = this.#input
    this.#input = NOTHING
    if (early.length > 0) this.#upgraded.receive(early)
  }

  private refuse(error: HttpError): void {
    this.#head = undefined
    this.#input = NOTHING
    const allow = error.status === 405 ? ([['allow', 'GET, HEAD, POST']] as const) : []
    this.write(textResponse(error.status, error.message, allow), false, true)
  }

  /** Closed by the upgraded protocol, which knows it already. */
  private finish(): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.close()
  }

  private end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#outbox.clear()
    this.#upgraded?.closed()
    this.#options.close()
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

/** Position behind CR LF CR LF, or -1. Throws on a line feed without carriage return (RFC 9112 section 2.2). */
function endOfHead(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, MAX_HEAD + 1)
  for (let i = start; i < limit; i++) {
    if (bytes[i] !== 0x0a) continue
    if (bytes[i - 1] !== 0x0d) throw new HttpError(400, 'bare line feed')
    if (bytes[i - 2] === 0x0a && bytes[i - 3] === 0x0d) return i + 1
  }
  return -1
}

/** One character per byte; the parser refuses what may not stand in a head. */
function latin1(bytes: Uint8Array, end: number): string {
  let text = ''
  for (let at = 0; at < end; at += 256) text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 256)))
  return text
}
