import { type AveragedReading, ReadingAverage } from '../core/calibration/average.ts'
import { type PhaseQuantities, refuse } from '../core/calibration/codes.ts'
import { type CalibrationBasis, checkStep } from '../core/calibration/plausibility.ts'
import { Calibration, type CalibrationKind } from '../core/calibration/procedure.ts'
import { FerrarisError } from '../lib/errors.ts'
import { formatInstant } from '../lib/iso8601.ts'
import { MeteringStatus } from '../lib/metering-sample.ts'
import type { MeterCore } from './core.ts'
import type { FrontEndCalibration } from './front-end/calibration.ts'
import { isEndOfSupply } from './supervisor.ts'

/** Samples after a change that are not used: a filter of the IC settles in less than a second. */
const SETTLE_SAMPLES = 2
const SAMPLES = 8
/** A calibration that nobody goes on with is given up: the meter must not measure with codes that are not sealed. */
const ABANDONED_MS = 3_600_000
/** The sample does not show what the IC has. */
const UNUSABLE = MeteringStatus.fault | MeteringStatus.reconfigured | MeteringStatus.starting

export interface CalibratorOptions {
  readonly calibration: FrontEndCalibration
  readonly core: MeterCore
  /** The metrological seal is open at this moment. */
  readonly sealOpen: () => boolean
  readonly basis: CalibrationBasis
  readonly frequency_Hz: number
}

/**
 * Calibrates the running meter against a reference: averages samples, computes codes, tries them in the IC, stores or gives them up. Codes on trial need the
 * seal open all the time; intervals with them are marked as not valid.
 */
export class Calibrator {
  /** How long a measurement takes. */
  readonly duration_s = SETTLE_SAMPLES + SAMPLES
  readonly #options: CalibratorOptions
  #average: ReadingAverage | undefined
  #settling = 0
  /** Why the last measurement came to nothing. */
  #failure = 'nothing was measured'
  #used_ms = 0
  /** Steps that were taken since the calibration began. */
  readonly #taken = new Set<CalibrationKind>()

  constructor(options: CalibratorOptions) {
    this.#options = options
  }

  get channels(): readonly string[] {
    return this.#options.calibration.channels
  }

  /** Steps that there are. */
  get kinds(): ReadonlySet<CalibrationKind> {
    return this.#options.calibration.rules.kinds
  }

  /** A measurement goes on. */
  get busy(): boolean {
    return this.#average !== undefined && this.#average.count < SAMPLES
  }

  /** Codes are in the IC that are not stored. */
  get onTrial(): boolean {
    return this.#options.calibration.trial !== undefined
  }

  get taken(): ReadonlySet<CalibrationKind> {
    return this.#taken
  }

  /** One line about what is stored and what is in the IC. */
  get summary(): string {
    const { rules, stored, intact } = this.#options.calibration
    const what =
      stored.state === 'good'
        ? `${stored.record.change} of ${formatInstant(stored.record.utc_s * 1000)}`
        : stored.state === 'absent'
          ? 'none'
          : `not used: ${stored.reason}`
    return `${rules.ic}, ${what}${this.onTrial ? '; codes on trial, not stored' : ''}${intact ? '' : '; not verified in the IC'}`
  }

  /** What the IC says now. */
  get present(): PhaseQuantities | undefined {
    return this.#options.calibration.measured()
  }

  /** Begins a measurement for a step, which the next seconds fill. Errors: FerrarisError `SEAL`, `CALIBRATION` for a step that this IC has no correction for. */
  measure(kind: CalibrationKind): void {
    this.requireSeal()
    const { ic } = this.#options.calibration.rules
    if (!this.kinds.has(kind)) refuse(`the ${ic} has no correction for this step; it takes ${[...this.kinds].join(' and ')} only`)
    this.#average = new ReadingAverage(this.channels.length)
    this.#settling = SETTLE_SAMPLES
    this.#failure = ''
  }

  /** Gives up a measurement. */
  abort(): void {
    this.fail('the measurement was given up')
  }

  /** The measurement. Errors: FerrarisError `CALIBRATION` for one that came to nothing. */
  reading(): AveragedReading {
    const average = this.#average
    if (average === undefined || average.count < SAMPLES) refuse(this.#failure || 'the measurement is not complete')
    return average.reading
  }

  /** Once a second, after the sample. */
  second(): void {
    if (this.onTrial) this.watchTrial()
    const average = this.#average
    if (average === undefined || average.count >= SAMPLES) return
    if (this.#settling > 0) {
      this.#settling--
      return
    }
    const measured = this.present
    if (measured === undefined || (this.#options.core.now.status & UNUSABLE) !== 0)
      this.fail('the metering IC did not answer, or was reset')
    else average.add(measured)
  }

  /**
   * Computes the codes of `channels` from the last measurement and writes them to the IC. Errors: FerrarisError `SEAL`, `CALIBRATION` with the reason; the IC
   * keeps what it had then.
   */
  take(kind: CalibrationKind, reference: PhaseQuantities, channels: ReadonlySet<number>): void {
    this.requireSeal()
    const { calibration, basis, frequency_Hz } = this.#options
    const reading = this.reading()
    for (const index of channels) checkStep(kind, { name: this.channels[index], index }, reference, reading, basis)
    const procedure = new Calibration(calibration.rules, frequency_Hz, calibration.present)
    this.try(procedure.take(kind, reference, reading.mean, channels))
    this.#taken.add(kind)
  }

  /** Tries the codes that the IC has after a reset. Errors: as `take`. */
  neutral(): void {
    this.requireSeal()
    this.try(this.#options.calibration.rules.neutral)
    this.#taken.clear()
  }

  /** Stores the codes on trial; gives the number of this calibration. Errors: FerrarisError `SEAL`, `CALIBRATION`, those of the storage; they stay on trial then. */
  save(): number {
    this.requireSeal()
    const { calibration, core } = this.#options
    if (!this.onTrial) refuse('there is nothing to store')
    const change = calibration.save(core.clock.now_s())
    this.#taken.clear()
    return change
  }

  /** Goes back to what is stored. */
  discard(): void {
    const { calibration, core } = this.#options
    if (!this.onTrial) refuse('there is nothing to give up')
    this.#taken.clear()
    calibration.try(undefined)
    core.watch.calibrationTried(false)
  }

  private try(phases: NonNullable<FrontEndCalibration['trial']>): void {
    const { calibration, core } = this.#options
    const began = !this.onTrial
    calibration.try(phases)
    core.invalidate()
    this.#used_ms = core.clock.ticks_ms()
    if (began) core.watch.calibrationTried(true)
  }

  private watchTrial(): void {
    const { core, sealOpen } = this.#options
    core.invalidate()
    if (sealOpen() && core.clock.ticks_ms() - this.#used_ms < ABANDONED_MS) return
    this.fail('the calibration was given up')
    try {
      this.discard()
    } catch (error) {
      // An IC that does not answer: the next second tries again.
      if (isEndOfSupply(error) || !(error instanceof FerrarisError)) throw error
    }
  }

  private requireSeal(): void {
    if (!this.#options.sealOpen()) throw new FerrarisError('SEAL', 'the seal is closed: the calibration cannot be changed')
  }

  private fail(reason: string): void {
    this.#average = undefined
    this.#failure = reason
  }
}
