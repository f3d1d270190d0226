import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HttpError } from '../../../src/protocols/http/request.ts'
import { type HttpResponse, textResponse, type UpgradeTransport } from '../../../src/protocols/http/response.ts'
import { HttpConnection, type HttpOptions, type HttpRequest, MAX_BODY } from '../../../src/protocols/http/server.ts'

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

/** A connection whose client collects everything. */
function open(
  handler: HttpOptions['handler'] = () => ({ status: 200, body: 'ok' }),
  room?: () => number,
  onSent?: (count: number) => void,
) {
  const requests: HttpRequest[] = []
  const log = { out: '', closes: 0, requests, errors: [] as unknown[] }
  const connection = new HttpConnection({
    send: (bytes) => {
      log.out += Buffer.from(bytes).toString('latin1')
      onSent?.(bytes.length)
    },
    ...(room === undefined ? {} : { room }),
    close: () => {
      log.closes++
    },
    onError: (error) => log.errors.push(error),
    handler: (request) => {
      requests.push(request)
      return handler(request)
    },
  })
  return { connection, log, say: (text: string) => connection.receive(latin1(text)) }
}

const status = (out: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(out)?.[1])

describe('requests', () => {
  test('GET over a connection that stays open', () => {
    const { log, say, connection } = open()
    say('GET /a?b=c HTTP/1.1\r\nHost: meter\r\n\r\n')
    expect(log.out).toBe('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    expect(log.requests[0]).toMatchObject({ method: 'GET', path: '/a', query: 'b=c', host: 'meter', keepAlive: true })
    expect(connection.idle).toBe(true)
    say('HEAD / HTTP/1.1\r\nHost: meter\r\nConnection: close\r\n\r\n')
    expect(log.out.endsWith('content-length: 2\r\nconnection: close\r\n\r\n')).toBe(true)
    expect(log.closes).toBe(1)
  })

  test('several in one piece are answered in order', () => {
    const { log, say } = open((request) => ({ status: 200, body: request.path }))
    say(
      'GET /1 HTTP/1.1\r\nHost: m\r\n\r\n\r\nPOST /2 HTTP/1.1\r\nHost: m\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: m\r\n\r\n',
    )
    expect(log.requests.map((request) => request.path)).toEqual(['/1', '/2', '/3'])
    expect(Buffer.from(log.requests[1]?.content ?? []).toString()).toBe('abc')
    expect(log.out.match(/\r\n\r\n\/\d/g)).toEqual(['\r\n\r\n/1', '\r\n\r\n/2', '\r\n\r\n/3'])
  })

  test('any cut of the bytes gives the same answers', () => {
    const text =
      'POST /x HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: 1\r\n\r\nGET /y HTTP/1.1\r\nHost: m\r\n\r\n'
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const { log, say } = open()
        const at = [0, ...cuts, text.length].sort((a, b) => a - b)
        for (let i = 1; i < at.length; i++) say(text.slice(at[i - 1], at[i]))
        expect(log.requests.map((request) => request.path)).toEqual(['/x', '/y'])
        expect(Buffer.from(log.requests[0]?.content ?? []).toString()).toBe('hello world')
      }),
    )
  })

  test('the authority of an absolute target wins over Host', () => {
    const { log, say } = open()
    say('GET http://evil.example/p?q HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    expect(log.requests[0]).toMatchObject({ host: 'evil.example', path: '/p', query: 'q' })
  })

  test('HTTP/1.0 is answered and closed', () => {
    const { log, say } = open()
    say('GET / HTTP/1.0\r\n\r\n')
    expect(status(log.out)).toBe(200)
    expect(log.closes).toBe(1)
  })

  test('100-continue', () => {
    const { log, say } = open()
    say('POST / HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
    expect(log.out).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    say('hi')
    expect(log.requests).toHaveLength(1)
  })
})

describe('refusals close the connection and reach no handler', () => {
  const host = 'Host: m\r\n'
  test.each([
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two hosts', `GET / HTTP/1.1\r\n${host}Host: n\r\n\r\n`, 400],
    ['bare line feed', 'GET / HTTP/1.1\nHost: m\n\n', 400],
    ['space before the colon', 'GET / HTTP/1.1\r\nHost : m\r\n\r\n', 400],
    ['folded line', `GET / HTTP/1.1\r\n${host}A: b\r\n c\r\n\r\n`, 400],
    ['NUL in a value', `GET / HTTP/1.1\r\n${host}A: \0\r\n\r\n`, 400],
    ['carriage return in a value', `GET / HTTP/1.1\r\n${host}A: b\rc\r\n\r\n`, 400],
    ['target without slash', `GET x HTTP/1.1\r\n${host}\r\n`, 400],
    ['no version', 'GET /\r\n\r\n', 400],
    ['HTTP/2', `GET / HTTP/2.0\r\n${host}\r\n`, 505],
    ['DELETE', `DELETE / HTTP/1.1\r\n${host}\r\n`, 405],
    ['unknown method', `BREW / HTTP/1.1\r\n${host}\r\n`, 501],
    ['length and chunked', `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['two lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
    ['signed length', `POST / HTTP/1.1\r\n${host}Content-Length: +3\r\n\r\nabc`, 400],
    ['gzip coding', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
    ['chunked in HTTP/1.0', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n`, 400],
    ['body too large', `POST / HTTP/1.1\r\n${host}Content-Length: ${MAX_BODY + 1}\r\n\r\n`, 413],
    ['absurd length', `POST / HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\n`, 413],
    ['chunk too large', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n`, 413],
    ['bad chunk size', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0x3\r\n`, 400],
    ['chunk longer than it says', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, 400],
    ['endless header', `GET / HTTP/1.1\r\n${host}A: ${'x'.repeat(9000)}`, 431],
    ['too many fields', `GET / HTTP/1.1\r\n${host}${'A: b\r\n'.repeat(70)}\r\n`, 431],
    ['other expectation', `POST / HTTP/1.1\r\n${host}Expect: tea\r\nContent-Length: 1\r\n\r\n`, 417],
  ])('%s', (_name, text, expected) => {
    const { log, say } = open()
    say(text)
    expect(status(log.out)).toBe(expected)
    expect(log.out).toContain('connection: close\r\n')
    expect(log).toMatchObject({ closes: 1, requests: [] })
    say('GET / HTTP/1.1\r\nHost: m\r\n\r\n')
    expect(log.requests).toEqual([])
  })
})

describe('responses', () => {
  test('wait for room, and the next request waits for them', () => {
    let room = 0
    const body = 'x'.repeat(20_000)
    const { connection, log, say } = open(
      () => ({ status: 200, body }),
      () => room,
      (sent) => {
        room -= sent
      },
    )
    say('GET /1 HTTP/1.1\r\nHost: m\r\n\r\nGET /2 HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n')
    expect(log).toMatchObject({ out: '', closes: 0 })
    expect(log.requests).toHaveLength(1)
    for (let i = 0; i < 1000 && log.closes === 0; i++) {
      room = 777
      connection.writable()
      expect(room).toBeGreaterThanOrEqual(0)
    }
    expect(log.closes).toBe(1)
    expect(log.requests).toHaveLength(2)
    expect(log.out.split(body)).toHaveLength(3)
  })

  test('a client that sends on and reads nothing is cut off', () => {
    const { connection, log } = open(
      () => ({ status: 200, body: 'x' }),
      () => 0,
    )
    connection.receive(latin1('GET / HTTP/1.1\r\nHost: m\r\n\r\n'))
    for (let i = 0; i < 40; i++) connection.receive(new Uint8Array(1024))
    expect(log.closes).toBe(1)
  })

  test('a defect in the handler is 500 and reported; an HttpError is what it says', () => {
    const { log, say } = open((request) => {
      throw request.path === '/' ? new TypeError('defect') : new HttpError(404, 'gone')
    })
    say('GET / HTTP/1.1\r\nHost: m\r\n\r\nGET /x HTTP/1.1\r\nHost: m\r\n\r\n')
    expect(log.out).toMatch(/^HTTP\/1\.1 500 [\s\S]*HTTP\/1\.1 404 [\s\S]*gone/)
    expect(log.out).not.toContain('defect')
    expect(log.errors).toHaveLength(1)
  })

  test('no line break in a value adds a field', () => {
    const { log, say } = open(() => ({ ...textResponse(200), headers: [['a', 'b\r\nset-cookie: c']] }))
    say('GET / HTTP/1.1\r\nHost: m\r\n\r\n')
    expect(log.out).not.toContain('\r\nset-cookie')
  })

  test('304 carries no body and no length', () => {
    const { log, say } = open(() => ({ status: 304, body: 'never' }))
    say('GET / HTTP/1.1\r\nHost: m\r\n\r\n')
    expect(log.out).toBe('HTTP/1.1 304 Not Modified\r\n\r\n')
  })
})

test('an upgrade hands over the connection with the bytes that came early', () => {
  const seen: number[][] = []
  let transport: UpgradeTransport | undefined
  let gone = 0
  const upgrade: HttpResponse = {
    status: 101,
    headers: [['upgrade', 'x']],
    upgrade: (given) => {
      transport = given
      return { receive: (bytes) => seen.push([...bytes]), writable: () => undefined, closed: () => gone++ }
    },
  }
  const { connection, log, say } = open(() => upgrade)
  say('GET / HTTP/1.1\r\nHost: m\r\n\r\n\x01\x02')
  say('\x03')
  expect(log.out).toBe('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n')
  expect(seen).toEqual([[1, 2], [3]])
  transport?.close()
  transport?.close()
  connection.closed()
  expect({ closes: log.closes, gone }).toEqual({ closes: 1, gone: 0 })
})

test('random bytes and broken requests never throw, and end in an error or in waiting', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'GET / HTTP/1.1\r\n',
      'Host: m\r\n',
      '\r\n',
      'Content-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
      '3\r\nabc\r\n',
      '0\r\n\r\n',
      'POST /',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      const { connection, log } = open()
      for (const text of parts) connection.receive(latin1(text))
      for (const line of log.out.match(/HTTP\/1\.1 \d+/g) ?? []) expect(Number(line.slice(9))).toBeGreaterThanOrEqual(200)
      expect(log.closes).toBeLessThanOrEqual(1)
      connection.closed()
    }),
    { numRuns: 2000 },
  )
})
