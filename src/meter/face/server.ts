import type { Crypto } from '../../../hal/api/crypto.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { fromBase64 } from '../../lib/base64.ts'
import type { ByteSource } from '../../lib/outbox.ts'
import { hasToken } from '../../protocols/http/request.ts'
import { type HttpField, type HttpResponse, textResponse, type Upgraded, type UpgradeTransport } from '../../protocols/http/response.ts'
import { HttpConnection, type HttpRequest } from '../../protocols/http/server.ts'
import { answerHandshake } from '../../protocols/websocket/handshake.ts'
import { FaceClient } from './client.ts'
import { isOwnHost, isSameOrigin } from './origin.ts'
import { PAGE_BASE64, PAGE_CSP, PAGE_ETAG, PAGE_LENGTH } from './page.ts'
import type { FaceExtension, FaceSource } from './state.ts'

/** A TCP connection as the face sees it. */
export interface FaceStream {
  readonly send: (bytes: Uint8Array) => void
  /** Bytes that the stream wants now; where it is given, its owner calls `writable()` when there is room again. */
  readonly room?: () => number
  /** Ends the connection once what was sent has been delivered. */
  readonly close: () => void
}

/** What the owner of a stream calls. After `close()` of the stream nothing needs to be called. */
export interface FaceConnection {
  receive(bytes: Uint8Array): void
  /** A browser keeps connections open that it may never use again, a hostile one sends its requests byte by byte: who is full may end them for others. */
  readonly spare: boolean
  writable(): void
  closed(): void
}

export interface FaceServerOptions {
  readonly source: FaceSource
  readonly crypto: Crypto
  readonly timer: Timer
  readonly extension?: FaceExtension
  /** Names under which the meter may be addressed, besides IP addresses and localhost. */
  readonly names?: readonly string[]
  /** A handler failed: a defect of ours. */
  readonly onError?: (error: unknown) => void
}

/** Four times a second, as a person reads. */
const TICK_MS = 250
/** A connection that sends no complete request, or takes nothing of what waits for it, for so many ticks is closed (30 s). */
const SILENT_TICKS = 120
/** Where places are short, a request that is not complete after so many ticks (1 s) may lose its place. */
const STALLED_TICKS = 4

/** Every answer: no guessing of types, no foreign frame, nothing of it in a foreign page. */
const COMMON: readonly HttpField[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
]

interface Slot {
  readonly http: HttpConnection
  readonly close: () => void
  client: FaceClient | undefined
  silent: number
}

/**
 * The web face of a meter: the page at `/`, its live data at `/ws`, the state as JSON for scripts at `/api/state`. Knows no sockets: the
 * owner of the listener hands over each connection as a stream.
 */
export class FaceServer {
  #options: FaceServerOptions
  /** In the order of their arrival. */
  readonly #slots: Slot[] = []
  #timer: TimerHandle

  constructor(options: FaceServerOptions) {
    this.#options = options
    this.#timer = options.timer.set(() => this.tick(), TICK_MS, TICK_MS)
  }

  /** Connections at the moment. */
  get connections(): number {
    return this.#slots.length
  }

  /** Serves one connection until it is closed. */
  connect(stream: FaceStream): FaceConnection {
    const close = () => {
      this.remove(slot)
      stream.close()
    }
    const http = new HttpConnection({
      send: stream.send,
      room: stream.room,
      close,
      onError: this.#options.onError,
      handler: (request) => {
        slot.silent = 0
        return this.handle(request, slot)
      },
    })
    const slot: Slot = { http, close, client: undefined, silent: 0 }
    this.#slots.push(slot)
    return {
      receive: (bytes) => http.receive(bytes),
      get spare() {
        return slot.client === undefined && (http.idle || slot.silent >= STALLED_TICKS)
      },
      writable: () => {
        slot.silent = 0
        http.writable()
      },
      closed: () => {
        this.remove(slot)
        http.closed()
      },
    }
  }

  /** Stops the timer and ends every connection. */
  close(): void {
    this.#options.timer.clear(this.#timer)
    for (const slot of [...this.#slots]) this.drop(slot)
  }

  private remove(slot: Slot): void {
    const index = this.#slots.indexOf(slot)
    if (index >= 0) this.#slots.splice(index, 1)
  }

  private drop(slot: Slot): void {
    if (slot.client === undefined) {
      slot.http.closed()
      slot.close()
    } else slot.client.goAway()
  }

  private tick(): void {
    // An iterator would leave slots of the engine behind at each tick.
    let i = 0
    while (i < this.#slots.length) {
      const slot = this.#slots[i]
      this.age(slot)
      // Whoever ends makes place for the next one.
      if (this.#slots[i] === slot) i++
    }
  }

  private age(slot: Slot): void {
    slot.silent = slot.client?.push() === true ? 0 : slot.silent + 1
    if (slot.silent <= SILENT_TICKS) return
    // What waits for a client that takes nothing is given up with it.
    slot.http.closed()
    slot.close()
  }

  private handle(request: HttpRequest, slot: Slot): HttpResponse {
    if (!isOwnHost(request.host, this.#options.names ?? [])) return textResponse(421, 'this meter answers to its address only')
    if (request.path === '/') return readOnly(request) ?? page(request)
    if (request.path === '/api/state') return readOnly(request) ?? this.state()
    if (request.path === '/ws') return this.webSocket(request, slot)
    return textResponse(404, 'nothing here')
  }

  /** The same objects that the WebSocket carries, in one. */
  private state(): HttpResponse {
    const { source, extension } = this.#options
    const body = JSON.stringify({
      meter: { ...source.hello(), world: extension !== undefined },
      state: source.state(),
      events: source.events(),
      curve: source.curve(),
      ...(source.radio && { radio: source.radio.state(), frames: source.radio.frames(0) }),
      ...(extension === undefined ? {} : { world: extension.state() }),
      ...(extension?.air && { air: extension.air.state(), signals: extension.air.signals(0) }),
    })
    return { status: 200, headers: [['content-type', 'application/json'], ['cache-control', 'no-store'], ...COMMON], body }
  }

  private webSocket(request: HttpRequest, slot: Slot): HttpResponse {
    const handshake = answerHandshake(request, this.#options.crypto)
    if (handshake.status !== 101) return textResponse(handshake.status, handshake.reason, handshake.headers)
    if (!isSameOrigin(request.headers.get('origin'), request.host)) return textResponse(403, 'only for the page of this meter')
    const upgrade = (transport: UpgradeTransport): Upgraded => {
      const client = new FaceClient(this.#options, transport)
      slot.client = client
      return client
    }
    return { status: 101, headers: handshake.headers, upgrade }
  }
}

function readOnly(request: HttpRequest): HttpResponse | undefined {
  return request.method === 'POST' ? textResponse(405, 'only GET and HEAD here', [['allow', 'GET, HEAD']]) : undefined
}

/** A client that lists what it accepts and leaves gzip out gets a sentence; the page exists only compressed. */
function refusesGzip(request: HttpRequest): boolean {
  const accept = request.headers.get('accept-encoding')
  if (accept === undefined) return false
  const plain = accept.replace(/[\t ]/g, '')
  return /(^|,)gzip;q=0(\.0*)?(,|$)/i.test(plain) || !/(^|,)(gzip|x-gzip|\*)(;|,|$)/i.test(plain)
}

function page(request: HttpRequest): HttpResponse {
  const headers: readonly HttpField[] = [
    ['content-type', 'text/html; charset=utf-8'],
    ['content-encoding', 'gzip'],
    ['vary', 'accept-encoding'],
    ['etag', PAGE_ETAG],
    ['cache-control', 'no-cache'],
    ['content-security-policy', PAGE_CSP],
    ...COMMON,
  ]
  const known = request.headers.get('if-none-match')
  if (known === '*' || hasToken(known, PAGE_ETAG)) return { status: 304, headers }
  if (refusesGzip(request)) return textResponse(406, 'the page exists only with content-encoding gzip')
  const body: ByteSource = { length: PAGE_LENGTH, slice: (start, end) => fromBase64(PAGE_BASE64, start, end) }
  return { status: 200, headers, body }
}
