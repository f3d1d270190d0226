import type { Crypto } from '../../../hal/api/crypto.ts'
import type { Network } from '../../../hal/api/sockets.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { Json } from '../../lib/json-fields.ts'
import type { Concentrator, GatewayReception } from '../../lib/lora-gateway.ts'
import type { Modulation } from '../../lib/lora-radio.ts'
import { type DownlinkRequest, decodeDnmsg, decodeDnsched, decodeTimesync, timesyncJson } from '../../protocols/basics-station/downlink.ts'
import { parseMessage } from '../../protocols/basics-station/message.ts'
import {
  decodeRouterConfig,
  decodeRouterInfo,
  type RouterConfig,
  routerInfoJson,
  versionJson,
} from '../../protocols/basics-station/router.ts'
import { uplinkJson } from '../../protocols/basics-station/uplink.ts'
import { StationClock } from './station-clock.ts'
import { StationDownlinks } from './station-downlinks.ts'
import { StationLink } from './station-link.ts'

export interface StationForwarderOptions {
  readonly network: Network
  readonly timer: Timer
  readonly crypto: Pick<Crypto, 'digest'>
  readonly random: (bytes: Uint8Array) => void
  readonly concentrator: Concentrator
  /** Eight bytes. */
  readonly eui: Uint8Array
  /** `ws://host:port`, without a path. */
  readonly server: string
  readonly antennaGain_dBi: number
  /** Largest power of the transmitter; 27 is usual. */
  readonly power_dBm?: number
  readonly utc_ms: () => number
  /** The LNS has configured the gateway, or is gone. */
  readonly onServer?: (answers: boolean) => void
  readonly onError?: (reason: string) => void
}

const STATION = Object.freeze({ version: '2.0.6', model: 'virtual' })
const POWER_DBM = 27
/** Of a Basics Station: to the LNS again after 2 s and doubled, four times; then its address is asked for again after 10 s and more. */
const LNS_TRIES = 4
const ROUTER_STEP_MS = 10_000
const ROUTER_STEPS = 6
const TIMESYNC_MS = 600_000

/** A packet forwarder that speaks the LNS protocol of Basics Station: finds its LNS, takes its configuration, forwards both ways, and comes back when it was cut off. */
export class StationForwarder {
  readonly #options: StationForwarderOptions
  readonly #clock: StationClock
  readonly #downlinks: StationDownlinks
  #link: StationLink | undefined
  #lns: string | undefined
  #config: RouterConfig | undefined
  #tries = 0
  #retry: TimerHandle | undefined
  readonly #sync: TimerHandle
  #gpsOffset_us: bigint | undefined
  /** Time of the server at a moment of the clock. */
  #server: { readonly server_s: number; readonly clock_us: number } | undefined
  #closed = false

  constructor(options: StationForwarderOptions) {
    this.#options = options
    const { concentrator, timer, random, utc_ms, antennaGain_dBi, power_dBm = POWER_DBM } = options
    this.#clock = new StationClock(concentrator, random)
    this.#downlinks = new StationDownlinks({
      concentrator,
      clock: this.#clock,
      timer,
      utc_ms,
      antennaGain_dBi,
      power_dBm,
      gpsOffset_us: () => this.#gpsOffset_us,
      send: (json) => void this.#link?.send(json),
      onError: (reason) => options.onError?.(reason),
    })
    concentrator.onReceived = (reception) => this.#forward(reception)
    this.#sync = timer.set(() => this.#askTime(), TIMESYNC_MS, TIMESYNC_MS)
    this.#retry = timer.set(() => this.#connect(), 0)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { timer, concentrator } = this.#options
    for (const handle of [this.#retry, this.#sync]) if (handle !== undefined) timer.clear(handle)
    concentrator.onReceived = undefined
    this.#downlinks.close()
    this.#link?.close()
  }

  // Connection

  #connect(): void {
    this.#retry = undefined
    const { network, timer, crypto, random, eui, server, onError } = this.#options
    const lns = this.#lns
    const first = lns === undefined ? routerInfoJson(eui) : versionJson(STATION)
    try {
      this.#link = new StationLink({
        network,
        timer,
        crypto,
        random,
        url: lns ?? `${server}/router-info`,
        onOpen: (link) => void link.send(first),
        onText: (text, link) => this.#guard(() => (lns === undefined ? this.#onRouterInfo(text, link) : this.#onMessage(text))),
        onClosed: (reason) => this.#onClosed(reason),
      })
    } catch (error) {
      if (!(error instanceof FerrarisError)) throw error
      onError?.(error.message)
      this.#onClosed(error.message)
    }
  }

  #onClosed(reason: string): void {
    const { timer, onError } = this.#options
    this.#link = undefined
    if (this.#config !== undefined) this.#tell(undefined)
    this.#tries++
    const near = this.#lns !== undefined && this.#tries <= LNS_TRIES
    if (!near) this.#lns = undefined
    const delay_ms = near ? 1000 * 2 ** this.#tries : ROUTER_STEP_MS * Math.min(this.#tries, ROUTER_STEPS)
    onError?.(`${reason}; again in ${delay_ms / 1000} s`)
    this.#retry = timer.set(() => this.#connect(), delay_ms)
  }

  #onRouterInfo(text: string, link: StationLink): void {
    this.#lns = decodeRouterInfo(text)
    link.close()
    this.#connect()
  }

  /** What the server gets wrong is told, and changes nothing. */
  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#options.onError?.(`from the server: ${error.message}`)
    }
  }

  // Messages

  #onMessage(text: string): void {
    const json = parseMessage(text)
    const { MuxTime, msgtype } = json
    if (typeof MuxTime === 'number') this.#server = { server_s: MuxTime, clock_us: this.#clock.now_us }
    if (msgtype === 'router_config') this.#configure(json)
    else if (msgtype === 'dnmsg') this.#send([decodeDnmsg(json)])
    else if (msgtype === 'dnsched') this.#send(decodeDnsched(json))
    else if (msgtype === 'timesync') this.#takeTime(json)
    else if (msgtype === 'getxtime') this.#tellXtime(MuxTime)
    else if (msgtype === 'error') this.#options.onError?.(`the server says: ${String(json.error).slice(0, 200)}`)
    else this.#options.onError?.(`from the server: message ${String(msgtype).slice(0, 40)} is not understood`)
  }

  #configure(json: Json): void {
    this.#tries = 0
    this.#tell(decodeRouterConfig(json))
    this.#askTime()
  }

  #tell(config: RouterConfig | undefined): void {
    this.#config = config
    this.#options.onServer?.(config !== undefined)
  }

  #send(requests: readonly DownlinkRequest[]): void {
    const config = this.#config
    if (config === undefined) throw new DecodeError('a downlink before router_config')
    for (const request of requests) this.#downlinks.take(request, config)
  }

  #askTime(): void {
    if (this.#config !== undefined) this.#link?.send(timesyncJson(this.#clock.now_us))
  }

  /** An answer counts for the middle of question and answer. */
  #takeTime(json: Json): void {
    const { local_us, xtime, gps_us } = decodeTimesync(json)
    if (gps_us === undefined) return
    const at_us = xtime === undefined ? (local_us ?? 0) + (this.#clock.now_us - (local_us ?? 0)) / 2 : this.#clock.clockOf(xtime)
    if (at_us === undefined || (xtime === undefined && local_us === undefined)) return
    this.#gpsOffset_us = gps_us - BigInt(Math.round(at_us))
  }

  #tellXtime(MuxTime: unknown): void {
    const now_us = this.#clock.now_us
    const xtimes = [this.#clock.xtime(now_us)]
    this.#link?.send(JSON.stringify({ msgtype: 'getxtime', MuxTime, ustime: now_us / 1e6, UTCtime: this.#options.utc_ms() / 1000, xtimes }))
  }

  // Uplinks

  #forward({ crcOk, modulation, payload, tmst_us, frequency_Hz, rssi_dBm, snr_dB, utc_ms }: GatewayReception): void {
    const config = this.#config
    if (!crcOk || config === undefined) return
    const dataRate = config.dataRates.findIndex((rate) => rate !== undefined && !rate.downlinkOnly && same(rate.modulation, modulation))
    if (dataRate < 0) return
    const xtime = this.#clock.xtimeOf(tmst_us)
    const clock_us = this.#clock.clockOf(BigInt(xtime)) ?? 0
    const gps_us = this.#gpsOffset_us === undefined ? 0 : Number(this.#gpsOffset_us + BigInt(clock_us))
    const server_s = this.#server === undefined ? 0 : this.#server.server_s + (clock_us - this.#server.clock_us) / 1e6
    const json = uplinkJson(payload, { dataRate, frequency_Hz, xtime, gps_us, rssi_dBm, snr_dB, utc_s: utc_ms / 1000, server_s }, config)
    if (json !== undefined && this.#link?.send(json) !== true) this.#options.onError?.('the server takes no more; a frame is lost')
  }
}

function same(a: Modulation, b: Modulation): boolean {
  if (a.type === 'fsk' || b.type === 'fsk') return a.type === b.type
  return a.spreadingFactor === b.spreadingFactor && a.bandwidth_Hz === b.bandwidth_Hz
}
