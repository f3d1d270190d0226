import type { Modulation } from '../../lib/lora-radio.ts'

/** kT at 290 K. */
export const THERMAL_NOISE_DBM_HZ = -174

/** By spreading factor 5 to 12: SX1276 datasheet, table 13, and SX1262 datasheet, table 6-1 for 5 and 6. */
const REQUIRED_SNR_DB: readonly number[] = Object.freeze([-2.5, -5, -7.5, -10, -12.5, -15, -17.5, -20])
/** For FSK with a modulation index of 1; from memory. */
const FSK_SNR_DB = 10

/** A signal with the same chirps must be so much weaker: M. Bor et al., "Do LoRa Low-Power Wide-Area Networks Scale?", MSWiM 2016. */
export const CAPTURE_DB = 6

/**
 * Signals with other chirps may be so much stronger, by the spreading factor of the wanted one, 5 to 12: the least favourable column of D. Croce et al., "Impact of
 * LoRa Imperfect Orthogonality", IEEE Communications Letters 22, 2018 (from memory; 5 and 6 extrapolated).
 */
const REJECTION_DB: readonly number[] = Object.freeze([-4, -6, -8, -11, -13, -17, -20, -23])

export function requiredSnr_dB(modulation: Modulation): number {
  return modulation.type === 'lora' ? REQUIRED_SNR_DB[modulation.spreadingFactor - 5] : FSK_SNR_DB
}

export function rejection_dB(modulation: Modulation): number {
  return modulation.type === 'lora' ? REJECTION_DB[modulation.spreadingFactor - 5] : CAPTURE_DB
}

/** Of the channel; FSK by Carson's rule. */
export function bandwidth_Hz(modulation: Modulation): number {
  return modulation.type === 'lora' ? modulation.bandwidth_Hz : modulation.bitRate_bps + 2 * modulation.deviation_Hz
}
