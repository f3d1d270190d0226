import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Bytes } from '../../hal/api/io.ts'
import type { Listener, Network, Packet, TCP, TCPHandle, TCPOptions, UDP } from '../../hal/api/sockets.ts'
import { pause, until } from './until.ts'

export interface SocketsUnderTest {
  readonly network: Network
  /** A network of the PC that reaches `network` at 127.0.0.1. */
  readonly peer: Network
  close?(): void | Promise<void>
}

/** A connection that records what it is told. Between `enter` and `leave` no callback may come. */
class Recorder {
  readonly tcp: TCP
  readonly received: number[] = []
  readonly reasons: string[] = []
  writable = 0
  largest = 0
  broken = 0
  inside = true

  constructor(network: Network, options: TCPOptions, read = true) {
    this.tcp = new network.TCP({
      ...options,
      onReadable: (count) => {
        this.#called()
        this.largest = Math.max(this.largest, count)
        if (read) this.received.push(...(this.tcp.read() as Bytes))
      },
      onWritable: (count) => {
        this.#called()
        this.writable = count
      },
      onError: (reason) => {
        this.#called()
        this.reasons.push(reason)
      },
    })
    this.inside = false
  }

  #called(): void {
    if (this.inside) this.broken++
  }

  write(bytes: Bytes): void {
    this.inside = true
    this.tcp.write(bytes)
    this.inside = false
  }
}

interface Served {
  readonly listener: Listener
  readonly port: number
  readonly handles: TCPHandle[]
  readonly reasons: string[]
}

/** A listener whose connections collect in `handles`. */
async function serve(network: Network, port = 0): Promise<Served> {
  const handles: TCPHandle[] = []
  const reasons: string[] = []
  let bound = 0
  const listener: Listener = new network.Listener({
    port,
    onReady: (ready) => (bound = ready),
    onError: (reason) => reasons.push(reason),
    onReadable: () => {
      for (let handle = listener.read(); handle !== undefined; handle = listener.read()) handles.push(handle)
    },
  })
  await until(() => bound !== 0 || reasons.length > 0, 'listener ready')
  return { listener, port: bound, handles, reasons }
}

/** Both ends of one connection; `network` accepts it. */
async function connectPair(network: Network, peer: Network, read = true): Promise<{ served: Served; near: Recorder; far: Recorder }> {
  const served = await serve(network)
  const far = new Recorder(peer, { address: '127.0.0.1', port: served.port })
  await until(() => served.handles.length > 0, 'connection accepted')
  const near = new Recorder(network, { from: served.handles[0] as TCPHandle }, read)
  await until(() => near.writable > 0 && far.writable > 0, 'both ends writable')
  return { served, near, far }
}

/** Bytes of a stream from position `start` on; each follows from its position, so that lost or swapped blocks show. */
function pattern(length: number, start = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((start + i) * 7 + ((start + i) >> 8)) & 0xff)
}

/** Writes until nothing goes any more, with time for the kernel between; gives the count of bytes. */
async function writeUntilFull(tcp: TCP, limit: number): Promise<number> {
  let total = 0
  for (let idle = 0; idle < 50 && total < limit; ) {
    const count = Math.min(tcp.writable, 0x4000, limit - total)
    if (count === 0) {
      idle++
      await pause(2)
      continue
    }
    idle = 0
    tcp.write(pattern(count, total))
    total += count
  }
  return total
}

/** The rules of `hal/api/sockets.ts` (ECMA-419 section 12 in the shape of this project). */
export function socketsContract(name: string, open: () => SocketsUnderTest | Promise<SocketsUnderTest>): void {
  let network: Network
  let peer: Network
  let under: SocketsUnderTest
  beforeEach(async () => {
    under = await open()
    network = under.network
    peer = under.peer
  })
  afterEach(() => under.close?.())

  describe(`tcp: ${name}`, () => {
    test('options are validated and not modified', () => {
      const wrong: [string, unknown, typeof TypeError | typeof RangeError][] = [
        ['nothing', {}, TypeError],
        ['no port', { address: '127.0.0.1' }, TypeError],
        ['no address', { port: 1 }, TypeError],
        ['port 0', { address: '127.0.0.1', port: 0 }, RangeError],
        ['port 65536', { address: '127.0.0.1', port: 65536 }, RangeError],
        ['half a port', { address: '127.0.0.1', port: 1.5 }, RangeError],
        ['a handle that no listener made', { from: { address: '127.0.0.1', port: 1 } }, TypeError],
        ['a callback that is no function', { address: '127.0.0.1', port: 1, onError: 1 }, TypeError],
      ]
      for (const [what, options, error] of wrong) expect(() => new network.TCP(options as TCPOptions), what).toThrow(error)
      const options = Object.freeze({ address: '127.0.0.1', port: 9 })
      new network.TCP(options).close()
    })

    test('bytes cross both ways; no callback comes from inside a constructor or a method', async () => {
      const { near, far, served } = await connectPair(network, peer)
      near.write(pattern(1000))
      far.write(pattern(3000, 5))
      await until(() => near.received.length === 3000 && far.received.length === 1000, 'all bytes')
      expect(Uint8Array.from(near.received)).toEqual(pattern(3000, 5))
      expect(Uint8Array.from(far.received)).toEqual(pattern(1000))
      expect(near.broken).toBe(0)
      expect(near.tcp.remoteAddress).toBe('127.0.0.1')
      expect(near.tcp.remotePort).toBe(served.handles[0]?.port)
      near.tcp.close()
      far.tcp.close()
    })

    test('an outgoing connection works the same', async () => {
      const served = await serve(peer)
      const near = new Recorder(network, { address: '127.0.0.1', port: served.port })
      expect(near.tcp.writable).toBe(0)
      expect(() => near.tcp.write(Uint8Array.of(1))).toThrow(RangeError)
      await until(() => near.writable > 0 && served.handles.length > 0, 'established')
      const far = new Recorder(peer, { from: served.handles[0] as TCPHandle })
      near.write(Uint8Array.of(1, 2, 3))
      await until(() => far.received.length === 3, 'three bytes')
      await until(() => far.writable > 0, 'far end writable')
      far.write(Uint8Array.of(4))
      await until(() => near.received.length === 1, 'one byte')
      expect(near.broken).toBe(0)
      near.tcp.close()
      far.tcp.close()
    })

    test('write copies, and offset and length of a view count', async () => {
      const { near, far } = await connectPair(network, peer)
      const memory = pattern(40000)
      const view = memory.subarray(100, 30100)
      const expected = view.slice()
      near.write(view)
      memory.fill(0)
      await until(() => far.received.length === 30000, 'all bytes')
      expect(Uint8Array.from(far.received)).toEqual(expected)
    })

    test('writing more than writable throws and sends nothing', async () => {
      const { near, far } = await connectPair(network, peer)
      expect(() => near.tcp.write(new Uint8Array(near.tcp.writable + 1))).toThrow(RangeError)
      expect(() => near.tcp.write('text' as unknown as Bytes)).toThrow(TypeError)
      near.write(new Uint8Array(0))
      near.write(Uint8Array.of(7))
      await until(() => far.received.length > 0, 'one byte')
      expect(far.received).toEqual([7])
    })

    test('read takes at most what is asked for; the rest stays', async () => {
      const { near, far } = await connectPair(network, peer, false)
      expect(near.tcp.read()).toBeUndefined()
      far.write(Uint8Array.of(1, 2, 3, 4, 5))
      await until(() => near.largest === 5, 'five bytes')
      expect([...(near.tcp.read(2) as Bytes)]).toEqual([1, 2])
      expect(near.tcp.read(0)).toBeUndefined()
      expect([...(near.tcp.read(99) as Bytes)]).toEqual([3, 4, 5])
      expect(near.tcp.read()).toBeUndefined()
    })

    test('what is not read holds the peer back, and nothing is lost', async () => {
      const { near, far } = await connectPair(network, peer, false)
      const limit = 64 * 1024 * 1024
      const sent = await writeUntilFull(far.tcp, limit)
      expect(sent).toBeLessThan(limit)
      // One window and the chunk that filled it.
      expect(near.largest).toBeLessThanOrEqual(2 * 0x10000)
      let received = 0
      let wrong = 0
      let chunk = 0
      await until(
        () => {
          for (let bytes = near.tcp.read(); bytes !== undefined; bytes = near.tcp.read()) {
            const position = received
            if (bytes.some((byte, i) => byte !== (((position + i) * 7 + ((position + i) >> 8)) & 0xff))) wrong++
            received += bytes.length
            chunk = Math.max(chunk, bytes.length)
          }
          return received === sent
        },
        'all bytes',
        30_000,
      )
      expect(wrong).toBe(0)
      expect(chunk).toBeLessThanOrEqual(2 * 0x10000)
      await until(() => far.tcp.writable > 0, 'room again')
    })

    test('writing to a peer who does not read is bounded, and onWritable tells when it goes on', async () => {
      const served = await serve(peer)
      const near = new Recorder(network, { address: '127.0.0.1', port: served.port })
      await until(() => near.writable > 0 && served.handles.length > 0, 'established')
      const far = new Recorder(peer, { from: served.handles[0] as TCPHandle }, false)
      const sent = await writeUntilFull(near.tcp, 64 * 1024 * 1024)
      expect(sent).toBeLessThan(64 * 1024 * 1024)
      expect(near.tcp.writable).toBe(0)
      near.writable = 0
      let received = 0
      await until(
        () => {
          for (let bytes = far.tcp.read(); bytes !== undefined; bytes = far.tcp.read()) received += bytes.length
          return received === sent
        },
        'all bytes',
        30_000,
      )
      await until(() => near.writable > 0, 'onWritable')
    })

    test('an application that writes only when it is told gets everything out', async () => {
      const served = await serve(peer)
      const size = 500_000
      let written = 0
      const tcp: TCP = new network.TCP({
        address: '127.0.0.1',
        port: served.port,
        onWritable: (count) => {
          const part = Math.min(count, size - written)
          if (part > 0) tcp.write(pattern(part, written))
          written += part
        },
      })
      await until(() => served.handles.length > 0, 'accepted')
      const far = new Recorder(peer, { from: served.handles[0] as TCPHandle })
      await until(() => far.received.length === size, 'all bytes')
      tcp.close()
    })

    test('the end of the peer is told once, after its last bytes', async () => {
      const { near, far } = await connectPair(network, peer)
      far.write(pattern(5000))
      far.tcp.close()
      await until(() => near.reasons.length > 0, 'onError')
      expect(near.received.length).toBe(5000)
      await pause(30)
      expect(near.reasons).toHaveLength(1)
      expect(near.tcp.writable).toBe(0)
      near.tcp.close()
    })

    test('bytes written before close arrive', async () => {
      const { near, far } = await connectPair(network, peer)
      const bytes = pattern(60000)
      near.write(bytes)
      near.tcp.close()
      await until(() => far.reasons.length > 0, 'end of the connection')
      expect(Uint8Array.from(far.received)).toEqual(bytes)
      expect(near.reasons).toEqual([])
    })

    test('a refused connection is told', async () => {
      const served = await serve(peer)
      served.listener.close()
      await pause(20)
      const near = new Recorder(network, { address: '127.0.0.1', port: served.port })
      await until(() => near.reasons.length > 0, 'onError')
      expect(near.reasons[0]).toMatch(/ECONNREFUSED/)
      expect(near.writable).toBe(0)
      near.tcp.close()
    })

    test('close may be called twice, methods throw afterwards, no callback follows', async () => {
      const { near, far } = await connectPair(network, peer)
      far.write(pattern(100))
      near.tcp.close()
      near.tcp.close()
      const received = near.received.length
      expect(() => near.tcp.read()).toThrow()
      expect(() => near.tcp.write(Uint8Array.of(1))).toThrow()
      expect(near.tcp.writable).toBe(0)
      await until(() => far.reasons.length > 0, 'the other end sees it')
      await pause(20)
      expect(near.received.length).toBe(received)
      expect(near.reasons).toEqual([])
    })

    test('many small requests and replies on one connection', async () => {
      const served = await serve(network)
      const far = new Recorder(peer, { address: '127.0.0.1', port: served.port })
      await until(() => served.handles.length > 0, 'accepted')
      const tcp: TCP = new network.TCP({ from: served.handles[0] as TCPHandle, onReadable: () => tcp.write(tcp.read() as Bytes) })
      await until(() => far.writable > 0, 'established')
      for (let i = 0; i < 300; i++) {
        far.write(Uint8Array.of(i & 0xff))
        await until(() => far.received.length === i + 1, `reply ${i}`)
      }
      expect(far.received).toEqual(Array.from({ length: 300 }, (_, i) => i & 0xff))
    })
  })

  describe(`listener: ${name}`, () => {
    test('options are validated', () => {
      expect(() => new network.Listener({} as { port: number })).toThrow(TypeError)
      expect(() => new network.Listener({ port: -1 })).toThrow(RangeError)
      expect(() => new network.Listener({ port: 65536 })).toThrow(RangeError)
      expect(() => new network.Listener({ port: 0, onReady: 1 as unknown as () => void })).toThrow(TypeError)
      new network.Listener(Object.freeze({ port: 0 })).close()
    })

    test('a busy port is told with a reason that names it', async () => {
      const first = await serve(peer)
      const second = await serve(network, first.port)
      expect(second.reasons).toHaveLength(1)
      expect(second.reasons[0]).toMatch(/EADDRINUSE/)
      expect(second.reasons[0]).toContain(String(first.port))
      second.listener.close()
    })

    test('close frees the port, may be called twice, and read throws afterwards', async () => {
      const first = await serve(network)
      first.listener.close()
      first.listener.close()
      expect(() => first.listener.read()).toThrow()
      let second: Served | undefined
      for (let tries = 0; tries < 50 && !second?.port; tries++) {
        await pause(10)
        second = await serve(peer, first.port)
      }
      expect(second?.port).toBe(first.port)
      second?.listener.close()
    })

    test('a connection can be taken once', async () => {
      const served = await serve(network)
      const far = new Recorder(peer, { address: '127.0.0.1', port: served.port })
      await until(() => served.handles.length > 0, 'accepted')
      const from = served.handles[0] as TCPHandle
      expect(from.address).toBe('127.0.0.1')
      const tcp = new network.TCP({ from })
      expect(() => new network.TCP({ from })).toThrow(TypeError)
      expect(() => new network.TCP({ from, address: '127.0.0.1', port: 1 })).toThrow(TypeError)
      tcp.close()
      far.tcp.close()
    })

    test('bytes that came before the connection was taken are not lost', async () => {
      const served = await serve(network)
      const far = new Recorder(peer, { address: '127.0.0.1', port: served.port })
      await until(() => far.writable > 0 && served.handles.length > 0, 'accepted')
      far.write(pattern(2000))
      await pause(30)
      const near = new Recorder(network, { from: served.handles[0] as TCPHandle })
      await until(() => near.received.length === 2000, 'all bytes')
      expect(near.broken).toBe(0)
    })

    test('connections that nobody reads are bounded', async () => {
      let port = 0
      let waiting = 0
      const listener = new network.Listener({ port: 0, onReady: (ready) => (port = ready), onReadable: (count) => (waiting = count) })
      await until(() => port > 0, 'ready')
      const clients = Array.from({ length: 120 }, () => new Recorder(peer, { address: '127.0.0.1', port }))
      await until(() => clients.filter((client) => client.reasons.length > 0).length >= 40, 'refused connections')
      expect(waiting).toBeLessThanOrEqual(32)
      let read = 0
      while (listener.read() !== undefined) read++
      expect(read).toBeLessThanOrEqual(32)
      expect(read).toBeGreaterThan(0)
      listener.close()
      for (const client of clients) client.tcp.close()
    })
  })

  describe(`udp: ${name}`, () => {
    async function socket(on: Network): Promise<{ udp: UDP; port: number; packets: Packet[] }> {
      const packets: Packet[] = []
      let port = 0
      const udp: UDP = new on.UDP({
        onReady: (ready) => (port = ready),
        onReadable: () => {
          for (let packet = udp.read(); packet !== undefined; packet = udp.read()) packets.push(packet)
        },
      })
      await until(() => port > 0, 'ready')
      return { udp, port, packets }
    }

    test('datagrams cross both ways and keep their borders', async () => {
      const near = await socket(network)
      const far = await socket(peer)
      const memory = pattern(1400)
      near.udp.write(memory.subarray(0, 1200), '127.0.0.1', far.port)
      memory.fill(0)
      near.udp.write(Uint8Array.of(1), '127.0.0.1', far.port)
      await until(() => far.packets.length === 2, 'two datagrams')
      expect(far.packets[0]?.data).toEqual(pattern(1400).subarray(0, 1200))
      expect([...(far.packets[1] as Packet).data]).toEqual([1])
      const { address, port } = far.packets[0] as Packet
      expect([address, port]).toEqual(['127.0.0.1', near.port])
      far.udp.write(pattern(9), address, port)
      await until(() => near.packets.length === 1, 'the answer')
      expect(near.packets[0]?.data).toEqual(pattern(9))
      near.udp.close()
      far.udp.close()
    })

    test('arguments are validated; close may be called twice, methods throw afterwards', async () => {
      expect(() => new network.UDP({ port: 70000 })).toThrow(RangeError)
      expect(() => new network.UDP({ onReadable: 1 as unknown as () => void })).toThrow(TypeError)
      const { udp } = await socket(network)
      expect(udp.read()).toBeUndefined()
      expect(() => udp.write(pattern(1), 'not an address', 9)).toThrow(TypeError)
      expect(() => udp.write(pattern(1), '127.0.0.1', 0)).toThrow(RangeError)
      expect(() => udp.write(new Uint8Array(65508), '127.0.0.1', 9)).toThrow(RangeError)
      udp.close()
      udp.close()
      expect(() => udp.read()).toThrow()
      expect(() => udp.write(pattern(1), '127.0.0.1', 9)).toThrow()
    })

    test('datagrams that nobody reads are bounded', async () => {
      let port = 0
      let waiting = 0
      const udp = new network.UDP({ onReady: (ready) => (port = ready), onReadable: (count) => (waiting = count) })
      await until(() => port > 0, 'ready')
      const far = await socket(peer)
      for (let i = 0; i < 600; i++) {
        far.udp.write(pattern(10), '127.0.0.1', port)
        if (i % 50 === 0) await pause(2)
      }
      await pause(50)
      expect(waiting).toBeGreaterThan(0)
      expect(waiting).toBeLessThanOrEqual(128)
      udp.close()
      far.udp.close()
    })
  })
}
