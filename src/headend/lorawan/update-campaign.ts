import type { Crypto, Random } from '../../../hal/api/crypto.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { ByteReader, DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { airtime_us } from '../../lib/lora-airtime.ts'
import type { Modulation } from '../../lib/lora-radio.ts'
import { hideMulticastKey, multicastKeyKey, multicastKeys } from '../../links/lorawan/multicast.ts'
import { payloadMax, type Region } from '../../links/lorawan/region.ts'
import {
  decodeFragmentUplink,
  encodeFragmentDownlink,
  type FragmentSession,
  type FragmentUplink,
} from '../../protocols/lorawan-app/fragmentation.ts'
import { decodeMulticastUplink, encodeMulticastDownlink, type MulticastUplink } from '../../protocols/lorawan-app/multicast-setup.ts'
import { FRAGMENTATION, gpsOfUtc, MULTICAST_SETUP } from '../../protocols/lorawan-app/package.ts'
import { fragmentOf } from '../../protocols/lorawan-app/parity.ts'
import type { UplinkEvent } from './events.ts'
import type { ServedGroup } from './multicast-sender.ts'
import type { NetworkServer } from './network-server.ts'

/** A meter that is to get the image. */
export interface CampaignDevice {
  readonly devEui: string
  /** Root of its multicast keys. */
  readonly genAppKey: Uint8Array
}

export interface CampaignOptions {
  readonly server: NetworkServer
  readonly region: Region
  readonly crypto: Crypto
  readonly timer: Timer
  readonly random: Random
  readonly utc_ms: () => number
  readonly devices: readonly CampaignDevice[]
  /** Signed image. */
  readonly image: Uint8Array
  /** Of the fragments. Default: that of RX2. */
  readonly dataRate?: number
  /** Fragments of redundancy in a round in which somebody did not say what is missing, as a part of the fragments. Default 0.1. */
  readonly redundancy?: number
  /** Part of the time that a gateway may send. Default 0.1, the band of RX2 in EU868. */
  readonly dutyCycle?: number
  readonly onProgress?: (text: string) => void
}

/** How far a meter has come. */
export type CampaignState = 'waiting' | 'grouped' | 'prepared' | 'scheduled' | 'complete' | 'incomplete' | 'refused' | 'silent'

const GROUP = 0
const SESSION = 0
/** Bytes of the command in front of a fragment. */
const FRAGMENT_HEAD = 3
const COUNT_MAX = 0x3fff
const ASK_MS = 60_000
/** Answers of the whole group are spread so that each has so long for itself. */
const ANSWER_S = 4
/** A meter of class A is only heard of with its next report. */
const ASKS_MAX = 60
/** From the last word with the meters to the first fragment. */
const LEAD_MS = 60_000
/** After a fragment, at least: a meter must take it and listen again. */
const PAUSE_MS = 500
/** Rounds of more redundancy for those that still miss something. */
const ROUNDS_MAX = 4
/** Redundant fragments that are sent for each that is missing, as some of them get lost too; and some more, as the code needs a few. */
const MARGIN = 1.3
const EXTRA = 8

/**
 * Brings an image to many meters by multicast: takes each into a group (TS005), tells it what comes (TS004) and when, sends the fragments once for all, asks what is missing, and
 * sends as much redundancy as the worst of them needs, four times at most. Only what a meter has verified by its signature is ever run there.
 */
export class UpdateCampaign {
  readonly states = new Map<string, CampaignState>()
  readonly #options: CampaignOptions
  readonly #group: ServedGroup
  readonly #key: Uint8Array
  readonly #session: FragmentSession
  readonly #block: Uint8Array
  readonly #asks = new Map<string, number>()
  /** What meters said in this round. */
  readonly #missing = new Map<string, number>()
  #timer: TimerHandle | undefined
  #n = 0
  #end = 0
  #rounds = 0
  #start_ms = 0
  #timeout = 0

  /** Throws RangeError for an image that does not fit into the fragments of the data rate. */
  constructor(options: CampaignOptions) {
    this.#options = options
    const { region, crypto, random, image, dataRate = region.rx2.dataRate } = options
    this.#key = new Uint8Array(16)
    random(this.#key)
    const bytes = new Uint8Array(3)
    random(bytes)
    // A group address of NetID 0.
    const address = ((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]) >>> 0
    const modulation = region.dataRates[dataRate] as Modulation
    this.#group = { address, keys: multicastKeys(crypto, this.#key, address), frequency_Hz: region.rx2.frequency_Hz, modulation, fCnt: 0 }
    const size = Math.min(255, payloadMax(region, dataRate, region.dwellByDefault) - FRAGMENT_HEAD)
    const count = Math.ceil(image.length / size)
    if (count > COUNT_MAX) throw new RangeError(`an image of ${image.length} bytes is ${count} fragments, ${COUNT_MAX} are possible`)
    this.#block = new Uint8Array(count * size)
    this.#block.set(image)
    const padding = this.#block.length - image.length
    const descriptor = new ByteReader(crypto.digest('SHA256', image)).uint32()
    const ackDelay = Math.max(0, Math.min(7, Math.ceil(Math.log2(options.devices.length * ANSWER_S)) - 4))
    this.#session = { index: SESSION, groupMask: 1 << GROUP, count, size, algorithm: 0, ackDelay, padding, descriptor }
    for (const { devEui } of options.devices) this.states.set(devEui, 'waiting')
  }

  /** Every meter has an end: it is complete, or nothing more can be done. */
  get over(): boolean {
    return [...this.states.values()].every(
      (state) => state === 'complete' || state === 'incomplete' || state === 'refused' || state === 'silent',
    )
  }

  start(): void {
    this.#tell(`${this.#session.count} fragments of ${this.#session.size} bytes for ${this.#options.devices.length} meters`)
    this.#talk()
  }

  close(): void {
    if (this.#timer !== undefined) this.#options.timer.clear(this.#timer)
    this.#timer = undefined
  }

  /** Any uplink of any device. */
  receive(event: UplinkEvent): void {
    const state = this.states.get(event.devEui)
    if (state === undefined) return
    try {
      if (event.fPort === MULTICAST_SETUP.port)
        for (const answer of decodeMulticastUplink(event.payload)) this.#onMulticast(event.devEui, answer)
      else if (event.fPort === FRAGMENTATION.port)
        for (const answer of decodeFragmentUplink(event.payload)) this.#onFragments(event.devEui, answer)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#tell(`${event.devEui}: ${error.message}`)
    }
  }

  #tell(text: string): void {
    this.#options.onProgress?.(`update: ${text}`)
  }

  #later(delay_ms: number, action: () => void): void {
    this.close()
    this.#timer = this.#options.timer.set(action, Math.ceil(delay_ms))
  }

  #set(devEui: string, state: CampaignState): void {
    this.states.set(devEui, state)
    this.#asks.delete(devEui)
    this.#tell(`${devEui} ${state}`)
  }

  #send(devEui: string, fPort: number, payload: Uint8Array): void {
    try {
      this.#options.server.enqueue(devEui, { fPort, payload, confirmed: false })
    } catch (error) {
      if (!(error instanceof FerrarisError)) throw error
      // It is asked again.
      this.#tell(`${devEui}: ${error.message}`)
    }
  }

  /** Asks each meter for its next step, until all are ready, or silent. */
  #talk(): void {
    let open = 0
    for (const device of this.#options.devices) {
      const state = this.states.get(device.devEui)
      if (state !== 'waiting' && state !== 'grouped') continue
      const asks = 1 + (this.#asks.get(device.devEui) ?? 0)
      this.#asks.set(device.devEui, asks)
      if (asks > ASKS_MAX) this.#set(device.devEui, 'silent')
      else {
        open++
        // What was asked before still waits for its turn.
        if (this.#options.server.waiting(device.devEui) === 0) this.#ask(device, state)
      }
    }
    if (open > 0) this.#later(ASK_MS, () => this.#talk())
    else if (this.#members('prepared').length > 0) this.#schedule()
  }

  #ask({ devEui, genAppKey }: CampaignDevice, state: 'waiting' | 'grouped'): void {
    const { crypto } = this.#options
    if (state === 'grouped') {
      this.#send(devEui, FRAGMENTATION.port, encodeFragmentDownlink({ type: 'setup-request', ...this.#session }))
      return
    }
    const keyEncrypted = hideMulticastKey(crypto, multicastKeyKey(crypto, genAppKey), this.#key)
    const { address } = this.#group
    const setup = { type: 'setup-request' as const, group: GROUP, address, keyEncrypted, fCntMin: 0, fCntMax: 0xffffffff }
    this.#send(devEui, MULTICAST_SETUP.port, encodeMulticastDownlink(setup))
  }

  #members(state: CampaignState): string[] {
    return [...this.states].filter(([, own]) => own === state).map(([devEui]) => devEui)
  }

  /** Names the moment of the first fragment. */
  #schedule(): void {
    const { utc_ms } = this.#options
    const total = this.#session.count * (1 + ROUNDS_MAX * this.#redundancy) + ROUNDS_MAX * EXTRA
    this.#timeout = Math.min(15, Math.ceil(Math.log2((total * this.#period_ms + LEAD_MS + (1 + ROUNDS_MAX) * this.#settle_ms) / 1000)))
    this.#start_ms = utc_ms() + LEAD_MS + ASK_MS
    this.#inviteAll()
    // Twice, in case that one got lost.
    this.#later(ASK_MS, () => {
      this.#inviteAll()
      this.#later(this.#start_ms - utc_ms(), () => this.#begin())
    })
  }

  #inviteAll(): void {
    for (const devEui of this.#members('prepared')) if (this.#options.server.waiting(devEui) === 0) this.#invite(devEui)
  }

  #invite(devEui: string): void {
    const { region, dataRate = region.rx2.dataRate } = this.#options
    const start_gps_s = gpsOfUtc(this.#start_ms / 1000)
    const { frequency_Hz } = this.#group
    const session = { type: 'class-c-request' as const, group: GROUP, start_gps_s, timeout: this.#timeout, frequency_Hz, dataRate }
    this.#send(devEui, MULTICAST_SETUP.port, encodeMulticastDownlink(session))
  }

  #begin(): void {
    const { count } = this.#session
    for (const devEui of this.#members('prepared')) this.#set(devEui, 'silent')
    if (this.#members('scheduled').length === 0) return
    this.#end = count
    this.#fragment()
  }

  /** Until everybody has answered. */
  get #settle_ms(): number {
    return 2 ** (this.#session.ackDelay + 4) * 1000 + ASK_MS
  }

  get #redundancy(): number {
    return this.#options.redundancy ?? 0.1
  }

  /** From one fragment to the next, through one gateway. */
  get #period_ms(): number {
    const { dutyCycle = 0.1 } = this.#options
    const length = 13 + FRAGMENT_HEAD + this.#session.size
    const airtime_ms = airtime_us({ modulation: this.#group.modulation, preamble: 8, crc: false, length }) / 1000
    return Math.max(airtime_ms + PAUSE_MS, airtime_ms / dutyCycle)
  }

  #fragment(): void {
    if (this.#n >= this.#end || this.#n >= COUNT_MAX) {
      this.#settle()
      return
    }
    this.#n++
    const data = fragmentOf(this.#block, this.#session.size, this.#n)
    const payload = encodeFragmentDownlink({ type: 'fragment', index: SESSION, n: this.#n, data })
    const gateways = this.#options.server.sendMulticast(this.#group, this.#members('scheduled'), FRAGMENTATION.port, payload)
    if (this.#n % 50 === 0) this.#tell(`fragment ${this.#n} of ${this.#end}`)
    this.#later(Math.max(1, gateways) * this.#period_ms, () => this.#fragment())
  }

  /** Asks who misses what. */
  #settle(): void {
    this.#missing.clear()
    const payload = encodeFragmentDownlink({ type: 'status-request', index: SESSION, all: true })
    // As long as the session lasts, a meter hears the group and nothing else.
    this.#options.server.sendMulticast(this.#group, this.#members('scheduled'), FRAGMENTATION.port, payload)
    this.#later(this.#settle_ms, () => this.#nextRound())
  }

  #nextRound(): void {
    const left = this.#members('scheduled')
    if (left.length === 0) return
    if (++this.#rounds > ROUNDS_MAX) {
      for (const devEui of left) this.#set(devEui, 'incomplete')
      return
    }
    const silent = left.some((devEui) => !this.#missing.has(devEui)) ? this.#session.count * this.#redundancy : 0
    this.#end = this.#n + Math.ceil(Math.max(silent, MARGIN * Math.max(0, ...this.#missing.values()))) + EXTRA
    this.#fragment()
  }

  #onMulticast(devEui: string, answer: MulticastUplink): void {
    const state = this.states.get(devEui)
    if (answer.type === 'setup-answer' && state === 'waiting') {
      this.#set(devEui, answer.error ? 'refused' : 'grouped')
      const device = this.#options.devices.find((own) => own.devEui === devEui)
      if (!answer.error && device !== undefined) this.#ask(device, 'grouped')
    } else if (answer.type === 'class-c-answer' && state === 'prepared') {
      this.#set(devEui, answer.timeToStart_s === undefined ? 'refused' : 'scheduled')
      if (answer.timeToStart_s !== undefined) this.#options.server.hold(devEui, this.#start_ms + 2 ** this.#timeout * 1000)
    }
  }

  #onFragments(devEui: string, answer: FragmentUplink): void {
    const state = this.states.get(devEui)
    if (answer.type === 'setup-answer' && state === 'grouped') {
      const { wrongAlgorithm, noMemory, wrongIndex, wrongDescriptor } = answer
      this.#set(devEui, wrongAlgorithm || noMemory || wrongIndex || wrongDescriptor ? 'refused' : 'prepared')
    } else if (answer.type === 'status-answer' && state === 'scheduled') {
      this.#tell(`${devEui}: ${answer.received} fragments came, ${answer.missing} are missing`)
      if (answer.missing === 0) this.#set(devEui, 'complete')
      else this.#missing.set(devEui, answer.missing)
    }
  }
}
