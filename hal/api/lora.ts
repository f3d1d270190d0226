import type { DigitalConstructor, SerialConstructor, SerialOptions, SPIConstructor, SPIOptions } from './io.ts'

interface Pin {
  readonly io: DigitalConstructor
  readonly pin: number
}

interface Transceiver {
  /** Its bus (ECMA-419 "sensor.io" pattern). */
  readonly radio: SPIOptions & { readonly io: SPIConstructor }
  readonly reset: Pin
  /** Gain of the antenna less the losses of its cable. */
  readonly antennaGain_dBi?: number
}

export interface SX126xWiring extends Transceiver {
  readonly part: 'SX1261' | 'SX1262'
  readonly busy: Pin
  /** DIO1. */
  readonly interrupt: Pin
  /** Voltage of a TCXO on DIO3; absent with a crystal. */
  readonly tcxo_mV?: number
  /** DIO2 switches the antenna. */
  readonly dio2Switch: boolean
}

export interface SX127xWiring extends Transceiver {
  readonly part: 'SX1276'
  /** DIO0. */
  readonly interrupt: Pin
  readonly dio1: Pin
  /** The antenna is at PA_BOOST, as on nearly all modules; else at RFO. */
  readonly paBoost: boolean
  /** A TCXO feeds the chip. */
  readonly tcxo?: boolean
}

/** A LoRa transceiver as a board has wired it: the MAC runs in the meter. */
export type TransceiverWiring = SX126xWiring | SX127xWiring

/** A module with the MAC inside, on a UART. */
export interface ModemWiring {
  readonly part: 'RAK3172' | 'LoRa-E5' | 'RN2483' | 'RN2903'
  /** Its line; `baud` is tried first. */
  readonly serial: SerialOptions & { readonly io: SerialConstructor }
}

export type LoRaWiring = TransceiverWiring | ModemWiring
