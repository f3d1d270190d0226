import type { LoRaModulation, Modulation } from './lora-radio.ts'

/** Symbols of the sync word and the start of frame delimiter, in quarters: 4.25 symbols (SX1276 datasheet, section 4.1.1.6). */
const SYNC_QUARTERS = 17
/** First eight symbols of header and payload, always at 4/8. */
const FIRST_SYMBOLS = 8
const FSK_SYNC_BYTES = 3
const FSK_LENGTH_BYTES = 1
const FSK_CRC_BYTES = 2

/** Length of a symbol in µs. */
export function symbol_us(modulation: LoRaModulation): number {
  return (2 ** modulation.spreadingFactor * 1_000_000) / modulation.bandwidth_Hz
}

/** Low data rate optimisation: symbols of 16.384 ms and more (SX1276 datasheet, section 4.1.1.6). */
export function lowDataRate({ spreadingFactor, bandwidth_Hz }: LoRaModulation): boolean {
  return 2 ** spreadingFactor * 1000 >= bandwidth_Hz * 16
}

export interface FrameShape {
  readonly modulation: Modulation
  /** Symbols of LoRa, bytes of FSK. */
  readonly preamble: number
  readonly crc: boolean
  /** Bytes of the PHY payload. */
  readonly length: number
}

/**
 * Time on air in µs with an explicit header, exact: LoRa by the formula of the SX1276 datasheet, section 4.1.1.7 (and SX1262, section 6.1.4), for spreading
 * factors 7 to 12; FSK with three bytes of sync word, length byte and two bytes of CRC.
 */
export function airtime_us({ modulation, preamble, crc, length }: FrameShape): number {
  if (modulation.type === 'fsk') {
    const bytes = preamble + FSK_SYNC_BYTES + FSK_LENGTH_BYTES + length + (crc ? FSK_CRC_BYTES : 0)
    return Math.ceil((bytes * 8 * 1_000_000) / modulation.bitRate_bps)
  }
  const { spreadingFactor, codingRate } = modulation
  const bits = 8 * length - 4 * spreadingFactor + 28 + (crc ? 16 : 0)
  const perBlock = 4 * (spreadingFactor - (lowDataRate(modulation) ? 2 : 0))
  const symbols = Math.max(0, Math.ceil(bits / perBlock)) * (codingRate + 4)
  const quarters = 4 * (preamble + FIRST_SYMBOLS + symbols) + SYNC_QUARTERS
  return (quarters * symbol_us(modulation)) / 4
}
