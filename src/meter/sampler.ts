import type { MeterClock } from '../core/clock/meter-clock.ts'
import { ProfileStatus, StandardEvent } from '../core/events/codes.ts'
import { Instantaneous } from '../core/metrology/instantaneous.ts'
import { advancedPosition, PULSE_POSITION, PULSE_POSITIONS } from '../core/metrology/pulse-position.ts'
import type { MeteringSource } from '../core/metrology/source.ts'
import type { TariffEngine } from '../core/tariff/tariff-engine.ts'
import { MeteringStatus } from '../lib/metering-sample.ts'
import type { Journal, JournalOwner } from './journal.ts'

/** Energy since the previous sample may be missing. */
const INCOMPLETE = MeteringStatus.reconfigured | MeteringStatus.incomplete
/** Samples without an answer after which the last values are no longer shown as if they were fresh. */
const STALE_SAMPLES = 3
/** A bus that comes and goes is logged once in so long. */
const FAULT_HOLD_OFF_MS = 900_000

export interface SamplerOptions {
  readonly metering: MeteringSource
  readonly tariff: TariffEngine
  /** Values of the register image. */
  readonly image: Float64Array
  readonly clock: MeterClock
  readonly journal: Journal
  readonly owner: Pick<JournalOwner, 'mark'>
}

/** Takes samples of the metering IC and books them: counts to the rate of their time, values for whoever looks, faults as marks and events. */
export class Sampler {
  readonly now = new Instantaneous()
  readonly #options: SamplerOptions
  /** Samples without an answer, in a row. */
  #faults = 0
  #faultLogged_ms = Number.NEGATIVE_INFINITY
  /** A sample between two seconds said that the IC was configured anew. */
  #reconfigured = false

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  /** One sample. */
  measure(): void {
    const { metering, tariff, image, owner } = this.#options
    const sample = metering.sample()
    tariff.add(sample)
    this.now.copy(sample)
    const { counted } = metering
    if (counted !== undefined) image[PULSE_POSITION] = advancedPosition(image[PULSE_POSITION], counted)
    this.keepPositions(metering, image)
    const faulty = (sample.status & (MeteringStatus.fault | MeteringStatus.starting)) === MeteringStatus.fault
    // Also with the first answer after a fault: it brings counts of the time before.
    if (faulty || this.#faults > 0 || (sample.status & INCOMPLETE) !== 0) owner.mark(ProfileStatus.dataNotValid)
    if ((sample.status & MeteringStatus.recovered) !== 0) owner.mark(ProfileStatus.recoveredValue)
    if ((sample.status & MeteringStatus.reconfigured) !== 0) this.#reconfigured = true
    if (faulty) this.onFault()
    else this.#faults = 0
  }

  /** The sample that a second begins with: it says what those between it and the one before said. */
  second(): void {
    this.measure()
    if (this.#reconfigured) this.now.status |= MeteringStatus.reconfigured
    this.#reconfigured = false
  }

  private keepPositions(metering: MeteringSource, image: Float64Array): void {
    for (let channel = 0; channel < PULSE_POSITIONS; channel++) {
      const reading = metering.position?.(channel)
      const place = PULSE_POSITION + channel
      if (reading !== undefined) image[place] = advancedPosition(image[place], reading)
    }
  }

  private onFault(): void {
    const { clock, journal } = this.#options
    if (++this.#faults >= STALE_SAMPLES) this.now.clear()
    const ticks_ms = clock.ticks_ms()
    if (this.#faults > 1 || ticks_ms - this.#faultLogged_ms < FAULT_HOLD_OFF_MS) return
    this.#faultLogged_ms = ticks_ms
    journal.record(StandardEvent.measurementSystemError)
  }
}
