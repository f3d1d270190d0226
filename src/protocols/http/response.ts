import type { ByteSource } from '../../lib/outbox.ts'
import { encodeUtf8 } from '../../lib/utf8.ts'

export type HttpField = readonly [name: string, value: string]

/** What speaks on the connection after `101 Switching Protocols`. */
export interface Upgraded {
  receive(bytes: Uint8Array): void
  /** The transport has room again. */
  writable(): void
  /** The transport is gone. */
  closed(): void
}

/** What an upgraded protocol may do with the connection. */
export interface UpgradeTransport {
  readonly send: (bytes: Uint8Array) => void
  readonly room?: () => number
  /** Ends the connection after what was sent. */
  readonly close: () => void
}

export interface HttpResponse {
  readonly status: number
  /** `content-length` and `connection` are added. */
  readonly headers?: readonly HttpField[]
  /** Text goes out as UTF-8. A ByteSource is read piece by piece as the transport takes it. */
  readonly body?: ByteSource | string
  /** With status 101: called once, when the head has been handed over. */
  readonly upgrade?: (transport: UpgradeTransport) => Upgraded
}

/** Reason phrases (RFC 9110 section 15) of the statuses in use. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [100, 'Continue'],
  [101, 'Switching Protocols'],
  [200, 'OK'],
  [204, 'No Content'],
  [304, 'Not Modified'],
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [406, 'Not Acceptable'],
  [413, 'Content Too Large'],
  [417, 'Expectation Failed'],
  [421, 'Misdirected Request'],
  [426, 'Upgrade Required'],
  [431, 'Request Header Fields Too Large'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [503, 'Service Unavailable'],
  [505, 'HTTP Version Not Supported'],
])

/** A short plain-text response; the reason phrase when there is nothing better to say. */
export function textResponse(status: number, text = REASONS.get(status) ?? 'Error', headers: readonly HttpField[] = []): HttpResponse {
  return {
    status,
    headers: [['content-type', 'text/plain; charset=utf-8'], ['x-content-type-options', 'nosniff'], ...headers],
    body: `${text}\n`,
  }
}

/** A body as bytes. */
export function bodyBytes(response: HttpResponse): ByteSource {
  return typeof response.body === 'string' ? encodeUtf8(response.body) : (response.body ?? new Uint8Array(0))
}

/** Statuses that have no body and no length (RFC 9110 section 8.6). */
function hasLength(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}

/** Status line and fields (RFC 9112 section 4), ASCII. Line breaks in a value are removed: no text from outside can add a field. */
export function encodeHead(response: HttpResponse, length: number, close: boolean): Uint8Array {
  let text = `HTTP/1.1 ${response.status} ${REASONS.get(response.status) ?? 'Status'}\r\n`
  for (const [name, value] of response.headers ?? []) text += `${name}: ${value.replace(/[\r\n]+/g, ' ')}\r\n`
  if (hasLength(response.status)) text += `content-length: ${length}\r\n`
  if (close) text += 'connection: close\r\n'
  return encodeUtf8(`${text}\r\n`)
}
