import type { Modulation } from '../../lib/lora-radio.ts'

/** What the page is told about the air around a virtual meter: only a world can know it. Types only. */

export interface FaceStation {
  readonly name: string
  readonly kind: 'meter' | 'gateway'
  /** East and north of the meter. */
  readonly x_m: number
  readonly y_m: number
  /** How this gateway heard the meter last. */
  readonly heard?: { readonly time_ms: number; readonly rssi_dBm: number; readonly snr_dB: number; readonly margin_dB: number }
}

/** What became of a frame at one antenna: heard; damaged by another signal; too weak; or nobody listened. */
export type HearingOutcome = 'heard' | 'damaged' | 'weak' | 'missed'

export interface FaceHearing {
  readonly station: string
  readonly outcome: HearingOutcome
  readonly rssi_dBm: number
  readonly snr_dB: number
}

/** A frame on the air. */
export interface FaceSignal {
  readonly seq: number
  readonly time_ms: number
  readonly sender: string
  readonly up: boolean
  readonly frequency_Hz: number
  readonly modulation: Modulation
  readonly airtime_ms: number
  /** Hexadecimal. */
  readonly phy: string
  readonly hearings: readonly FaceHearing[]
}

export interface FaceAir {
  readonly type: 'air'
  readonly stations: readonly FaceStation[]
  readonly jammers: readonly { readonly x_m: number; readonly y_m: number }[]
  /** Who serves the gateways; absent: the network server of the world. */
  readonly server?: string
  /** Frames of the meter since the start, and those that no gateway heard. */
  readonly uplinks: number
  readonly lost: number
}

/** Frames that came since the last message, oldest first. */
export interface FaceSignals {
  readonly type: 'signals'
  readonly signals: readonly FaceSignal[]
}

export interface FaceAirSource {
  state(): Omit<FaceAir, 'type'>
  /** Of those that are kept, the ones after `seq`. */
  signals(seq: number): readonly FaceSignal[]
  readonly newest: number
  readonly revision: number
}
