import type { Modulation } from './lora-radio.ts'

/** What a LoRaWAN gateway's radio board does: the one shape that forwarders and the emulated concentrator share. Its own clock counts µs in 32 bits and wraps. */

export interface GatewayReception {
  /** Of the gateway's clock at the end of the frame. */
  readonly tmst_us: number
  /** UTC at that moment. */
  readonly utc_ms: number
  readonly frequency_Hz: number
  readonly modulation: Modulation
  /** IF channel 0 to 9 and radio 0 or 1. */
  readonly channel: number
  readonly rfChain: number
  readonly rssi_dBm: number
  readonly snr_dB: number
  readonly crcOk: boolean
  readonly payload: Uint8Array
}

export interface GatewayTransmission {
  /** When it begins; undefined: at once. */
  readonly tmst_us: number | undefined
  readonly frequency_Hz: number
  readonly modulation: Modulation
  /** EIRP less the gain of the antenna. */
  readonly power_dBm: number
  readonly invertedIq: boolean
  readonly preamble: number
  readonly crc: boolean
  readonly payload: Uint8Array
}

/** Why a transmission was refused; the words of the Semtech UDP protocol. */
export type TransmissionError = 'TOO_LATE' | 'TOO_EARLY' | 'COLLISION_PACKET' | 'TX_FREQ' | 'TX_POWER' | 'GPS_UNLOCKED'

export interface Concentrator {
  /** Its clock, 0 to 2^32 - 1. */
  readonly tmst_us: number
  /** Queues a transmission; undefined when it will leave. */
  transmit(transmission: GatewayTransmission): TransmissionError | undefined
  /** Frames from now on; undefined stops them. */
  onReceived: ((reception: GatewayReception) => void) | undefined
  close(): void
}
