import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { airtime_us } from '../../lib/lora-airtime.ts'
import type { Concentrator, GatewayTransmission, TransmissionError } from '../../lib/lora-gateway.ts'
import { type DownlinkRequest, dntxedJson, type Slot } from '../../protocols/basics-station/downlink.ts'
import type { RouterConfig } from '../../protocols/basics-station/router.ts'
import type { StationClock } from './station-clock.ts'

const PREAMBLE = 8
/** Class C: tried again so often, so much later, when the transmitter is taken (Basics Station, s2e.c). */
const TRIES = 10
const BACK_OFF_US = 100_000
const RX2_AFTER_US = 1_000_000
/** What is sent at once begins so much later. */
const AIM_US = 20_000
/** Transmissions whose end is waited for. */
const PENDING_MAX = 64
const EIRP_DBM = 14

/** EIRP by region, and in a band of its own (Basics Station 2.0.6, s2e.c). */
const EIRP: Readonly<Record<string, { readonly dBm: number; readonly band?: readonly [number, number, number] }>> = Object.freeze({
  EU868: Object.freeze({ dBm: 16, band: Object.freeze([869_400_000, 869_650_000, 27] as const) }),
  EU863: Object.freeze({ dBm: 16, band: Object.freeze([869_400_000, 869_650_000, 27] as const) }),
  US915: Object.freeze({ dBm: 26 }),
  US902: Object.freeze({ dBm: 26 }),
  AU915: Object.freeze({ dBm: 30 }),
  'AS923-1': Object.freeze({ dBm: 13 }),
  AS923: Object.freeze({ dBm: 13 }),
  KR920: Object.freeze({ dBm: 23 }),
})

export interface StationDownlinksOptions {
  readonly concentrator: Concentrator
  readonly clock: StationClock
  readonly timer: Timer
  readonly utc_ms: () => number
  readonly antennaGain_dBi: number
  /** Largest power of the transmitter. */
  readonly power_dBm: number
  /** µs that the GPS epoch is ahead of the concentrator's clock; undefined while unknown. */
  readonly gpsOffset_us: () => bigint | undefined
  readonly send: (json: string) => void
  readonly onError: (reason: string) => void
}

/** Sends what the LNS asks for in the first slot that can be had, and tells it when that has left. */
export class StationDownlinks {
  readonly #options: StationDownlinksOptions
  readonly #pending = new Set<TimerHandle>()

  constructor(options: StationDownlinksOptions) {
    this.#options = options
  }

  close(): void {
    for (const handle of this.#pending) this.#options.timer.clear(handle)
    this.#pending.clear()
  }

  take(request: DownlinkRequest, config: RouterConfig): void {
    let error: TransmissionError | string = 'no slot'
    for (const { slot, begin_us } of this.#chances(request)) {
      const transmission = this.#transmission(request, config, slot, begin_us)
      if (transmission === undefined) error = `data rate ${slot.dataRate} is not one of ${config.region}`
      else {
        const refusal = this.#options.concentrator.transmit(transmission)
        if (refusal === undefined) {
          this.#watch(request, slot, begin_us, transmission)
          return
        }
        error = refusal
      }
    }
    this.#options.onError(`downlink ${request.id} is not sent: ${error}`)
  }

  /** In the order in which they are tried. */
  #chances({ deviceClass, xtime, gps_us, rx1, rx2, rxDelay_s }: DownlinkRequest): { slot: Slot; begin_us: number }[] {
    const { clock, gpsOffset_us } = this.#options
    const chances: { slot: Slot; begin_us: number }[] = []
    if (deviceClass === 'B') {
      const offset_us = gpsOffset_us()
      const exact_us = xtime === undefined ? undefined : clock.clockOf(xtime)
      const begin_us = exact_us ?? (gps_us === undefined || offset_us === undefined ? undefined : Number(gps_us - offset_us))
      if (rx1 !== undefined && begin_us !== undefined) chances.push({ slot: rx1, begin_us })
      return chances
    }
    const uplink_us = xtime === undefined ? undefined : clock.clockOf(xtime)
    if (uplink_us !== undefined) {
      const begin_us = uplink_us + rxDelay_s * 1_000_000
      if (rx1 !== undefined) chances.push({ slot: rx1, begin_us })
      if (rx2 !== undefined && deviceClass === 'A') chances.push({ slot: rx2, begin_us: begin_us + RX2_AFTER_US })
    }
    if (deviceClass === 'C' && rx2 !== undefined) {
      const now_us = clock.now_us + AIM_US
      for (let i = 0; i < TRIES; i++) chances.push({ slot: rx2, begin_us: now_us + i * BACK_OFF_US })
    }
    return chances
  }

  #transmission(request: DownlinkRequest, config: RouterConfig, slot: Slot, begin_us: number): GatewayTransmission | undefined {
    const modulation = config.dataRates[slot.dataRate]?.modulation
    if (modulation === undefined) return undefined
    const { antennaGain_dBi, power_dBm, clock } = this.#options
    return {
      tmst_us: clock.tmst_us(begin_us),
      frequency_Hz: slot.frequency_Hz,
      modulation,
      power_dBm: Math.min(power_dBm, eirp_dBm(config, slot.frequency_Hz) - antennaGain_dBi),
      invertedIq: true,
      preamble: request.preamble ?? (modulation.type === 'lora' ? PREAMBLE : 5),
      crc: request.crc || modulation.type === 'fsk',
      payload: request.phy,
    }
  }

  #watch(request: DownlinkRequest, slot: Slot, begin_us: number, transmission: GatewayTransmission): void {
    const { devEui } = request
    const { timer, clock, utc_ms, send, gpsOffset_us } = this.#options
    if (devEui === undefined || this.#pending.size >= PENDING_MAX) return
    const length_us = airtime_us({ ...transmission, length: transmission.payload.length })
    const ahead_ms = (begin_us - clock.now_us) / 1000
    const utc_s = (utc_ms() + ahead_ms) / 1000
    const handle = timer.set(
      () => {
        this.#pending.delete(handle)
        const gps_us = Number((gpsOffset_us() ?? BigInt(-begin_us)) + BigInt(begin_us))
        send(dntxedJson({ id: request.id, devEui, slot, rctx: request.rctx, xtime: clock.xtime(begin_us), utc_s, gps_us }))
      },
      Math.max(0, Math.ceil(ahead_ms + length_us / 1000)),
    )
    this.#pending.add(handle)
  }
}

function eirp_dBm({ region, eirp_dBm: limit_dBm }: RouterConfig, frequency_Hz: number): number {
  const known = EIRP[region]
  if (known === undefined) return limit_dBm ?? EIRP_DBM
  const { band } = known
  const own_dBm = band !== undefined && frequency_Hz >= band[0] && frequency_Hz <= band[1] ? band[2] : known.dBm
  return Math.min(own_dBm, limit_dBm ?? own_dBm)
}
