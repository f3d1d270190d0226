/**
 * What a LoRa transceiver does: the one shape that radio drivers, the LoRaWAN MAC and the emulated air share. A driver (`src/drivers/radio/<ic>`) has
 * the shape of `LoRaRadio` without knowing who uses it.
 */

/** LoRa, Semtech AN1200.22. */
export interface LoRaModulation {
  readonly type: 'lora'
  /** 5 to 12; LoRaWAN uses 7 to 12. */
  readonly spreadingFactor: number
  readonly bandwidth_Hz: 125_000 | 250_000 | 500_000
  /** 1 to 4: 4/5 to 4/8. */
  readonly codingRate: 1 | 2 | 3 | 4
}

/** GFSK, as data rate 7 of several regions. */
export interface FskModulation {
  readonly type: 'fsk'
  readonly bitRate_bps: number
  readonly deviation_Hz: number
}

export type Modulation = LoRaModulation | FskModulation

interface RadioChannel {
  readonly frequency_Hz: number
  readonly modulation: Modulation
  /** Downlinks of LoRaWAN have inverted chirps, so that devices do not hear each other. Without meaning for FSK. */
  readonly invertedIq: boolean
  /** Symbols of LoRa, bytes of FSK. */
  readonly preamble: number
  /** Sync word 0x34 of public LoRaWAN networks, or 0x12 of private ones. FSK has C194C1 in both. */
  readonly publicNetwork: boolean
}

export interface RadioTransmission extends RadioChannel {
  /** 1 to 255 bytes. */
  readonly payload: Uint8Array
  /** At the antenna's connector. */
  readonly power_dBm: number
  readonly crc: boolean
}

export interface RadioReception extends RadioChannel {
  /** A window: ends by `onTimeout` when no preamble was found in it; a frame that has begun is received to its end. Without it: until something else is asked for. */
  readonly timeout_ms?: number
}

export interface RadioFrame {
  /** Belongs to the receiver of the event. */
  readonly payload: Uint8Array
  readonly rssi_dBm: number
  readonly snr_dB: number
}

/** How a radio tells what became of what was asked; never from inside a method of the radio. */
export interface RadioEvents {
  /** The last symbol has left. */
  readonly onTransmitted: () => void
  readonly onReceived: (frame: RadioFrame) => void
  /** The window is over: nothing came, or what came was damaged. */
  readonly onTimeout: () => void
  /** The chip does not do what it was told; it was reset, and what was asked for last will not happen. */
  readonly onError: (reason: string) => void
}

/** One thing at a time: each call ends what was going on. */
export interface LoRaRadio {
  /** A power that the chip does not have becomes its nearest. RangeError for a payload or frequency that it cannot send. */
  transmit(transmission: RadioTransmission): void
  receive(reception: RadioReception): void
  /** Lowest power until the next call. */
  sleep(): void
  close(): void
}
