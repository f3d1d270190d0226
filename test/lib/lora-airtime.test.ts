import { describe, expect, test } from 'vitest'
import { airtime_us, lowDataRate, symbol_us } from '../../src/lib/lora-airtime.ts'
import type { LoRaModulation } from '../../src/lib/lora-radio.ts'

const lora = (spreadingFactor: number, bandwidth_Hz: LoRaModulation['bandwidth_Hz'] = 125_000): LoRaModulation => ({
  type: 'lora',
  spreadingFactor,
  bandwidth_Hz,
  codingRate: 1,
})

/** Of the integer formula of LoRaMac-node: preamble of 8, 4/5, explicit header, CRC. */
const KNOWN: readonly (readonly [number, number, number])[] = [
  [7, 23, 61.696],
  [8, 23, 113.152],
  [9, 23, 205.824],
  [10, 23, 370.688],
  [11, 23, 823.296],
  [12, 23, 1482.752],
  [7, 64, 118.016],
  [8, 64, 215.552],
  [9, 64, 390.144],
  [10, 64, 698.368],
  [11, 64, 1560.576],
  [12, 64, 2793.472],
]

describe('airtime', () => {
  test.each(KNOWN)('SF%i with %i bytes takes %f ms', (spreadingFactor, length, expected_ms) => {
    expect(airtime_us({ modulation: lora(spreadingFactor), preamble: 8, crc: true, length })).toBe(expected_ms * 1000)
  })

  test('a downlink without CRC is shorter, or as long', () => {
    expect(airtime_us({ modulation: lora(7), preamble: 8, crc: false, length: 12 })).toBe(41_216)
    expect(airtime_us({ modulation: lora(7), preamble: 8, crc: true, length: 12 })).toBe(41_216)
    expect(airtime_us({ modulation: lora(7), preamble: 8, crc: false, length: 13 })).toBe(41_216)
    expect(airtime_us({ modulation: lora(7), preamble: 8, crc: true, length: 13 })).toBe(46_336)
  })

  test('symbols and the low data rate', () => {
    expect(symbol_us(lora(7))).toBe(1024)
    expect(symbol_us(lora(12))).toBe(32_768)
    expect([10, 11, 12].map((sf) => lowDataRate(lora(sf)))).toEqual([false, true, true])
    expect([11, 12].map((sf) => lowDataRate(lora(sf, 250_000)))).toEqual([false, true])
    expect(lowDataRate(lora(12, 500_000))).toBe(false)
  })

  test('FSK at 50 kbit/s', () => {
    // 5 + 3 + 1 + 20 + 2 bytes of 160 µs
    const modulation = { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 } as const
    expect(airtime_us({ modulation, preamble: 5, crc: true, length: 20 })).toBe(4960)
  })
})
