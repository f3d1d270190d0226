/**
 * How fast a 32.768 kHz oscillator runs, in ppm against true time: positive is fast. A function of the temperature in °C.
 */
export type CrystalCurve = (temperature_C: number) => number

/** Turnover temperature and curvature of a tuning-fork crystal, as its makers publish them: 25 ± 5 °C, -0.034 ± 0.006 ppm/K². */
const TURNOVER_C = 25
const CURVATURE_PPM_K2 = -0.034

export interface TuningFork {
  /** Deviation at the turnover temperature. A bare crystal is bought with ±20 or ±5 ppm, a trimmed module with ±1 ppm. */
  readonly offset_ppm?: number
  /** Default 25. */
  readonly turnover_C?: number
  /** Default -0.034. */
  readonly curvature_ppm_K2?: number
}

/** The parabola of a crystal without compensation: slow on both sides of its turnover. */
export function tuningFork(options: TuningFork = {}): CrystalCurve {
  const { offset_ppm = 0, turnover_C = TURNOVER_C, curvature_ppm_K2 = CURVATURE_PPM_K2 } = options
  return (temperature_C) => offset_ppm + curvature_ppm_K2 * (temperature_C - turnover_C) * (temperature_C - turnover_C)
}

/**
 * A temperature-compensated oscillator within the limits of the DS3231 (datasheet 19-5170, "Electrical characteristics"): `extent` from -1 to 1 picks the
 * device, ±2 ppm from 0 to 40 °C, growing to ±3.5 ppm at -40 and 85 °C.
 */
export function compensated(extent = 0.5): CrystalCurve {
  if (!(extent >= -1 && extent <= 1)) throw new RangeError(`extent: found ${extent}, allowed is -1 to 1`)
  return (temperature_C) => {
    const below = Math.max(0, -temperature_C) / 40
    const above = Math.max(0, temperature_C - 40) / 45
    return extent * (2 + 1.5 * Math.min(1, Math.max(below, above)))
  }
}

export interface BackupOptions {
  /** So long a full store keeps the oscillator running: a 100 mF capacitor lasts weeks at 45 nA, and a coin cell years. */
  readonly reserve_s: number
  /** So long the main supply takes to fill it from empty. Default: it is a primary battery, which nothing fills. */
  readonly charge_s?: number
}

/** What keeps an RTC alive without its main supply: a capacitor or a battery, counted in seconds of life. */
export class BackupSupply {
  readonly #reserve_s: number
  readonly #charge_s: number
  stored_s: number

  constructor(options: BackupOptions) {
    const { reserve_s, charge_s = Number.POSITIVE_INFINITY } = options
    if (!(reserve_s >= 0)) throw new RangeError(`reserve_s: found ${reserve_s}`)
    if (!(charge_s > 0)) throw new RangeError(`charge_s: found ${charge_s}`)
    this.#reserve_s = reserve_s
    this.#charge_s = charge_s
    this.stored_s = reserve_s
  }

  /** 0 to 1; what cannot hold anything is empty. */
  get level(): number {
    return this.#reserve_s === 0 ? 0 : this.stored_s / this.#reserve_s
  }

  charge(duration_s: number): void {
    this.stored_s = Math.min(this.#reserve_s, this.stored_s + (duration_s / this.#charge_s) * this.#reserve_s)
  }

  /** Gives how much of `duration_s` it lasted. */
  drain(duration_s: number): number {
    const lasted_s = Math.min(duration_s, this.stored_s)
    this.stored_s -= lasted_s
    return lasted_s
  }
}
