import { type Band, bandOf, type Region } from './region.ts'

const HOUR_MS = 3_600_000
/** Retransmissions of join requests, LoRaWAN 1.0.4 §7: 1 % in the first hour, 0.1 % in the ten after it, then 0.01 %. */
const JOIN_DIVISORS: readonly (readonly [number, number])[] = Object.freeze([
  Object.freeze([HOUR_MS, 100] as const),
  Object.freeze([11 * HOUR_MS, 1000] as const),
  Object.freeze([Number.POSITIVE_INFINITY, 10_000] as const),
])

/** When a device may send again, by the rule of pauses: after a transmission of T a band is silent for T · (divisor - 1). Times are ticks in ms. */
export class DutyCycle {
  readonly #region: Region
  readonly #free_ms: Float64Array
  /** Of all bands together, as the network may ask for (DutyCycleReq), and of join requests. */
  #aggregated_ms = Number.NEGATIVE_INFINITY
  #join_ms = Number.NEGATIVE_INFINITY
  /** 1 is no limit. */
  aggregatedDivisor = 1
  /** Spent by band since the start, for the display. */
  readonly airtime_us: Float64Array

  constructor(region: Region) {
    this.#region = region
    this.#free_ms = new Float64Array(region.bands.length).fill(Number.NEGATIVE_INFINITY)
    this.airtime_us = new Float64Array(region.bands.length)
  }

  get bands(): readonly Band[] {
    return this.#region.bands
  }

  /** When `frequency_Hz` may be used again; Infinity for a frequency in no band. */
  free_ms(frequency_Hz: number): number {
    const band = bandOf(this.#region, frequency_Hz)
    return band < 0 ? Number.POSITIVE_INFINITY : Math.max(this.#free_ms[band], this.#aggregated_ms)
  }

  /** When a join request may follow the one before it. */
  get joinFree_ms(): number {
    return this.#join_ms
  }

  /** A transmission of `airtime_us` that ended at `end_ms`. */
  sent(frequency_Hz: number, airtime_us: number, end_ms: number): void {
    const band = bandOf(this.#region, frequency_Hz)
    if (band >= 0) {
      this.airtime_us[band] += airtime_us
      this.#free_ms[band] = end_ms + pause_ms(airtime_us, this.#region.bands[band].dutyDivisor)
    }
    this.#aggregated_ms = end_ms + pause_ms(airtime_us, this.aggregatedDivisor)
  }

  /** As `sent`, for a join request; `since_ms` is the time since the first of the series. */
  joinSent(airtime_us: number, end_ms: number, since_ms: number): void {
    const divisor = JOIN_DIVISORS.find(([until_ms]) => since_ms < until_ms)?.[1] ?? 1
    this.#join_ms = end_ms + pause_ms(airtime_us, divisor)
  }
}

function pause_ms(airtime_us: number, divisor: number): number {
  return Math.ceil((airtime_us * (divisor - 1)) / 1000)
}
