/** How drift is learned. */
export interface DriftOptions {
  /** What an earlier run learned of this clock. */
  readonly drift_ppm?: number
  /** References closer together than this say nothing about a drift. Default 6 h. */
  readonly span_min_ms?: number
  /** What the uncertainty of both ends may make of a measured drift. Default 2 ppm. */
  readonly resolution_ppm?: number
  /** More than this is no drift of a crystal: something jumped. Default 200. */
  readonly drift_max_ppm?: number
  /** Share of a new measurement in the estimate, after the first. Default 0.3: a week of daily references follows the season. */
  readonly weight?: number
}

interface Point {
  readonly raw_ms: number
  readonly utc_ms: number
  readonly uncertainty_ms: number
}

/** Learns how fast a clock runs from references: what the clock showed, without any correction, against what the time was. */
export class DriftEstimator {
  readonly #options: Required<Omit<DriftOptions, 'drift_ppm'>>
  #anchor: Point | undefined
  #drift_ppm: number | undefined

  constructor(options: DriftOptions = {}) {
    const { span_min_ms = 21_600_000, resolution_ppm = 2, drift_max_ppm = 200, weight = 0.3 } = options
    this.#options = { span_min_ms, resolution_ppm, drift_max_ppm, weight }
    this.#drift_ppm = options.drift_ppm
  }

  /** Positive: the clock is fast. Undefined until two references were far enough apart. */
  get drift_ppm(): number | undefined {
    return this.#drift_ppm
  }

  /** `raw_ms`: the clock at the moment `utc_ms`, as if nobody had ever set it. Returns whether the estimate changed. */
  add(raw_ms: number, utc_ms: number, uncertainty_ms: number): boolean {
    const { span_min_ms, resolution_ppm, drift_max_ppm, weight } = this.#options
    const point = { raw_ms, utc_ms, uncertainty_ms }
    const anchor = this.#anchor
    if (anchor === undefined || utc_ms <= anchor.utc_ms) {
      this.#anchor = point
      return false
    }
    const span_ms = utc_ms - anchor.utc_ms
    const measured_ppm = ((raw_ms - anchor.raw_ms) / span_ms - 1) * 1e6
    const error_ppm = ((uncertainty_ms + anchor.uncertainty_ms) / span_ms) * 1e6
    if (Math.abs(measured_ppm) - error_ppm > drift_max_ppm) {
      this.#anchor = point
      return false
    }
    // The old anchor stays until the span is long enough for what the references are worth.
    if (span_ms < span_min_ms || error_ppm > resolution_ppm) return false
    this.#anchor = point
    this.#drift_ppm = this.#drift_ppm === undefined ? measured_ppm : this.#drift_ppm + weight * (measured_ppm - this.#drift_ppm)
    return true
  }

  /** The oscillator was trimmed: it runs faster by `change_ppm` from now on. */
  trimmed(change_ppm: number): void {
    this.#anchor = undefined
    if (this.#drift_ppm !== undefined) this.#drift_ppm += change_ppm
  }
}
