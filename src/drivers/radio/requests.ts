import type { Modulation, RadioReception, RadioTransmission } from '../../lib/lora-radio.ts'

/** A job of a transceiver. */
export type Job =
  | { readonly kind: 'transmit'; readonly what: RadioTransmission }
  | { readonly kind: 'receive'; readonly what: RadioReception }
  | { readonly kind: 'sleep' }

/** What a part can do. */
export interface RadioLimits {
  readonly lowest_Hz: number
  readonly highest_Hz: number
  readonly spreadingFactor_min: number
  readonly power_dBm: number
}

/** A little more than what was asked for: then the chip has not told what it should have. */
export const GUARD_MS = 500
/** Longest frame of LoRaWAN: 255 bytes at SF12. */
export const FRAME_MAX_MS = 9300
/** RP002-1.0.4, section 2, "FSK". */
export const LORAWAN_FSK_SYNC_WORD = Object.freeze([0xc1, 0x94, 0xc1] as const)

/** A transmission as a job, with a copy of its payload. RangeError for what the part cannot send. */
export function transmitJob(transmission: RadioTransmission, limits: RadioLimits): Job {
  const { payload, power_dBm, frequency_Hz, modulation } = transmission
  if (payload.length < 1 || payload.length > 255) throw new RangeError(`payload: ${payload.length} bytes, allowed is 1 to 255`)
  if (!(power_dBm <= 50)) throw new RangeError(`power: found ${power_dBm} dBm, the chip has at most ${limits.power_dBm}`)
  checkChannel(frequency_Hz, modulation, limits)
  return { kind: 'transmit', what: { ...transmission, payload: payload.slice() } }
}

/** RangeError for what the part cannot receive. */
export function receiveJob(reception: RadioReception, limits: RadioLimits): Job {
  checkChannel(reception.frequency_Hz, reception.modulation, limits)
  return { kind: 'receive', what: reception }
}

function checkChannel(
  frequency_Hz: number,
  modulation: Modulation,
  { lowest_Hz, highest_Hz, spreadingFactor_min: least }: RadioLimits,
): void {
  if (!(frequency_Hz >= lowest_Hz && frequency_Hz <= highest_Hz))
    throw new RangeError(`frequency: found ${frequency_Hz} Hz, allowed is ${lowest_Hz / 1e6} to ${highest_Hz / 1e6} MHz`)
  if (modulation.type === 'lora' && !(modulation.spreadingFactor >= least && modulation.spreadingFactor <= 12)) {
    throw new RangeError(`spreading factor: found ${modulation.spreadingFactor}, allowed is ${least} to 12`)
  }
}
