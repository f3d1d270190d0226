import type { Crypto } from '../hal/api/crypto.ts'
import type { Device } from '../hal/api/device.ts'
import { MemoryFlash } from '../hal/portable/flash.ts'
import { ascii } from '../src/lib/ascii.ts'
import { fromHex } from '../src/lib/hex.ts'
import { SeededRandom } from '../src/lib/random.ts'
import { validate } from '../src/lib/schema-validate.ts'
import { Meter } from '../src/meter/app.ts'
import { METER_CONFIG, type MeterConfig } from '../src/meter/config.ts'
import { Scheduler } from '../src/world/scheduler.ts'
import { WorldClock, WorldTimer } from '../src/world/time.ts'
import { AARQ, frame, GET_ENERGY } from './dlms-requests.ts'
import { FULL_CONFIG } from './sample-work.ts'
import { StillBus } from './still-bus.ts'
import { StillNetwork, type StillPeer } from './still-network.ts'
import { StillRadio } from './still-radio.ts'

/** What a firmware may have, each with all that stand before it. */
export const FEATURES = ['core', 'dlms', 'face', 'lorawan'] as const
export type Feature = (typeof FEATURES)[number]

/** Seven minutes before the end of a capture period. */
const START_MS = 1_767_225_600_000 + 8 * 60_000
const APP_KEY = '2b7e151628aed2a6abf7158809cf4f3c'
const DLMS_PORT = 4059
const FACE_PORT = 80
/** What a browser asks for. */
const STATE_REQUEST = ascii('GET /api/state HTTP/1.1\r\nHost: 192.0.2.2\r\nConnection: keep-alive\r\n\r\n')

/** A whole meter on parts that cost next to nothing: what is measured is the firmware and nothing else. */
export class MeterWork {
  readonly #scheduler = new Scheduler(START_MS * 1000)
  readonly #network = new StillNetwork()
  readonly #radio: StillRadio
  readonly #device: Device
  readonly #aarq = frame(AARQ)
  readonly #get = frame(GET_ENERGY)
  #config: MeterConfig | undefined
  #meter: Meter | undefined
  #fault: string | undefined
  #client: StillPeer | undefined
  #browser: StillPeer | undefined

  /** Makes the parts; their memory is not the meter's. */
  constructor(crypto: Crypto) {
    const timer = new WorldTimer(this.#scheduler)
    const random = new SeededRandom(1)
    this.#radio = new StillRadio(crypto, timer, fromHex(APP_KEY))
    this.#device = {
      clock: new WorldClock(this.#scheduler),
      timer,
      random: (bytes) => random.fill(bytes),
      crypto,
      key: new Uint8Array(32).fill(7),
      flash: new MemoryFlash({ blocks: 512, blockLength: 4096, writeAlign: 16 }),
      metering: { part: 'ATM90E32', sensor: { io: StillBus, hz: 1_000_000 } },
    }
  }

  /** Checks the configuration of a firmware with all features up to this one; a device has it in flash. */
  configure(feature: Feature): void {
    this.configureWith(FEATURES.slice(0, FEATURES.indexOf(feature) + 1))
  }

  /** The same with these features and no other; metering is always there. */
  configureWith(features: readonly Feature[]): void {
    const has = (name: Feature) => features.includes(name)
    const config = validate(METER_CONFIG, {
      ...FULL_CONFIG,
      dlms: { enabled: has('dlms'), port: DLMS_PORT },
      face: { enabled: has('face'), port: FACE_PORT },
      lorawan: { enabled: has('lorawan'), appKey: APP_KEY, interval_min: 2, spread_s: 0, syncTime: false },
    })
    if (!config.ok) throw new Error(config.errors[0].text)
    this.#config = config.value
  }

  start(): void {
    const config = this.#config
    if (config === undefined) throw new Error('configure the meter first')
    const { dlms, face, lorawan } = config
    const network = dlms.enabled || face.enabled ? this.#network : undefined
    const lora = lorawan.enabled ? this.#radio.wiring() : undefined
    this.#meter = new Meter({
      device: { ...this.#device, network, lora },
      config,
      onFault: (part, reason) => {
        this.#fault ??= `${part}: ${reason}`
      },
    })
  }

  seconds(count: number): void {
    this.#scheduler.run(this.#scheduler.now_us + count * 1_000_000)
  }

  /** Up to the middle of the second before the end of a capture period. */
  align(): void {
    const period_us = 900_000_000
    const left_us = period_us - (this.#scheduler.now_us % period_us)
    this.#scheduler.run(this.#scheduler.now_us + left_us - 500_000)
  }

  associate(): void {
    this.#client = this.#network.connect(DLMS_PORT)
    this.#ask(this.#client, this.#aarq)
  }

  get(): void {
    this.#ask(this.#client, this.#get)
  }

  /** The page asks for the state of the meter. */
  state(): void {
    this.#browser ??= this.#network.connect(FACE_PORT)
    this.#ask(this.#browser, STATE_REQUEST)
  }

  /** Uplinks that were sent so far, joins not counted. */
  get uplinks(): number {
    return this.#radio.uplinks
  }

  /** Throws when the meter does not do what is measured. */
  check(): void {
    if (this.#fault !== undefined) throw new Error(this.#fault)
    const core = this.#meter?.core
    if (core === undefined || !core.healthy || core.energy.value(0, 0) === 0) throw new Error('the meter does not measure')
  }

  #ask(peer: StillPeer | undefined, bytes: Uint8Array): void {
    peer?.send(bytes)
    if (peer === undefined || peer.received === 0) throw new Error('the meter does not answer')
  }
}
