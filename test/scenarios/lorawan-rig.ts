import type { ServeGateway } from '../../boards/virtual/lorawan.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import type { DeviceOptions } from '../../src/headend/lorawan/device.ts'
import type { NetworkEvent, UplinkEvent } from '../../src/headend/lorawan/events.ts'
import { NetworkServer } from '../../src/headend/lorawan/network-server.ts'
import { type DlmsMessage, SchcGateway } from '../../src/headend/lorawan/schc-gateway.ts'
import { fromHex } from '../../src/lib/hex.ts'
import type { GatewayTransmission } from '../../src/lib/lora-gateway.ts'
import { REGIONS, type RegionName } from '../../src/links/lorawan/regions-table.ts'
import { decodeReadings } from '../../src/protocols/yobiiq/decode.ts'
import type { Position } from '../../src/world/lora/air.ts'
import type { WorldConcentrator } from '../../src/world/lora/concentrator.ts'
import { WorldTimer } from '../../src/world/time.ts'
import { Rig, type RigOptions } from './rig.ts'

export const DEV_EUI = '0004a30b001c0530'
export const APP_KEY = '000102030405060708090a0b0c0d0e0f'

/** A meter in a house with a heater, and a network server that lives in its world. */
export class Connected {
  readonly events: NetworkEvent[] = []
  readonly gateways: WorldConcentrator[] = []
  server: NetworkServer | undefined
  /** Told of each uplink. */
  heard: ((event: UplinkEvent) => void) | undefined
  /** What does not leave the gateway. */
  lost: ((transmission: GatewayTransmission) => boolean) | undefined
  /** What came as DLMS messages. */
  readonly messages: DlmsMessage[] = []
  readonly #schc = new SchcGateway({
    enqueue: (devEui, item) => this.server?.enqueue(devEui, item),
    onMessage: (message) => this.messages.push(message),
  })
  readonly rig: Rig
  readonly #region: RegionName
  readonly #class: 'A' | 'C'
  readonly #access: Pick<DeviceOptions, 'appKey' | 'session'>

  /** `radio`: what the board has for LoRa; `more`: of the meter's configuration; `gateways`: where they stand, unless at the place of the default. */
  constructor(
    lorawan: Record<string, unknown> = {},
    options: Partial<RigOptions> = {},
    radio = 'SX1262',
    gateways?: readonly Position[],
    more: Record<string, unknown> = {},
  ) {
    this.#region = (lorawan.region as RegionName | undefined) ?? 'EU868'
    this.#class = lorawan.class === 'A' ? 'A' : 'C'
    const key = (name: string): Uint8Array => fromHex((lorawan[name] as string | undefined) ?? '')
    this.#access =
      lorawan.activation === 'abp'
        ? {
            session: {
              devAddr: Number.parseInt(lorawan.devAddr as string, 16),
              keys: { nwkSKey: key('nwkSKey'), appSKey: key('appSKey') },
            },
          }
        : { appKey: fromHex(APP_KEY) }
    this.rig = new Rig({
      trace: null,
      ...options,
      serveGateway: this.#serve,
      config: {
        world: {
          load: 'none',
          lorawan: { radio, ...(gateways && { gateways }) },
          appliances: [{ id: 'heater', name: 'Heater', active_W: 2000, on: true }],
        },
        meter: { ...more, lorawan: { enabled: true, devEui: DEV_EUI, appKey: APP_KEY, spread_s: 30, ...lorawan } },
      },
    })
  }

  readonly #serve: ServeGateway = ({ name, antennaGain_dBi, concentrator }, scheduler) => {
    this.server ??= new NetworkServer({
      region: REGIONS[this.#region],
      crypto: hostCrypto,
      timer: new WorldTimer(scheduler),
      utc_ms: () => scheduler.now_us / 1000,
      onEvent: (event) => {
        this.events.push(event)
        if (event.type !== 'up') return
        this.#schc.receive(event)
        this.heard?.(event)
      },
    })
    const { server } = this
    if (this.gateways.length === 0)
      server.addDevice({
        name: 'meter',
        devEui: fromHex(DEV_EUI),
        joinEui: new Uint8Array(8),
        ...this.#access,
        deviceClass: this.#class,
      })
    this.gateways.push(concentrator as WorldConcentrator)
    const gateway = {
      id: name,
      antennaGain_dBi,
      send: (transmission: GatewayTransmission) => {
        if (this.lost?.(transmission) !== true) concentrator.transmit(transmission)
      },
    }
    concentrator.onReceived = (reception) => server.received(gateway, reception)
  }

  get uplinks(): UplinkEvent[] {
    return this.events.filter((event): event is UplinkEvent => event.type === 'up')
  }

  /** Values of measurement uplinks, one map each. */
  get reports(): Map<string, number>[] {
    return this.uplinks.filter(({ fPort }) => fPort === 1).map(({ payload }) => new Map(decodeReadings(payload)))
  }

  send(hex: string, fPort = 50): void {
    this.server?.enqueue(DEV_EUI, { fPort, payload: fromHex(hex), confirmed: false })
  }
}
