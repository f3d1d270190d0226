import { hostCrypto } from '../../../hal/host/crypto.ts'
import type { RadioTransmission } from '../../../src/lib/lora-radio.ts'
import type { Downlink, LoRaWanEvents, LoRaWanLink, UplinkResult } from '../../../src/lib/lorawan-link.ts'
import { SeededRandom } from '../../../src/lib/random.ts'
import { type DataFrame, decodeData, encodeData, frameType, MType } from '../../../src/links/lorawan/frame.ts'
import { LoRaWanMac } from '../../../src/links/lorawan/mac.ts'
import type { LoRaWanMacOptions, LoRaWanStore } from '../../../src/links/lorawan/mac-options.ts'
import type { Region } from '../../../src/links/lorawan/region.ts'
import { REGIONS, type RegionName } from '../../../src/links/lorawan/regions-table.ts'
import {
  cryptPayload,
  decodeJoinRequest,
  encodeJoinAccept,
  type JoinAccept,
  nextFCnt,
  type SessionKeys,
  sessionKeys,
  sign,
  verifyData,
  verifyJoin,
} from '../../../src/links/lorawan/security.ts'
import { type AirReceiver, type AirReception, type AirSignal, LoRaAir } from '../../../src/world/lora/air.ts'
import { AirRadio } from '../../../src/world/lora/air-radio.ts'
import { Scheduler } from '../../../src/world/scheduler.ts'
import { WorldTimer } from '../../../src/world/time.ts'
import { sx126xBoard } from '../../drivers/radio/sx126x-board.ts'
import { sx127xBoard } from '../../drivers/radio/sx127x-board.ts'

const BOARDS = Object.freeze({ SX1262: sx126xBoard, SX1276: sx127xBoard })
export const APP_KEY = Uint8Array.from({ length: 16 }, (_, i) => i)
export const DEV_EUI = Uint8Array.of(0, 4, 0xa3, 0x0b, 0, 0x1c, 5, 0x30)
export const JOIN_EUI = Uint8Array.of(0x70, 0xb3, 0xd5, 0x7e, 0xd0, 0, 0, 1)

/** An uplink as the network got it. */
export interface Heard {
  readonly transmission: RadioTransmission
  readonly begin_us: number
  readonly end_us: number
  readonly frame: DataFrame | undefined
  /** In clear. */
  readonly payload: Uint8Array
  readonly fCnt: number
}

interface Answer {
  readonly window: 'RX1' | 'RX2'
  readonly phy: Uint8Array
  /** Late by so much, or early. */
  readonly late_us?: number
}

/** A gateway that hears everything and a network that does what the test says. */
export class TestNetwork implements AirReceiver {
  readonly name = 'gateway'
  readonly position = { x_m: 0, y_m: 0 }
  readonly antennaGain_dBi = 2
  readonly noiseFigure_dB = 6
  readonly heard: Heard[] = []
  readonly air: LoRaAir
  readonly region: Region
  readonly #scheduler: Scheduler
  keys: SessionKeys | undefined
  devAddr = 0x26011bda
  fCntUp = -1
  fCntDown = -1
  accept: Omit<JoinAccept, 'devAddr' | 'joinNonce'> | undefined = {
    netId: 0x13,
    rx1DrOffset: 0,
    rx2DataRate: 0,
    rxDelay_s: 1,
    cfList: undefined,
  }
  joinNonce = 0
  devNonces: number[] = []
  joinWindow: 'RX1' | 'RX2' = 'RX1'
  /** Answers to data; none by default. */
  answer: (heard: Heard) => Answer | undefined = () => undefined

  constructor(scheduler: Scheduler, air: LoRaAir, region: Region) {
    this.#scheduler = scheduler
    this.air = air
    this.region = region
    air.attach(this)
  }

  listensSince_us({ transmission }: AirSignal): number | undefined {
    return transmission.invertedIq ? undefined : 0
  }

  onPreamble(): boolean {
    return true
  }

  onEnd({ signal, damaged }: AirReception): boolean {
    if (damaged) return true
    const { payload } = signal.transmission
    if (frameType(payload) === MType.joinRequest) this.#onJoin(signal)
    else this.#onData(signal)
    return true
  }

  #onJoin(signal: AirSignal): void {
    const phy = signal.transmission.payload
    const { devNonce } = decodeJoinRequest(phy)
    if (!verifyJoin(hostCrypto, APP_KEY, phy)) throw new Error('MIC of the join request')
    this.devNonces.push(devNonce)
    this.heard.push({ ...signal, frame: undefined, payload: phy, fCnt: -1 })
    if (this.accept === undefined) return
    const accept: JoinAccept = { ...this.accept, devAddr: this.devAddr, joinNonce: ++this.joinNonce }
    this.keys = sessionKeys(hostCrypto, APP_KEY, accept, devNonce)
    this.fCntUp = -1
    this.fCntDown = -1
    this.#reply(signal, { window: this.joinWindow, phy: encodeJoinAccept(hostCrypto, APP_KEY, accept) }, 5000, 0, {
      dataRate: this.region.rx2.dataRate,
      frequency_Hz: this.region.rx2.frequency_Hz,
    })
  }

  #onData(signal: AirSignal): void {
    const phy = signal.transmission.payload
    const frame = decodeData(phy)
    if (this.keys === undefined || frame.devAddr !== this.devAddr) return
    const again = (this.fCntUp & 0xffff) === frame.fCnt && this.fCntUp >= 0
    const fCnt = again ? this.fCntUp : nextFCnt(this.fCntUp, frame.fCnt)
    const identity = { up: true, devAddr: frame.devAddr, fCnt: fCnt ?? -1 }
    if (fCnt === undefined || !verifyData(hostCrypto, this.keys.nwkSKey, identity, phy)) return
    this.fCntUp = fCnt
    const payload = cryptPayload(hostCrypto, this.keys.appSKey, identity, frame.payload)
    const heard: Heard = { ...signal, frame, payload, fCnt }
    this.heard.push(heard)
    const answer = this.answer(heard)
    if (answer === undefined) return
    const { rxDelay_s = 1, rx1DrOffset = 0 } = this.accept ?? {}
    this.#reply(signal, answer, rxDelay_s * 1000, rx1DrOffset, this.rx2)
  }

  rx2 = { frequency_Hz: 0, dataRate: 0 }

  /** A downlink of the session, signed. */
  down(options: Partial<DataFrame> = {}, payload = new Uint8Array(0), fCnt = ++this.fCntDown): Uint8Array {
    const { keys, devAddr } = this
    if (keys === undefined) throw new Error('no session')
    const identity = { up: false, devAddr, fCnt }
    const { fPort } = options
    const key = fPort === 0 ? keys.nwkSKey : keys.appSKey
    const phy = encodeData({
      up: false,
      confirmed: false,
      devAddr,
      adr: true,
      adrAckRequest: false,
      ack: false,
      pending: false,
      fCnt: fCnt & 0xffff,
      fOpts: new Uint8Array(0),
      fPort,
      ...options,
      payload: cryptPayload(hostCrypto, key, identity, payload),
    })
    sign(hostCrypto, keys.nwkSKey, identity, phy)
    return phy
  }

  /** Puts a downlink on the air now. */
  sendNow(phy: Uint8Array, frequency_Hz: number, dataRate: number): void {
    this.#send(phy, frequency_Hz, dataRate)
  }

  #reply(
    signal: AirSignal,
    { window, phy, late_us = 0 }: Answer,
    delay_ms: number,
    offset: number,
    rx2: { frequency_Hz: number; dataRate: number },
  ): void {
    const { frequency_Hz, modulation } = signal.transmission
    const at_us = signal.end_us + (delay_ms + (window === 'RX1' ? 0 : 1000)) * 1000 + late_us
    const dataRate = this.region.dataRates.findIndex((rate) => JSON.stringify(rate) === JSON.stringify(modulation))
    const index = this.region.defaultChannels.findIndex((channel) => channel.frequency_Hz === frequency_Hz)
    const rx1_Hz = this.region.rx1_Hz?.(index) ?? frequency_Hz
    this.#scheduler.at(at_us, () => {
      if (window === 'RX1') this.#send(phy, rx1_Hz, this.region.rx1DataRate(dataRate, offset, this.region.dwellByDefault))
      else this.#send(phy, rx2.frequency_Hz || this.region.rx2.frequency_Hz, rx2.dataRate || this.region.rx2.dataRate)
    })
  }

  #send(payload: Uint8Array, frequency_Hz: number, dataRate: number): void {
    const modulation = this.region.dataRates[dataRate]
    if (modulation === undefined) throw new Error(`data rate ${dataRate}`)
    this.air.transmit(this, {
      frequency_Hz,
      modulation,
      invertedIq: true,
      preamble: 8,
      publicNetwork: true,
      payload,
      power_dBm: 25,
      crc: false,
    })
  }
}

/** A store in memory that behaves as counters in flash do: a restart skips what was reserved. */
class TestStore implements LoRaWanStore {
  devNonce = 0
  fCntUp = 0
  state: Uint8Array | undefined

  nextDevNonce(): number {
    return this.devNonce++
  }
  nextFCntUp(): number {
    return this.fCntUp++
  }
  load(): Uint8Array | undefined {
    return this.state
  }
  save(state: Uint8Array): void {
    this.state = state
  }
  restart(): void {
    this.fCntUp += 32
  }
}

export interface RigOptions
  extends Partial<Pick<LoRaWanMacOptions, 'activation' | 'deviceClass' | 'adr' | 'dataRate' | 'subBand' | 'battery'>> {
  readonly region?: keyof typeof REGIONS
  /** On a chip behind SPI instead of an ideal radio. */
  readonly chip?: 'SX1262' | 'SX1276'
  readonly distance_m?: number
}

/** A device in a world with a network, and what it was told. */
export abstract class LinkRig {
  readonly scheduler = new Scheduler(1_700_000_000_000_000)
  readonly air = new LoRaAir({ scheduler: this.scheduler, seed: 1 })
  readonly network: TestNetwork
  readonly joined: (number | undefined)[] = []
  joinsFailed = 0
  readonly sent: UplinkResult[] = []
  readonly downlinks: Downlink[] = []
  /** How far they were from the truth, in ms. */
  readonly times: number[] = []
  readonly checks: [number, number][] = []
  readonly errors: string[] = []
  timer = new WorldTimer(this.scheduler)

  constructor(region: RegionName = 'EU868') {
    this.network = new TestNetwork(this.scheduler, this.air, REGIONS[region])
  }

  abstract get link(): LoRaWanLink
  /** The processor starts again; what is outside of it goes on. */
  abstract restart(): void

  get now_ms(): number {
    return Math.floor(this.scheduler.now_us / 1000)
  }

  run(duration_s: number): void {
    this.scheduler.run(this.scheduler.now_us + Math.round(duration_s * 1_000_000))
  }

  /** Until it is so; throws when it takes longer than an hour. */
  until(done: () => boolean, step_s = 0.1): void {
    for (let i = 0; !done(); i++) {
      if (i * step_s > 3600) throw new Error('it takes more than an hour')
      this.run(step_s)
    }
  }

  /** Joins; throws when it does not within an hour. */
  join(): this {
    this.link.join()
    this.until(() => this.link.joined && !this.link.busy)
    this.run(1)
    return this
  }

  /** Sends and waits for the end. */
  send(text = 'hello', confirmed = false, fPort = 10): UplinkResult {
    const before = this.sent.length
    this.link.send(
      fPort,
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
      confirmed,
    )
    this.until(() => this.sent.length > before)
    return this.sent[this.sent.length - 1]
  }

  protected events(): LoRaWanEvents {
    return {
      onJoined: (devAddr) => this.joined.push(devAddr),
      onJoinFailed: () => this.joinsFailed++,
      onSent: (result) => this.sent.push(result),
      onDownlink: (downlink) => this.downlinks.push(downlink),
      onTime: (utc_ms) => this.times.push(utc_ms - this.now_ms),
      onLinkCheck: (margin_dB, gateways) => this.checks.push([margin_dB, gateways]),
      onError: (reason) => this.errors.push(reason),
    }
  }
}

/** A device with the MAC on an ideal radio or on a chip. */
export class Rig extends LinkRig {
  readonly store = new TestStore()
  mac: LoRaWanMac
  readonly #options: RigOptions
  readonly #random = new SeededRandom(3)

  constructor(options: RigOptions = {}) {
    super(options.region)
    this.#options = options
    this.mac = this.#start()
  }

  get link(): LoRaWanLink {
    return this.mac
  }

  restart(): void {
    this.timer.stop()
    this.mac.close()
    this.store.restart()
    this.timer = new WorldTimer(this.scheduler)
    this.mac = this.#start()
  }

  #start(): LoRaWanMac {
    const { region, distance_m = 200, activation, chip, ...rest } = this.#options
    const position = { x_m: distance_m, y_m: 0 }
    return new LoRaWanMac({
      region: REGIONS[region ?? 'EU868'],
      radio: (radioEvents) =>
        chip !== undefined
          ? BOARDS[chip](this.scheduler, this.air, position).driver(radioEvents)
          : new AirRadio({ scheduler: this.scheduler, air: this.air, events: radioEvents, name: 'device', position }),
      activation: activation ?? { type: 'otaa', joinEui: JOIN_EUI, devEui: DEV_EUI, appKey: APP_KEY },
      store: this.store,
      events: this.events(),
      crypto: hostCrypto,
      timer: this.timer,
      ticks_ms: () => this.now_ms,
      random: (bytes) => this.#random.fill(bytes),
      deviceClass: 'A',
      adr: true,
      dataRate: REGIONS[region ?? 'EU868'].joinDataRates[1],
      ...rest,
    })
  }
}
