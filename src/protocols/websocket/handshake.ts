import type { Crypto } from '../../../hal/api/crypto.ts'
import { base64Length, fromBase64, toBase64 } from '../../lib/base64.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { encodeUtf8 } from '../../lib/utf8.ts'

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The part of a request that the handshake looks at; header names in lower case. */
export interface HandshakeRequest {
  readonly method: string
  readonly headers: ReadonlyMap<string, string>
}

export type HandshakeField = readonly [name: string, value: string]

/** 101 with the fields of the answer, or 400/426 with the reason. */
export type HandshakeResult =
  | { readonly status: 101; readonly headers: readonly HandshakeField[] }
  | { readonly status: 400 | 426; readonly headers: readonly HandshakeField[]; readonly reason: string }

/** Sec-WebSocket-Accept of a Sec-WebSocket-Key (RFC 6455 section 4.2.2). */
export function acceptKey(key: string, crypto: Pick<Crypto, 'digest'>): string {
  return toBase64(crypto.digest('SHA1', encodeUtf8(key + GUID)))
}

function isKey(key: string): boolean {
  try {
    return base64Length(key) === 16 && fromBase64(key).length === 16
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

function lists(field: string | undefined, token: string): boolean {
  return field?.split(',').some((part) => part.trim().toLowerCase() === token) ?? false
}

/** Checks an opening handshake (RFC 6455 section 4.2.1). Origin and host are the caller's to judge. No extension, no subprotocol. */
export function answerHandshake(request: HandshakeRequest, crypto: Pick<Crypto, 'digest'>): HandshakeResult {
  const { headers } = request
  const asks = lists(headers.get('upgrade'), 'websocket') && lists(headers.get('connection'), 'upgrade')
  if (!asks)
    return {
      status: 426,
      headers: [
        ['upgrade', 'websocket'],
        ['connection', 'Upgrade'],
      ],
      reason: 'WebSocket only',
    }
  if (headers.get('sec-websocket-version') !== '13') {
    return {
      status: 426,
      headers: [
        ['sec-websocket-version', '13'],
        ['upgrade', 'websocket'],
        ['connection', 'Upgrade'],
      ],
      reason: 'version 13 only',
    }
  }
  const key = headers.get('sec-websocket-key') ?? ''
  if (request.method !== 'GET' || !isKey(key)) return { status: 400, headers: [], reason: 'malformed WebSocket handshake' }
  return {
    status: 101,
    headers: [
      ['upgrade', 'websocket'],
      ['connection', 'Upgrade'],
      ['sec-websocket-accept', acceptKey(key, crypto)],
    ],
  }
}
