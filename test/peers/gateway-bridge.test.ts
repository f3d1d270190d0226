import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { createHostTimer } from '../../hal/host/time.ts'
import type { NetworkEvent } from '../../src/headend/lorawan/events.ts'
import { NetworkServer, type ServerGateway } from '../../src/headend/lorawan/network-server.ts'
import { fromHex } from '../../src/lib/hex.ts'
import type { GatewayTransmission } from '../../src/lib/lora-gateway.ts'
import type { LoRaModulation } from '../../src/lib/lora-radio.ts'
import { REGIONS } from '../../src/links/lorawan/regions-table.ts'
import { pause, until } from '../contract/until.ts'
import { ANY_PORTS, Ferraris, temporaryFolder } from '../support/ferraris.ts'
import { Broker, brokerAvailable, freePort } from './broker.ts'

/** FERRARIS_GATEWAY_BRIDGE names the program of ChirpStack Gateway Bridge 4. */
const bridge = process.env.FERRARIS_GATEWAY_BRIDGE
if (bridge === undefined || !brokerAvailable)
  console.log('skipped: no ChirpStack Gateway Bridge (set FERRARIS_GATEWAY_BRIDGE to its program)')

const DEV_EUI = '0004a30b001c0530'
const APP_KEY = '000102030405060708090a0b0c0d0e0f'
const GATEWAY = '020000fffe000001'

interface Up {
  readonly phyPayload: string
  readonly txInfo: {
    readonly frequency: number
    readonly modulation: { readonly lora: { readonly bandwidth: number; readonly spreadingFactor: number } }
  }
  readonly rxInfo: { readonly rssi: number; readonly snr?: number; readonly context: string }
}

/** Our network server at the other side of the bridge: on MQTT, in the gateway's JSON form. */
function serve(url: string) {
  const events: NetworkEvent[] = []
  const acknowledgements: Record<string, unknown>[] = []
  const server = new NetworkServer({
    region: REGIONS.EU868,
    crypto: hostCrypto,
    timer: createHostTimer(),
    utc_ms: () => Date.now(),
    onEvent: (event) => events.push(event),
  })
  const joinEui = new Uint8Array(8)
  server.addDevice({ name: 'meter', devEui: fromHex(DEV_EUI), joinEui, appKey: fromHex(APP_KEY), deviceClass: 'C' })
  const client = connect(url)
  client.subscribe(`gateway/${GATEWAY}/event/+`)
  let last = { context: '', tmst_us: 0 }
  let id = 0
  const send = ({ tmst_us, frequency_Hz, modulation, power_dBm, payload }: GatewayTransmission): void => {
    const { spreadingFactor, bandwidth_Hz } = modulation as LoRaModulation
    const lora = { bandwidth: bandwidth_Hz, spreadingFactor, codeRate: 'CR_4_5', polarizationInversion: true }
    const delay_s = Math.round((((tmst_us ?? 0) - last.tmst_us + 2 ** 32) % 2 ** 32) / 1e6)
    const timing = tmst_us === undefined ? { immediately: {} } : { delay: { delay: `${delay_s}s` } }
    const context = tmst_us === undefined ? undefined : last.context
    const txInfo = { frequency: frequency_Hz, power: Math.round(power_dBm), modulation: { lora }, timing, context }
    const items = [{ phyPayload: Buffer.from(payload).toString('base64'), txInfo }]
    client.publish(`gateway/${GATEWAY}/command/down`, JSON.stringify({ downlinkId: ++id, gatewayId: GATEWAY, items }))
  }
  const gateway: ServerGateway = { id: GATEWAY, antennaGain_dBi: 3, send }
  client.on('message', (topic, bytes) => {
    const message = JSON.parse(bytes.toString())
    if (topic.endsWith('/ack')) acknowledgements.push(message)
    if (!topic.endsWith('/up')) return
    const { phyPayload, txInfo, rxInfo } = message as Up
    // The clock of the gateway are the last four bytes of the context, with both protocols.
    last = {
      context: rxInfo.context,
      tmst_us: Buffer.from(rxInfo.context, 'base64').readUInt32BE(Buffer.from(rxInfo.context, 'base64').length - 4),
    }
    const { spreadingFactor, bandwidth } = txInfo.modulation.lora
    server.received(gateway, {
      tmst_us: last.tmst_us,
      utc_ms: Date.now(),
      frequency_Hz: txInfo.frequency,
      modulation: { type: 'lora', spreadingFactor, bandwidth_Hz: bandwidth as LoRaModulation['bandwidth_Hz'], codingRate: 1 },
      channel: 0,
      rfChain: 0,
      rssi_dBm: rxInfo.rssi,
      snr_dB: rxInfo.snr ?? 0,
      crcOk: true,
      payload: new Uint8Array(Buffer.from(phyPayload, 'base64')),
    })
  })
  return { server, events, acknowledgements, client }
}

function settings(backend: string, port: number, broker: number): string {
  return `[general]
log_level=3
[backend]
type="${backend}"
  [backend.semtech_udp]
  udp_bind="127.0.0.1:${port}"
  [backend.basic_station]
  bind="127.0.0.1:${port}"
  region="EU868"
  [[backend.basic_station.concentrators]]
    [backend.basic_station.concentrators.multi_sf]
    frequencies=[868100000,868300000,868500000,867100000,867300000,867500000,867700000,867900000]
[integration]
marshaler="json"
  [integration.mqtt]
    [integration.mqtt.auth.generic]
    servers=["tcp://127.0.0.1:${broker}"]
`
}

describe.skipIf(bridge === undefined || !brokerAvailable)('ChirpStack Gateway Bridge', () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await Broker.open()
  })
  afterAll(() => broker.close())

  test.each([
    ['semtech_udp', ''],
    ['basic_station', 'ws://'],
  ])('%s: join, uplinks, a confirmed downlink and its acknowledgement', async (backend, scheme) => {
    const port = await freePort()
    const file = join(temporaryFolder(), 'bridge.toml')
    writeFileSync(file, settings(backend, port, broker.port))
    const process = broker.start(bridge as string, ['-c', file])
    const { server, events, acknowledgements, client } = serve(`mqtt://127.0.0.1:${broker.port}`)
    const meter = new Ferraris([
      'run',
      'test/peers/lorawan.json',
      '--no-http',
      ...ANY_PORTS,
      '--lorawan-server',
      `${scheme}127.0.0.1:${port}`,
    ])
    const of = (type: NetworkEvent['type']) => events.filter((event) => event.type === type)
    try {
      await until(() => of('up').length > 0, 'an uplink', 60_000)
      expect(of('join')).toHaveLength(1)
      // What answers the uplink leaves first: the transmitter sends one frame at a time.
      await pause(3000)
      server.enqueue(DEV_EUI, { fPort: 50, payload: fromHex('074800'), confirmed: true })
      await until(() => of('ack').length > 0, 'an acknowledgement', 60_000)
      expect(of('refused')).toEqual([])
      expect(acknowledgements.length).toBeGreaterThanOrEqual(2)
      for (const { items } of acknowledgements) expect(items).toEqual([{ status: 'OK' }])
    } finally {
      await meter.interrupt()
      client.end()
      process.kill()
    }
  })
})
