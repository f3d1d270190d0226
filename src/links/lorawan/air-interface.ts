import type { TimerHandle } from '../../../hal/api/time.ts'
import { airtime_us } from '../../lib/lora-airtime.ts'
import type { LoRaRadio, Modulation, RadioEvents, RadioReception, RadioTransmission } from '../../lib/lora-radio.ts'
import type { ChannelPlan } from './channels.ts'
import type { Exchange } from './exchange.ts'
import type { LoRaWanMacOptions } from './mac-options.ts'
import { windowTiming } from './receive-windows.ts'
import type { MacParameters } from './session.ts'

const PREAMBLE = 8
const FSK_PREAMBLE = 5
/** dBi, where the board says nothing. */
const ANTENNA_GAIN_DBI = 2

/** Where the device listens: after an uplink, and all the time in class C. */
export type Window = 'RX1' | 'RX2' | 'RXC'

type AirOptions = Pick<
  LoRaWanMacOptions,
  'region' | 'radio' | 'antennaGain_dBi' | 'publicNetwork' | 'clockError_ppm' | 'wakeup_ms' | 'ticks_ms' | 'timer'
>

const preambleOf = ({ type }: Modulation): number => (type === 'fsk' ? FSK_PREAMBLE : PREAMBLE)

/** What the radio sends for an exchange on its channel. */
function transmissionOf(
  { region, antennaGain_dBi = ANTENNA_GAIN_DBI, publicNetwork = true }: AirOptions,
  parameters: MacParameters,
  plan: ChannelPlan,
  exchange: Exchange,
): RadioTransmission {
  const modulation = region.dataRates[exchange.dataRate] as Modulation
  const reduction_dB = exchange.kind === 'join' ? 0 : 2 * parameters.txPower
  return {
    frequency_Hz: plan.channel(exchange.channel)?.frequency_Hz ?? 0,
    modulation,
    invertedIq: false,
    preamble: preambleOf(modulation),
    publicNetwork,
    payload: exchange.phy,
    power_dBm: Math.min(region.maxEirp_dBm, parameters.maxEirp_dBm) - reduction_dB - antennaGain_dBi,
    crc: true,
  }
}

/** A place outside the windows to listen at. */
export interface Place {
  readonly frequency_Hz: number
  readonly dataRate: number
}

/** Where the radio listens in a window; `exchange` is the one that RX1 follows. */
function receptionOf(
  { region, publicNetwork = true }: AirOptions,
  { rx1DrOffset, rx2DataRate, rx2_Hz, downlinkDwell }: MacParameters,
  plan: ChannelPlan,
  window: Window,
  exchange?: Exchange,
  place?: Place,
): RadioReception {
  let frequency_Hz = place?.frequency_Hz ?? rx2_Hz
  let dataRate = place?.dataRate ?? rx2DataRate
  if (window === 'RX1' && exchange !== undefined) {
    const channel = plan.channel(exchange.channel)
    frequency_Hz = channel?.downlink_Hz ?? region.rx1_Hz?.(exchange.channel) ?? channel?.frequency_Hz ?? rx2_Hz
    dataRate = region.rx1DataRate(exchange.dataRate, rx1DrOffset, downlinkDwell)
  }
  const modulation = region.dataRates[dataRate] as Modulation
  return { frequency_Hz, modulation, invertedIq: true, preamble: preambleOf(modulation), publicNetwork }
}

/** The radio as a device with LoRaWAN uses it: one transmission, then its windows; and the one timer that all of it needs. */
export class AirInterface {
  readonly #options: AirOptions
  readonly #parameters: MacParameters
  readonly #plan: ChannelPlan
  readonly #radio: LoRaRadio
  #timer: TimerHandle | undefined
  /** What the radio listens for. */
  window: Window | undefined
  /** Where it listens between the windows, instead of where RX2 is. */
  place: Place | undefined

  constructor(options: AirOptions, parameters: MacParameters, plan: ChannelPlan, events: RadioEvents) {
    this.#options = options
    this.#parameters = parameters
    this.#plan = plan
    this.#radio = options.radio(events)
  }

  transmit(exchange: Exchange): void {
    exchange.transmissions++
    exchange.remaining--
    this.window = undefined
    this.#radio.transmit(transmissionOf(this.#options, this.#parameters, this.#plan, exchange))
  }

  /** Time on the air of one transmission of an exchange. */
  airtime_us({ dataRate, phy }: Exchange): number {
    const modulation = this.#options.region.dataRates[dataRate] as Modulation
    return airtime_us({ modulation, preamble: preambleOf(modulation), crc: true, length: phy.length })
  }

  /** Opens a window so that a frame that begins `delay_ms` after the uplink falls into it. */
  schedule(window: 'RX1' | 'RX2', exchange: Exchange, delay_ms: number): void {
    const { clockError_ppm = 50, wakeup_ms = 2, ticks_ms } = this.#options
    const reception = receptionOf(this.#options, this.#parameters, this.#plan, window, exchange)
    // A tick of a millisecond on each side, and what the clocks may be apart.
    const { offset_ms, timeout_ms } = windowTiming(reception.modulation, 1 + (delay_ms * clockError_ppm) / 1_000_000, wakeup_ms)
    const wait_ms = exchange.ended_ms + delay_ms + offset_ms - ticks_ms()
    this.later(Math.max(0, wait_ms), () => {
      this.window = window
      this.#radio.receive({ ...reception, timeout_ms })
    })
  }

  /** Listens until something else is asked for. */
  listen(window: Window): void {
    this.window = window
    this.#radio.receive(receptionOf(this.#options, this.#parameters, this.#plan, window, undefined, this.place))
  }

  sleep(): void {
    this.window = undefined
    this.#radio.sleep()
  }

  /** Instead of what the timer was set for. */
  later(delay_ms: number, callback: () => void): void {
    this.cancel()
    this.#timer = this.#options.timer.set(() => {
      this.#timer = undefined
      callback()
    }, Math.ceil(delay_ms))
  }

  cancel(): void {
    if (this.#timer !== undefined) this.#options.timer.clear(this.#timer)
    this.#timer = undefined
  }

  close(): void {
    this.cancel()
    this.#radio.close()
  }
}
