import type { DigitalConstructor, SPIConstructor, SPIOptions } from './io.ts'

interface Pin {
  readonly io: DigitalConstructor
  readonly pin: number
}

/** A LoRa transceiver as a board has wired it. */
export interface LoRaWiring {
  readonly part: 'SX1261' | 'SX1262'
  /** Its bus (ECMA-419 "sensor.io" pattern). */
  readonly radio: SPIOptions & { readonly io: SPIConstructor }
  readonly busy: Pin
  /** DIO1. */
  readonly interrupt: Pin
  readonly reset: Pin
  /** Voltage of a TCXO on DIO3; absent with a crystal. */
  readonly tcxo_mV?: number
  /** DIO2 switches the antenna. */
  readonly dio2Switch: boolean
  /** Gain of the antenna less the losses of its cable. */
  readonly antennaGain_dBi?: number
}
