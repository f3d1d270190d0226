import type { MeteringSource } from '../core/metrology/source.ts'
import { FerrarisError } from '../lib/errors.ts'
import { createMeteringSample, type MeteringSample, MeteringStatus, silence } from '../lib/metering-sample.ts'
import { type FaultRecord, reasonOf } from './supervisor.ts'

/**
 * Longest pause before a driver is made again. Short, because the IC counts on meanwhile: its registers hold 204 Wh, which is 17 s at the 43 kW that the
 * meter is made for.
 */
export const METERING_PAUSE_MAX_MS = 8000
/** Samples come once a second, but not to the millisecond. */
const JITTER_MS = 500
/** Samples in a row that are faulty, after which the driver is made again. */
const FAULTS_MAX = 5
/** A sample takes some milliseconds; what takes so long belongs to a bus or a chip that is not well. */
const SAMPLE_MAX_MS = 500

export interface PatientOptions {
  /** Makes a configured driver, or throws. `onFault` is for what the driver throws when nobody calls it, as when bytes arrive. */
  readonly create: (onFault: (error: unknown) => void) => MeteringSource
  /** What the configuration of the drivers gives. */
  readonly energyUnit: MeteringSource['energyUnit']
  /** So long the first driver may be without an answer of its chip. Default 0. */
  readonly settle_ms?: number
  /** Monotonic time. */
  readonly ticks_ms: () => number
  readonly record: FaultRecord
}

/**
 * A metering IC that may be missing, hang or come and go, and a driver that may throw. Such a meter keeps its registers readable and reports the fault with
 * each sample; the driver is closed and made again, after a pause that doubles up to 8 s. No method throws.
 */
export class PatientMetering implements MeteringSource {
  readonly energyUnit: MeteringSource['energyUnit']
  readonly #options: PatientOptions
  #source: MeteringSource | undefined
  #identification: MeteringSource['identification'] = { model: '' }
  /** The newest sample; its arrays belong to its driver, or to nobody any more. */
  #last: MeteringSample | undefined
  #due_ms = 0
  /** Faulty samples in a row. */
  #faults = 0
  /** The driver was made again and has not given a good sample yet. */
  #renewed = false
  /** Ticks up to which the first driver may be silent. */
  #settled_ms: number

  constructor(options: PatientOptions) {
    this.#options = options
    this.energyUnit = options.energyUnit
    this.#settled_ms = options.ticks_ms() + (options.settle_ms ?? 0)
    this.attempt()
  }

  get identification(): MeteringSource['identification'] {
    return this.#identification
  }

  get counted(): number | undefined {
    return this.#source?.counted
  }

  position(channel: number): number | undefined {
    return this.#source?.position?.(channel)
  }

  sample(): MeteringSample {
    const { ticks_ms } = this.#options
    if (this.#source === undefined && ticks_ms() >= this.#due_ms) this.again()
    const source = this.#source
    if (source === undefined) return this.fault()
    const began_ms = ticks_ms()
    let sample: MeteringSample
    try {
      sample = source.sample()
    } catch (error) {
      this.giveUp(reasonOf(error))
      return this.fault()
    }
    this.#last = sample
    sample.status &= ~MeteringStatus.starting
    // The configuration was written again: whoever reads the profile is warned, also when a new interval has begun meanwhile.
    // With the first good sample: a chip on a UART may still be silent.
    if (this.#renewed && (sample.status & MeteringStatus.fault) === 0) sample.status |= MeteringStatus.reconfigured
    const slow = ticks_ms() - began_ms > SAMPLE_MAX_MS
    // What it counted is booked all the same: the IC has forgotten it.
    if (slow) sample.status |= MeteringStatus.fault
    if ((sample.status & MeteringStatus.fault) === 0) {
      this.#faults = 0
      this.#renewed = false
      this.#settled_ms = began_ms
    } else if (began_ms < this.#settled_ms) sample.status |= MeteringStatus.starting
    else if (++this.#faults >= FAULTS_MAX) {
      this.giveUp(slow ? 'samples take too long' : 'the metering IC does not answer')
    }
    return sample
  }

  acknowledge(): void {
    try {
      this.#source?.acknowledge()
    } catch (error) {
      this.giveUp(reasonOf(error))
    }
  }

  close(): void {
    try {
      this.#source?.close()
    } catch (error) {
      this.#options.record.add(reasonOf(error))
    }
    this.#source = undefined
    this.#due_ms = Number.POSITIVE_INFINITY
  }

  private again(): void {
    if (!this.attempt()) return
    this.#renewed = true
    this.#options.record.restarted()
  }

  private attempt(): boolean {
    let source: MeteringSource | undefined
    try {
      source = this.#options.create(this.#onFault)
      if (!sameUnit(source, this)) throw new FerrarisError('CONFIGURATION', 'the metering IC counts in another unit than before')
    } catch (error) {
      this.#source = source
      this.giveUp(reasonOf(error))
      return false
    }
    this.#source = source
    this.#identification = source.identification
    return true
  }

  readonly #onFault = (error: unknown): void => {
    if (this.#source !== undefined) this.giveUp(reasonOf(error))
  }

  private giveUp(reason: string): void {
    const { ticks_ms, record } = this.#options
    record.add(reason)
    this.close()
    this.#faults = 0
    this.#settled_ms = 0
    this.#due_ms = ticks_ms() + record.waits() - JITTER_MS
  }

  /** Old values, no counts. */
  private fault(): MeteringSample {
    this.#last ??= createMeteringSample()
    return silence(this.#last)
  }
}

function sameUnit(a: MeteringSource, b: MeteringSource): boolean {
  return a.energyUnit.numerator === b.energyUnit.numerator && a.energyUnit.denominator === b.energyUnit.denominator
}

/** Waits for a driver that cannot wait for ever: more than `most_ms` in sum until the next `renew` throws FerrarisError `TIMEOUT`. */
export class WaitBudget {
  /** Absent where the board cannot wait. */
  readonly wait_ms: ((duration_ms: number) => void) | undefined
  readonly #most_ms: number
  #left_ms: number

  constructor(wait_ms: ((duration_ms: number) => void) | undefined, most_ms: number) {
    this.#most_ms = most_ms
    this.#left_ms = most_ms
    this.wait_ms =
      wait_ms &&
      ((duration_ms) => {
        this.#left_ms -= duration_ms
        if (this.#left_ms < 0) throw new FerrarisError('TIMEOUT', `a driver waits for more than ${this.#most_ms} ms`)
        wait_ms(duration_ms)
      })
  }

  renew(): void {
    this.#left_ms = this.#most_ms
  }
}
