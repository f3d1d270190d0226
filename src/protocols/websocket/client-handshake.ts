import type { Crypto } from '../../../hal/api/crypto.ts'
import { toBase64 } from '../../lib/base64.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { encodeUtf8 } from '../../lib/utf8.ts'
import { acceptKey } from './handshake.ts'

/** Longest answer that is taken. */
const ANSWER_MAX = 8192
const KEY_LENGTH = 16

/** Where a WebSocket is. */
export interface WebSocketUrl {
  readonly host: string
  readonly port: number
  /** With the leading slash. */
  readonly path: string
}

/** FerrarisError `WEBSOCKET` for what is no `ws://` address; `wss://` is refused by name. */
export function parseWebSocketUrl(url: string): WebSocketUrl {
  if (url.startsWith('wss:')) throw new FerrarisError('WEBSOCKET', `${url}: wss is not supported`)
  const parts = /^ws:\/\/([0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:]{2,45}\])(?::(\d{1,5}))?(\/[!-~]*)?$/.exec(url)
  const port = Number(parts?.[2] ?? 80)
  if (parts === null || port < 1 || port > 65_535) throw new FerrarisError('WEBSOCKET', `no address of a WebSocket: ${url.slice(0, 100)}`)
  return { host: parts[1].replace(/^\[|\]$/g, ''), port, path: parts[3] ?? '/' }
}

/** The client's side of an opening handshake (RFC 6455 section 4.1): `request` goes out, bytes come in until the answer is complete. */
export class ClientHandshake {
  readonly request: Uint8Array
  readonly #accept: string
  #answer = ''

  constructor({ host, port, path }: WebSocketUrl, crypto: Pick<Crypto, 'digest'>, random: (bytes: Uint8Array) => void) {
    const bytes = new Uint8Array(KEY_LENGTH)
    random(bytes)
    const key = toBase64(bytes)
    this.#accept = acceptKey(key, crypto)
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${authority}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Version: 13',
    ]
    this.request = encodeUtf8(`${lines.join('\r\n')}\r\n\r\n`)
  }

  /** What follows the answer, once it is complete; undefined before. FerrarisError `WEBSOCKET` for an answer that is none or says no. */
  receive(bytes: Uint8Array): Uint8Array | undefined {
    for (const [index, byte] of bytes.entries()) {
      this.#answer += String.fromCharCode(byte)
      if (this.#answer.endsWith('\r\n\r\n')) {
        this.check()
        return bytes.slice(index + 1)
      }
      if (this.#answer.length >= ANSWER_MAX) throw new FerrarisError('WEBSOCKET', 'the answer to the handshake is too long')
    }
    return undefined
  }

  private check(): void {
    const [status, ...lines] = this.#answer.split('\r\n')
    if (!/^HTTP\/1\.1 101(?: |$)/.test(status)) throw new FerrarisError('WEBSOCKET', `no WebSocket: ${status.slice(0, 100)}`)
    const fields = new Map<string, string>()
    for (const line of lines) {
      const colon = line.indexOf(':')
      if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
    }
    const upgraded = fields.get('upgrade')?.toLowerCase() === 'websocket' && fields.get('sec-websocket-accept') === this.#accept
    // Nothing was asked for that could be agreed on.
    if (!upgraded || fields.has('sec-websocket-extensions') || fields.has('sec-websocket-protocol')) {
      throw new FerrarisError('WEBSOCKET', 'the answer to the handshake is wrong')
    }
  }
}
