import { SeededRandom } from '../lib/random.ts'

/** What a store must take from a meter. Payload arrays are used again: a store that keeps them makes copies. */
export interface WorkloadStore {
  /** The register image: integers that never decrease. */
  save(values: Float64Array, utc_s: number): void
  /** An entry of the load profile. */
  capture(utc_s: number, payload: Uint8Array): void
  event(code: number, utc_s: number, payload: Uint8Array): void
  set(key: string, value: Uint8Array): void
  /** A frame is sent and needs a number that was never used. */
  frame(): void
  /** The meter has nothing else to do in the seconds that are left of the minute: erase ahead now. */
  idle(): void
}

const VALUES = 116
/** Of these, four-quadrant energies (sum and three phases) use 40. */
const USED = 40
/** Eight rates of four energies, behind the counters. */
const RATES_AT = 48
const RATES = 32
/** Counters of failures, voltage events and the like, behind the rates: they move too rarely to matter, and are in each checkpoint. */
const COUNTERS_AT = 96
const MINUTES_PER_DAY = 1440
const PROFILE_MIN = 15
const EVENTS_PER_DAY = 50
const SETTINGS = 8
const START_S = 1_700_000_000

/**
 * The writes of a household's meter under the save policy that it ships with, minute by minute: the image every minute, a profile entry of four
 * energies each quarter of an hour right after the image, about fifty events a day, one changed setting a day, one frame a minute on a link.
 *
 * The image is that of a three-phase meter late in its life, so that a save is rather too long than too short: half of the registers count at a time
 * (import, one reactive direction, apparent energy), each at up to 9 kW.
 */
export class StorageWorkload {
  readonly values = new Float64Array(VALUES)
  readonly #random: SeededRandom
  readonly #profile = new Uint8Array(32)
  readonly #event = new Uint8Array(4)
  readonly #setting = new Uint8Array(16)
  #minute = 0

  constructor(seed = 20) {
    this.#random = new SeededRandom(seed)
    // 400 MWh each: fifteen years at 3 kW.
    this.values.fill(4e10, 0, USED)
    this.values.fill(1e10, RATES_AT, RATES_AT + RATES)
    this.values.fill(1000, COUNTERS_AT)
  }

  get utc_s(): number {
    return START_S + 60 * this.#minute
  }

  day(store: WorkloadStore): void {
    for (let i = 0; i < MINUTES_PER_DAY; i++) this.minute(store)
  }

  minute(store: WorkloadStore): void {
    const { utc_s } = this
    this.save(store)
    if (this.#minute % PROFILE_MIN === 0) this.capture(store)
    if (this.#random.below(MINUTES_PER_DAY) < EVENTS_PER_DAY) store.event(this.#random.below(50), utc_s, this.#event)
    if (this.#minute % MINUTES_PER_DAY === 0) this.#change(store)
    store.frame()
    store.idle()
    this.#minute++
  }

  /** The energy of a minute, and a save. A count is worth 10 mWh. */
  save(store: WorkloadStore): void {
    for (let i = 0; i < USED / 2; i++) this.values[i] += this.#random.below(15_000)
    // One rate of each tariffed energy counts.
    for (let i = 0; i < RATES; i += 8) this.values[RATES_AT + i] += this.#random.below(15_000)
    store.save(this.values, this.utc_s)
  }

  capture(store: WorkloadStore): void {
    this.#random.fill(this.#profile)
    store.capture(this.utc_s, this.#profile)
  }

  event(store: WorkloadStore): void {
    store.event(this.#random.below(50), this.utc_s, this.#event)
  }

  /** The day's setting: one of a few keys in turn. */
  #change(store: WorkloadStore): void {
    const day = this.#minute / MINUTES_PER_DAY
    this.#random.fill(this.#setting)
    store.set(`workload.${day % SETTINGS}`, this.#setting)
  }
}
