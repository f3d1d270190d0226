import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createHostNetwork } from '../../hal/host/sockets.ts'
import { createHostTimer } from '../../hal/host/time.ts'
import { TcpServer, type TcpServerOptions } from '../../src/links/ip/tcp-server.ts'
import type { ByteStream, Session } from '../../src/links/link.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { WorldTimer } from '../../src/world/time.ts'
import { pause, until } from '../contract/until.ts'

const network = createHostNetwork()
const servers: TcpServer[] = []
const peers: Socket[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  for (const peer of peers.splice(0)) peer.destroy()
  network.closeAll()
})

/** A server with sessions of the test's making; gives its port. */
function serve(
  accept: TcpServerOptions['accept'],
  connections_max = 8,
  time: Pick<TcpServerOptions, 'timer' | 'inactivity_ms'> = { timer: createHostTimer() },
): Promise<{ server: TcpServer; port: number }> {
  return new Promise((resolve, reject) => {
    const server: TcpServer = new TcpServer({
      network,
      port: 0,
      connections_max,
      accept,
      ...time,
      onReady: (port) => resolve({ server, port }),
      onError: (reason) => reject(new Error(reason)),
    })
    servers.push(server)
  })
}

/** A peer that reads only when it is told to. */
class Peer {
  readonly socket: Socket
  received = Buffer.alloc(0)
  gone = false

  constructor(port: number, reads = true) {
    this.socket = connect({ host: '127.0.0.1', port })
    peers.push(this.socket)
    this.socket.on('error', () => {})
    this.socket.on('close', () => (this.gone = true))
    this.socket.on('end', () => (this.gone = true))
    if (reads) this.read()
  }

  read(): void {
    this.socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])))
  }
}

/** Answers every byte with `factor` bytes of the same value, and waits when it is told to. */
class Amplifier implements Session {
  readonly stream: ByteStream
  readonly #factor: number
  consumed = 0
  calls = 0
  closedCalls = 0

  constructor(stream: ByteStream, factor: number) {
    this.stream = stream
    this.#factor = factor
  }

  receive(bytes: Uint8Array): number {
    this.calls++
    for (let i = 0; i < bytes.length; i++) {
      this.consumed++
      if (!this.stream.send(new Uint8Array(this.#factor).fill(bytes[i]))) return i + 1
    }
    return bytes.length
  }

  closed(): void {
    this.closedCalls++
  }
}

function sessions(factor: number): { made: Amplifier[]; accept: TcpServerOptions['accept'] } {
  const made: Amplifier[] = []
  return {
    made,
    accept: (stream) => {
      const session = new Amplifier(stream, factor)
      made.push(session)
      return session
    },
  }
}

describe('a session', () => {
  test('gets every byte in order and answers', async () => {
    const { made, accept } = sessions(1)
    const { port } = await serve(accept)
    const peer = new Peer(port)
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) & 0xff))
    peer.socket.write(sent)
    await until(() => peer.received.length === sent.length, 'the echo')
    expect(peer.received.equals(sent)).toBe(true)
    expect(made[0].stream.peer).toBe(`127.0.0.1:${(peer.socket.address() as AddressInfo).port}`)
  })

  test('that consumes partly is offered the rest again', async () => {
    const pieces: number[][] = []
    const { port } = await serve(() => ({
      receive: (bytes) => {
        pieces.push([...bytes])
        return Math.min(3, bytes.length)
      },
      closed: () => {},
    }))
    new Peer(port).socket.write(Uint8Array.of(1, 2, 3, 4, 5, 6, 7))
    await until(() => pieces.length === 3, 'three calls')
    expect(pieces).toEqual([[1, 2, 3, 4, 5, 6, 7], [4, 5, 6, 7], [7]])
  })

  test('that consumes nothing for now is not called in a loop, and gets everything with the next bytes', async () => {
    let calls = 0
    let ready = false
    const got: number[] = []
    const { port } = await serve(() => ({
      receive: (bytes) => {
        calls++
        if (!ready) return 0
        got.push(...bytes)
        return bytes.length
      },
      closed: () => {},
    }))
    const peer = new Peer(port)
    await new Promise((resolve) => peer.socket.once('connect', resolve))
    peer.socket.write(Uint8Array.of(1, 2))
    await until(() => calls > 0, 'the first call')
    await pause(50)
    expect(calls).toBeLessThan(4)
    ready = true
    peer.socket.write(Uint8Array.of(3))
    await until(() => got.length === 3, 'all bytes')
    expect(got).toEqual([1, 2, 3])
  })

  test('may close: what it sent before still arrives', async () => {
    const length = 300_000
    const { port } = await serve((stream) => ({
      receive: (bytes) => {
        stream.send(new Uint8Array(length).fill(0x42))
        stream.close()
        // After the end nothing is taken any more.
        expect(stream.send(Uint8Array.of(0))).toBe(false)
        return bytes.length
      },
      closed: () => {},
    }))
    const peer = new Peer(port)
    peer.socket.write('x')
    await until(() => peer.gone, 'the end')
    expect(peer.received.length).toBe(length)
    expect(peer.received.every((byte) => byte === 0x42)).toBe(true)
  })

  test('hears once that its peer is gone, however it went', async () => {
    const { made, accept } = sessions(1)
    const { server, port } = await serve(accept)
    const polite = new Peer(port)
    const rude = new Peer(port)
    await until(() => made.length === 2, 'two connections')
    polite.socket.end()
    rude.socket.resetAndDestroy()
    await until(() => server.connections === 0, 'no connections')
    await pause(20)
    expect(made.map(({ closedCalls }) => closedCalls)).toEqual([1, 1])
    expect(made[0].stream.send(Uint8Array.of(1))).toBe(false)
    expect(made[0].stream.writable).toBe(0)
  })
})

describe('a peer that does not read', () => {
  /** Far more than the kernel's buffers of both ends hold. */
  const ANSWER = 8192

  test('is held back, and gets every answer when it reads again', async () => {
    const { made, accept } = sessions(ANSWER)
    const { server, port } = await serve(accept)
    const peer = new Peer(port, false)
    const requests = 4000
    peer.socket.write(Buffer.from(Array.from({ length: requests }, (_, i) => i & 0xff)))
    await until(() => made.length === 1 && made[0].consumed > 0, 'the first answers')
    let before = -1
    while (before !== made[0].consumed) {
      before = made[0].consumed
      await pause(100)
    }
    // 4000 answers are 33 MB; the kernel took what it takes, and nobody asked the session for more.
    expect(made[0].consumed).toBeLessThan(requests)
    expect(server.connections).toBe(1)
    let length = 0
    let ordered = true
    peer.socket.on('data', (chunk) => {
      for (let i = 0; i < chunk.length; i += 512) ordered &&= chunk[i] === (Math.floor((length + i) / ANSWER) & 0xff)
      length += chunk.length
    })
    await until(() => length === requests * ANSWER, 'every answer')
    expect(ordered).toBe(true)
    expect(made[0].consumed).toBe(requests)
  })

  test('is cut off when its session sends on regardless', async () => {
    let sent = 0
    let closedCalls = 0
    const { server, port } = await serve((stream) => ({
      receive: (bytes) => {
        const block = new Uint8Array(65536)
        // A session that ignores what `send` says: bounded all the same.
        while (server.connections > 0 && sent < 64 * 1024 * 1024) {
          stream.send(block)
          sent += block.length
        }
        return bytes.length
      },
      closed: () => closedCalls++,
    }))
    const peer = new Peer(port, false)
    peer.socket.write('x')
    await until(() => server.connections === 0 && closedCalls > 0, 'the cut')
    // What the kernel took at once, and the bound of the queue.
    expect(sent).toBeLessThan(24 * 1024 * 1024)
    expect(closedCalls).toBe(1)
  })

  test('does not hinder another one', async () => {
    const { accept, made } = sessions(ANSWER)
    const { port } = await serve(accept)
    const silent = new Peer(port, false)
    silent.socket.write(Buffer.alloc(4000))
    await until(() => made.length === 1 && made[0].consumed > 0, 'the first answers')
    const other = new Peer(port)
    other.socket.write('y')
    await until(() => other.received.length === ANSWER, 'the answer')
  })
})

describe('the server', () => {
  test('drops a connection that nobody wants', async () => {
    const { server, port } = await serve(() => undefined)
    const peer = new Peer(port)
    await until(() => peer.gone, 'the end')
    expect(server.connections).toBe(0)
  })

  test('close drops every connection, tells each session once, and frees the port', async () => {
    const { made, accept } = sessions(1)
    const { server, port } = await serve(accept)
    const peer = new Peer(port)
    await until(() => made.length === 1, 'the connection')
    server.close()
    server.close()
    await until(() => peer.gone, 'the end')
    expect(made[0].closedCalls).toBe(1)
    await new Promise<void>((resolve, reject) => {
      const again = createServer()
      again.once('error', reject)
      again.listen(port, '127.0.0.1', () => again.close(() => resolve()))
    })
  })

  test('a busy port is told', async () => {
    const { port } = await serve(() => undefined)
    const reason = await new Promise<string>((resolve) => {
      servers.push(
        new TcpServer({ network, port, timer: createHostTimer(), connections_max: 1, accept: () => undefined, onError: resolve }),
      )
    })
    expect(reason).toContain(`127.0.0.1:${port}`)
  })
})

test('a connection on which nothing comes in is closed after the inactivity time-out, another one not', async () => {
  const scheduler = new Scheduler(0)
  const time = { timer: new WorldTimer(scheduler), inactivity_ms: 60_000 }
  const { server, port } = await serve((stream) => new Amplifier(stream, 1), 8, time)
  const [silent, lively] = [new Peer(port), new Peer(port)]
  await until(() => server.connections === 2, 'two connections')
  for (let second = 20; second <= 80; second += 20) {
    const before = lively.received.length
    lively.socket.write('x')
    await until(() => lively.received.length > before, 'an answer')
    scheduler.run(second * 1_000_000)
    if (second < 60) expect(server.connections).toBe(2)
  }
  await until(() => silent.gone, 'the end of the silent one')
  expect([server.connections, lively.gone]).toEqual([1, false])
  server.close()
  expect(scheduler.pending).toBe(0)
})

describe('a full server', () => {
  /** One place for each of `taken`, all of them held by sessions that would lose something. */
  async function full(taken: number) {
    const { made, accept } = sessions(1)
    const scheduler = new Scheduler(0)
    const { server, port } = await serve(accept, taken, { timer: new WorldTimer(scheduler) })
    const holders = Array.from({ length: taken }, () => new Peer(port))
    await until(() => server.connections === taken, 'all places are taken')
    /** Newcomers whose connections the server has seen. */
    const come = async (count: number) => {
      const before = server.waiting
      const peers = Array.from({ length: count }, () => new Peer(port))
      for (const { socket } of peers) socket.write('z')
      await until(() => server.waiting === before + count, 'the newcomers wait')
      return peers
    }
    return { made, scheduler, server, port, holders, come }
  }

  test('lets a newcomer wait for two seconds and closes it then', async () => {
    const { made, scheduler, server, holders, come } = await full(2)
    const [newcomer] = await come(1)
    scheduler.run(1_999_999)
    await pause(20)
    expect([newcomer.gone, server.waiting]).toEqual([false, 1])
    scheduler.run(2_000_000)
    await until(() => newcomer.gone, 'the newcomer is closed')
    expect([made.length, server.waiting, server.connections]).toEqual([2, 0, 2])
    expect(holders.map(({ gone }) => gone)).toEqual([false, false])
  })

  test('serves clients that close and come back in the same moment, whichever of the two is heard first', async () => {
    const { server, port, holders } = await full(4)
    const again = holders.map((old) => {
      const peer = new Peer(port)
      peer.socket.write('z')
      peer.socket.once('connect', () => old.socket.destroy())
      return peer
    })
    await until(() => again.every(({ received }) => received.length === 1), 'an answer for each')
    expect([server.connections, server.waiting]).toEqual([4, 0])
  })

  test('gives a free place to who came first, with all that was sent meanwhile', async () => {
    const { scheduler, server, holders, come } = await full(2)
    const [first] = await come(1)
    const [second] = await come(1)
    holders[0].socket.destroy()
    await until(() => first.received.length === 1, 'an answer')
    expect([second.received.length, server.waiting]).toEqual([0, 1])
    scheduler.run(2_000_000)
    await until(() => second.gone, 'the second is closed')
    expect(first.gone).toBe(false)
    expect(scheduler.pending).toBe(0)
  })

  /** Sessions that are spare until their peer has sent something. */
  async function silentUntilHeard(places: number) {
    const scheduler = new Scheduler(0)
    const { server, port } = await serve(
      () => {
        let heard = false
        return {
          receive: (bytes) => {
            heard = true
            return bytes.length
          },
          closed: () => {},
          get spare() {
            return !heard
          },
        }
      },
      places,
      { timer: new WorldTimer(scheduler) },
    )
    const holders = Array.from({ length: places }, () => new Peer(port))
    await until(() => server.connections === places, 'all places are taken')
    const come = () => {
      const peer = new Peer(port)
      peer.socket.write('z')
      return peer
    }
    return { scheduler, server, holders, come }
  }

  test('gives a newcomer the place of one that has said nothing for half a second', async () => {
    const { scheduler, server, holders, come } = await silentUntilHeard(2)
    const newcomer = come()
    await until(() => server.waiting === 1, 'the newcomer waits')
    scheduler.run(499_999)
    expect(server.waiting).toBe(1)
    scheduler.run(500_000)
    expect([server.waiting, server.connections]).toEqual([0, 2])
    await until(() => holders.some(({ gone }) => gone), 'one made room')
    expect([holders.filter(({ gone }) => gone).length, newcomer.gone]).toEqual([1, false])
    // The other one has had its half second as well.
    const second = come()
    await until(() => holders.every(({ gone }) => gone), 'the other made room at once')
    expect(second.gone).toBe(false)
  })

  test('lets silent connections go at once in a flood, and an honest client in it gets through', async () => {
    const { server, holders, come } = await silentUntilHeard(2)
    const honest = come()
    await until(() => server.waiting === 1, 'the honest one waits')
    for (let i = 0; i < 9; i++) new Peer(honest.socket.remotePort as number)
    await until(() => holders.every(({ gone }) => gone), 'the silent ones')
    expect([honest.gone, server.connections, server.waiting]).toEqual([false, 2, 8])
  })

  test('keeps a bounded number waiting: the oldest goes for a further one', async () => {
    const { server, port, come } = await full(1)
    const waiting = await come(8)
    new Peer(port)
    await until(() => waiting.some(({ gone }) => gone), 'one is closed')
    expect([waiting.filter(({ gone }) => gone).length, server.waiting]).toEqual([1, 8])
  })

  test('forgets who left meanwhile', async () => {
    const { made, server, holders, come } = await full(1)
    const [left, stays] = await come(2)
    left.socket.destroy()
    holders[0].socket.destroy()
    await until(() => stays.received.length === 1 || left.received.length === 1, 'an answer')
    await until(() => stays.received.length === 1, 'an answer')
    expect([made.length, server.connections]).toEqual([3, 1])
  })

  test('closes who waits with itself', async () => {
    const { scheduler, server, come } = await full(1)
    const [newcomer] = await come(1)
    server.close()
    await until(() => newcomer.gone, 'the newcomer is closed')
    expect([server.waiting, scheduler.pending]).toEqual([0, 0])
  })
})
