import type { MeterClock } from '../core/clock/meter-clock.ts'
import { LogId } from '../core/events/codes.ts'
import { PROFILES } from '../core/profile/definitions.ts'
import { PowerQualityProfile } from '../core/profile/power-quality.ts'
import { Compliance } from '../core/quality/compliance.ts'
import { settleFailures } from '../core/quality/failure-counters.ts'
import { QualityMonitor } from '../core/quality/quality-monitor.ts'
import type { QualitySample } from '../core/quality/sample.ts'
import {
  factoryThresholds,
  loadThresholds,
  parametersOf,
  type QualityThresholds,
  storeThresholds,
  thresholdsAllowed,
} from '../core/quality/thresholds.ts'
import type { Storage } from '../core/storage/storage.ts'
import type { MeterConfig } from './config.ts'
import type { Journal } from './journal.ts'

/** The meter as its power quality sees it. */
export interface QualityOwner {
  /** Bits of `ProfileStatus` that last as long as their cause. */
  persistentStatus(): number
}

export interface QualityWatchOptions {
  readonly clock: MeterClock
  readonly storage: Storage
  readonly config: MeterConfig
  /** 1 or 3. */
  readonly phases: number
  /** Maximum current of the meter. */
  readonly maximum_mA: number
  /** `QUALITY_COUNTERS` values of the register image. */
  readonly counters: Float64Array
  /** Power failures that the image counts since the first firmware. */
  readonly failures: number
  readonly journal: Journal
  readonly owner: QualityOwner
}

/** Power quality of a running meter: the monitor with thresholds that the management may change, and the weekly figures. */
export class QualityWatch {
  readonly compliance: Compliance
  /** Absent on a flash without room for it. */
  readonly profile: PowerQualityProfile | undefined
  readonly nominal_mV: number
  readonly #options: QualityWatchOptions
  #thresholds: QualityThresholds
  #monitor: QualityMonitor

  constructor(options: QualityWatchOptions) {
    const { config, storage, counters, failures, phases } = options
    this.#options = options
    this.nominal_mV = 1000 * config.mains.nominalVoltage_V
    this.#thresholds = loadThresholds(storage.settings, this.nominal_mV)
    settleFailures(counters, failures, phases)
    this.#monitor = this.create()
    const { powerQuality } = storage
    const period_s = 60 * config.quality.period_min
    const { depth } = PROFILES.powerQuality
    this.profile =
      powerQuality && new PowerQualityProfile({ log: powerQuality, depth, period_s, phases, thd: false }, options.clock.now_s())
    this.compliance = new Compliance({ phases, nominal_mV: this.nominal_mV, nominal_mHz: 1000 * config.mains.frequency_Hz })
  }

  /** With the last sags and swells; another one after a change of thresholds. */
  get monitor(): QualityMonitor {
    return this.#monitor
  }

  get thresholds(): QualityThresholds {
    return this.#thresholds
  }

  /** What a meter has that nobody has changed. */
  get factory(): QualityThresholds {
    return factoryThresholds(this.nominal_mV)
  }

  /** False, and nothing changes, for thresholds that contradict each other. Errors: those of `Settings.set`. */
  change(thresholds: QualityThresholds): boolean {
    if (!thresholdsAllowed(thresholds, this.nominal_mV)) return false
    storeThresholds(this.#options.storage.settings, thresholds)
    this.#thresholds = thresholds
    this.#monitor = this.create()
    this.resume()
    return true
  }

  /** After a start: what is still open goes on. */
  resume(): void {
    const { journal, clock } = this.#options
    const log = journal.logs.get(LogId.quality)
    if (log !== undefined) this.#monitor.resume(log, clock.now_s(), clock.ticks_ms())
  }

  /** A voltage changed its state, between two seconds. */
  observe(sample: QualitySample, now_s: number, ticks_ms: number): void {
    this.#monitor.observe(sample, now_s, ticks_ms)
  }

  second(sample: QualitySample, now_s: number, ticks_ms: number): void {
    this.#monitor.observe(sample, now_s, ticks_ms)
    this.compliance.second(sample, now_s)
    const { profile } = this
    if (profile === undefined) return
    profile.second(sample)
    if (profile.due(now_s)) profile.capture(now_s, this.#options.owner.persistentStatus())
  }

  private create(): QualityMonitor {
    const { config, counters, phases, maximum_mA, journal } = this.#options
    return new QualityMonitor({
      phases,
      nominal_mV: this.nominal_mV,
      nominal_mHz: 1000 * config.mains.frequency_Hz,
      maximum_mA,
      counters,
      log: (code, utc_s, parameter, value) => journal.add(LogId.quality, code, utc_s, parameter, value),
      parameters: parametersOf(this.#thresholds, this.nominal_mV),
      longFailure_s: this.#thresholds.longFailure_s,
    })
  }
}
