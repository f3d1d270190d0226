import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/lib/random.ts'
import { pause, until } from '../contract/until.ts'
import { wrap } from '../protocols/dlms/bytes.ts'
import { aarq, descriptor, getList, getNormal } from '../protocols/dlms/client.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'
import { ANY_PORTS, Ferraris } from '../support/ferraris.ts'

/** The running command against a network that means harm or is clumsy. Both limits are the configuration's defaults. */
const DLMS_CONNECTIONS = 8
const FACE_CONNECTIONS = 8
const SECRET = '12345678'
const ENERGY = getNormal(3, '1.0.1.8.0.255', 2)

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

/** A connection that does what the test says, and survives whatever the meter does. */
class Raw {
  readonly socket: Socket
  received = Buffer.alloc(0)
  gone = false

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port })
    sockets.push(this.socket)
    this.socket.on('error', () => {})
    this.socket.on('end', () => (this.gone = true))
    this.socket.on('close', () => (this.gone = true))
  }

  static async open(port: number): Promise<Raw> {
    const raw = new Raw(port)
    await new Promise((resolve) => raw.socket.once('connect', resolve))
    return raw
  }

  read(): this {
    this.socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])))
    return this
  }
}

interface Ports {
  readonly meter: Ferraris
  readonly dlms: number
  readonly http: number
}

async function start(...words: string[]): Promise<Ports> {
  const meter = new Ferraris(['run', ...ANY_PORTS, '--history', '0s', ...words])
  return { meter, dlms: await meter.dlmsPort(), http: await meter.httpPort() }
}

/** World time minus real time. */
async function lag_ms(http: number): Promise<number> {
  const state = (await (await fetch(`http://127.0.0.1:${http}/api/state`)).json()) as { world: { time_ms: number } }
  return state.world.time_ms - Date.now()
}

/** The world's time becomes that of the PC, to `within_ms`. */
async function expectPresent(http: number, within_ms: number): Promise<void> {
  const end_ms = performance.now() + 20_000
  let late_ms = await lag_ms(http)
  while (Math.abs(late_ms) >= within_ms && performance.now() < end_ms) {
    await pause(100)
    late_ms = await lag_ms(http)
  }
  expect(Math.abs(late_ms)).toBeLessThan(within_ms)
}

/** Both services answer an honest client. */
async function expectServed({ dlms, http }: Ports): Promise<void> {
  const client = await DlmsTcpClient.open(dlms, SECRET)
  expect(await client.number(3, '1.0.1.8.0.255')).toBeGreaterThanOrEqual(0)
  client.close()
  await expectPresent(http, 5000)
}

async function expectGoodEnd(meter: Ferraris): Promise<void> {
  const { code, stderr } = await meter.end('SIGINT')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
}

function resident_MB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Requests one after the other, for `duration_ms` and at least 20 of them; each must be answered within the patience of the client, 10 s. */
async function expectAnswers(client: DlmsTcpClient, duration_ms: number): Promise<void> {
  const end_ms = performance.now() + duration_ms
  for (let count = 0; count < 20 || performance.now() < end_ms; count++) expect((await client.exchange(ENERGY))[0]).toBe(0xc4)
}

/** A program of its own that pipelines `request` without end and reads the answers as fast as it can. */
const GREEDY = `
const [port, hello, request] = process.argv.slice(1)
const socket = require('node:net').connect(Number(port), '127.0.0.1')
const many = Buffer.concat(Array.from({ length: 100 }, () => Buffer.from(request, 'hex')))
socket.on('error', () => process.exit()).on('close', () => process.exit()).resume()
socket.write(Buffer.from(hello, 'hex'))
const more = () => { while (socket.write(many)); }
socket.on('drain', more)
more()`

describe('DLMS', () => {
  test('garbage of every kind does not end the meter or an honest association', async () => {
    const ports = await start()
    const honest = await DlmsTcpClient.open(ports.dlms, SECRET)
    for (let round = 0; round < 60; round++) {
      const raw = await Raw.open(ports.dlms)
      if (round % 2 === 0) raw.socket.write(wrap(aarq({ secret: SECRET }), 17))
      raw.socket.write(round % 3 === 0 ? randomBytes(1 + round * 50) : wrap(Uint8Array.from(randomBytes(1 + round)), 17))
      if (round % 4 === 0) raw.socket.resetAndDestroy()
      else raw.socket.destroy()
    }
    // Requests that differ in a few bytes from good ones: each has an answer, or ends the connection.
    const random = new SeededRandom(7, 1)
    const byte = new Uint8Array(2)
    const window = '02020406000000010600000000120001120000'
    const requests = [ENERGY, getNormal(7, '1.0.99.1.0.255', 2, window), getList(descriptor(3, '1.0.1.8.0.255', 2))]
    const client = await DlmsTcpClient.open(ports.dlms, SECRET)
    for (let round = 0; round < 1000; round++) {
      const request = Uint8Array.from(requests[round % requests.length])
      random.fill(byte)
      request[byte[0] % request.length] = byte[1]
      expect((await client.exchange(request)).length).toBeGreaterThan(2)
    }
    client.close()
    expect((await honest.exchange(ENERGY))[0]).toBe(0xc4)
    honest.close()
    await expectServed(ports)
    await expectGoodEnd(ports.meter)
  })

  test('connections that say nothing do not keep others out; associations do', async () => {
    const ports = await start()
    const first = await DlmsTcpClient.open(ports.dlms, SECRET)
    const silent: Raw[] = []
    for (let i = 1; i < DLMS_CONNECTIONS; i++) silent.push(await Raw.open(ports.dlms))
    const clients: DlmsTcpClient[] = []
    for (let i = 1; i < DLMS_CONNECTIONS; i++) clients.push(await DlmsTcpClient.open(ports.dlms, SECRET))
    expect((await first.exchange(ENERGY))[0]).toBe(0xc4)
    await expect(DlmsTcpClient.open(ports.dlms, SECRET)).rejects.toThrow()
    for (const client of [first, ...clients]) client.close()
    // All of them come back at once.
    const again = await Promise.all(Array.from({ length: DLMS_CONNECTIONS }, () => DlmsTcpClient.open(ports.dlms, SECRET)))
    for (const client of again) client.close()
    await expectServed(ports)
    await expectGoodEnd(ports.meter)
  })

  test.each([
    ['long answers', getList(...Array.from({ length: 180 }, () => descriptor(15, '0.0.40.0.0.255', 2)))],
    ['short answers', getNormal(15, '0.0.40.0.0.255', 2)],
  ])('a client that pipelines without end and reads fast leaves others their turn: %s', async (_, request) => {
    const ports = await start()
    const client = await DlmsTcpClient.open(ports.dlms, SECRET)
    const words = [wrap(aarq({ secret: SECRET }), 17), wrap(request, 17)].map((bytes) => Buffer.from(bytes).toString('hex'))
    const greedy = spawn(process.execPath, ['-e', GREEDY, String(ports.dlms), ...words], { stdio: 'ignore' })
    try {
      await pause(300)
      await expectAnswers(client, 1500)
    } finally {
      greedy.kill('SIGKILL')
    }
    client.close()
    await expectGoodEnd(ports.meter)
  })

  test.skipIf(process.platform !== 'linux')('clients that ask and never read cost no memory without bound', async () => {
    const ports = await start()
    await expectServed(ports)
    const before_MB = resident_MB(ports.meter.pid)
    const many = Buffer.concat(Array.from({ length: 500 }, () => wrap(getNormal(15, '0.0.40.0.0.255', 2), 17)))
    for (let i = 0; i < 4; i++) {
      const raw = await Raw.open(ports.dlms)
      raw.socket.write(wrap(aarq({ secret: SECRET }), 17))
      // 7500 answers of 3.6 KB each
      for (let k = 0; k < 15; k++) raw.socket.write(many)
    }
    await pause(700)
    expect(resident_MB(ports.meter.pid) - before_MB).toBeLessThan(80)
    await expectServed(ports)
    await expectGoodEnd(ports.meter)
  })
})

describe('the face', () => {
  test('requests that come byte by byte do not keep others out', async () => {
    const ports = await start()
    const slow: Raw[] = []
    for (let i = 0; i < FACE_CONNECTIONS; i++) slow.push(await Raw.open(ports.http))
    for (const { socket } of slow) socket.write('GET / HTTP/1.1\r\nX')
    const dribble = setInterval(() => {
      for (const { socket, gone } of slow) if (!gone) socket.write('a')
    }, 100)
    await expectServed(ports)
    clearInterval(dribble)
    await expectGoodEnd(ports.meter)
  })

  test('hostile requests are refused, each with its status', async () => {
    const ports = await start()
    const host = `Host: 127.0.0.1:${ports.http}\r\n`
    const upgrade =
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const cases: readonly (readonly [string, number])[] = [
      [`GET / HTTP/1.1\r\n${host}X: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
      [`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`, 400],
      [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n`, 413],
      [`GET /../../etc/passwd HTTP/1.1\r\n${host}\r\n`, 404],
      ['GET /api/state HTTP/1.1\r\nHost: rebound.example\r\n\r\n', 421],
      [`GET /ws HTTP/1.1\r\n${host}${upgrade}Origin: http://foreign.example\r\n\r\n`, 403],
    ]
    for (const [request, status] of cases) {
      const raw = (await Raw.open(ports.http)).read()
      raw.socket.write(request)
      await until(() => raw.received.includes('\r\n\r\n'), `the answer ${status}`)
      expect(raw.received.toString('latin1').match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`])
      raw.socket.destroy()
    }
    await expectServed(ports)
    await expectGoodEnd(ports.meter)
  })
})

test('a process that was stopped for a while catches up with the present, and its connections live', async () => {
  const ports = await start()
  const client = await DlmsTcpClient.open(ports.dlms, SECRET)
  process.kill(ports.meter.pid, 'SIGSTOP')
  await pause(5000)
  process.kill(ports.meter.pid, 'SIGCONT')
  expect((await client.exchange(ENERGY))[0]).toBe(0xc4)
  await expectPresent(ports.http, 2500)
  client.close()
  await expectGoodEnd(ports.meter)
})
