/** The clock and the processor may differ by so much: 0.5 s/day of a good crystal, 150 ppm of a bad one, and the seconds that are cut off. */
const TOLERANCE_MS = 2000
const TOLERANCE_PPM = 200

export interface TwoClocks {
  readonly valid: boolean
  now_ms(): number
  /** Monotonic. */
  ticks_ms(): number
}

/** Compares the real-time clock with the crystal of the processor: an RTC that stands still or runs away looks valid. */
export class ClockWatch {
  readonly #clock: TwoClocks
  #utc_ms: number
  #ticks_ms: number

  constructor(clock: TwoClocks) {
    this.#clock = clock
    this.#utc_ms = clock.now_ms()
    this.#ticks_ms = clock.ticks_ms()
  }

  /** The clock was set: what it said before does not count. */
  set(): void {
    this.#utc_ms = this.#clock.now_ms()
    this.#ticks_ms = this.#clock.ticks_ms()
  }

  /** Milliseconds that the clock went more than the processor since it was set or the firmware started. */
  get deviation_ms(): number {
    return this.#clock.now_ms() - this.#utc_ms - (this.#clock.ticks_ms() - this.#ticks_ms)
  }

  /** Valid, and not away from the processor by more than two crystals explain. */
  get good(): boolean {
    const elapsed_ms = this.#clock.ticks_ms() - this.#ticks_ms
    const tolerance_ms = TOLERANCE_MS + (elapsed_ms * TOLERANCE_PPM) / 1_000_000
    return this.#clock.valid && Math.abs(this.deviation_ms) <= tolerance_ms
  }
}
