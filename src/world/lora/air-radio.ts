import type { LoRaRadio, RadioEvents, RadioReception, RadioTransmission } from '../../lib/lora-radio.ts'
import type { Scheduler, Task } from '../scheduler.ts'
import type { AirReceiver, AirReception, AirSignal, LoRaAir, Position } from './air.ts'

export interface AirRadioOptions {
  readonly scheduler: Scheduler
  readonly air: LoRaAir
  readonly events: RadioEvents
  readonly name: string
  readonly position: Position
  readonly antennaGain_dBi?: number
  readonly noiseFigure_dB?: number
}

const GAIN_DBI = 2
const NOISE_FIGURE_DB = 6

/** A transceiver without a bus: what the radio inside an emulated module does. It listens on one channel at a time and follows one signal. */
export class AirRadio implements LoRaRadio, AirReceiver {
  readonly name: string
  readonly antennaGain_dBi: number
  readonly noiseFigure_dB: number
  position: Position
  readonly #options: AirRadioOptions
  #reception: RadioReception | undefined
  #since_us = 0
  #following: AirSignal | undefined
  /** End of the transmission or of the window. */
  #task: Task | undefined
  #closed = false

  constructor(options: AirRadioOptions) {
    this.#options = options
    this.name = options.name
    this.position = options.position
    this.antennaGain_dBi = options.antennaGain_dBi ?? GAIN_DBI
    this.noiseFigure_dB = options.noiseFigure_dB ?? NOISE_FIGURE_DB
    options.air.attach(this)
  }

  transmit(transmission: RadioTransmission): void {
    if (transmission.payload.length < 1 || transmission.payload.length > 255) throw new RangeError(`${transmission.payload.length} bytes`)
    this.sleep()
    const { scheduler, air, events } = this.#options
    const { end_us } = air.transmit(this, { ...transmission, payload: transmission.payload.slice() })
    this.#task = scheduler.at(end_us, () => {
      this.#task = undefined
      events.onTransmitted()
    })
  }

  receive(reception: RadioReception): void {
    this.sleep()
    const { scheduler, air, events } = this.#options
    this.#reception = reception
    this.#since_us = scheduler.now_us
    if (reception.timeout_ms !== undefined) {
      this.#task = scheduler.after(Math.round(reception.timeout_ms * 1000), () => {
        this.sleep()
        events.onTimeout()
      })
    }
    air.listening(this)
  }

  sleep(): void {
    if (this.#closed) throw new Error('the radio is closed')
    this.#stop()
  }

  close(): void {
    if (this.#closed) return
    this.#stop()
    this.#closed = true
    this.#options.air.detach(this)
  }

  listensSince_us({ transmission }: AirSignal): number | undefined {
    const tuned = this.#reception
    return tuned !== undefined && this.#following === undefined && fits(tuned, transmission) ? this.#since_us : undefined
  }

  onPreamble(signal: AirSignal): boolean {
    // A frame that has begun is received to its end.
    this.#cancel()
    this.#following = signal
    return true
  }

  onEnd({ signal, rssi_dBm, snr_dB, damaged }: AirReception): boolean {
    if (this.#following !== signal) return false
    const { scheduler, events } = this.#options
    this.#following = undefined
    const continuous = this.#reception?.timeout_ms === undefined
    if (!continuous) this.#stop()
    else this.#since_us = scheduler.now_us
    if (!damaged) events.onReceived({ payload: signal.transmission.payload.slice(), rssi_dBm, snr_dB })
    else if (!continuous) events.onTimeout()
    return true
  }

  #stop(): void {
    this.#cancel()
    this.#reception = undefined
    this.#following = undefined
  }

  #cancel(): void {
    if (this.#task !== undefined) this.#options.scheduler.cancel(this.#task)
    this.#task = undefined
  }
}

/** A receiver that is tuned so finds the preamble of the transmission. */
function fits(tuned: RadioReception, transmission: RadioTransmission): boolean {
  if (tuned.frequency_Hz !== transmission.frequency_Hz || tuned.publicNetwork !== transmission.publicNetwork) return false
  const [a, b] = [tuned.modulation, transmission.modulation]
  if (a.type === 'fsk' || b.type === 'fsk') return a.type === b.type
  return tuned.invertedIq === transmission.invertedIq && a.spreadingFactor === b.spreadingFactor && a.bandwidth_Hz === b.bandwidth_Hz
}
