import { fromDecibel, toDecibel } from '../../lib/decibel.ts'
import { airtime_us, symbol_us } from '../../lib/lora-airtime.ts'
import type { LoRaModulation, RadioTransmission } from '../../lib/lora-radio.ts'
import { SeededRandom } from '../../lib/random.ts'
import type { Scheduler } from '../scheduler.ts'
import { bandwidth_Hz, CAPTURE_DB, rejection_dB, requiredSnr_dB, THERMAL_NOISE_DBM_HZ } from './reception-table.ts'

/** In metres, on a plane. */
export interface Position {
  readonly x_m: number
  readonly y_m: number
}

/** A frame on the air. */
export interface AirSignal {
  readonly transmission: RadioTransmission
  readonly sender: AirStation
  readonly begin_us: number
  readonly end_us: number
}

/** Something with an antenna. */
export interface AirStation {
  readonly name: string
  readonly position: Position
  readonly antennaGain_dBi: number
}

/** How a frame arrived. */
export interface AirReception {
  readonly signal: AirSignal
  readonly rssi_dBm: number
  readonly snr_dB: number
  /** Another signal or noise damaged it. */
  readonly damaged: boolean
}

export interface AirReceiver extends AirStation {
  readonly noiseFigure_dB: number
  /** Since when it has listened for signals like this one, in µs; undefined when it does not. Retuning begins anew. */
  listensSince_us(signal: AirSignal): number | undefined
  /** It has found the preamble. False: it does not follow the signal. */
  onPreamble(signal: AirSignal): boolean
  /** The signal that it followed has ended. False: it does not follow it any more. */
  onEnd(reception: AirReception): boolean
}

/** Log-distance model with shadowing. */
export interface Propagation {
  readonly reference_m: number
  readonly referenceLoss_dB: number
  readonly exponent: number
  /** Standard deviation of a loss that belongs to a pair of stations for good. */
  readonly shadowing_dB: number
}

/**
 * A town with antennas at the height of the roofs: J. Petäjäjärvi et al., "On the coverage of LPWANs", ITST 2015, measured at 868 MHz in Oulu.
 */
const TOWN: Propagation = Object.freeze({ reference_m: 1000, referenceLoss_dB: 128.95, exponent: 2.32, shadowing_dB: 7.8 })

/** Noise in a part of the band, from a place. */
export interface Jammer {
  readonly position: Position
  readonly from_Hz: number
  readonly to_Hz: number
  /** Power that falls into a receiver's channel, at the jammer's antenna. */
  readonly power_dBm: number
}

export interface AirOptions {
  readonly scheduler: Scheduler
  readonly seed: number
  readonly propagation?: Propagation
  /** Each transmission, when it begins. */
  readonly onSignal?: (signal: AirSignal) => void
  /** Each frame that a receiver followed to its end, damaged or not. */
  readonly onReception?: (reception: AirReception, receiver: AirReceiver) => void
}

/** How a frame would arrive if nobody else sent. */
export interface AirReach {
  readonly rssi_dBm: number
  readonly snr_dB: number
  /** Above what its modulation needs; below 0 nothing is heard. */
  readonly margin_dB: number
}

/** Symbols of preamble that a receiver needs, and bytes with FSK. */
const PREAMBLE_NEEDED = 5
/** Nearer than this the model does not hold. */
const NEAREST_M = 10

/** A radio medium: who sends is heard by everybody in reach who listens, unless somebody else is louder. */
export class LoRaAir {
  /** Transmissions that nobody hears, for tests of loss: 0 to 1. */
  loss = 0
  readonly jammers = new Set<Jammer>()
  readonly #scheduler: Scheduler
  readonly #propagation: Propagation
  readonly #random: SeededRandom
  readonly #receivers = new Set<AirReceiver>()
  /** Those that a signal that is still to be judged may have met. */
  #signals: AirSignal[] = []
  readonly #shadowing = new Map<AirStation, Map<AirStation, number>>()
  readonly #onSignal: AirOptions['onSignal']
  readonly #onReception: AirOptions['onReception']

  constructor({ scheduler, seed, propagation = TOWN, onSignal, onReception }: AirOptions) {
    this.#scheduler = scheduler
    this.#propagation = propagation
    this.#random = new SeededRandom(seed, 20)
    this.#onSignal = onSignal
    this.#onReception = onReception
  }

  get receivers(): Iterable<AirReceiver> {
    return this.#receivers
  }

  attach(receiver: AirReceiver): void {
    this.#receivers.add(receiver)
  }

  detach(receiver: AirReceiver): void {
    this.#receivers.delete(receiver)
  }

  /** Puts a frame on the air; it ends by itself. */
  transmit(sender: AirStation, transmission: RadioTransmission): AirSignal {
    const begin_us = this.#scheduler.now_us
    const { modulation, preamble, crc, payload } = transmission
    const end_us = begin_us + Math.round(airtime_us({ modulation, preamble, crc, length: payload.length }))
    const signal: AirSignal = { transmission, sender, begin_us, end_us }
    // What ended before everything that still lasts began can meet nothing any more.
    const oldest_us = this.#signals.reduce(
      (oldest, { begin_us: begin, end_us: end }) => (end > begin_us ? Math.min(oldest, begin) : oldest),
      begin_us,
    )
    this.#signals = this.#signals.filter(({ end_us: end }) => end >= oldest_us)
    this.#signals.push(signal)
    this.#onSignal?.(signal)
    if (this.loss > 0 && this.#random.float() < this.loss) return signal
    for (const receiver of this.#receivers) if (receiver !== sender) this.#find(signal, receiver)
    return signal
  }

  /** A receiver has begun to listen or was retuned: it may still catch what is on the air. */
  listening(receiver: AirReceiver): void {
    for (const signal of this.#signals)
      if (signal.sender !== receiver && signal.end_us > this.#scheduler.now_us) this.#find(signal, receiver)
  }

  /** What a receiver measures while nobody sends, in dBm. */
  noise_dBm(receiver: AirReceiver, frequency_Hz: number, width_Hz: number): number {
    let noise = fromDecibel(THERMAL_NOISE_DBM_HZ + toDecibel(width_Hz) + receiver.noiseFigure_dB)
    for (const { position, from_Hz, to_Hz, power_dBm } of this.jammers) {
      if (frequency_Hz < from_Hz || frequency_Hz > to_Hz) continue
      noise += fromDecibel(power_dBm + receiver.antennaGain_dBi - this.#distanceLoss_dB(position, receiver.position))
    }
    return toDecibel(noise)
  }

  /** Power at the receiver's input. */
  power_dBm({ sender, transmission }: AirSignal, receiver: AirStation): number {
    const loss_dB = this.#distanceLoss_dB(sender.position, receiver.position) + this.#shadowing_dB(sender, receiver)
    return transmission.power_dBm + sender.antennaGain_dBi + receiver.antennaGain_dBi - loss_dB
  }

  reach(signal: AirSignal, receiver: AirReceiver): AirReach {
    const snr_dB = this.#snr_dB(signal, receiver)
    return { rssi_dBm: this.power_dBm(signal, receiver), snr_dB, margin_dB: snr_dB - requiredSnr_dB(signal.transmission.modulation) }
  }

  /** The receiver may find the preamble from now on. */
  #find(signal: AirSignal, receiver: AirReceiver): void {
    const { transmission, begin_us } = signal
    const now_us = this.#scheduler.now_us
    const symbol = unit_us(transmission)
    const last_us = begin_us + Math.round((transmission.preamble - PREAMBLE_NEEDED) * symbol)
    if (now_us > last_us || receiver.listensSince_us(signal) === undefined) return
    const found_us = Math.max(now_us, begin_us) + Math.round(PREAMBLE_NEEDED * symbol)
    this.#scheduler.at(found_us, () => {
      const since_us = receiver.listensSince_us(signal)
      if (!this.#receivers.has(receiver) || since_us === undefined || since_us > now_us) return
      if (this.#snr_dB(signal, receiver) < requiredSnr_dB(transmission.modulation)) return
      if (receiver.onPreamble(signal)) this.#scheduler.at(signal.end_us, () => this.#end(signal, receiver))
    })
  }

  #end(signal: AirSignal, receiver: AirReceiver): void {
    const rssi_dBm = this.power_dBm(signal, receiver)
    const damaged = this.#signals.some((other) => other !== signal && this.#disturbs(other, signal, receiver, rssi_dBm))
    const reception = { signal, rssi_dBm, snr_dB: this.#snr_dB(signal, receiver), damaged }
    if (receiver.onEnd(reception)) this.#onReception?.(reception, receiver)
  }

  #snr_dB(signal: AirSignal, receiver: AirReceiver): number {
    const { frequency_Hz, modulation } = signal.transmission
    return this.power_dBm(signal, receiver) - this.noise_dBm(receiver, frequency_Hz, bandwidth_Hz(modulation))
  }

  /** `other` damages `signal`: both are in one channel at one time, and it is too strong. */
  #disturbs(other: AirSignal, signal: AirSignal, receiver: AirReceiver, rssi_dBm: number): boolean {
    const { transmission } = signal
    // Before the last symbols of the preamble it does no harm.
    const critical_us = signal.begin_us + Math.round((transmission.preamble - PREAMBLE_NEEDED) * unit_us(transmission))
    if (other.end_us <= critical_us || other.begin_us >= signal.end_us) return false
    const apart_Hz = Math.abs(other.transmission.frequency_Hz - transmission.frequency_Hz)
    if (apart_Hz >= (bandwidth_Hz(other.transmission.modulation) + bandwidth_Hz(transmission.modulation)) / 2) return false
    const ratio_dB = rssi_dBm - this.power_dBm(other, receiver)
    return ratio_dB < (sameChirps(other.transmission, transmission) ? CAPTURE_DB : rejection_dB(transmission.modulation))
  }

  #distanceLoss_dB(from: Position, to: Position): number {
    const { reference_m, referenceLoss_dB, exponent } = this.#propagation
    const distance_m = Math.max(NEAREST_M, Math.sqrt((from.x_m - to.x_m) ** 2 + (from.y_m - to.y_m) ** 2))
    return referenceLoss_dB + exponent * toDecibel(distance_m / reference_m)
  }

  /** The same both ways. */
  #shadowing_dB(a: AirStation, b: AirStation): number {
    const known = this.#shadowing.get(a)?.get(b)
    if (known !== undefined) return known
    const loss_dB = this.#random.bell() * this.#propagation.shadowing_dB
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      const row = this.#shadowing.get(from) ?? new Map<AirStation, number>()
      row.set(to, loss_dB)
      this.#shadowing.set(from, row)
    }
    return loss_dB
  }
}

/** A symbol of LoRa, a byte of FSK. */
function unit_us({ modulation }: RadioTransmission): number {
  return modulation.type === 'lora' ? symbol_us(modulation) : 8_000_000 / modulation.bitRate_bps
}

function sameChirps(a: RadioTransmission, b: RadioTransmission): boolean {
  if (a.modulation.type === 'fsk' || b.modulation.type === 'fsk') return a.modulation.type === b.modulation.type
  return a.invertedIq === b.invertedIq && slope(a.modulation) === slope(b.modulation)
}

/** Chirps of one slope are not told apart. */
function slope({ spreadingFactor, bandwidth_Hz: width_Hz }: LoRaModulation): number {
  return width_Hz ** 2 / 2 ** spreadingFactor
}
