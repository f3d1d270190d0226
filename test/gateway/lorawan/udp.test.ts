import { afterEach, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { createHostNetwork } from '../../../hal/host/sockets.ts'
import { UdpForwarder } from '../../../src/gateway/lorawan/udp-forwarder.ts'
import type { NetworkEvent } from '../../../src/headend/lorawan/events.ts'
import { NetworkServer } from '../../../src/headend/lorawan/network-server.ts'
import { UdpServer } from '../../../src/headend/lorawan/udp-server.ts'
import { fromHex } from '../../../src/lib/hex.ts'
import { REGIONS } from '../../../src/links/lorawan/regions-table.ts'
import { WorldConcentrator } from '../../../src/world/lora/concentrator.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { until } from '../../contract/until.ts'
import { Rig } from '../../links/lorawan/rig.ts'

const network = createHostNetwork()
afterEach(() => network.closeAll())

const EUI = fromHex('aa555a0000000101')

test('a device joins and talks through a gateway on UDP', async () => {
  // The rig's own network is silent: its gateway only listens.
  const rig = new Rig()
  rig.network.accept = undefined
  const { scheduler, air } = rig
  const timer = new WorldTimer(scheduler)
  const events: NetworkEvent[] = []
  const refused: string[] = []
  const gateways: string[] = []
  const server = new NetworkServer({
    region: REGIONS.EU868,
    crypto: hostCrypto,
    timer,
    utc_ms: () => scheduler.now_us / 1000,
    onEvent: (event) => events.push(event),
  })
  server.addDevice({
    name: 'meter',
    devEui: fromHex('0004a30b001c0530'),
    joinEui: fromHex('70b3d57ed0000001'),
    appKey: Uint8Array.from({ length: 16 }, (_, i) => i),
    deviceClass: 'A',
  })
  const port = await new Promise<number>((resolve, reject) => {
    new UdpServer({
      network,
      port: 0,
      server,
      onReady: resolve,
      onGateway: (eui) => gateways.push(eui),
      onRefused: (_, error) => refused.push(error),
      onError: (reason) => reject(new Error(reason)),
    })
  })
  const { multi_Hz, single, transmit_Hz } = server.plan
  const concentrator = new WorldConcentrator({
    scheduler,
    air,
    name: 'gateway',
    position: { x_m: 0, y_m: 100 },
    channels: { multi_Hz, single },
    transmit_Hz,
  })
  let answers = false
  const forwarder = new UdpForwarder({
    network,
    timer,
    concentrator,
    eui: EUI,
    server: '127.0.0.1',
    port,
    utc_ms: () => scheduler.now_us / 1000,
    onServer: (answered) => {
      answers = answered
    },
  })
  rig.run(0.1)
  await until(() => answers, 'PULL_ACK')
  expect(gateways).toEqual(['aa555a0000000101'])
  rig.mac.join()
  // The world waits while datagrams are on their way.
  const step = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds * 10; i++) {
      rig.run(0.1)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  for (let i = 0; i < 40 && !rig.mac.joined; i++) await step(1)
  expect(rig.mac.joined).toBe(true)
  rig.mac.send(10, Uint8Array.of(1, 2, 3), true)
  for (let i = 0; i < 40 && rig.sent.length === 0; i++) await step(1)
  expect(rig.sent).toMatchObject([{ acknowledged: true }])
  expect(events.map(({ type }) => type)).toContain('up')
  expect(refused).toEqual([])
  forwarder.close()
  concentrator.close()
})
