import { hostCrypto } from '../hal/host/crypto.ts'
import type { NetworkEvent } from '../src/headend/lorawan/events.ts'
import { NetworkServer, type ServerGateway } from '../src/headend/lorawan/network-server.ts'
import type { Downlink, UplinkResult } from '../src/lib/lorawan-link.ts'
import { SeededRandom } from '../src/lib/random.ts'
import { LoRaWanMac } from '../src/links/lorawan/mac.ts'
import { REGIONS, type RegionName } from '../src/links/lorawan/regions-table.ts'
import { type AirSignal, LoRaAir, type Position } from '../src/world/lora/air.ts'
import { AirRadio } from '../src/world/lora/air-radio.ts'
import { WorldConcentrator } from '../src/world/lora/concentrator.ts'
import { Scheduler } from '../src/world/scheduler.ts'
import { WorldTimer } from '../src/world/time.ts'

const START_US = 1_790_000_000_000_000
/** A report of a meter, and how often one is due. */
const PAYLOAD = new Uint8Array(24)
const INTERVAL_S = 900

/** A device and what it was told. */
export interface Node {
  readonly mac: LoRaWanMac
  readonly devEui: Uint8Array
  readonly id: string
  readonly sent: UplinkResult[]
  readonly downlinks: Downlink[]
  readonly times_ms: number[]
  readonly checks: number[]
  /** Highest number given by its store. */
  readonly store: { devNonce: number; fCntUp: number }
}

/** A network server with gateways, and devices around them, in one world. */
export class Town {
  readonly scheduler = new Scheduler(START_US)
  readonly signals: AirSignal[] = []
  readonly air: LoRaAir
  readonly server: NetworkServer
  readonly events: NetworkEvent[] = []
  readonly gateways: WorldConcentrator[] = []
  readonly nodes: Node[] = []
  readonly #region: RegionName
  readonly #timer = new WorldTimer(this.scheduler)

  constructor(region: RegionName, seed = 1, gateways: readonly Position[] = [{ x_m: 0, y_m: 0 }]) {
    this.#region = region
    this.air = new LoRaAir({ scheduler: this.scheduler, seed, onSignal: (signal) => this.signals.push(signal) })
    this.server = new NetworkServer({
      region: REGIONS[region],
      crypto: hostCrypto,
      timer: this.#timer,
      utc_ms: () => this.scheduler.now_us / 1000,
      onEvent: (event) => this.events.push(event),
    })
    for (const [i, position] of gateways.entries()) this.addGateway(`gateway-${i}`, position)
  }

  addGateway(name: string, position: Position): void {
    const { multi_Hz, single, transmit_Hz } = this.server.plan
    const concentrator = new WorldConcentrator({
      scheduler: this.scheduler,
      air: this.air,
      name,
      position,
      channels: { multi_Hz, single },
      transmit_Hz,
    })
    const gateway: ServerGateway = {
      id: name,
      antennaGain_dBi: concentrator.antennaGain_dBi,
      send: (transmission, refused) => {
        const error = concentrator.transmit(transmission)
        if (error !== undefined) refused?.(error)
      },
    }
    concentrator.onReceived = (reception) => this.server.received(gateway, reception)
    this.gateways.push(concentrator)
  }

  addNode(position: Position, options: { deviceClass?: 'A' | 'C'; dataRate?: number; adr?: boolean } = {}): Node {
    const index = this.nodes.length
    const random = new SeededRandom(1000 + index)
    const devEui = Uint8Array.of(0, 4, 0xa3, 0x0b, 0, 0, index >> 8, index)
    const appKey = new Uint8Array(16)
    random.fill(appKey)
    const { deviceClass = 'A', adr = true, dataRate = REGIONS[this.#region].joinDataRates[1] } = options
    const device = this.server.addDevice({ name: `meter-${index}`, devEui, joinEui: new Uint8Array(8), appKey, deviceClass })
    const store = { devNonce: 0, fCntUp: 0 }
    let state: Uint8Array | undefined
    const node: Omit<Node, 'mac'> = { devEui, id: device.id, sent: [], downlinks: [], times_ms: [], checks: [], store }
    const mac = new LoRaWanMac({
      region: REGIONS[this.#region],
      radio: (events) => new AirRadio({ scheduler: this.scheduler, air: this.air, events, name: `meter-${index}`, position }),
      activation: { type: 'otaa', joinEui: new Uint8Array(8), devEui, appKey },
      store: {
        nextDevNonce: () => store.devNonce++,
        nextFCntUp: () => store.fCntUp++,
        load: () => state,
        save: (bytes) => {
          state = bytes
        },
      },
      events: {
        onJoined: () => {},
        onJoinFailed: () => {},
        onSent: (result) => node.sent.push(result),
        onDownlink: (downlink) => node.downlinks.push(downlink),
        onTime: (utc_ms) => node.times_ms.push(utc_ms - this.scheduler.now_us / 1000),
        onLinkCheck: (margin_dB) => node.checks.push(margin_dB),
        onError: (reason) => {
          throw new Error(reason)
        },
      },
      crypto: hostCrypto,
      timer: this.#timer,
      ticks_ms: () => Math.floor(this.scheduler.now_us / 1000),
      random: (bytes) => random.fill(bytes),
      deviceClass,
      adr,
      dataRate,
    })
    this.nodes.push({ ...node, mac })
    return this.nodes[index]
  }

  run(duration_s: number): void {
    this.scheduler.run(this.scheduler.now_us + Math.round(duration_s * 1e6))
  }

  /** Joins; throws when it takes more than an hour. */
  join(node: Node): void {
    node.mac.join()
    for (let i = 0; i < 3600 && !node.mac.joined; i++) this.run(1)
    if (!node.mac.joined) throw new Error('not joined')
    this.run(1)
  }

  /** Sends and waits for the end. */
  send(node: Node, payload: Uint8Array, confirmed = false): UplinkResult {
    const before = node.sent.length
    node.mac.send(10, payload, confirmed)
    for (let i = 0; i < 40_000 && node.sent.length === before; i++) this.run(0.1)
    return node.sent[node.sent.length - 1]
  }

  of<Type extends NetworkEvent['type']>(type: Type): Extract<NetworkEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<NetworkEvent, { type: Type }> => event.type === type)
  }
}

/** Devices at random places within `radius_m` of the gateway, until there are `count`. */
export function populate(town: Town, count: number, radius_m: number, options: Parameters<Town['addNode']>[1] = {}): void {
  const random = new SeededRandom(5)
  while (town.nodes.length < count) {
    const [x_m, y_m] = [(2 * random.float() - 1) * radius_m, (2 * random.float() - 1) * radius_m]
    if (x_m ** 2 + y_m ** 2 <= radius_m ** 2) town.addNode({ x_m, y_m }, options)
  }
}

/** All join, one after the other, six seconds apart, within an hour. Returns how many did. */
export function joinAll(town: Town): number {
  for (const [i, node] of town.nodes.entries()) town.scheduler.at(town.scheduler.now_us + i * 6e6, () => node.mac.join())
  town.run(3600)
  return town.nodes.filter(({ mac }) => mac.joined).length
}

/** Each device reports once in an interval of a quarter of an hour, at a random moment of it. Returns uplinks that were begun. */
export function report(town: Town, intervals: number): number {
  const random = new SeededRandom(6)
  let begun = 0
  const send = (node: Node): void => {
    if (!node.mac.joined || node.mac.busy || node.mac.payload_max < PAYLOAD.length) return
    node.mac.send(1, PAYLOAD, false)
    begun++
  }
  const from_us = town.scheduler.now_us
  for (let interval = 0; interval < intervals; interval++) {
    for (const node of town.nodes) {
      const at_us = from_us + Math.round((interval + random.float()) * INTERVAL_S * 1e6)
      town.scheduler.at(at_us, () => send(node))
    }
  }
  town.run((intervals + 1) * INTERVAL_S)
  return begun
}
