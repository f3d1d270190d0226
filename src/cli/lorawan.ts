import { createHash, randomFillSync } from 'node:crypto'
import type { VirtualConfig } from '../../boards/virtual/config.ts'
import type { WorldGateway } from '../../boards/virtual/lorawan.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { Timer } from '../../hal/api/time.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import type { ChirpStackMqtt } from '../headend/lorawan/chirpstack-mqtt.ts'
import type { NetworkEvent, UplinkEvent } from '../headend/lorawan/events.ts'
import { NetworkServer, type ServerGateway } from '../headend/lorawan/network-server.ts'
import { describeNotification, describePayload, objectOf } from '../headend/lorawan/payload.ts'
import { SchcGateway } from '../headend/lorawan/schc-gateway.ts'
import { UdpServer } from '../headend/lorawan/udp-server.ts'
import { UpdateCampaign } from '../headend/lorawan/update-campaign.ts'
import { FerrarisError } from '../lib/errors.ts'
import { fromHex, toHex } from '../lib/hex.ts'
import type { Concentrator, GatewayTransmission } from '../lib/lora-gateway.ts'
import { REGIONS } from '../links/lorawan/regions-table.ts'
import { devEuiOf } from '../meter/lorawan/part.ts'
import type { Scheduler } from '../world/scheduler.ts'
import { WorldTimer } from '../world/time.ts'
import { CaptureFile } from './capture-file.ts'

/** Of the one application of the built-in network server, in its MQTT topics. */
const APPLICATION_ID = '00000000-0000-4000-8000-000000000001'

/** An AppKey for a meter that was given none: good for trying, and for nothing else, since everybody can compute it. */
function demoKey({ manufacturer, serial }: VirtualConfig['meter']['identity']): string {
  return createHash('sha256').update(`demo AppKey of ${manufacturer}${serial}`).digest('hex').slice(0, 32)
}

/** The same for a meter that is activated by personalisation: address and keys. */
function demoSession({ manufacturer, serial }: VirtualConfig['meter']['identity']) {
  const hash = createHash('sha256').update(`demo session of ${manufacturer}${serial}`).digest('hex')
  // NetID 0: the first seven bits are zeros.
  return { devAddr: `00${hash.slice(0, 6)}`, nwkSKey: hash.slice(0, 32), appSKey: hash.slice(32) }
}

/** The configuration with LoRaWAN switched on, as `--lorawan` does. */
export function withLoRaWan(config: VirtualConfig, server: string | undefined): VirtualConfig {
  const { meter, world } = config
  const { lorawan } = meter
  const { devAddr, nwkSKey, appSKey } = demoSession(meter.identity)
  const missing =
    lorawan.activation === 'otaa'
      ? { appKey: lorawan.appKey ?? demoKey(meter.identity) }
      : { devAddr: lorawan.devAddr ?? devAddr, nwkSKey: lorawan.nwkSKey ?? nwkSKey, appSKey: lorawan.appSKey ?? appSKey }
  return {
    meter: { ...meter, lorawan: { ...lorawan, ...missing, enabled: true } },
    world: { ...world, lorawan: { ...world.lorawan, server: server ?? world.lorawan.server } },
  }
}

/** What a person has to enter at a network server. */
export function describeDevice({ meter, world }: VirtualConfig): string {
  const { lorawan } = meter
  const eui = toHex(devEuiOf(meter, hostCrypto))
  const demo = demoSession(meter.identity)
  const shown = (key: string | undefined, demo: string): string =>
    key === demo ? `${key} (demo)` : key === undefined ? 'stored in the meter' : 'of the configuration'
  const secrets =
    lorawan.activation === 'otaa'
      ? `JoinEUI ${lorawan.joinEui}, AppKey ${shown(lorawan.appKey, demoKey(meter.identity))}`
      : `DevAddr ${lorawan.devAddr}, NwkSKey ${shown(lorawan.nwkSKey, demo.nwkSKey)}, AppSKey ${shown(lorawan.appSKey, demo.appSKey)}`
  const { radio, device } = world.lorawan
  if (device !== undefined) return `LoRaWAN ${lorawan.region} class ${lorawan.class}, ${radio} at ${device}, DevEUI ${eui}, ${secrets}`
  const server = world.lorawan.server ?? 'built in'
  return `LoRaWAN ${lorawan.region} class ${lorawan.class}, DevEUI ${eui}, ${secrets}, network server ${server}`
}

function describe(event: NetworkEvent): string {
  if (event.type === 'refused') return `network: refused, ${event.reason}${event.devEui === undefined ? '' : ` ${event.devEui}`}`
  const address = event.devAddr.toString(16).padStart(8, '0')
  if (event.type === 'join') return `network: ${event.name} joined as ${address}`
  if (event.type === 'ack') return `network: ${event.name} acknowledged downlink ${event.fCntDown}`
  if (event.type === 'status') return `network: ${event.name} battery ${event.battery}, margin ${event.margin_dB} dB`
  if (event.type === 'down')
    return `network: downlink ${event.fCnt} in ${event.window}${event.fPort === undefined ? '' : ` on port ${event.fPort}: ${toHex(event.payload)}`}`
  const [best] = event.gateways
  const { rssi_dBm, snr_dB } = best.reception
  const heard = `${best.gateway} ${rssi_dBm.toFixed(0)} dBm, SNR ${snr_dB.toFixed(1)} dB`
  return `network: uplink ${event.fCnt} on port ${event.fPort} (${heard}): ${describePayload(event.fPort, event.payload)}`
}

/** What the server must know of the meter; undefined where only the meter knows it. */
function accessOf({ activation, appKey, devAddr, nwkSKey, appSKey }: VirtualConfig['meter']['lorawan']) {
  const key = (hex: string): Uint8Array => fromHex(hex.toLowerCase())
  if (activation === 'otaa') return appKey === undefined ? undefined : { appKey: key(appKey) }
  if (devAddr === undefined || nwkSKey === undefined || appSKey === undefined) return undefined
  return { session: { devAddr: Number.parseInt(devAddr, 16), keys: { nwkSKey: key(nwkSKey), appSKey: key(appSKey) } } }
}

/** What comes from a device must not stop the run. */
function attempt(work: () => void, note: (text: string) => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof FerrarisError)) throw error
    note(`network: ${error.message}`)
  }
}

/** When a transmission begins. */
function timeOf({ tmst_us }: GatewayTransmission, { tmst_us: now_us }: Concentrator, scheduler: Scheduler): number {
  const ahead_us = tmst_us === undefined ? 0 : (tmst_us - now_us + 2 ** 32) % 2 ** 32
  return (scheduler.now_us + ahead_us) / 1000
}

/** An MQTT broker, `mqtt://127.0.0.1:1883`, and what speaks to it. */
interface Broker {
  readonly url: string
  readonly Client: typeof ChirpStackMqtt
}

/** Its module, and with it the MQTT library, is loaded for those who ask for it. */
export async function brokerAt(url: string | undefined): Promise<Broker | undefined> {
  if (url === undefined) return undefined
  const { ChirpStackMqtt: Client } = await import('../headend/lorawan/chirpstack-mqtt.ts')
  return { url, Client }
}

/** The server, and the time that it lives in. */
interface Served {
  readonly server: NetworkServer
  readonly timer: Timer
  readonly utc_ms: () => number
  readonly note: (text: string) => void
}

/** The network server of the default run: it lives in the world's own time, so it answers at every speed. */
export class BuiltInNetwork {
  readonly #config: VirtualConfig
  #server: NetworkServer | undefined
  readonly #euis = new Map<string, string>()
  readonly #broker: Broker | undefined
  #mqtt: ChirpStackMqtt | undefined
  /** Waits for the meter. */
  #image: Uint8Array | undefined
  #campaign: UpdateCampaign | undefined

  readonly #capture: CaptureFile | undefined

  /** `broker`: where its events go; `capture`: file for what the gateways hear and send. */
  constructor(config: VirtualConfig, broker?: Broker, capture?: string) {
    this.#config = config
    this.#broker = broker
    this.#capture = capture === undefined ? undefined : new CaptureFile(capture)
  }

  /** Ends the connection to the broker, and the file. */
  async close(): Promise<void> {
    await this.#mqtt?.close()
    this.#capture?.close()
  }

  /** Connects a gateway; the first one starts the server. */
  readonly serve = (
    { name, eui, antennaGain_dBi, concentrator }: WorldGateway,
    scheduler: Scheduler,
    note: (text: string) => void,
  ): void => {
    this.#euis.set(name, toHex(eui))
    this.#server ??= this.#start(new WorldTimer(scheduler), () => Math.floor(scheduler.now_us / 1000), note)
    const server = this.#server
    const { publicNetwork } = this.#config.meter.lorawan
    const gateway: ServerGateway = {
      id: name,
      antennaGain_dBi,
      send: (transmission, refused) => {
        const error = concentrator.transmit(transmission)
        if (error !== undefined) {
          note(`network: ${name} does not send: ${error}`)
          refused?.(error)
        } else this.#capture?.write({ ...transmission, publicNetwork, utc_ms: timeOf(transmission, concentrator, scheduler) })
      },
    }
    concentrator.onReceived = (reception) => {
      if (reception.crcOk) this.#capture?.write({ ...reception, publicNetwork })
      server.received(gateway, reception)
    }
  }

  /** Brings a signed image to the meter as soon as it is heard of. */
  update(image: Uint8Array): void {
    this.#image = image
  }

  #onUplink(event: UplinkEvent, { server, timer, utc_ms, note }: Served): void {
    this.#campaign?.receive(event)
    const image = this.#image
    const { lorawan } = this.#config.meter
    const root = lorawan.genAppKey ?? lorawan.appKey
    if (image === undefined || root === undefined) return
    this.#image = undefined
    const region = REGIONS[lorawan.region]
    try {
      this.#campaign = new UpdateCampaign({
        server,
        region,
        crypto: hostCrypto,
        timer,
        random: (buffer) => void randomFillSync(buffer),
        utc_ms,
        devices: [{ devEui: event.devEui, genAppKey: fromHex(root.toLowerCase()) }],
        image,
        dataRate: region.rx1DataRate(event.dataRate, 0, region.dwellByDefault),
        onProgress: note,
      })
      this.#campaign.start()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      note(`update: ${error.message}`)
    }
  }

  /** Listens on a free port of this computer, in real time: for an engine whose world is elsewhere. Gives `host:port`. */
  listen(network: Network, timer: Timer, note: (text: string) => void): Promise<string> {
    const server = this.#start(timer, () => Date.now(), note)
    return new Promise((resolve, reject) => {
      new UdpServer({
        network,
        port: 0,
        server,
        onReady: (port) => resolve(`127.0.0.1:${port}`),
        onRefused: (gateway, error) => note(`network: ${gateway} does not send: ${error}`),
        onError: (reason) => reject(new FerrarisError('PORT', `LoRaWAN: ${reason}`)),
      })
    })
  }

  #start(timer: Timer, utc_ms: () => number, note: (text: string) => void): NetworkServer {
    const { meter } = this.#config
    const { lorawan } = meter
    const server = new NetworkServer({
      region: REGIONS[lorawan.region],
      crypto: hostCrypto,
      timer,
      utc_ms,
      onEvent: (event) => {
        note(describe(event))
        this.#mqtt?.publish(event)
        if (event.type !== 'up') return
        attempt(() => schc.receive(event), note)
        this.#onUplink(event, { server, timer, utc_ms, note })
      },
    })
    const schc = new SchcGateway({
      enqueue: (devEui, item) => server.enqueue(devEui, item),
      onMessage: ({ name, frame, uplinks }) => {
        note(`network: DLMS message of ${name} in ${uplinks} uplinks: ${describeNotification(frame)}`)
      },
    })
    if (this.#broker !== undefined) this.#mqtt = this.#connect(this.#broker, server, note)
    const access = accessOf(lorawan)
    if (access !== undefined) {
      server.addDevice({
        name: `meter ${meter.identity.serial}`,
        devEui: devEuiOf(meter, hostCrypto),
        joinEui: fromHex(lorawan.joinEui.toLowerCase()),
        ...access,
        deviceClass: lorawan.class,
      })
    }
    return server
  }

  #connect({ url, Client }: Broker, server: NetworkServer, onNote: (text: string) => void): ChirpStackMqtt {
    return new Client({
      url,
      applicationId: APPLICATION_ID,
      applicationName: 'Ferraris',
      deviceProfileName: 'Yobiiq EM4301',
      deviceClass: () => this.#config.meter.lorawan.class,
      gatewayId: (gateway) => this.#euis.get(gateway) ?? gateway,
      decode: objectOf,
      enqueue: (devEui, item) => server.enqueue(devEui, item),
      onNote,
    })
  }
}
