import type { Crypto, Random } from '../../../hal/api/crypto.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { airtime_us } from '../../lib/lora-airtime.ts'
import type { LoRaRadio, Modulation, RadioEvents, RadioFrame, RadioReception, RadioTransmission } from '../../lib/lora-radio.ts'
import type { LoRaWanEvents, LoRaWanLink } from '../../lib/lorawan-link.ts'
import { AdrBackoff } from './adr-backoff.ts'
import { ChannelPlan } from './channels.ts'
import { CommandHandler } from './command-handler.ts'
import { DutyCycle } from './duty-cycle.ts'
import { type DataFrame, decodeData, encodeData, frameType, isDataFrame, MType } from './frame.ts'
import { Cid, splitCommands } from './mac-commands.ts'
import { windowTiming } from './receive-windows.ts'
import { payloadMax, type Region } from './region.ts'
import { cryptPayload, decodeJoinAccept, encodeJoinRequest, nextFCnt, type SessionKeys, sessionKeys, sign, verifyData } from './security.ts'
import { decodeState, encodeState, MacParameters, type Session } from './session.ts'

const JOIN_ACCEPT_DELAY_MS = 5000
/** RX2 begins one second after RX1. */
const RX2_AFTER_MS = 1000
/** Longest time from the begin of RX2 to the end of a downlink in it, for a device that listens always: 64 bytes at SF12. */
const RX2_ANSWER_MS = 3000
/** An acknowledgement that did not come is waited for so long: RETRANSMIT_TIMEOUT of 2 s ± 1 s. */
const RETRANSMIT_MIN_MS = 1000
const RETRANSMIT_SPAN_MS = 2000
/** Between two join requests at least so long, and at random up to twice of it: devices that a failure of the mains restarted together must not meet. */
const JOIN_PAUSE_MS = 10_000
/** How often a confirmed uplink is sent unless the network asks for more. */
const CONFIRMED_TRANSMISSIONS = 8
const PREAMBLE = 8
const FSK_PREAMBLE = 5
const PORT_MIN = 1
const PORT_MAX = 223

export type Activation =
  | { readonly type: 'otaa'; readonly joinEui: Uint8Array; readonly devEui: Uint8Array; readonly appKey: Uint8Array }
  | { readonly type: 'abp'; readonly devAddr: number; readonly keys: SessionKeys }

/** Keeps what a restart must not lose. Both counters only ever go up; a number that was given may be skipped, never repeated. */
export interface LoRaWanStore {
  /** From 0 or 1 on; above 65,535 the device cannot join any more. */
  nextDevNonce(): number
  nextFCntUp(): number
  /** What `save` was given last; undefined for a new device, or when it cannot be read. */
  load(): Uint8Array | undefined
  /** Holds keys. */
  save(state: Uint8Array): void
}

export interface LoRaWanMacOptions {
  readonly region: Region
  readonly radio: (events: RadioEvents) => LoRaRadio
  readonly activation: Activation
  readonly store: LoRaWanStore
  readonly events: LoRaWanEvents
  readonly crypto: Crypto
  readonly timer: Timer
  readonly ticks_ms: () => number
  readonly random: Random
  /** C listens all the time. */
  readonly deviceClass: 'A' | 'C'
  /** The network chooses data rate and power. */
  readonly adr: boolean
  /** Without `adr`, and for a device that is activated by personalisation; with it a session begins with what the join was heard at. */
  readonly dataRate: number
  /** 1 to 8: only these channels of a fixed plan. */
  readonly subBand?: number
  /** False: sync word of a private network. */
  readonly publicNetwork?: boolean
  /** dBi; what is sent is the EIRP of the region less this. */
  readonly antennaGain_dBi?: number
  /** Both clocks together. */
  readonly clockError_ppm?: number
  /** Of timer and receiver until it listens. */
  readonly wakeup_ms?: number
  readonly battery?: () => number
  /** How often a confirmed uplink is sent at most, unless the network asks for more. Default 8. */
  readonly confirmedTransmissions?: number
}

/** Something that is on its way to the network. */
interface Exchange {
  readonly kind: 'join' | 'data'
  readonly devNonce: number
  readonly fCnt: number
  readonly confirmed: boolean
  /** Without MIC and FOpts as long as it has not been sent. */
  phy: Uint8Array
  remaining: number
  transmissions: number
  airtime_us: number
  acknowledged: boolean
  /** Of the last transmission. */
  channel: number
  dataRate: number
  ended_ms: number
}

type Window = 'RX1' | 'RX2' | 'RXC'

/**
 * The LoRaWAN MAC of an end-device, version 1.0.4 (TS001-1.0.4) in classes A and C, over a transceiver. Counters come from a store that never gives one twice; a
 * session outlives a restart.
 */
export class LoRaWanMac implements LoRaWanLink {
  readonly duty: DutyCycle
  readonly parameters: MacParameters
  readonly plan: ChannelPlan
  readonly #options: LoRaWanMacOptions
  readonly #radio: LoRaRadio
  readonly #commands: CommandHandler
  readonly #backoff = new AdrBackoff()
  #session: Session | undefined
  #exchange: Exchange | undefined
  #timer: TimerHandle | undefined
  /** What the radio listens for. */
  #window: Window | undefined
  /** The network waits for an acknowledgement, or has more to say. */
  #ackDue = false
  #answerDue = false
  #joining = false
  #joinFirst_ms = 0
  #joinAttempts = 0
  #closed = false

  constructor(options: LoRaWanMacOptions) {
    this.#options = options
    const { region, events } = options
    this.duty = new DutyCycle(region)
    this.parameters = new MacParameters(region)
    this.plan = new ChannelPlan(region)
    this.#commands = new CommandHandler({
      region,
      plan: this.plan,
      parameters: this.parameters,
      duty: this.duty,
      adr: options.adr,
      battery: options.battery ?? (() => 0),
      onTime: (utc_ms) => events.onTime(utc_ms + this.#sinceUplink_ms()),
      onLinkCheck: (margin_dB, gateways) => events.onLinkCheck(margin_dB, gateways),
    })
    this.#reset()
    this.#radio = options.radio({
      onTransmitted: () => this.#onTransmitted(),
      onReceived: (frame) => this.#onReceived(frame),
      onTimeout: () => this.#onTimeout(),
      onError: (reason) => this.#onRadioError(reason),
    })
    this.#restore()
    // Nothing is called back from a constructor: the radio of a class C device starts to listen in the next turn.
    this.#later(0, () => this.#rest())
  }

  get joined(): boolean {
    return this.#session !== undefined
  }

  get busy(): boolean {
    return this.#exchange !== undefined || this.#joining
  }

  get payload_max(): number {
    const { dataRate, uplinkDwell } = this.parameters
    return payloadMax(this.#options.region, dataRate, uplinkDwell, this.#commands.length())
  }

  get devAddr(): number | undefined {
    return this.#session?.devAddr
  }

  /** Ticks at which the next uplink at the present data rate can leave. */
  get free_ms(): number {
    return Math.min(
      ...this.plan.usable(this.parameters.dataRate).map((index) => this.duty.free_ms(this.plan.channel(index)?.frequency_Hz ?? 0)),
    )
  }

  join(): void {
    if (this.#closed || this.#joining || this.#options.activation.type === 'abp') return
    const now_ms = this.#options.ticks_ms()
    this.#joining = true
    if (this.#joinAttempts === 0) this.#joinFirst_ms = now_ms
    if (this.#exchange === undefined) this.#later(Math.max(0, this.duty.joinFree_ms - now_ms), () => this.#joinOnce())
  }

  /** Gives up joining between two attempts; what `join` begins later goes on where this one ended. */
  cancelJoin(): void {
    if (!this.#joining || this.#closed) return
    this.#joining = false
    if (this.#exchange !== undefined) return
    this.#cancel()
    this.#rest()
  }

  send(fPort: number, payload: Uint8Array, confirmed: boolean): void {
    if (fPort < PORT_MIN || fPort > PORT_MAX) throw new RangeError(`port ${fPort}, allowed is ${PORT_MIN} to ${PORT_MAX}`)
    if (this.#session === undefined) throw new FerrarisError('LORAWAN_NOT_JOINED', 'the device has not joined a network')
    if (this.busy) throw new FerrarisError('LORAWAN_BUSY', 'an uplink is under way')
    if (payload.length > this.payload_max) {
      throw new FerrarisError('LORAWAN_LENGTH', `${payload.length} bytes, ${this.payload_max} fit at data rate ${this.parameters.dataRate}`)
    }
    this.#uplink(fPort, payload, confirmed)
  }

  requestTime(): void {
    this.#commands.request(Cid.deviceTime)
  }

  requestLinkCheck(): void {
    this.#commands.request(Cid.linkCheck)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancel()
    this.#radio.close()
  }

  // Session

  #reset(): void {
    const { subBand, dataRate } = this.#options
    this.parameters.reset(dataRate)
    this.plan.reset()
    if (subBand !== undefined && this.#options.region.plan === 'fixed') this.plan.useSubBand(subBand)
    this.#commands.clear()
    this.#backoff.heard()
  }

  #restore(): void {
    const { region, store, activation } = this.#options
    const bytes = store.load()
    const state = bytes && decodeState(region, bytes, this.plan)
    if (state !== undefined && (activation.type === 'otaa' || state.session.devAddr === activation.devAddr)) {
      this.#session = state.session
      Object.assign(this.parameters, state.parameters)
      this.duty.aggregatedDivisor = 2 ** this.parameters.maxDutyCycle
      return
    }
    if (state !== undefined || activation.type === 'abp') this.#reset()
    if (activation.type !== 'abp') return
    this.#session = { devAddr: activation.devAddr, keys: activation.keys, fCntUpBase: 0, fCntDown: -1 }
    this.#save()
  }

  #save(): void {
    const { region, store } = this.#options
    if (this.#session !== undefined) store.save(encodeState(region, this.#session, this.parameters, this.plan))
  }

  // Join

  #joinOnce(): void {
    const { activation, store, crypto, events } = this.#options
    if (activation.type !== 'otaa' || !this.#joining) return
    const devNonce = store.nextDevNonce()
    if (devNonce > 0xffff) {
      this.#joining = false
      events.onError('all 65,536 join requests of this device are used up: it needs a new key or DevEUI')
      return
    }
    const phy = encodeJoinRequest(crypto, activation.appKey, { joinEui: activation.joinEui, devEui: activation.devEui, devNonce })
    this.#joinAttempts++
    this.#begin({ kind: 'join', devNonce, fCnt: 0, confirmed: false, phy, remaining: 1 })
  }

  /** Fast data rates first, as the next gateway may be near; slower ones with each attempt. */
  #joinDataRate(): number {
    const { region } = this.#options
    const [slow, fast] = region.joinDataRates
    if (region.plan === 'fixed') return this.#joinAttempts % 2 === 1 ? slow : fast
    return fast - ((this.#joinAttempts - 1) % (fast - slow + 1))
  }

  #onJoinAccept(phy: Uint8Array, exchange: Exchange): boolean {
    const { activation, crypto, region, store, events, adr } = this.#options
    if (activation.type !== 'otaa') return false
    const accept = decodeJoinAccept(crypto, activation.appKey, phy)
    if (accept === undefined) return false
    this.#cancel()
    this.#exchange = undefined
    this.#joining = false
    this.#joinAttempts = 0
    this.#reset()
    const parameters = this.parameters
    if (accept.rx1DrOffset <= region.rx1Offset_max) parameters.rx1DrOffset = accept.rx1DrOffset
    if (region.dataRates[accept.rx2DataRate] !== undefined) parameters.rx2DataRate = accept.rx2DataRate
    parameters.rxDelay_s = accept.rxDelay_s
    // What reached the network once reaches it again; the network makes it faster.
    if (adr) parameters.dataRate = region.plan === 'dynamic' ? exchange.dataRate : region.joinDataRates[0]
    if (accept.cfList !== undefined) this.plan.applyCfList(accept.cfList)
    const keys = sessionKeys(crypto, activation.appKey, accept, exchange.devNonce)
    // The stored counter goes on; this session counts from here.
    this.#session = { devAddr: accept.devAddr, keys, fCntUpBase: store.nextFCntUp() + 1, fCntDown: -1 }
    this.#save()
    this.#rest()
    events.onJoined(accept.devAddr)
    return true
  }

  // Uplinks

  #uplink(fPort: number | undefined, payload: Uint8Array, confirmed: boolean): void {
    const { region, store, crypto, adr, confirmedTransmissions = CONFIRMED_TRANSMISSIONS } = this.#options
    const session = this.#session as Session
    const fCnt = store.nextFCntUp() - session.fCntUpBase
    const identity = { up: true, devAddr: session.devAddr, fCnt }
    const room = payloadMax(region, this.parameters.dataRate, this.parameters.uplinkDwell) - payload.length
    const frame: DataFrame = {
      up: true,
      confirmed,
      devAddr: session.devAddr,
      adr,
      adrAckRequest: adr && this.#backoff.asks,
      ack: this.#ackDue,
      pending: false,
      fCnt: fCnt & 0xffff,
      fOpts: this.#commands.take(Math.max(0, room)),
      fPort,
      payload: cryptPayload(crypto, session.keys.appSKey, identity, payload),
    }
    this.#ackDue = false
    this.#answerDue = false
    const phy = encodeData(frame)
    sign(crypto, session.keys.nwkSKey, identity, phy)
    const remaining = confirmed ? Math.max(confirmedTransmissions, this.parameters.nbTrans) : this.parameters.nbTrans
    this.#begin({ kind: 'data', devNonce: 0, fCnt, confirmed, phy, remaining })
  }

  #begin(start: Pick<Exchange, 'kind' | 'devNonce' | 'fCnt' | 'confirmed' | 'phy' | 'remaining'>): void {
    const dataRate = start.kind === 'join' ? this.#joinDataRate() : this.parameters.dataRate
    this.#exchange = { ...start, dataRate, transmissions: 0, airtime_us: 0, acknowledged: false, channel: 0, ended_ms: 0 }
    this.#later(0, () => this.#attempt())
  }

  /** Sends as soon as a channel is free. */
  #attempt(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    const { ticks_ms } = this.#options
    // The network may have switched off the channels that carried the first transmission.
    if (exchange.kind === 'data' && !this.plan.supports(exchange.dataRate)) exchange.dataRate = this.parameters.dataRate
    const usable = this.plan.usable(exchange.dataRate)
    const now_ms = ticks_ms()
    const free = usable.filter((index) => this.duty.free_ms(this.#frequency_Hz(index)) <= now_ms)
    if (free.length > 0) {
      exchange.channel = free[this.#below(free.length)]
      this.#transmit(exchange)
      return
    }
    const earliest_ms = Math.min(...usable.map((index) => this.duty.free_ms(this.#frequency_Hz(index))))
    if (Number.isFinite(earliest_ms)) this.#later(earliest_ms - now_ms, () => this.#attempt())
    else {
      this.#options.events.onError(`no channel carries data rate ${exchange.dataRate}`)
      this.#finish()
    }
  }

  #frequency_Hz(index: number): number {
    return this.plan.channel(index)?.frequency_Hz ?? 0
  }

  #transmit(exchange: Exchange): void {
    const { region, antennaGain_dBi = 2, publicNetwork = true } = this.#options
    const modulation = region.dataRates[exchange.dataRate] as Modulation
    const join = exchange.kind === 'join'
    const eirp_dBm = Math.min(region.maxEirp_dBm, this.parameters.maxEirp_dBm) - (join ? 0 : 2 * this.parameters.txPower)
    const transmission: RadioTransmission = {
      frequency_Hz: this.#frequency_Hz(exchange.channel),
      modulation,
      invertedIq: false,
      preamble: modulation.type === 'fsk' ? FSK_PREAMBLE : PREAMBLE,
      publicNetwork,
      payload: exchange.phy,
      power_dBm: eirp_dBm - antennaGain_dBi,
      crc: true,
    }
    exchange.transmissions++
    exchange.remaining--
    this.#window = undefined
    this.#radio.transmit(transmission)
  }

  #onTransmitted(): void {
    const exchange = this.#exchange
    if (exchange === undefined || this.#closed) return
    const { region, ticks_ms } = this.#options
    const now_ms = ticks_ms()
    exchange.ended_ms = now_ms
    const modulation = region.dataRates[exchange.dataRate] as Modulation
    const preamble = modulation.type === 'fsk' ? FSK_PREAMBLE : PREAMBLE
    const used_us = airtime_us({ modulation, preamble, crc: true, length: exchange.phy.length })
    exchange.airtime_us += used_us
    this.duty.sent(this.#frequency_Hz(exchange.channel), used_us, now_ms)
    if (exchange.kind === 'join') this.duty.joinSent(used_us, now_ms, now_ms - this.#joinFirst_ms)
    const delay_ms = exchange.kind === 'join' ? JOIN_ACCEPT_DELAY_MS : this.parameters.rxDelay_s * 1000
    if (this.#listensAlways) this.#listen('RXC')
    this.#schedule('RX1', exchange, delay_ms)
  }

  // Windows

  get #listensAlways(): boolean {
    return this.#options.deviceClass === 'C' && this.#session !== undefined
  }

  /** Opens a window so that a frame that begins `delay_ms` after the uplink falls into it. */
  #schedule(window: 'RX1' | 'RX2', exchange: Exchange, delay_ms: number): void {
    const { clockError_ppm = 50, wakeup_ms = 2, ticks_ms } = this.#options
    const reception = this.#reception(window, exchange)
    // A tick of a millisecond on each side, and what the clocks may be apart.
    const { offset_ms, timeout_ms } = windowTiming(reception.modulation, 1 + (delay_ms * clockError_ppm) / 1_000_000, wakeup_ms)
    const wait_ms = exchange.ended_ms + delay_ms + offset_ms - ticks_ms()
    this.#later(Math.max(0, wait_ms), () => {
      this.#window = window
      this.#radio.receive({ ...reception, timeout_ms })
    })
  }

  #reception(window: Window, exchange: Exchange | undefined): RadioReception {
    const { region, publicNetwork = true } = this.#options
    const { rx1DrOffset, rx2DataRate, rx2_Hz, downlinkDwell } = this.parameters
    let frequency_Hz = rx2_Hz
    let dataRate = rx2DataRate
    if (window === 'RX1' && exchange !== undefined) {
      const channel = this.plan.channel(exchange.channel)
      frequency_Hz = channel?.downlink_Hz ?? region.rx1_Hz?.(exchange.channel) ?? channel?.frequency_Hz ?? rx2_Hz
      dataRate = region.rx1DataRate(exchange.dataRate, rx1DrOffset, downlinkDwell)
    }
    const modulation = region.dataRates[dataRate] as Modulation
    return { frequency_Hz, modulation, invertedIq: true, preamble: modulation.type === 'fsk' ? FSK_PREAMBLE : PREAMBLE, publicNetwork }
  }

  #listen(window: Window): void {
    this.#window = window
    this.#radio.receive(this.#reception(window, undefined))
  }

  #onTimeout(): void {
    const exchange = this.#exchange
    if (this.#closed || exchange === undefined) return
    if (this.#window === 'RX1') this.#afterRx1(exchange)
    else if (this.#window === 'RX2') this.#windowsOver(exchange)
  }

  #afterRx1(exchange: Exchange): void {
    const { ticks_ms } = this.#options
    this.#window = undefined
    const delay_ms = (exchange.kind === 'join' ? JOIN_ACCEPT_DELAY_MS : this.parameters.rxDelay_s * 1000) + RX2_AFTER_MS
    if (this.#listensAlways) {
      // What listens always has no second window: it listens there already, and only waits until an answer must have come.
      this.#listen('RXC')
      const wait_ms = exchange.confirmed ? RX2_ANSWER_MS : RX2_AFTER_MS
      this.#later(Math.max(0, exchange.ended_ms + delay_ms + wait_ms - ticks_ms()), () => this.#windowsOver(exchange))
      return
    }
    // A long frame for somebody else may have covered the second window.
    if (ticks_ms() > exchange.ended_ms + delay_ms) this.#windowsOver(exchange)
    else this.#schedule('RX2', exchange, delay_ms)
  }

  /** Nobody answered this transmission. */
  #windowsOver(exchange: Exchange): void {
    this.#quiet()
    if (exchange.kind === 'join') {
      this.#exchange = undefined
      if (this.#joining) this.#joinAgain()
      this.#options.events.onJoinFailed()
      return
    }
    if (exchange.remaining === 0 || exchange.acknowledged) {
      this.#finish()
      return
    }
    this.#later(exchange.confirmed ? RETRANSMIT_MIN_MS + this.#below(RETRANSMIT_SPAN_MS) : 0, () => this.#attempt())
  }

  #joinAgain(): void {
    const pause_ms = JOIN_PAUSE_MS + this.#below(JOIN_PAUSE_MS)
    const wait_ms = Math.max(pause_ms, this.duty.joinFree_ms - this.#options.ticks_ms())
    this.#later(wait_ms, () => this.#joinOnce())
  }

  /** The exchange is over, however it went. */
  #finish(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#cancel()
    this.#rest()
    if (exchange === undefined || exchange.kind === 'join') return
    const { activation, events, adr, region } = this.#options
    // Between two uplinks, so that whoever asks for `payload_max` gets what holds for the next one.
    if (adr) this.#backoff.uplink(region, this.parameters, this.plan)
    events.onSent({
      fCnt: exchange.fCnt,
      acknowledged: exchange.confirmed ? exchange.acknowledged : undefined,
      transmissions: exchange.transmissions,
      airtime_us: exchange.airtime_us,
    })
    if (this.#joining) this.#later(0, () => this.#joinOnce())
    else if (this.#backoff.lost && activation.type === 'otaa') this.join()
    else if ((this.#ackDue || this.#answerDue) && this.#exchange === undefined) this.#answerLater()
  }

  /** An empty uplink that tells the network that it was heard, unless the application sends first. */
  #answerLater(): void {
    this.#later(RETRANSMIT_MIN_MS + this.#below(RETRANSMIT_SPAN_MS), () => {
      if (this.#exchange !== undefined || this.#session === undefined || this.#joining) return
      if (this.#ackDue || this.#answerDue) this.#uplink(undefined, new Uint8Array(0), false)
    })
  }

  /** Between exchanges. */
  #rest(): void {
    if (!this.#closed && this.#exchange === undefined) this.#quiet()
  }

  /** Class C listens, and is not disturbed when it does; class A sleeps. */
  #quiet(): void {
    if (this.#listensAlways) {
      if (this.#window !== 'RXC') this.#listen('RXC')
      return
    }
    this.#window = undefined
    this.#radio.sleep()
  }

  // Downlinks

  #onReceived(frame: RadioFrame): void {
    if (this.#closed || this.#window === undefined) return
    const window = this.#window
    let taken = false
    try {
      taken = this.#take(frame, window)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    if (taken || this.#closed) return
    // For somebody else: the window is used up, or goes on.
    const exchange = this.#exchange
    if (window === 'RXC') this.#listen('RXC')
    else if (exchange !== undefined && window === 'RX1') this.#afterRx1(exchange)
    else if (exchange !== undefined) this.#windowsOver(exchange)
  }

  #take(frame: RadioFrame, window: Window): boolean {
    const { payload } = frame
    const type = frameType(payload)
    const exchange = this.#exchange
    if (type === MType.joinAccept) return exchange?.kind === 'join' && this.#onJoinAccept(payload, exchange)
    if (!isDataFrame(type) || this.#session === undefined || exchange?.kind === 'join') return false
    const data = decodeData(payload)
    return !data.up && data.devAddr === this.#session.devAddr && this.#onData(data, frame, window, this.#session)
  }

  /** A frame of our session; false for a wrong MIC, which includes every replay. */
  #onData(data: DataFrame, frame: RadioFrame, window: Window, session: Session): boolean {
    const { crypto, events } = this.#options
    const fCnt = nextFCnt(session.fCntDown, data.fCnt)
    if (fCnt === undefined) return false
    const identity = { up: false, devAddr: session.devAddr, fCnt }
    if (!verifyData(crypto, session.keys.nwkSKey, identity, frame.payload)) return false
    session.fCntDown = fCnt
    this.#backoff.heard()
    const key = data.fPort === 0 ? session.keys.nwkSKey : session.keys.appSKey
    const payload = cryptPayload(crypto, key, identity, data.payload)
    this.#commands.handle(splitCommands(data.fPort === 0 ? payload : data.fOpts, false), frame.snr_dB)
    this.#ackDue ||= data.confirmed
    this.#answerDue ||= data.pending
    this.#save()
    const exchange = this.#exchange
    if (exchange !== undefined && data.ack) exchange.acknowledged = true
    this.#settle(exchange, window)
    if (data.fPort !== undefined && data.fPort !== 0) {
      const { rssi_dBm, snr_dB } = frame
      events.onDownlink({ fPort: data.fPort, payload, rssi_dBm, snr_dB, window, multicast: false })
    }
    return true
  }

  /** A downlink in RX1 or RX2 ends an exchange, unless an acknowledgement is still to come; in RXC the windows go on. */
  #settle(exchange: Exchange | undefined, window: Window): void {
    if (exchange === undefined) {
      this.#listen('RXC')
      if (this.#ackDue || this.#answerDue) this.#answerLater()
    } else if (window === 'RXC') this.#listen('RXC')
    else if (exchange.confirmed && !exchange.acknowledged) this.#windowsOver(exchange)
    else this.#finish()
  }

  // Radio

  #onRadioError(reason: string): void {
    if (this.#closed) return
    this.#options.events.onError(reason)
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.#rest()
      return
    }
    this.#window = undefined
    exchange.ended_ms = this.#options.ticks_ms()
    this.#windowsOver(exchange)
  }

  #sinceUplink_ms(): number {
    const exchange = this.#exchange
    return exchange === undefined ? 0 : this.#options.ticks_ms() - exchange.ended_ms
  }

  #below(limit: number): number {
    const bytes = new Uint8Array(4)
    this.#options.random(bytes)
    const value = bytes[0] * 0x1000000 + bytes[1] * 0x10000 + bytes[2] * 0x100 + bytes[3]
    return Math.floor((value / 0x100000000) * limit)
  }

  #later(delay_ms: number, callback: () => void): void {
    this.#cancel()
    this.#timer = this.#options.timer.set(() => {
      this.#timer = undefined
      callback()
    }, Math.ceil(delay_ms))
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#options.timer.clear(this.#timer)
    this.#timer = undefined
  }
}
