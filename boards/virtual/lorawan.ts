import type { Crypto } from '../../hal/api/crypto.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { Timer } from '../../hal/api/time.ts'
import { StationForwarder } from '../../src/gateway/lorawan/station-forwarder.ts'
import { UdpForwarder } from '../../src/gateway/lorawan/udp-forwarder.ts'
import { airtime_us } from '../../src/lib/lora-airtime.ts'
import type { Concentrator } from '../../src/lib/lora-gateway.ts'
import type { Modulation } from '../../src/lib/lora-radio.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import type { Region } from '../../src/links/lorawan/region.ts'
import { REGIONS } from '../../src/links/lorawan/regions-table.ts'
import { type AirSignal, LoRaAir } from '../../src/world/lora/air.ts'
import { WorldConcentrator } from '../../src/world/lora/concentrator.ts'
import type { Scheduler } from '../../src/world/scheduler.ts'
import { AirWatch } from './air-watch.ts'
import type { VirtualConfig } from './config.ts'

/** A gateway of the world, to be connected to whoever serves it. */
export interface WorldGateway {
  readonly name: string
  /** Eight bytes. */
  readonly eui: Uint8Array
  readonly antennaGain_dBi: number
  readonly concentrator: Concentrator
}

/** Connects a gateway to a server that lives in the world's own time; `note` takes lines for whoever looks. */
export type ServeGateway = (gateway: WorldGateway, scheduler: Scheduler, note: (text: string) => void) => void

export interface LoRaWorldOptions {
  readonly scheduler: Scheduler
  readonly seed: number
  readonly config: VirtualConfig
  readonly network: Network | undefined
  readonly crypto: Pick<Crypto, 'digest'>
  /** Real time, in which servers live. */
  readonly wall: Timer
  /** Serves the gateways in the world's own time; without it they speak to `world.lorawan.server`. */
  readonly serve: ServeGateway | undefined
  readonly onNote: (text: string) => void
}

/** The air around the meter, and the gateways that hear it. */
export class LoRaWorld {
  readonly air: LoRaAir
  /** For whoever wants to see what is on the air. */
  readonly watch: AirWatch
  readonly gateways: WorldGateway[] = []
  readonly #options: LoRaWorldOptions
  readonly #forwarders: { close(): void }[] = []
  readonly #random: SeededRandom

  constructor(options: LoRaWorldOptions) {
    this.#options = options
    const { scheduler, seed, config } = options
    this.#random = new SeededRandom(seed, 22)
    const watch = new AirWatch(scheduler, () => this.air, config.world.lorawan.server)
    this.watch = watch
    this.air = new LoRaAir({
      scheduler,
      seed,
      onSignal: (signal) => {
        options.onNote(describeSignal(signal))
        watch.onSignal(signal)
      },
      onReception: (reception, receiver) => watch.onReception(reception, receiver),
    })
    for (const [index, position] of config.world.lorawan.gateways.entries()) this.#addGateway(index, position)
  }

  close(): void {
    for (const forwarder of this.#forwarders) forwarder.close()
    for (const { concentrator } of this.gateways) concentrator.close()
  }

  #addGateway(index: number, position: { readonly x_m: number; readonly y_m: number }): void {
    const { scheduler, config, serve, onNote } = this.#options
    const region = REGIONS[config.meter.lorawan.region]
    const name = `gateway-${index + 1}`
    const concentrator = new WorldConcentrator({
      scheduler,
      air: this.air,
      name,
      position,
      channels: gatewayChannels(region, config.meter.lorawan.subBand),
      transmit_Hz: region.range_Hz,
      publicNetwork: config.meter.lorawan.publicNetwork,
    })
    this.watch.add(concentrator)
    const eui = Uint8Array.of(0x02, 0, 0, 0xff, 0xfe, 0, 0, index + 1)
    const gateway: WorldGateway = { name, eui, antennaGain_dBi: concentrator.antennaGain_dBi, concentrator }
    this.gateways.push(gateway)
    if (config.world.lorawan.server === undefined && serve !== undefined) serve(gateway, scheduler, onNote)
    else this.#forward(gateway)
  }

  #forward({ name, eui, antennaGain_dBi, concentrator }: WorldGateway): void {
    const { network, config, wall, scheduler, crypto, onNote } = this.#options
    const { server } = config.world.lorawan
    if (network === undefined || server === undefined) return
    const common = {
      network,
      timer: wall,
      concentrator,
      eui,
      utc_ms: () => scheduler.now_us / 1000,
      onServer: (answers: boolean) => onNote(`LoRaWAN ${name}: the server at ${server} ${answers ? 'answers' : 'does not answer'}`),
      onError: (reason: string) => onNote(`LoRaWAN ${name}: ${reason}`),
    }
    if (server.startsWith('ws')) {
      const random = (bytes: Uint8Array): void => void this.#random.fill(bytes)
      this.#forwarders.push(new StationForwarder({ ...common, crypto, random, antennaGain_dBi, server }))
      return
    }
    const [host, port] = server.split(/:(?=\d+$)/)
    this.#forwarders.push(new UdpForwarder({ ...common, server: host, port: Number(port) }))
  }
}

/** As most gateways are set up: the channels that devices begin with and five more, or the sub-band. */
function gatewayChannels(region: Region, subBand: number) {
  const all_Hz = region.defaultChannels.map(({ frequency_Hz }) => frequency_Hz)
  if (region.plan === 'fixed') {
    const first = 8 * (Math.max(1, subBand) - 1)
    const wide = region.defaultChannels[64 + first / 8]
    const modulation = region.dataRates[wide.minDataRate] as Modulation
    return { multi_Hz: all_Hz.slice(first, first + 8), single: [{ frequency_Hz: wide.frequency_Hz, modulation }] }
  }
  const added: Readonly<Record<string, readonly number[]>> = {
    EU868: [867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000],
    AS923: [923_600_000, 923_800_000, 924_000_000, 924_200_000, 924_400_000],
    IN865: [866_185_000, 866_385_000],
  }
  return { multi_Hz: [...all_Hz, ...(added[region.name] ?? [])], single: [] }
}

function describeSignal({ transmission, sender }: AirSignal): string {
  const { frequency_Hz, modulation, payload, preamble, crc, invertedIq } = transmission
  const rate = modulation.type === 'lora' ? `SF${modulation.spreadingFactor}BW${modulation.bandwidth_Hz / 1000}` : 'FSK50'
  const time_ms = airtime_us({ modulation, preamble, crc, length: payload.length }) / 1000
  const direction = invertedIq ? 'down' : 'up'
  return `LoRa ${direction} from ${sender.name}: ${(frequency_Hz / 1e6).toFixed(3)} MHz ${rate}, ${payload.length} bytes, ${time_ms.toFixed(1)} ms`
}
