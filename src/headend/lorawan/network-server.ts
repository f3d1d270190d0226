import type { Crypto } from '../../../hal/api/crypto.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { toHex } from '../../lib/hex.ts'
import { airtime_us } from '../../lib/lora-airtime.ts'
import type { GatewayReception, GatewayTransmission } from '../../lib/lora-gateway.ts'
import type { Modulation } from '../../lib/lora-radio.ts'
import { type DataFrame, decodeData, encodeData, FOPTS_MAX, frameType, isDataFrame, MType } from '../../links/lorawan/frame.ts'
import { Cid, type MacCommand, splitCommands } from '../../links/lorawan/mac-commands.ts'
import { payloadMax, type Region } from '../../links/lorawan/region.ts'
import {
  cryptPayload,
  decodeJoinRequest,
  encodeJoinAccept,
  type JoinAccept,
  nextFCnt,
  sessionKeys,
  sign,
  verifyData,
  verifyJoin,
} from '../../links/lorawan/security.ts'
import { decideAdr } from './adr.ts'
import { Device, type DeviceOptions, QUEUE_MAX, type QueuedDownlink, type ServerSession } from './device.ts'
import type { GatewayInfo, NetworkEvent, RefusedEvent } from './events.ts'
import { multicastFrame, multicastTransmission, type ServedGroup } from './multicast-sender.ts'
import { type NetworkPlan, networkPlan } from './network-plan.ts'

/** Copies of a frame from other gateways come within this time. */
const DEDUPLICATION_MS = 200
const JOIN_ACCEPT_DELAY_MS = 5000
const CLOCK_RANGE = 2 ** 32
const GPS_EPOCH_MS = 315_964_800_000
const GPS_LEAP_MS = 18_000
const PREAMBLE = 8
/** Between two downlinks to a device that listens always: while it answers the first it hears nothing. */
const CLASS_C_PAUSE_MS = 5000
/** From the begin of RX2 to the end of what is sent in it. */
const RX2_LENGTH_MS = 1000
/** What a gateway needs between two transmissions, and what the way there takes. */
const GATEWAY_GAP_MS = 200
/** RX2 begins one second after RX1. */
const RX2_AFTER_MS = 1000
/** Bytes of a frame with a port around its payload. */
const FRAME_HEAD = 13
/** Largest index of a power. */
const KEEP = 15

/** Where a downlink leaves. */
interface Place {
  readonly window: 'RX1' | 'RX2' | 'RXC'
  readonly frequency_Hz: number
  readonly modulation: Modulation
}

/** A gateway, as the server sees it. */
export interface ServerGateway {
  readonly id: string
  /** Antenna's gain, which the EIRP includes. */
  readonly antennaGain_dBi: number
  /** `refused`: it cannot send that, or cannot any more; perhaps later. */
  send(transmission: GatewayTransmission, refused?: (error: string) => void): void
}

export interface NetworkServerOptions {
  readonly region: Region
  readonly crypto: Crypto
  readonly timer: Timer
  readonly utc_ms: () => number
  /** 24 bits; 000000 and 000001 are for experiments. */
  readonly netId?: number
  readonly rxDelay_s?: number
  readonly onEvent: (event: NetworkEvent) => void
}

interface Pending {
  readonly phy: Uint8Array
  readonly heard: { readonly gateway: ServerGateway; readonly reception: GatewayReception }[]
  readonly timer: TimerHandle
}

interface Best {
  readonly gateway: ServerGateway
  readonly reception: GatewayReception
  readonly all: readonly GatewayInfo[]
}

/**
 * A LoRaWAN 1.0.x network server for one application: joins, MIC and counters, ADR, time and link check, downlinks in RX1 or RX2, class C. Small on purpose: it has no
 * roaming and no class B; what it sends to groups is up to whoever has a campaign. It knows no socket and no clock but those that it is given.
 */
export class NetworkServer {
  readonly plan: NetworkPlan
  readonly #options: NetworkServerOptions
  readonly #devices = new Map<string, Device>()
  /** Frames that copies of are waited for, by content. */
  readonly #pending = new Map<string, Pending>()
  readonly #gateways = new Map<string, ServerGateway>()
  /** Until when gateways have something to send, by id. */
  readonly #occupied_ms = new Map<string, number>()
  /** What gateways are to send in the windows of devices, by id. */
  readonly #reserved = new Map<string, { readonly from_ms: number; readonly until_ms: number }[]>()
  #addresses = 0

  constructor(options: NetworkServerOptions) {
    this.#options = options
    this.plan = networkPlan(options.region)
  }

  get devices(): Iterable<Device> {
    return this.#devices.values()
  }

  /** Registers a device, or replaces it. */
  addDevice(options: DeviceOptions): Device {
    const device = new Device(options, toHex(options.devEui))
    this.#devices.set(device.id, device)
    return device
  }

  /** Sends to a device as soon as it listens. Errors: FerrarisError `LORAWAN_DEVICE` for an unknown one, `LORAWAN_QUEUE` when too much waits, RangeError for the port. */
  enqueue(devEui: string, item: QueuedDownlink): void {
    const device = this.#devices.get(devEui.toLowerCase())
    if (device === undefined) throw new FerrarisError('LORAWAN_DEVICE', `no device ${devEui}`)
    if (item.fPort < 1 || item.fPort > 223) throw new RangeError(`port ${item.fPort}, allowed is 1 to 223`)
    if (device.queue.length >= QUEUE_MAX) throw new FerrarisError('LORAWAN_QUEUE', `${QUEUE_MAX} downlinks wait for ${devEui}`)
    device.queue.push(item)
    if (device.options.deviceClass === 'C' && !device.sending && !device.answering) this.#sendNow(device)
  }

  /** Sends to a group through each gateway that one of these devices was heard by, one after the other; gives how many there are. */
  sendMulticast(group: ServedGroup, devEuis: readonly string[], fPort: number, payload: Uint8Array): number {
    const { crypto, timer, utc_ms } = this.#options
    const phy = multicastFrame(crypto, group, fPort, payload)
    const gateways = new Set(devEuis.map((devEui) => this.#gateways.get(this.#devices.get(devEui)?.gateway?.gateway ?? '')))
    gateways.delete(undefined)
    let wait_ms = 0
    for (const gateway of gateways as Set<ServerGateway>) {
      const transmission = multicastTransmission(group, phy, this.plan.rx2_dBm - gateway.antennaGain_dBi)
      const send = () => {
        this.#occupy(gateway, transmission, 0)
        gateway.send(transmission)
      }
      wait_ms = Math.max(wait_ms, (this.#occupied_ms.get(gateway.id) ?? 0) - utc_ms())
      if (wait_ms > 0) timer.set(send, Math.ceil(wait_ms))
      else send()
      wait_ms += GATEWAY_GAP_MS + airtime_us({ ...transmission, length: phy.length }) / 1000
    }
    return gateways.size
  }

  /** Downlinks that wait for a device. */
  waiting(devEui: string): number {
    return this.#devices.get(devEui)?.queue.length ?? 0
  }

  /** Until then the device listens to a group and not where class C does: what waits for it leaves in the windows of its uplinks. */
  hold(devEui: string, until_ms: number): void {
    const device = this.#devices.get(devEui)
    if (device !== undefined) device.elsewhere_ms = until_ms
  }

  /** A gateway has heard something. */
  received(gateway: ServerGateway, reception: GatewayReception): void {
    if (!reception.crcOk) return
    this.#gateways.set(gateway.id, gateway)
    const key = toHex(reception.payload)
    const known = this.#pending.get(key)
    if (known !== undefined) {
      known.heard.push({ gateway, reception })
      return
    }
    const timer = this.#options.timer.set(() => this.#complete(key), DEDUPLICATION_MS)
    this.#pending.set(key, { phy: reception.payload, heard: [{ gateway, reception }], timer })
  }

  close(): void {
    for (const { timer } of this.#pending.values()) this.#options.timer.clear(timer)
    this.#pending.clear()
  }

  #complete(key: string): void {
    const pending = this.#pending.get(key)
    if (pending === undefined) return
    this.#pending.delete(key)
    const ordered = [...pending.heard].sort((a, b) => b.reception.snr_dB - a.reception.snr_dB)
    const all = ordered.map(({ gateway, reception }) => ({ gateway: gateway.id, reception }))
    const best: Best = { ...ordered[0], all }
    try {
      const type = frameType(pending.phy)
      if (type === MType.joinRequest) this.#onJoin(pending.phy, best)
      else if (isDataFrame(type)) this.#onData(pending.phy, best)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#refuse(best, 'malformed')
    }
  }

  #refuse(best: Best, reason: RefusedEvent['reason'], more: Pick<RefusedEvent, 'devEui' | 'devAddr'> = {}): void {
    const { onEvent, utc_ms } = this.#options
    onEvent({ type: 'refused', utc_ms: utc_ms(), gateway: best.gateway.id, reason, ...more })
  }

  // Join

  #onJoin(phy: Uint8Array, best: Best): void {
    const { crypto, netId = 0, rxDelay_s = 1, onEvent, utc_ms } = this.#options
    const { devEui, devNonce, joinEui } = decodeJoinRequest(phy)
    const id = toHex(devEui)
    const device = this.#devices.get(id)
    const appKey = device?.options.appKey
    if (device === undefined || appKey === undefined || toHex(device.options.joinEui) !== toHex(joinEui)) {
      this.#refuse(best, 'unknown device', { devEui: id })
      return
    }
    const genuine = verifyJoin(crypto, appKey, phy)
    if (!genuine || !device.takeNonce(devNonce)) {
      this.#refuse(best, genuine ? 'DevNonce was used' : 'wrong MIC', { devEui: id })
      return
    }
    const accept: JoinAccept = {
      joinNonce: ++device.joinNonce,
      netId,
      // NwkID of the NetID, then a number of our own.
      devAddr: (((netId & 0x7f) << 25) | ++this.#addresses) >>> 0,
      rx1DrOffset: 0,
      rx2DataRate: this.#options.region.rx2.dataRate,
      rxDelay_s,
      cfList: this.plan.cfList,
    }
    device.pending = { devAddr: accept.devAddr, keys: sessionKeys(crypto, appKey, accept, devNonce), fCntUp: -1, fCntDown: 0 }
    onEvent({ type: 'join', utc_ms: utc_ms(), devEui: id, name: device.options.name, devAddr: accept.devAddr, devNonce })
    this.#sendInWindow(best, encodeJoinAccept(crypto, appKey, accept), JOIN_ACCEPT_DELAY_MS, () => {})
  }

  // Data

  #onData(phy: Uint8Array, best: Best): void {
    const frame = decodeData(phy)
    if (!frame.up) return
    const { crypto } = this.#options
    let known = false
    for (const device of this.#devices.values()) {
      for (const session of [device.pending, device.session]) {
        if (session?.devAddr !== frame.devAddr) continue
        known = true
        const again = session.fCntUp >= 0 && (session.fCntUp & 0xffff) === frame.fCnt
        const fCnt = again ? session.fCntUp : nextFCnt(session.fCntUp, frame.fCnt)
        if (fCnt === undefined) continue
        if (!verifyData(crypto, session.keys.nwkSKey, { up: true, devAddr: frame.devAddr, fCnt }, phy)) continue
        this.#onUplink(device, session, frame, fCnt, again, best)
        return
      }
    }
    this.#refuse(best, known ? 'wrong MIC' : 'unknown address', { devAddr: frame.devAddr })
  }

  #onUplink(device: Device, session: ServerSession, frame: DataFrame, fCnt: number, again: boolean, best: Best): void {
    if (session === device.pending) this.#adopt(device, session)
    const { region, crypto } = this.#options
    session.fCntUp = fCnt
    device.gateway = best.all[0]
    device.dataRate = dataRateOf(region, best.reception.modulation)
    const identity = { up: true, devAddr: frame.devAddr, fCnt }
    const key = frame.fPort === 0 ? session.keys.nwkSKey : session.keys.appSKey
    const payload = cryptPayload(crypto, key, identity, frame.payload)
    const answers: number[] = []
    if (!again) {
      device.heard(best.reception.snr_dB)
      this.#onAck(device, session, frame)
      for (const command of splitCommands(frame.fPort === 0 ? payload : frame.fOpts, true))
        this.#onCommand(device, session, command, best, answers)
      device.answering = true
      this.#tellUplink(device, session, frame, fCnt, payload, best)
      device.answering = false
    }
    const answered = this.#answer(device, session, frame, answers, best)
    device.busy_ms = this.#options.utc_ms() + this.#windows_ms + (answered ? CLASS_C_PAUSE_MS : 0)
    // What did not go into RX1 follows when the windows are over.
    const { deviceClass } = device.options
    if (deviceClass === 'C' && device.queue.length > 0 && !device.sending) this.#sendLater(device, device.busy_ms - this.#options.utc_ms())
  }

  /** From an uplink to the end of its windows. */
  get #windows_ms(): number {
    const { rxDelay_s = 1 } = this.#options
    return (rxDelay_s + 1) * 1000 + RX2_LENGTH_MS
  }

  #adopt(device: Device, session: ServerSession): void {
    device.session = session
    device.pending = undefined
    device.snr_dB = []
    device.txPower = 0
    device.adrPending = false
    device.awaiting = undefined
  }

  #tellUplink(device: Device, session: ServerSession, frame: DataFrame, fCnt: number, payload: Uint8Array, best: Best): void {
    if (frame.fPort === 0 || frame.fPort === undefined) return
    const { frequency_Hz, modulation } = best.reception
    this.#options.onEvent({
      type: 'up',
      ...this.#common(device, session),
      fCnt,
      fPort: frame.fPort,
      confirmed: frame.confirmed,
      adr: frame.adr,
      dataRate: device.dataRate,
      frequency_Hz,
      modulation,
      payload,
      gateways: best.all,
    })
  }

  #common(device: Device, session: ServerSession) {
    return { utc_ms: this.#options.utc_ms(), devEui: device.id, name: device.options.name, devAddr: session.devAddr }
  }

  #onAck(device: Device, session: ServerSession, frame: DataFrame): void {
    const { awaiting } = device
    if (awaiting === undefined) return
    device.awaiting = undefined
    // Not heard: it waits again, in front.
    if (!frame.ack) device.queue.unshift(awaiting.item)
    else this.#options.onEvent({ type: 'ack', ...this.#common(device, session), fCntDown: awaiting.fCnt, queueItemId: awaiting.item.id })
  }

  #onCommand(device: Device, session: ServerSession, { cid, payload }: MacCommand, best: Best, answers: number[]): void {
    if (cid === Cid.linkCheck) {
      const { reception, all } = best
      const margin = reception.modulation.type === 'lora' ? reception.snr_dB - -2.5 * (reception.modulation.spreadingFactor - 4) : 0
      answers.push(cid, Math.max(0, Math.min(254, Math.round(margin))), all.length)
    } else if (cid === Cid.deviceTime) {
      const gps_ms = best.reception.utc_ms - GPS_EPOCH_MS + GPS_LEAP_MS
      const seconds = Math.floor(gps_ms / 1000)
      const bytes = [seconds, seconds / 2 ** 8, seconds / 2 ** 16, seconds / 2 ** 24].map((value) => Math.floor(value) & 0xff)
      answers.push(cid, ...bytes, Math.floor(((gps_ms % 1000) * 256) / 1000))
    } else if (cid === Cid.devStatus) {
      const margin_dB = payload[1] & 0x20 ? (payload[1] & 0x3f) - 64 : payload[1] & 0x3f
      this.#options.onEvent({ type: 'status', ...this.#common(device, session), battery: payload[0], margin_dB })
    } else if (cid === Cid.linkAdr) device.adrPending = false
  }

  /** A downlink in RX1, when there is a reason for one; whether it brought something that the device may answer. */
  #answer(device: Device, session: ServerSession, frame: DataFrame, answers: number[], best: Best): boolean {
    const { region, rxDelay_s = 1 } = this.#options
    const decision = frame.adr && !device.adrPending ? decideAdr(region, this.plan, device) : undefined
    if (decision !== undefined) {
      device.adrPending = true
      device.txPower = decision.txPower
      device.snr_dB = []
      answers.push(...this.#linkAdr(decision.dataRate, decision.txPower, device.options.session !== undefined))
    }
    const fOpts = Uint8Array.from(answers.slice(0, FOPTS_MAX))
    const dataRate = region.rx1DataRate(device.dataRate, 0, region.dwellByDefault)
    const item = this.#fitting(device, payloadMax(region, dataRate, false, fOpts.length))
    if (!frame.confirmed && !frame.adrAckRequest && fOpts.length === 0 && item === undefined) return false
    const phy = this.#encode(device, session, item, fOpts, frame.confirmed)
    const fCntDown = session.fCntDown - 1
    this.#sendInWindow(best, phy, rxDelay_s * 1000, (place) =>
      this.#tellDownlink(device, session, { item, fCntDown }, place, best.gateway.id),
    )
    return item !== undefined
  }

  /** The channels of the network, all on; those of the region for a device that no join accept told about the others. */
  #linkAdr(dataRate: number, txPower: number, regional: boolean): number[] {
    const { region } = this.#options
    const first = (dataRate << 4) | Math.min(txPower, KEEP)
    if (region.plan === 'dynamic') {
      const count = regional ? region.defaultChannels.length : this.plan.multi_Hz.length
      return [Cid.linkAdr, first, ...mask(2 ** count - 1), 0x01]
    }
    // Only the wide channel of the sub-band, then its eight others.
    const subBand = region.defaultChannels.findIndex(({ frequency_Hz }) => frequency_Hz === this.plan.multi_Hz[0]) / 8
    const block = Math.floor(subBand / 2)
    return [Cid.linkAdr, first, ...mask(1 << subBand), 0x71, Cid.linkAdr, first, ...mask(0xff << (8 * (subBand % 2))), (block << 4) | 1]
  }

  /** The next of the queue that fits; what never fits is dropped by whoever put it there. */
  #fitting(device: Device, room: number): QueuedDownlink | undefined {
    if (device.awaiting !== undefined) return undefined
    const [first] = device.queue
    return first !== undefined && first.payload.length <= room ? device.queue.shift() : undefined
  }

  #encode(device: Device, session: ServerSession, item: QueuedDownlink | undefined, fOpts: Uint8Array, ack: boolean): Uint8Array {
    const { crypto } = this.#options
    const fCnt = session.fCntDown++
    const identity = { up: false, devAddr: session.devAddr, fCnt }
    const phy = encodeData({
      up: false,
      confirmed: item?.confirmed === true,
      devAddr: session.devAddr,
      adr: true,
      adrAckRequest: false,
      ack,
      pending: device.queue.length > 0,
      fCnt: fCnt & 0xffff,
      fOpts,
      fPort: item?.fPort,
      payload: cryptPayload(crypto, session.keys.appSKey, identity, item?.payload ?? new Uint8Array(0)),
    })
    sign(crypto, session.keys.nwkSKey, identity, phy)
    if (item?.confirmed === true) device.awaiting = { fCnt, item }
    return phy
  }

  #tellDownlink(
    device: Device,
    session: ServerSession,
    { item, fCntDown }: { readonly item: QueuedDownlink | undefined; readonly fCntDown: number },
    sent: Place,
    gateway: string,
  ): void {
    const { fPort, payload = new Uint8Array(0) } = item ?? {}
    this.#options.onEvent({
      type: 'down',
      ...this.#common(device, session),
      fCnt: fCntDown,
      fPort,
      payload,
      gateway,
      queueItemId: item?.id,
      ...sent,
    })
  }

  // Windows

  #rx1({ frequency_Hz, modulation }: GatewayReception): { frequency_Hz: number; modulation: Modulation } {
    const { region } = this.#options
    const index = region.defaultChannels.findIndex((channel) => channel.frequency_Hz === frequency_Hz)
    const dataRate = region.rx1DataRate(dataRateOf(region, modulation), 0, region.dwellByDefault)
    return { frequency_Hz: region.rx1_Hz?.(index) ?? frequency_Hz, modulation: region.dataRates[dataRate] as Modulation }
  }

  /** In RX1, or in RX2 where the gateway that heard the uplink cannot do that; `told` learns where. What it cannot send at all is lost: the next uplink brings the next chance. */
  #sendInWindow(best: Best, phy: Uint8Array, delay_ms: number, told: (place: Place) => void): void {
    const { region } = this.#options
    const rx1: Place = { window: 'RX1', ...this.#rx1(best.reception) }
    this.#sendAt(best, phy, { ...rx1, delay_ms, eirp_dBm: this.plan.rx1_dBm }, told, () => {
      const { frequency_Hz, dataRate } = region.rx2
      // A frame for a fast RX1 may be too long for it.
      if (phy.length - FRAME_HEAD > payloadMax(region, dataRate, region.dwellByDefault)) return
      const rx2: Place = { window: 'RX2', frequency_Hz, modulation: region.dataRates[dataRate] as Modulation }
      this.#sendAt(best, phy, { ...rx2, delay_ms: delay_ms + RX2_AFTER_MS, eirp_dBm: this.plan.rx2_dBm }, told, () => {})
    })
  }

  #sendAt(
    { gateway, reception }: Best,
    phy: Uint8Array,
    { delay_ms, eirp_dBm, ...place }: Place & { readonly delay_ms: number; readonly eirp_dBm: number },
    told: (place: Place) => void,
    refused: () => void,
  ): void {
    const tmst_us = (reception.tmst_us + delay_ms * 1000) % CLOCK_RANGE
    const transmission = this.#transmission(gateway, phy, tmst_us, place, eirp_dBm)
    const from_ms = this.#options.utc_ms() + delay_ms - DEDUPLICATION_MS
    const until_ms = from_ms + airtime_us({ ...transmission, length: phy.length }) / 1000
    if (!this.#reserve(gateway, from_ms, until_ms)) {
      refused()
      return
    }
    let failed = false
    gateway.send(transmission, () => {
      failed = true
      refused()
    })
    if (failed) return
    this.#occupy(gateway, transmission, delay_ms)
    told(place)
  }

  /** Takes this time of a gateway; false where something else is to be sent then. */
  #reserve({ id }: ServerGateway, from_ms: number, until_ms: number): boolean {
    const now_ms = this.#options.utc_ms()
    const others = (this.#reserved.get(id) ?? []).filter((other) => other.until_ms > now_ms)
    this.#reserved.set(id, others)
    if (others.some((other) => from_ms < other.until_ms && other.from_ms < until_ms)) return false
    others.push({ from_ms, until_ms })
    return true
  }

  /** A gateway sends one frame at a time. */
  #occupy({ id }: ServerGateway, transmission: GatewayTransmission, delay_ms: number): void {
    const { payload, ...shape } = transmission
    const airtime_ms = airtime_us({ ...shape, length: payload.length }) / 1000
    const until_ms = this.#options.utc_ms() + delay_ms + airtime_ms + GATEWAY_GAP_MS
    this.#occupied_ms.set(id, Math.max(until_ms, this.#occupied_ms.get(id) ?? 0))
  }

  /** The next downlink of a device that listens always, after `wait_ms`. */
  #sendLater(device: Device, wait_ms: number): void {
    device.sending = true
    this.#options.timer.set(() => {
      device.sending = false
      this.#sendNow(device)
    }, Math.ceil(wait_ms))
  }

  #sendNow(device: Device): void {
    const { region } = this.#options
    const gateway = device.gateway && this.#gateways.get(device.gateway.gateway)
    const { session } = device
    if (gateway === undefined || session === undefined) return
    const wait_ms = Math.max(this.#occupied_ms.get(gateway.id) ?? 0, device.busy_ms, device.elsewhere_ms) - this.#options.utc_ms()
    if (wait_ms > 0) {
      if (device.queue.length > 0) this.#sendLater(device, wait_ms)
      return
    }
    const { frequency_Hz, dataRate } = region.rx2
    const item = this.#fitting(device, payloadMax(region, dataRate, false))
    if (item === undefined) return
    const rx2 = { frequency_Hz, modulation: region.dataRates[dataRate] as Modulation }
    const phy = this.#encode(device, session, item, new Uint8Array(0), false)
    const transmission = this.#transmission(gateway, phy, undefined, rx2, this.plan.rx2_dBm)
    this.#occupy(gateway, transmission, 0)
    gateway.send(transmission)
    // One after the other: the device must listen again.
    this.#sendLater(device, CLASS_C_PAUSE_MS + airtime_us({ ...transmission, length: phy.length }) / 1000)
    this.#tellDownlink(device, session, { item, fCntDown: session.fCntDown - 1 }, { window: 'RXC', ...rx2 }, gateway.id)
  }

  #transmission(
    { antennaGain_dBi }: ServerGateway,
    payload: Uint8Array,
    tmst_us: number | undefined,
    { frequency_Hz, modulation }: { frequency_Hz: number; modulation: Modulation },
    eirp_dBm: number,
  ): GatewayTransmission {
    return {
      tmst_us,
      frequency_Hz,
      modulation,
      power_dBm: eirp_dBm - antennaGain_dBi,
      invertedIq: true,
      preamble: PREAMBLE,
      crc: false,
      payload,
    }
  }
}

function mask(bits: number): [number, number] {
  return [bits & 0xff, (bits >> 8) & 0xff]
}

/** Uplink data rate of a modulation; 0 for one that the region does not have. */
function dataRateOf(region: Region, modulation: Modulation): number {
  const same = (rate: Modulation | undefined): boolean => {
    if (rate?.type === 'lora' && modulation.type === 'lora') {
      return rate.spreadingFactor === modulation.spreadingFactor && rate.bandwidth_Hz === modulation.bandwidth_Hz
    }
    return rate?.type === modulation.type
  }
  return Math.max(0, region.dataRates.findIndex(same))
}
