import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { FerrarisError } from '../../../src/lib/errors.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/lib/utf8.ts'
import { ClientHandshake, parseWebSocketUrl } from '../../../src/protocols/websocket/client-handshake.ts'
import { WebSocketConnection } from '../../../src/protocols/websocket/connection.ts'
import { answerHandshake } from '../../../src/protocols/websocket/handshake.ts'

const URL = { host: 'lns.example', port: 3001, path: '/router-info' }
/** The key of RFC 6455 section 1.3. */
const sample = (bytes: Uint8Array): void => bytes.set(encodeUtf8('the sample nonce'))
const ANSWER =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

test('addresses', () => {
  expect(parseWebSocketUrl('ws://127.0.0.1:3001')).toEqual({ host: '127.0.0.1', port: 3001, path: '/' })
  expect(parseWebSocketUrl('ws://lns/a/b?c')).toEqual({ host: 'lns', port: 80, path: '/a/b?c' })
  expect(parseWebSocketUrl('ws://[::1]:9/x')).toEqual({ host: '::1', port: 9, path: '/x' })
  for (const url of ['http://a', 'ws://', 'ws://a:0', 'ws://a:65536', 'ws://a b', 'ws://a/\r\nX: y', 'wss://a'])
    expect(() => parseWebSocketUrl(url), url).toThrow(FerrarisError)
})

test('asks as a server of ours wants it, and takes the answer of the RFC in any pieces', () => {
  for (const size of [1, 7, 1000]) {
    const handshake = new ClientHandshake(URL, hostCrypto, sample)
    const [first, ...lines] = decodeUtf8(handshake.request).trimEnd().split('\r\n')
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]))
    expect(first).toBe('GET /router-info HTTP/1.1')
    expect(headers.get('host')).toBe('lns.example:3001')
    expect(answerHandshake({ method: 'GET', headers }, hostCrypto)).toMatchObject({ status: 101 })
    const bytes = encodeUtf8(`${ANSWER}rest`)
    let rest = ''
    let done = false
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.slice(at, at + size)
      const after = done ? piece : handshake.receive(piece)
      if (after === undefined) continue
      done = true
      rest += decodeUtf8(after)
    }
    expect(rest).toBe('rest')
  }
})

test.each([
  ['HTTP/1.1 404 Not Found\r\n\r\n', /404/],
  [ANSWER.replace('s3pP', 's3pQ'), /wrong/],
  [ANSWER.replace('Upgrade: websocket', 'Upgrade: h2c'), /wrong/],
  [ANSWER.replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'), /wrong/],
  ['x'.repeat(9000), /too long/],
])('refuses %s', (answer, reason) => {
  expect(() => new ClientHandshake(URL, hostCrypto, sample).receive(encodeUtf8(answer))).toThrow(reason)
})

test('client and server understand each other in pieces of any size; a masked frame of a server is refused', () => {
  const text = fc.oneof(fc.string({ maxLength: 300 }), fc.constant('x'.repeat(4000)))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), fc.integer({ min: 1, max: 4000 }), (texts, size) => {
      const heard: string[] = []
      const back: string[] = []
      const random = new SeededRandom(size)
      const mask = (): Uint8Array => {
        const bytes = new Uint8Array(4)
        random.fill(bytes)
        return bytes
      }
      const deliver = (bytes: Uint8Array, to: WebSocketConnection): void => {
        for (let at = 0; at < bytes.length; at += size) to.receive(bytes.slice(at, at + size))
      }
      const server: WebSocketConnection = new WebSocketConnection({
        send: (bytes) => deliver(bytes, client),
        close: () => {},
        onText: (message) => {
          heard.push(message)
          server.sendText(message)
        },
      })
      const client = new WebSocketConnection({
        send: (bytes) => deliver(bytes, server),
        close: () => {},
        onText: (message) => back.push(message),
        mask,
      })
      for (const message of texts) client.sendText(message)
      client.ping()
      expect([heard, back]).toEqual([texts, texts])
      const codes: number[] = []
      const other = new WebSocketConnection({
        send: () => {},
        close: () => {},
        onText: () => {},
        onClose: (code) => codes.push(code),
        mask,
      })
      const masked = new WebSocketConnection({ send: (bytes) => other.receive(bytes), close: () => {}, onText: () => {}, mask })
      masked.sendText('x')
      expect(codes).toEqual([1002])
    }),
  )
})
