import type { Clock } from '../../../hal/api/time.ts'
import type { MeteringSource } from '../../../src/core/metrology/source.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus } from '../../../src/lib/metering-sample.ts'
import { SeededRandom } from '../../../src/lib/random.ts'

/** A count of 25/8 mWh, in mW times seconds. */
const COUNT_MWS = 11_250
/** +A, -A, +R, -R, S: rows of `counts`, four elements each. */
const ROWS = 5
const ELEMENTS = 4
const { sagL1, sagL2, sagL3, phaseLossL1, phaseLossL2, phaseLossL3 } = MeteringStatus
const LOSS = sagL1 | sagL2 | sagL3 | phaseLossL1 | phaseLossL2 | phaseLossL3

/**
 * A house through the year, in steps of a second: three phases with a daily and a yearly course, appliances that come and go, and a roof that feeds in at
 * noon in summer. Powers are whole milliwatts and stand still for a minute, so energy is an integer. A metering IC counts it as the ATM90E32 does: each register
 * carries the rest below one count along until its supply is gone.
 */
export class YearWorld implements Clock {
  readonly start_s: number
  /** Seconds since the start, which nobody can set. */
  second = 0
  valid = true
  /** Counts since the start: `row * 4 + element`. Only grows. */
  readonly counts = new Float64Array(ROWS * ELEMENTS)
  /** The mains are gone. */
  lost = false
  readonly #random: SeededRandom
  readonly #rest = new Float64Array(ROWS * ELEMENTS)
  readonly #active_mW = new Float64Array(ELEMENTS)
  readonly #reactive_mvar = new Float64Array(ELEMENTS)
  readonly #apparent_mVA = new Float64Array(ELEMENTS)
  readonly #extra_mW = new Float64Array(ELEMENTS)
  #offset_s = 0

  constructor(start_s: number, seed: number) {
    this.start_s = start_s
    this.#random = new SeededRandom(seed, 1)
    this.#minute()
  }

  /** What the clock of the meter shows. */
  get utc_s(): number {
    return this.start_s + this.second + this.#offset_s
  }
  now_ms(): number {
    return this.utc_s * 1000
  }
  ticks_ms(): number {
    return this.second * 1000
  }
  set(utc_ms: number): void {
    this.#offset_s = Math.floor(utc_ms / 1000) - this.start_s - this.second
  }

  get active_mW(): Float64Array {
    return this.#active_mW
  }

  /** A second passes. */
  advance(): void {
    if (!this.lost) for (let element = 0; element < ELEMENTS; element++) this.#count(element)
    this.second++
    if (this.second % 60 === 0) this.#minute()
  }

  /** The supply of the IC is gone: so is what is below one count, and what nobody has read. */
  darken(): void {
    this.#rest.fill(0)
  }

  #count(element: number): void {
    const active_mW = this.#active_mW[element]
    const reactive_mvar = this.#reactive_mvar[element]
    this.#add((active_mW < 0 ? ELEMENTS : 0) + element, Math.abs(active_mW))
    this.#add((reactive_mvar < 0 ? 3 : 2) * ELEMENTS + element, Math.abs(reactive_mvar))
    this.#add(4 * ELEMENTS + element, this.#apparent_mVA[element])
  }

  #add(index: number, energy_mWs: number): void {
    const sum = this.#rest[index] + energy_mWs
    const counts = Math.floor(sum / COUNT_MWS)
    this.#rest[index] = sum - counts * COUNT_MWS
    this.counts[index] += counts
  }

  /** Powers of the minute that begins. */
  #minute(): void {
    const random = this.#random
    const time_s = this.start_s + this.second
    const day = Math.cos(((time_s % 86_400) / 86_400 - 0.5) * 2 * Math.PI)
    const year = Math.cos(((this.second / 86_400 - 182) / 365) * 2 * Math.PI)
    const sun_mW = Math.round(Math.max(0, day - 0.2) * Math.max(0, 0.4 + 0.6 * year) * 3_000_000)
    this.#active_mW[0] = this.#reactive_mvar[0] = this.#apparent_mVA[0] = 0
    for (let phase = 1; phase < ELEMENTS; phase++) {
      if (random.below(20) === 0) this.#extra_mW[phase] = random.below(3) === 0 ? 1000 * random.below(4_000) : 0
      const load_mW = 100_000 + random.below(150_000) + Math.round(150_000 * (1 + day)) + this.#extra_mW[phase]
      const active_mW = load_mW - sun_mW
      const reactive_mvar = Math.round(0.1 * load_mW) - random.below(60_000)
      this.#active_mW[phase] = active_mW
      this.#reactive_mvar[phase] = reactive_mvar
      this.#apparent_mVA[phase] = Math.round(Math.hypot(active_mW, reactive_mvar))
      this.#active_mW[0] += active_mW
      this.#reactive_mvar[0] += reactive_mvar
      this.#apparent_mVA[0] += this.#apparent_mVA[phase]
    }
  }
}

/** The driver of that IC. A new one begins where the IC has counted to. */
export class YearSource implements MeteringSource {
  readonly energyUnit = Object.freeze({ numerator: 25, denominator: 8 })
  readonly identification = Object.freeze({ model: 'year' })
  readonly #world: YearWorld
  readonly #taken: Float64Array
  readonly #sample = createMeteringSample()
  readonly #rows: readonly Float64Array[]

  constructor(world: YearWorld) {
    this.#world = world
    this.#taken = world.counts.slice()
    const { activeImport, activeExport, reactiveImport, reactiveExport, apparent } = this.#sample
    this.#rows = [activeImport, activeExport, reactiveImport, reactiveExport, apparent]
  }

  sample(): MeteringSample {
    const { counts, lost, active_mW } = this.#world
    const taken = this.#taken
    for (let row = 0; row < ROWS; row++) {
      for (let element = 0; element < ELEMENTS; element++) {
        const index = row * ELEMENTS + element
        this.#rows[row][element] = counts[index] - taken[index]
        taken[index] = counts[index]
      }
    }
    for (let element = 0; element < ELEMENTS; element++) this.#sample.active_mW[element] = lost ? 0 : active_mW[element]
    this.#sample.status = lost ? LOSS : 0
    return this.#sample
  }

  acknowledge(): void {}
  close(): void {}
}

/** Nothing is on this bus: the core is given its metering. */
export class NoBus {
  transfer(): void {}
  read(): never {
    throw new Error('no chip on this bus')
  }
  write(): void {}
  close(): void {}
}
