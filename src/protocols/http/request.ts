import { FerrarisError } from '../../lib/errors.ts'

/** A request that cannot be served; `status` is what the client is told. */
export class HttpError extends FerrarisError {
  override name = 'HttpError'
  readonly status: number
  constructor(status: number, message: string) {
    super('HTTP', message)
    this.status = status
  }
}

export type HttpMethod = 'GET' | 'HEAD' | 'POST'

/** The head of a request (RFC 9112 sections 3 and 5), checked as strictly as the RFC allows. */
export interface HttpHead {
  readonly method: HttpMethod
  /** Origin form, starts with `/`; the part before `?`. Not percent-decoded. */
  readonly path: string
  /** What follows `?`, or ''. */
  readonly query: string
  /** Names in lower case; values of a repeated field joined by `, ` (RFC 9110 section 5.3). */
  readonly headers: ReadonlyMap<string, string>
  /** The authority that the client meant: of an absolute-form target, else the Host field; '' only for HTTP/1.0. */
  readonly host: string
  /** The connection stays open after the response. */
  readonly keepAlive: boolean
  /** Bytes of the body, or 'chunked'. */
  readonly body: number | 'chunked'
}

/** Fields of a head; the head as a whole is bounded by the connection. */
const MAX_FIELDS = 64
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Field values: visible ASCII, obs-text (bytes above 0x7f), space and tab (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const TARGET = /^[\x21-\x7e]+$/
/** Methods that are understood and refused; anything else is not implemented (RFC 9110 section 15.6.2). */
const REFUSED: readonly string[] = ['PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']

function asMethod(text: string): HttpMethod {
  if (text === 'GET' || text === 'HEAD' || text === 'POST') return text
  if (!TOKEN.test(text)) throw new HttpError(400, 'malformed method')
  throw REFUSED.includes(text) ? new HttpError(405, 'only GET, HEAD and POST are served') : new HttpError(501, 'unknown method')
}

/** Splits `HTTP-name/DIGIT.DIGIT`; returns the minor version of HTTP/1. */
function minorVersion(text: string): number {
  const match = /^HTTP\/(\d)\.(\d)$/.exec(text)
  if (match === null) throw new HttpError(400, 'malformed request line')
  if (match[1] !== '1') throw new HttpError(505, 'only HTTP/1.1 is spoken')
  return Number(match[2])
}

/** Fields that change how the message is framed or routed: a second one is an attack or a broken proxy. */
const SINGLE: readonly string[] = ['host', 'content-length', 'transfer-encoding', 'origin', 'sec-websocket-key', 'sec-websocket-version']

function parseFields(lines: readonly string[]): Map<string, string> {
  if (lines.length > MAX_FIELDS) throw new HttpError(431, 'too many header fields')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    // Also refuses folded lines and a space before the colon, both of which have been used to smuggle requests (RFC 9112 section 5.1).
    if (colon <= 0 || !TOKEN.test(line.slice(0, colon))) throw new HttpError(400, 'malformed header field')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '')
    if (!FIELD_VALUE.test(value)) throw new HttpError(400, 'malformed header field')
    const earlier = headers.get(name)
    if (earlier !== undefined && SINGLE.includes(name)) throw new HttpError(400, `repeated ${name}`)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return headers
}

/** RFC 9112 section 6.3: how long the body is. Both framings at once is refused, not resolved. */
function bodyOf(headers: ReadonlyMap<string, string>, minor: number, maxBody: number): number | 'chunked' {
  const coding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (coding !== undefined) {
    if (length !== undefined || minor === 0) throw new HttpError(400, 'ambiguous body length')
    if (coding.toLowerCase() !== 'chunked') throw new HttpError(501, 'unknown transfer coding')
    return 'chunked'
  }
  if (length === undefined) return 0
  if (!/^\d+$/.test(length)) throw new HttpError(400, 'malformed content-length')
  if (length.length > 9 || Number(length) > maxBody) throw new HttpError(413, 'body too large')
  return Number(length)
}

/** True when a comma-separated field names `token` (which is in lower case). */
export function hasToken(field: string | undefined, token: string): boolean {
  return field?.split(',').some((part) => part.trim().toLowerCase() === token) ?? false
}

/** Origin form of a target, and the authority of an absolute form (RFC 9112 section 3.2). */
function splitTarget(target: string): { authority: string | undefined; path: string; query: string } {
  if (!TARGET.test(target) || target.includes('#')) throw new HttpError(400, 'malformed target')
  const absolute = /^http:\/\/([^/?]+)(.*)$/i.exec(target)
  const origin = absolute === null ? target : (absolute[2] as string) || '/'
  if (!origin.startsWith('/')) throw new HttpError(400, 'malformed target')
  const mark = origin.indexOf('?')
  return {
    authority: absolute?.[1],
    path: mark < 0 ? origin : origin.slice(0, mark),
    query: mark < 0 ? '' : origin.slice(mark + 1),
  }
}

/**
 * Parses a head: request line and fields without the empty line, one character per byte, lines separated by CR LF.
 * Throws HttpError and nothing else.
 */
export function parseHead(text: string, maxBody: number): HttpHead {
  const lines = text.split('\r\n')
  const parts = (lines[0] as string).split(' ')
  if (parts.length !== 3) throw new HttpError(400, 'malformed request line')
  const minor = minorVersion(parts[2] as string)
  const method = asMethod(parts[0] as string)
  const { authority, path, query } = splitTarget(parts[1] as string)
  const headers = parseFields(lines.slice(1))
  const host = headers.get('host')
  if (host === undefined && minor > 0) throw new HttpError(400, 'no host')
  const connection = headers.get('connection')
  const keepAlive = minor > 0 ? !hasToken(connection, 'close') : false
  return { method, path, query, headers, host: authority ?? host ?? '', keepAlive, body: bodyOf(headers, minor, maxBody) }
}
