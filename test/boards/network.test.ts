import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import { scopeNetwork } from '../../boards/virtual/scoped-network.ts'
import { Session } from '../../boards/virtual/session.ts'
import type { Listener, Network, TCP } from '../../hal/api/sockets.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { createHostNetwork } from '../../hal/host/sockets.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { memoryFlash } from '../cli/image.ts'
import { until } from '../contract/until.ts'
import { householdTrace, traceStart_ms } from '../scenarios/rig.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'

const host = createHostNetwork()
const sockets: Socket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  host.closeAll()
})

/** A listener in a network whose accepted connections stay open; gives its port. */
function listen(network: Network): Promise<{ port: number; listener: Listener; accepted: TCP[] }> {
  return new Promise((resolve) => {
    const accepted: TCP[] = []
    const listener: Listener = new network.Listener({
      port: 0,
      onReady: (port) => resolve({ port, listener, accepted }),
      onReadable: () => {
        for (let from = listener.read(); from !== undefined; from = listener.read()) accepted.push(new network.TCP({ from }))
      },
    })
  })
}

interface Peer {
  readonly socket: Socket
  text: string
  gone: boolean
}

function open(port: number): Promise<Peer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    sockets.push(socket)
    const peer: Peer = { socket, text: '', gone: false }
    socket.on('data', (bytes) => (peer.text += bytes.toString('latin1')))
    socket.on('end', () => (peer.gone = true))
    socket.on('close', () => (peer.gone = true))
    socket.once('error', reject)
    socket.once('connect', () => resolve(peer))
  })
}

test('a scope closes its own listeners, connections and datagram sockets, and nothing else', async () => {
  const [device, world] = [scopeNetwork(host), scopeNetwork(host)]
  const [mine, other] = [await listen(device), await listen(world)]
  const [here, there] = [await open(mine.port), await open(other.port)]
  await until(() => mine.accepted.length === 1 && other.accepted.length === 1, 'both accepted')
  let ready = 0
  const datagrams = [device, world].map((network) => new network.UDP({ port: 0, onReady: () => ready++ }))
  await until(() => ready === 2, 'both bound')
  device.closeAll()
  device.closeAll()
  await until(() => here.gone, 'the connection of the device')
  await expect(open(mine.port)).rejects.toThrow('ECONNREFUSED')
  expect(() => mine.accepted[0].read()).toThrow()
  expect(() => datagrams[0].read()).toThrow()
  expect(there.gone).toBe(false)
  expect(datagrams[1].read()).toBeUndefined()
  other.accepted[0].write(Uint8Array.of(0x41))
  await until(() => there.text === 'A', 'a byte of the world')
  // The scope can be used again: the supply has returned.
  const again = await listen(device)
  await open(again.port)
  world.closeAll()
  await until(() => there.gone, 'the connection of the world')
})

describe('a meter on the network of the PC', () => {
  let session: Session | undefined
  afterEach(() => session?.stop())

  function start(): { session: Session; ports: Map<string, number>; advance(ms: number): void } {
    const config = validate(VIRTUAL_CONFIG, { meter: { dlms: { port: 0 }, face: { port: 0 } } })
    if (!config.ok) throw new Error('the configuration is not valid')
    const made = new Session({ config: config.value, start_ms: traceStart_ms(), seed: 1, speed: 1 }, householdTrace(), {
      storage: memoryFlash(),
      network: host,
      crypto: hostCrypto,
    })
    session = made
    const ports = new Map<string, number>()
    const advance = (ms: number): void => {
      made.run(made.machine.now_ms + ms)
      made.observe(performance.now(), 1)
      for (const event of made.takeEvents()) {
        if (event.kind === 'ready') ports.set(event.service, event.port)
        if (event.kind === 'error') throw new Error(`${event.service}: ${event.reason}`)
      }
    }
    return { session: made, ports, advance }
  }

  test('DLMS dies with the supply and returns on its port; the page lives on', async () => {
    const { session, ports, advance } = start()
    const { machine } = session
    const lives = (condition: () => boolean, what: string) =>
      until(() => {
        advance(1)
        return condition()
      }, what)
    await lives(() => ports.size === 2, 'both services')
    const [dlms, face] = [ports.get('dlms') ?? 0, ports.get('face') ?? 0]
    const client = await DlmsTcpClient.open(dlms, '12345678')
    advance(60_000)
    const energy_Wh = await client.number(3, '1.0.1.8.0.255')
    const page = await open(face)
    page.socket.write(
      `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${face}\r\nOrigin: http://127.0.0.1:${face}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await lives(() => page.text.includes('"powered":true'), 'the state of the living meter')

    ports.clear()
    machine.mains.disturbAll(0)
    advance(2000)
    expect(machine.meter).toBeUndefined()
    await lives(() => client.closed, 'the end of the client')
    await expect(DlmsTcpClient.connect(dlms)).rejects.toThrow('ECONNREFUSED')
    page.text = ''
    await lives(() => page.text.includes('"powered":false'), 'a dark display')
    advance(60_000)

    machine.mains.disturbAll(1)
    // Long enough for the supply to count as returned.
    advance(5000)
    expect(machine.meter).toBeDefined()
    await lives(() => ports.has('dlms'), 'the service again')
    expect([...ports]).toEqual([['dlms', dlms]])
    page.text = ''
    await lives(() => page.text.includes('"powered":true'), 'a lit display')
    expect(page.gone).toBe(false)
    const again = await DlmsTcpClient.open(dlms, '12345678')
    expect(await again.number(3, '1.0.1.8.0.255')).toBeGreaterThanOrEqual(energy_Wh)
    expect(await again.number(1, '0.0.96.7.0.255')).toBe(1)
    again.close()
  })

  test('ten cuts in a row: the port is the same each time, and nothing stays open', async () => {
    const { session, ports, advance } = start()
    const { mains } = session.machine
    const served = async (): Promise<void> => {
      await until(() => {
        advance(1)
        return ports.has('dlms')
      }, 'the service')
    }
    await served()
    const port = ports.get('dlms') ?? 0
    for (let cut = 0; cut < 10; cut++) {
      const client = await DlmsTcpClient.open(port, '12345678')
      ports.clear()
      mains.disturbAll(0)
      advance(1000)
      await until(() => client.closed, 'the end of the client')
      mains.disturbAll(1)
      await served()
      expect(ports.get('dlms')).toBe(port)
    }
    session.stop()
    await expect(DlmsTcpClient.connect(port)).rejects.toThrow('ECONNREFUSED')
  })
})
