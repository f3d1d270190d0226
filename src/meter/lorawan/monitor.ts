import { getUint32 } from '../../lib/little-endian.ts'
import { airtime_us } from '../../lib/lora-airtime.ts'
import type { LoRaRadio, Modulation, RadioEvents, RadioFrame, RadioReception, RadioTransmission } from '../../lib/lora-radio.ts'
import type { Downlink, LoRaWanLink } from '../../lib/lorawan-link.ts'
import { MType } from '../../links/lorawan/frame.ts'
import type { LoRaWanMac } from '../../links/lorawan/mac.ts'
import type { LoRaWanStore } from '../../links/lorawan/mac-options.ts'
import { bandOf, type Region } from '../../links/lorawan/region.ts'
import { AirtimeWindow } from './airtime-window.ts'

/** Frames that are kept. */
const FRAMES = 8

/** On the air, where the MAC runs here. */
export interface AirFrame {
  readonly frequency_Hz: number
  readonly modulation: Modulation
  readonly airtime_us: number
  /** Nobody may write to it any more. */
  readonly phy: Uint8Array
  /** EIRP less the antenna's gain; of what was sent. */
  readonly power_dBm?: number
}

/** A frame that was sent or received for this device. */
export interface LoggedFrame {
  /** Counts from 1. */
  readonly sequence: number
  readonly utc_ms: number
  readonly up: boolean
  readonly rssi_dBm?: number
  readonly snr_dB?: number
  readonly air?: AirFrame
  /** All that is known where a module has the MAC inside. */
  readonly message?: { readonly fPort: number; readonly payload: Uint8Array; readonly window?: string }
}

/** How the network was heard last. */
export interface Heard {
  readonly utc_ms: number
  readonly rssi_dBm: number
  readonly snr_dB: number
}

/** Looks on at the way to the network: the last frames as they were on the air, and the time they took. Knows no keys. */
export class RadioMonitor {
  readonly region: Region
  readonly airtime: AirtimeWindow
  /** The MAC, where it runs here. */
  mac: LoRaWanMac | undefined
  heard: Heard | undefined
  /** Last number that the store gave an uplink; -1: none since the start. */
  uplinkNumber = -1
  /** Frames since the start. */
  count = 0
  readonly #frames: LoggedFrame[] = []
  /** The last frame that left was a join request. */
  #joining = false
  readonly #now_ms: () => number
  readonly #ticks_ms: () => number

  constructor(region: Region, now_ms: () => number, ticks_ms: () => number) {
    this.region = region
    this.#now_ms = now_ms
    this.#ticks_ms = ticks_ms
    this.airtime = new AirtimeWindow(region.bands.length)
  }

  /** Oldest first, at most eight. */
  get frames(): readonly LoggedFrame[] {
    return this.#frames
  }

  /** Airtime of the last hour in a band, in µs. */
  used_us(band: number): number {
    return this.airtime.used_us(band, this.#ticks_ms())
  }

  /** A radio that is looked at. */
  watchRadio(create: (events: RadioEvents) => LoRaRadio): (events: RadioEvents) => LoRaRadio {
    return (events) => {
      let tuned: RadioReception | undefined
      const onReceived = (frame: RadioFrame): void => {
        if (tuned !== undefined) this.#received(frame, tuned)
        events.onReceived(frame)
      }
      const radio = create({ ...events, onReceived })
      return {
        transmit: (transmission) => {
          this.#sent(transmission)
          radio.transmit(transmission)
        },
        receive: (reception) => {
          tuned = reception
          radio.receive(reception)
        },
        sleep: () => radio.sleep(),
        close: () => radio.close(),
      }
    }
  }

  /** A store whose numbers are known. */
  watchStore(store: LoRaWanStore): LoRaWanStore {
    return {
      ...store,
      nextFCntUp: () => {
        this.uplinkNumber = store.nextFCntUp()
        return this.uplinkNumber
      },
    }
  }

  /** The link to a module, whose frames nobody sees: what it is given. */
  watchModule(link: LoRaWanLink): LoRaWanLink {
    return {
      get joined() {
        return link.joined
      },
      get busy() {
        return link.busy
      },
      get payload_max() {
        return link.payload_max
      },
      join: () => link.join(),
      send: (fPort, payload, confirmed) => {
        link.send(fPort, payload, confirmed)
        this.#add({ up: true, message: { fPort, payload } })
      },
      requestTime: () => link.requestTime(),
      requestLinkCheck: () => link.requestLinkCheck(),
      close: () => link.close(),
    }
  }

  /** What a module has received. */
  downlink({ fPort, payload, rssi_dBm, snr_dB, window }: Downlink): void {
    if (this.mac !== undefined) return
    if (rssi_dBm !== undefined && snr_dB !== undefined) this.heard = { utc_ms: this.#now_ms(), rssi_dBm, snr_dB }
    this.#add({ up: false, rssi_dBm, snr_dB, message: { fPort, payload, window } })
  }

  #sent({ frequency_Hz, modulation, preamble, crc, payload, power_dBm }: RadioTransmission): void {
    const used_us = airtime_us({ modulation, preamble, crc, length: payload.length })
    this.airtime.add(bandOf(this.region, frequency_Hz), used_us, this.#ticks_ms())
    this.#joining = payload[0] >> 5 === MType.joinRequest
    this.#add({ up: true, air: { frequency_Hz, modulation, airtime_us: used_us, phy: payload, power_dBm } })
  }

  #received({ payload, rssi_dBm, snr_dB }: RadioFrame, { frequency_Hz, modulation, preamble }: RadioReception): void {
    if (!this.#isOurs(payload)) return
    this.heard = { utc_ms: this.#now_ms(), rssi_dBm, snr_dB }
    const used_us = airtime_us({ modulation, preamble, crc: false, length: payload.length })
    this.#add({ up: false, rssi_dBm, snr_dB, air: { frequency_Hz, modulation, airtime_us: used_us, phy: payload } })
  }

  /** What listens always hears the frames of others. */
  #isOurs(phy: Uint8Array): boolean {
    const type = phy[0] >> 5
    if (type === MType.joinAccept) return this.#joining
    return (type === MType.unconfirmedDown || type === MType.confirmedDown) && phy.length > 5 && getUint32(phy, 1) === this.mac?.devAddr
  }

  #add(frame: Omit<LoggedFrame, 'sequence' | 'utc_ms'>): void {
    this.count++
    this.#frames.push({ ...frame, sequence: this.count, utc_ms: this.#now_ms() })
    if (this.#frames.length > FRAMES) this.#frames.shift()
  }
}
