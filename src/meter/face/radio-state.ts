import type { Modulation } from '../../lib/lora-radio.ts'

/** What the page is told about LoRaWAN. Bytes are hexadecimal; keys never come here: the meter checks and decrypts, the page takes apart. Types only. */

/** A part of the band with a duty cycle of its own. */
export interface FaceBand {
  readonly from_Hz: number
  readonly to_Hz: number
  /** Airtime that an hour may have; absent where there is no limit. */
  readonly limit_ms?: number
  /** Airtime of the last hour. */
  readonly used_ms: number
  /** Until then the band is silent; absent when it is free. */
  readonly freeAt_ms?: number
}

/** Of the MAC in the meter; a module keeps these to itself. */
export interface FaceMac {
  readonly dataRate: number
  /** Absent for a data rate that the region does not have. */
  readonly modulation?: Modulation
  /** Index, and what it is. */
  readonly txPower: number
  readonly eirp_dBm: number
  readonly nbTrans: number
  /** -1: none yet. */
  readonly fCntUp: number
  readonly fCntDown: number
  readonly channels: number
  readonly rx2_Hz: number
  readonly rx2DataRate: number
  readonly rxDelay_s: number
  readonly devAddr?: number
  readonly bands: readonly FaceBand[]
}

/** State of the link; sent when something in it has changed. */
export interface FaceRadio {
  readonly type: 'radio'
  readonly time_ms: number
  /** `off`: the part does not run, or the meter has no supply. */
  readonly state: 'off' | 'idle' | 'joining' | 'joined'
  readonly busy: boolean
  /** Transceiver or module. */
  readonly part: string
  readonly region: string
  readonly deviceClass: 'A' | 'C'
  readonly devEui: string
  readonly joinEui: string
  readonly adr: boolean
  readonly confirmed: boolean
  /** Bytes that the next uplink takes. */
  readonly payload_max?: number
  readonly mac?: FaceMac
  /** The network, when it was heard last. */
  readonly heard?: { readonly utc_ms: number; readonly rssi_dBm: number; readonly snr_dB: number }
  /** The next report, at the earliest. */
  readonly next_ms?: number
  /** Profile entries, and messages, that were not sent yet. */
  readonly backlog: number
  readonly urgent: number
}

/** A frame as the meter sent or heard it. */
export interface FaceFrame {
  readonly seq: number
  readonly time_ms: number
  readonly up: boolean
  readonly rssi_dBm?: number
  readonly snr_dB?: number
  /** What follows up to `mic` is absent with a module. */
  readonly frequency_Hz?: number
  readonly modulation?: Modulation
  readonly airtime_ms?: number
  readonly power_dBm?: number
  readonly phy?: string
  /** `unknown`: of an earlier session, or of somebody else. */
  readonly mic?: 'valid' | 'wrong' | 'unknown'
  /** All 32 bits. */
  readonly fCnt?: number
  /** Payload in clear, or a join accept in clear. */
  readonly clear?: string
  /** With a module: what it was given or gave. */
  readonly fPort?: number
  readonly window?: string
}

/** Frames that came since the last message, oldest first. */
export interface FaceFrames {
  readonly type: 'frames'
  readonly frames: readonly FaceFrame[]
}

export interface FaceRadioSource {
  state(): Omit<FaceRadio, 'type'>
  /** Of those that are kept, the ones after `seq`. */
  frames(seq: number): readonly FaceFrame[]
  /** Number of the newest frame. */
  readonly newest: number
  /** Changes when `state()` says something new. */
  readonly revision: number
}
