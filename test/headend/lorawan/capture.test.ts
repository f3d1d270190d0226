import { expect, test } from 'vitest'
import { captureFrame, captureHeader } from '../../../src/headend/lorawan/capture.ts'
import { toHex } from '../../../src/lib/hex.ts'

const FRAME = { utc_ms: 1_795_878_274_333.25, frequency_Hz: 868_100_000, publicNetwork: true, payload: Uint8Array.of(0x40, 0xff) }

test('the header of a pcap file with link type 270', () => {
  expect(toHex(captureHeader())).toBe('a1b2c3d4000200040000000000000000' + '0000ffff0000010e')
})

test('a frame: time, lengths, LoRaTap', () => {
  const modulation = { type: 'lora', spreadingFactor: 12, bandwidth_Hz: 500_000, codingRate: 1 } as const
  const time = '6b0aed82000515c200000011' + '00000011'
  expect(toHex(captureFrame({ ...FRAME, modulation, rssi_dBm: -109, snr_dB: 5.5 }))).toBe(`${time}0000000f33be27a0040c1e1e1e163440ff`)
  expect(toHex(captureFrame({ ...FRAME, modulation, rssi_dBm: -109, snr_dB: -5 })).slice(32)).toBe('0000000f33be27a0040c787878ec3440ff')
  const fsk = { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 } as const
  expect(toHex(captureFrame({ ...FRAME, publicNetwork: false, modulation: fsk })).slice(32)).toBe('0000000f33be27a00000ffffff001240ff')
})
