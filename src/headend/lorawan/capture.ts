import type { Modulation } from '../../lib/lora-radio.ts'

/**
 * Frames of LoRa in a capture file that Wireshark reads: pcap with link type 270, LoRaTap version 0 (github.com/eriknl/LoRaTap). That header has no place for FSK: its
 * frames have spreading factor 0.
 */

const MAGIC = 0xa1b2c3d4
const SNAPSHOT = 65_535
const LINK_LORATAP = 270
const FILE_HEADER = 24
const FRAME_HEADER = 16
const TAP_HEADER = 15
const STEP_HZ = 125_000
const RSSI_ZERO_DBM = -139
const UNKNOWN = 255
const PUBLIC_SYNC_WORD = 0x34
const PRIVATE_SYNC_WORD = 0x12

export interface CapturedFrame {
  readonly utc_ms: number
  readonly frequency_Hz: number
  readonly modulation: Modulation
  /** Undefined for what was sent. */
  readonly rssi_dBm?: number
  readonly snr_dB?: number
  readonly publicNetwork: boolean
  readonly payload: Uint8Array
}

/** The beginning of the file. */
export function captureHeader(): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC)
  view.setUint16(4, 2)
  view.setUint16(6, 4)
  view.setUint32(16, SNAPSHOT)
  view.setUint32(20, LINK_LORATAP)
  return bytes
}

/** One frame of the file. */
export function captureFrame({ utc_ms, frequency_Hz, modulation, rssi_dBm, snr_dB, publicNetwork, payload }: CapturedFrame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + TAP_HEADER + payload.length)
  const view = new DataView(bytes.buffer)
  const utc_us = Math.floor(utc_ms * 1000)
  const length = TAP_HEADER + payload.length
  view.setUint32(0, Math.floor(utc_us / 1_000_000))
  view.setUint32(4, utc_us % 1_000_000)
  view.setUint32(8, length)
  view.setUint32(12, length)
  const tap = FRAME_HEADER
  view.setUint16(tap + 2, TAP_HEADER)
  view.setUint32(tap + 4, frequency_Hz)
  view.setUint8(tap + 8, modulation.type === 'lora' ? modulation.bandwidth_Hz / STEP_HZ : 0)
  view.setUint8(tap + 9, modulation.type === 'lora' ? modulation.spreadingFactor : 0)
  bytes.fill(rssiCode(rssi_dBm, snr_dB), tap + 10, tap + 13)
  view.setInt8(tap + 13, Math.max(-128, Math.min(127, Math.round(4 * (snr_dB ?? 0)))))
  view.setUint8(tap + 14, publicNetwork ? PUBLIC_SYNC_WORD : PRIVATE_SYNC_WORD)
  bytes.set(payload, tap + TAP_HEADER)
  return bytes
}

/** Below the noise in quarters of a dB. */
function rssiCode(rssi_dBm: number | undefined, snr_dB = 0): number {
  if (rssi_dBm === undefined) return UNKNOWN
  return Math.max(0, Math.min(UNKNOWN - 1, Math.round((rssi_dBm - RSSI_ZERO_DBM) * (snr_dB < 0 ? 4 : 1))))
}
