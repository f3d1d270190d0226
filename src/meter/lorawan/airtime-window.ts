/** Parts of an hour that are counted together: a frame leaves the window up to five minutes late. */
const SLOTS = 12
const SLOT_MS = 300_000

/** Time on the air within the last hour, band by band. */
export class AirtimeWindow {
  /** By slot, then by band, in µs. */
  readonly #used_us: Float64Array
  readonly #bands: number
  /** Number of the newest slot since the clock of ticks began. */
  #slot = 0

  constructor(bands: number) {
    this.#bands = bands
    this.#used_us = new Float64Array(SLOTS * bands)
  }

  /** A band below 0 is none. */
  add(band: number, airtime_us: number, ticks_ms: number): void {
    if (band < 0) return
    this.#move(ticks_ms)
    this.#used_us[(this.#slot % SLOTS) * this.#bands + band] += airtime_us
  }

  used_us(band: number, ticks_ms: number): number {
    this.#move(ticks_ms)
    let sum = 0
    for (let slot = 0; slot < SLOTS; slot++) sum += this.#used_us[slot * this.#bands + band]
    return sum
  }

  /** Forgets the slots that are older than an hour. */
  #move(ticks_ms: number): void {
    const slot = Math.floor(ticks_ms / SLOT_MS)
    const from = Math.max(this.#slot + 1, slot - SLOTS + 1)
    for (let i = from; i <= slot; i++) this.#used_us.fill(0, (i % SLOTS) * this.#bands, ((i % SLOTS) + 1) * this.#bands)
    this.#slot = Math.max(this.#slot, slot)
  }
}
