import { airtime_us } from '../../lib/lora-airtime.ts'
import type { Concentrator, GatewayReception, GatewayTransmission, TransmissionError } from '../../lib/lora-gateway.ts'
import type { Modulation } from '../../lib/lora-radio.ts'
import type { Scheduler, Task } from '../scheduler.ts'
import type { AirReceiver, AirReception, AirSignal, LoRaAir, Position } from './air.ts'

/** Channels that a concentrator listens on: several spreading factors on each of the first, one modulation on the others. */
export interface ConcentratorChannels {
  /** 125 kHz, spreading factors 7 to 12; at most eight. */
  readonly multi_Hz: readonly number[]
  readonly single: readonly { readonly frequency_Hz: number; readonly modulation: Modulation }[]
}

export interface ConcentratorOptions {
  readonly scheduler: Scheduler
  readonly air: LoRaAir
  readonly name: string
  readonly position: Position
  readonly channels: ConcentratorChannels
  /** Frequencies that its transmitter can use. */
  readonly transmit_Hz: readonly [number, number]
  readonly antennaGain_dBi?: number
  readonly publicNetwork?: boolean
}

/** SX1301 datasheet, section "IF channels": eight demodulators for all spreading factors. */
const DEMODULATORS = 8
const CLOCK_RANGE = 2 ** 32
/** Packet forwarder: frames are taken so long before they leave, and so shortly. */
const EARLIEST_US = 3_000_000 * 128
const LATEST_US = 1500
/** Between two transmissions. */
const GAP_US = 1500
const POWER_MAX_DBM = 27
const POWER_MIN_DBM = -6
const GAIN_DBI = 3
/** SX1257 with the LNA of a gateway. */
const NOISE_FIGURE_DB = 3
const SINGLE_CHANNEL = 8

interface Planned {
  readonly begin_us: number
  readonly end_us: number
  task: Task | undefined
}

/** An SX1301 class gateway radio: hears eight channels in all spreading factors at once, is deaf while it sends, and sends at a time of its own clock. */
export class WorldConcentrator implements Concentrator, AirReceiver {
  readonly name: string
  readonly position: Position
  readonly antennaGain_dBi: number
  readonly noiseFigure_dB = NOISE_FIGURE_DB
  onReceived: ((reception: GatewayReception) => void) | undefined
  /** A gateway that is broken hears nothing and sends nothing; it does not know it. */
  broken = false
  readonly #options: ConcentratorOptions
  #following: AirSignal[] = []
  #planned: Planned[] = []
  #listening_us: number

  constructor(options: ConcentratorOptions) {
    this.#options = options
    this.name = options.name
    this.position = options.position
    this.antennaGain_dBi = options.antennaGain_dBi ?? GAIN_DBI
    this.#listening_us = options.scheduler.now_us
    options.air.attach(this)
  }

  get tmst_us(): number {
    return this.#options.scheduler.now_us % CLOCK_RANGE
  }

  close(): void {
    for (const { task } of this.#planned) if (task !== undefined) this.#options.scheduler.cancel(task)
    this.#planned = []
    this.onReceived = undefined
    this.#options.air.detach(this)
  }

  transmit(transmission: GatewayTransmission): TransmissionError | undefined {
    const { scheduler, transmit_Hz } = this.#options
    const { frequency_Hz, power_dBm, modulation, preamble, crc, payload, tmst_us } = transmission
    if (frequency_Hz < transmit_Hz[0] || frequency_Hz > transmit_Hz[1]) return 'TX_FREQ'
    if (power_dBm < POWER_MIN_DBM || power_dBm > POWER_MAX_DBM) return 'TX_POWER'
    const now_us = scheduler.now_us
    const ahead_us = tmst_us === undefined ? LATEST_US : (tmst_us - this.tmst_us + CLOCK_RANGE) % CLOCK_RANGE
    // What lies in the second half of the clock's range is past.
    if (ahead_us < LATEST_US || ahead_us > CLOCK_RANGE / 2) return 'TOO_LATE'
    if (ahead_us > EARLIEST_US) return 'TOO_EARLY'
    const begin_us = now_us + ahead_us
    const end_us = begin_us + Math.round(airtime_us({ modulation, preamble, crc, length: payload.length }))
    this.#planned = this.#planned.filter(({ end_us: end }) => end > now_us)
    if (this.#planned.some((other) => begin_us < other.end_us + GAP_US && other.begin_us < end_us + GAP_US)) return 'COLLISION_PACKET'
    const planned: Planned = { begin_us, end_us, task: undefined }
    planned.task = scheduler.at(begin_us, () => this.#send(transmission, end_us))
    this.#planned.push(planned)
    return undefined
  }

  /** `publicNetwork` and the antenna are the gateway's own. */
  #send(transmission: GatewayTransmission, end_us: number): void {
    if (this.broken) return
    const { air, publicNetwork = true, scheduler } = this.#options
    // Half duplex: what it was hearing is lost.
    this.#following = []
    this.#listening_us = end_us
    air.transmit(this, { ...transmission, publicNetwork })
    scheduler.at(end_us, () => air.listening(this))
  }

  listensSince_us({ transmission }: AirSignal): number | undefined {
    const { publicNetwork = true, scheduler } = this.#options
    const deaf = this.broken || scheduler.now_us < this.#listening_us
    if (deaf || transmission.invertedIq || transmission.publicNetwork !== publicNetwork) return undefined
    if (this.#channelOf(transmission.frequency_Hz, transmission.modulation) === undefined) return undefined
    return this.#following.length < DEMODULATORS ? this.#listening_us : undefined
  }

  onPreamble(signal: AirSignal): boolean {
    this.#following.push(signal)
    return true
  }

  onEnd({ signal, rssi_dBm, snr_dB, damaged }: AirReception): boolean {
    const at = this.#following.indexOf(signal)
    if (at < 0) return false
    this.#following.splice(at, 1)
    if (this.broken) return false
    const { frequency_Hz, modulation, payload } = signal.transmission
    const channel = this.#channelOf(frequency_Hz, modulation) ?? 0
    const now_us = this.#options.scheduler.now_us
    this.onReceived?.({
      tmst_us: now_us % CLOCK_RANGE,
      utc_ms: now_us / 1000,
      frequency_Hz,
      modulation,
      channel,
      rfChain: channel < 4 ? 0 : 1,
      rssi_dBm,
      snr_dB,
      crcOk: !damaged,
      payload: damaged ? this.#damage(payload) : payload.slice(),
    })
    return true
  }

  /** Something of what was sent arrives. */
  #damage(payload: Uint8Array): Uint8Array {
    const result = payload.slice()
    for (let i = result.length >> 1; i < result.length; i++) result[i] ^= 0x5a
    return result
  }

  #channelOf(frequency_Hz: number, modulation: Modulation): number | undefined {
    const { multi_Hz, single } = this.#options.channels
    if (modulation.type === 'lora' && modulation.bandwidth_Hz === 125_000 && modulation.spreadingFactor >= 7) {
      const index = multi_Hz.indexOf(frequency_Hz)
      if (index >= 0) return index
    }
    const index = single.findIndex((channel) => channel.frequency_Hz === frequency_Hz && sameModulation(channel.modulation, modulation))
    return index < 0 ? undefined : SINGLE_CHANNEL + index
  }
}

function sameModulation(a: Modulation, b: Modulation): boolean {
  if (a.type === 'fsk' || b.type === 'fsk') return a.type === b.type
  return a.spreadingFactor === b.spreadingFactor && a.bandwidth_Hz === b.bandwidth_Hz
}
