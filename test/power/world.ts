import type { Clock } from '../../hal/api/time.ts'
import type { MeteringSource } from '../../src/core/metrology/source.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus } from '../../src/lib/metering-sample.ts'

/** Rows of `PowerWorld.truth`, in the order of the sample's arrays: A+, A-, R+, R-, S; four elements each. */
const ROWS = 5
export const ELEMENTS = 4
/** First second of the script, UTC: an hour that ends at the change to daylight saving time of 2026. */
const START_MS = Date.UTC(2026, 2, 29, 0, 10)

const SAG = MeteringStatus.sagL1 | MeteringStatus.sagL2 | MeteringStatus.sagL3
const LOSS = SAG | MeteringStatus.phaseLossL1 | MeteringStatus.phaseLossL2 | MeteringStatus.phaseLossL3

/** Scatters the bits of a number (finalizer of MurmurHash3, public domain). */
function scatter(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * The world around a meter in steps of a second: what the mains deliver, and a clock with a battery. Everything in it is a number, so that it
 * can be copied at any moment and gone on from.
 */
export class PowerWorld implements Clock {
  /** Seconds since the beginning. The only time that nobody can set. */
  second = 0
  /** Counts that the mains ever delivered, `row * 4 + element`: no register may say more. */
  readonly truth = new Float64Array(ROWS * ELEMENTS)
  valid = true
  /** Seconds that a sag or an interruption of all phases still lasts. */
  sag_s = 0
  loss_s = 0
  #offset_ms = 0

  copy(): PowerWorld {
    const other = new PowerWorld()
    other.second = this.second
    other.truth.set(this.truth)
    other.valid = this.valid
    other.sag_s = this.sag_s
    other.loss_s = this.loss_s
    other.#offset_ms = this.#offset_ms
    return other
  }

  /** Bits of `MeteringStatus`. */
  get status(): number {
    return this.loss_s > 0 ? LOSS : this.sag_s > 0 ? SAG : 0
  }

  now_ms(): number {
    return START_MS + this.second * 1000 + this.#offset_ms
  }

  ticks_ms(): number {
    return this.second * 1000
  }

  set(utc_ms: number): void {
    this.#offset_ms = utc_ms - START_MS - this.second * 1000
    this.valid = true
  }

  /** The battery of the clock was empty: it begins at 2000-01-01 and says so. */
  loseBackup(): void {
    this.set(946_684_800_000)
    this.valid = false
  }

  /** A second passes. Most of the time energy is imported; for a few minutes of each hour it flows back. */
  advance(): void {
    this.second++
    if (this.sag_s > 0) this.sag_s--
    if (this.loss_s > 0) this.loss_s--
    if (this.loss_s > 0) return
    const { truth } = this
    const exporting = this.second % 900 >= 780
    for (let element = 0; element < ELEMENTS; element++) {
      const hash = scatter(this.second * ELEMENTS + element)
      truth[(exporting ? ELEMENTS : 0) + element] += hash & 0x3ff
      truth[((hash & 0x400) === 0 ? 2 : 3) * ELEMENTS + element] += (hash >>> 11) & 0xff
      truth[4 * ELEMENTS + element] += 0x400 + ((hash >>> 19) & 0x3ff)
    }
  }

  /** The supply is away, or only the meter is down: time passes, and the mains are whole afterwards. */
  pause(duration_s: number): void {
    this.sag_s = 0
    this.loss_s = 0
    for (let i = 0; i < duration_s; i++) this.advance()
  }
}

/** A metering IC that clears its counters when it is read and when it starts: it gives what the mains delivered in between. */
export class ScriptedSource implements MeteringSource {
  readonly energyUnit = Object.freeze({ numerator: 25, denominator: 8 })
  readonly identification = Object.freeze({ model: 'script' })
  readonly #world: PowerWorld
  readonly #taken: Float64Array
  readonly #sample = createMeteringSample()
  readonly #rows: readonly Float64Array[]

  constructor(world: PowerWorld) {
    this.#world = world
    this.#taken = world.truth.slice()
    const { activeImport, activeExport, reactiveImport, reactiveExport, apparent } = this.#sample
    this.#rows = [activeImport, activeExport, reactiveImport, reactiveExport, apparent]
  }

  sample(): MeteringSample {
    const { truth } = this.#world
    for (let i = 0; i < truth.length; i++) {
      this.#rows[i >> 2][i & 3] = truth[i] - this.#taken[i]
      this.#taken[i] = truth[i]
    }
    this.#sample.status = this.#world.status
    return this.#sample
  }

  acknowledge(): void {}
  close(): void {}
}
