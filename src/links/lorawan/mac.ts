import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import type { RadioFrame } from '../../lib/lora-radio.ts'
import type { LoRaWanLink, MulticastReceiver } from '../../lib/lorawan-link.ts'
import { AdrBackoff } from './adr-backoff.ts'
import { AirInterface, type Window } from './air-interface.ts'
import { ChannelPlan } from './channels.ts'
import { CommandHandler } from './command-handler.ts'
import { openDownlink, sealUplink } from './data-frames.ts'
import { DutyCycle } from './duty-cycle.ts'
import { channelFree_ms, Exchange, earliest_ms } from './exchange.ts'
import { decodeData, frameType, isDataFrame, MType } from './frame.ts'
import { applyAccept, JoinSeries } from './join.ts'
import { Cid, splitCommands } from './mac-commands.ts'
import type { Activation, LoRaWanMacOptions } from './mac-options.ts'
import { MulticastGroup, multicastKeys } from './multicast.ts'
import { inRange, payloadMax } from './region.ts'
import { decodeJoinAccept, encodeJoinRequest, sessionKeys } from './security.ts'
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
const PORT_MIN = 1
const PORT_MAX = 223

/** A stored session is of this activation: one that was agreed before counts from 0, one that was joined never does. */
function isOf({ devAddr, keys, fCntUpBase }: Session, activation: Activation): boolean {
  if (activation.type === 'otaa') return fCntUpBase > 0
  const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i])
  const { nwkSKey, appSKey } = activation.keys
  return fCntUpBase === 0 && devAddr === activation.devAddr && same(keys.nwkSKey, nwkSKey) && same(keys.appSKey, appSKey)
}

/**
 * The LoRaWAN MAC of an end-device, version 1.0.4 (TS001-1.0.4) in classes A and C, over a transceiver. Counters come from a store that never gives one twice; a
 * session outlives a restart.
 */
export class LoRaWanMac implements LoRaWanLink, MulticastReceiver {
  readonly duty: DutyCycle
  readonly parameters: MacParameters
  readonly plan: ChannelPlan
  readonly #options: LoRaWanMacOptions
  readonly #air: AirInterface
  readonly #commands: CommandHandler
  readonly #backoff = new AdrBackoff()
  #session: Session | undefined
  #exchange: Exchange | undefined
  /** The network waits for an acknowledgement, or has more to say. */
  #ackDue = false
  #answerDue = false
  readonly #join = new JoinSeries()
  #groups: MulticastGroup[] | undefined
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
      onTime: (utc_ms) => events.onTime(utc_ms + this.sinceUplink_ms()),
      onLinkCheck: (margin_dB, gateways) => events.onLinkCheck(margin_dB, gateways),
    })
    this.reset()
    this.#air = new AirInterface(options, this.parameters, this.plan, {
      onTransmitted: () => this.onTransmitted(),
      onReceived: (frame) => this.onReceived(frame),
      onTimeout: () => this.onTimeout(),
      onError: (reason) => this.onRadioError(reason),
    })
    this.restore()
    // Nothing is called back from a constructor: the radio of a class C device starts to listen in the next turn.
    this.#air.later(0, () => this.rest())
  }

  get joined(): boolean {
    return this.#session !== undefined
  }

  get busy(): boolean {
    return this.#exchange !== undefined || this.#join.wanted
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
    return earliest_ms(this.plan, this.duty, this.parameters.dataRate)
  }

  join(): void {
    if (this.#closed || this.#join.wanted || this.#options.activation.type === 'abp') return
    const now_ms = this.#options.ticks_ms()
    this.#join.begin(now_ms)
    if (this.#exchange === undefined) this.#air.later(Math.max(0, this.duty.joinFree_ms - now_ms), () => this.joinOnce())
  }

  /** Gives up joining between two attempts; what `join` begins later goes on where this one ended. */
  cancelJoin(): void {
    if (!this.#join.wanted || this.#closed) return
    this.#join.wanted = false
    if (this.#exchange !== undefined) return
    this.#air.cancel()
    this.rest()
  }

  send(fPort: number, payload: Uint8Array, confirmed: boolean): void {
    if (fPort < PORT_MIN || fPort > PORT_MAX) throw new RangeError(`port ${fPort}, allowed is ${PORT_MIN} to ${PORT_MAX}`)
    if (this.#session === undefined) throw new FerrarisError('LORAWAN_NOT_JOINED', 'the device has not joined a network')
    if (this.busy) throw new FerrarisError('LORAWAN_BUSY', 'an uplink is under way')
    if (payload.length > this.payload_max) {
      throw new FerrarisError('LORAWAN_LENGTH', `${payload.length} bytes, ${this.payload_max} fit at data rate ${this.parameters.dataRate}`)
    }
    this.uplink(fPort, payload, confirmed)
  }

  requestTime(): void {
    this.#commands.request(Cid.deviceTime)
  }

  requestLinkCheck(): void {
    this.#commands.request(Cid.linkCheck)
  }

  get multicast(): MulticastReceiver {
    return this
  }

  setGroup(id: number, group: Parameters<MulticastReceiver['setGroup']>[1]): void {
    const others = (this.#groups ?? []).filter((known) => known.id !== id)
    const keys = group && multicastKeys(this.#options.crypto, group.key, group.address)
    this.#groups = group === undefined || keys === undefined ? others : [...others, new MulticastGroup({ ...group, id, keys })]
  }

  canListen(frequency_Hz: number, dataRate: number): { frequency: boolean; dataRate: boolean } {
    const { region } = this.#options
    return { frequency: inRange(region, frequency_Hz), dataRate: region.dataRates[dataRate] !== undefined }
  }

  listenTo(where: Parameters<MulticastReceiver['listenTo']>[0]): void {
    if (this.#closed) return
    this.#air.place = where
    // In the middle of an exchange only what listens between its windows changes.
    if (this.#air.window === 'RXC') this.#air.window = undefined
    if (this.#exchange === undefined || this.#air.window === undefined) this.quiet()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#air.close()
  }

  // Session

  private reset(): void {
    const { subBand, dataRate } = this.#options
    this.parameters.reset(dataRate)
    this.plan.reset()
    if (subBand !== undefined && this.#options.region.plan === 'fixed') this.plan.useSubBand(subBand)
    this.#commands.clear()
    this.#backoff.heard()
  }

  private restore(): void {
    const { region, store, activation } = this.#options
    const bytes = store.load()
    const state = bytes && decodeState(region, bytes, this.plan)
    if (state !== undefined && isOf(state.session, activation)) {
      this.#session = state.session
      Object.assign(this.parameters, state.parameters)
      this.duty.aggregatedDivisor = 2 ** this.parameters.maxDutyCycle
      return
    }
    if (state !== undefined || activation.type === 'abp') this.reset()
    if (activation.type !== 'abp') return
    this.#session = { devAddr: activation.devAddr, keys: activation.keys, fCntUpBase: 0, fCntDown: -1 }
    this.save()
  }

  private save(): void {
    const { region, store } = this.#options
    if (this.#session !== undefined) store.save(encodeState(region, this.#session, this.parameters, this.plan))
  }

  // Join

  private joinOnce(): void {
    const { activation, region, store, crypto, events } = this.#options
    if (activation.type !== 'otaa' || !this.#join.wanted) return
    const devNonce = store.nextDevNonce()
    if (devNonce > 0xffff) {
      this.#join.wanted = false
      events.onError('all 65,536 join requests of this device are used up: it needs a new key or DevEUI')
      return
    }
    const phy = encodeJoinRequest(crypto, activation.appKey, { joinEui: activation.joinEui, devEui: activation.devEui, devNonce })
    this.#join.attempts++
    const dataRate = this.#join.dataRate(region)
    this.begin(new Exchange({ kind: 'join', devNonce, fCnt: 0, confirmed: false, phy, remaining: 1, dataRate }))
  }

  private onJoinAccept(phy: Uint8Array, exchange: Exchange): boolean {
    const { activation, crypto, region, store, events, adr } = this.#options
    if (activation.type !== 'otaa') return false
    const accept = decodeJoinAccept(crypto, activation.appKey, phy)
    if (accept === undefined) return false
    this.#air.cancel()
    this.#exchange = undefined
    this.#join.end()
    this.reset()
    applyAccept(region, accept, this.parameters, this.plan)
    // What reached the network once reaches it again; the network makes it faster.
    if (adr) this.parameters.dataRate = region.plan === 'dynamic' ? exchange.dataRate : region.joinDataRates[0]
    const keys = sessionKeys(crypto, activation.appKey, accept, exchange.devNonce)
    // The stored counter goes on; this session counts from here.
    this.#session = { devAddr: accept.devAddr, keys, fCntUpBase: store.nextFCntUp() + 1, fCntDown: -1 }
    this.save()
    this.rest()
    events.onJoined(accept.devAddr)
    return true
  }

  // Uplinks

  private uplink(fPort: number | undefined, payload: Uint8Array, confirmed: boolean): void {
    const { region, store, crypto, adr, confirmedTransmissions = CONFIRMED_TRANSMISSIONS } = this.#options
    const session = this.#session as Session
    const fCnt = store.nextFCntUp() - session.fCntUpBase
    const { dataRate, uplinkDwell, nbTrans } = this.parameters
    const room = payloadMax(region, dataRate, uplinkDwell) - payload.length
    const phy = sealUplink(crypto, session, fCnt, {
      confirmed,
      adr,
      adrAckRequest: adr && this.#backoff.asks,
      ack: this.#ackDue,
      fOpts: this.#commands.take(Math.max(0, room)),
      fPort,
      payload,
    })
    this.#ackDue = false
    this.#answerDue = false
    const remaining = confirmed ? Math.max(confirmedTransmissions, nbTrans) : nbTrans
    this.begin(new Exchange({ kind: 'data', devNonce: 0, fCnt, confirmed, phy, remaining, dataRate }))
  }

  private begin(exchange: Exchange): void {
    this.#exchange = exchange
    this.#air.later(0, () => this.attempt())
  }

  /** Sends as soon as a channel is free. */
  private attempt(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    const { ticks_ms } = this.#options
    // The network may have switched off the channels that carried the first transmission.
    if (exchange.kind === 'data' && !this.plan.supports(exchange.dataRate)) exchange.dataRate = this.parameters.dataRate
    const now_ms = ticks_ms()
    const free = this.plan.usable(exchange.dataRate).filter((index) => channelFree_ms(this.plan, this.duty, index) <= now_ms)
    if (free.length > 0) {
      exchange.channel = free[this.below(free.length)]
      this.#air.transmit(exchange)
      return
    }
    const free_ms = earliest_ms(this.plan, this.duty, exchange.dataRate)
    if (Number.isFinite(free_ms)) this.#air.later(free_ms - now_ms, () => this.attempt())
    else {
      this.#options.events.onError(`no channel carries data rate ${exchange.dataRate}`)
      this.finish()
    }
  }

  private onTransmitted(): void {
    const exchange = this.#exchange
    if (exchange === undefined || this.#closed) return
    const now_ms = this.#options.ticks_ms()
    exchange.ended_ms = now_ms
    const used_us = this.#air.airtime_us(exchange)
    exchange.airtime_us += used_us
    this.duty.sent(this.plan.channel(exchange.channel)?.frequency_Hz ?? 0, used_us, now_ms)
    if (exchange.kind === 'join') this.duty.joinSent(used_us, now_ms, now_ms - this.#join.first_ms)
    const delay_ms = exchange.kind === 'join' ? JOIN_ACCEPT_DELAY_MS : this.parameters.rxDelay_s * 1000
    if (this.listensAlways) this.#air.listen('RXC')
    this.#air.schedule('RX1', exchange, delay_ms)
  }

  // Windows

  private get listensAlways(): boolean {
    return (this.#options.deviceClass === 'C' || this.#air.place !== undefined) && this.#session !== undefined
  }

  private onTimeout(): void {
    const exchange = this.#exchange
    if (this.#closed || exchange === undefined) return
    if (this.#air.window === 'RX1') this.afterRx1(exchange)
    else if (this.#air.window === 'RX2') this.windowsOver(exchange)
  }

  private afterRx1(exchange: Exchange): void {
    const { ticks_ms } = this.#options
    this.#air.window = undefined
    const delay_ms = (exchange.kind === 'join' ? JOIN_ACCEPT_DELAY_MS : this.parameters.rxDelay_s * 1000) + RX2_AFTER_MS
    if (this.listensAlways && this.#air.place === undefined) {
      // What listens always has no second window: it listens there already, and only waits until an answer must have come.
      this.#air.listen('RXC')
      const wait_ms = exchange.confirmed ? RX2_ANSWER_MS : RX2_AFTER_MS
      this.#air.later(Math.max(0, exchange.ended_ms + delay_ms + wait_ms - ticks_ms()), () => this.windowsOver(exchange))
      return
    }
    // A long frame for somebody else may have covered the second window.
    if (ticks_ms() > exchange.ended_ms + delay_ms) this.windowsOver(exchange)
    else {
      // To a group it listens elsewhere, until the window opens.
      if (this.listensAlways) this.#air.listen('RXC')
      this.#air.schedule('RX2', exchange, delay_ms)
    }
  }

  /** Nobody answered this transmission. */
  private windowsOver(exchange: Exchange): void {
    this.quiet()
    if (exchange.kind === 'join') {
      this.#exchange = undefined
      if (this.#join.wanted) this.joinAgain()
      this.#options.events.onJoinFailed()
      return
    }
    if (exchange.remaining === 0 || exchange.acknowledged) {
      this.finish()
      return
    }
    this.#air.later(exchange.confirmed ? RETRANSMIT_MIN_MS + this.below(RETRANSMIT_SPAN_MS) : 0, () => this.attempt())
  }

  private joinAgain(): void {
    const pause_ms = JOIN_PAUSE_MS + this.below(JOIN_PAUSE_MS)
    const wait_ms = Math.max(pause_ms, this.duty.joinFree_ms - this.#options.ticks_ms())
    this.#air.later(wait_ms, () => this.joinOnce())
  }

  /** The exchange is over, however it went. */
  private finish(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#air.cancel()
    this.rest()
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
    if (this.#join.wanted) this.#air.later(0, () => this.joinOnce())
    else if (this.#backoff.lost && activation.type === 'otaa') this.join()
    else if ((this.#ackDue || this.#answerDue) && this.#exchange === undefined) this.answerLater()
  }

  /** An empty uplink that tells the network that it was heard, unless the application sends first. */
  private answerLater(): void {
    this.#air.later(RETRANSMIT_MIN_MS + this.below(RETRANSMIT_SPAN_MS), () => {
      if (this.#exchange !== undefined || this.#session === undefined || this.#join.wanted) return
      if (this.#ackDue || this.#answerDue) this.uplink(undefined, new Uint8Array(0), false)
    })
  }

  /** Between exchanges. */
  private rest(): void {
    if (!this.#closed && this.#exchange === undefined) this.quiet()
  }

  /** Class C listens, and is not disturbed when it does; class A sleeps. */
  private quiet(): void {
    if (this.listensAlways) {
      if (this.#air.window !== 'RXC') this.#air.listen('RXC')
      return
    }
    this.#air.sleep()
  }

  // Downlinks

  private onReceived(frame: RadioFrame): void {
    if (this.#closed || this.#air.window === undefined) return
    const window = this.#air.window
    let taken = false
    try {
      taken = this.take(frame, window)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    if (taken || this.#closed) return
    const group = this.openMulticast(frame)
    // For somebody else: the window is used up, or goes on.
    const exchange = this.#exchange
    if (window === 'RXC') this.#air.listen('RXC')
    else if (exchange !== undefined && window === 'RX1') this.afterRx1(exchange)
    else if (exchange !== undefined) this.windowsOver(exchange)
    if (group !== undefined)
      this.#options.events.onDownlink({ ...group, rssi_dBm: frame.rssi_dBm, snr_dB: frame.snr_dB, window, multicast: true })
  }

  /** A frame of one of our groups; it changes nothing about windows and answers. */
  private openMulticast({ payload: phy }: RadioFrame): { fPort: number; payload: Uint8Array; group: number } | undefined {
    if (this.#groups === undefined || this.#groups.length === 0 || phy[0] >> 5 !== MType.unconfirmedDown) return undefined
    try {
      const data = decodeData(phy)
      for (const group of this.#groups) {
        const payload = group.open(this.#options.crypto, data, phy)
        if (payload !== undefined && data.fPort !== undefined) return { fPort: data.fPort, payload, group: group.id }
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    return undefined
  }

  private take(frame: RadioFrame, window: Window): boolean {
    const { payload } = frame
    const type = frameType(payload)
    const exchange = this.#exchange
    if (type === MType.joinAccept) return exchange?.kind === 'join' && this.onJoinAccept(payload, exchange)
    if (!isDataFrame(type) || this.#session === undefined || exchange?.kind === 'join') return false
    return this.onData(frame, window, this.#session)
  }

  /** False for a frame that is none of our session. */
  private onData(frame: RadioFrame, window: Window, session: Session): boolean {
    const { crypto, events } = this.#options
    const data = decodeData(frame.payload)
    const payload = openDownlink(crypto, session, data, frame.payload)
    if (payload === undefined) return false
    this.#backoff.heard()
    this.#commands.handle(splitCommands(data.fPort === 0 ? payload : data.fOpts, false), frame.snr_dB)
    this.#ackDue ||= data.confirmed
    this.#answerDue ||= data.pending
    this.save()
    const exchange = this.#exchange
    if (exchange !== undefined && data.ack) exchange.acknowledged = true
    this.settle(exchange, window)
    if (data.fPort !== undefined && data.fPort !== 0) {
      const { rssi_dBm, snr_dB } = frame
      events.onDownlink({ fPort: data.fPort, payload, rssi_dBm, snr_dB, window, multicast: false })
    }
    return true
  }

  /** A downlink in RX1 or RX2 ends an exchange, unless an acknowledgement is still to come; in RXC the windows go on. */
  private settle(exchange: Exchange | undefined, window: Window): void {
    if (exchange === undefined) {
      this.#air.listen('RXC')
      if (this.#ackDue || this.#answerDue) this.answerLater()
    } else if (window === 'RXC') this.#air.listen('RXC')
    else if (exchange.confirmed && !exchange.acknowledged) this.windowsOver(exchange)
    else this.finish()
  }

  // Radio

  private onRadioError(reason: string): void {
    if (this.#closed) return
    this.#options.events.onError(reason)
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.rest()
      return
    }
    this.#air.window = undefined
    exchange.ended_ms = this.#options.ticks_ms()
    this.windowsOver(exchange)
  }

  private sinceUplink_ms(): number {
    const exchange = this.#exchange
    return exchange === undefined ? 0 : this.#options.ticks_ms() - exchange.ended_ms
  }

  private below(limit: number): number {
    const bytes = new Uint8Array(4)
    this.#options.random(bytes)
    const value = bytes[0] * 0x1000000 + bytes[1] * 0x10000 + bytes[2] * 0x100 + bytes[3]
    return Math.floor((value / 0x100000000) * limit)
  }
}
