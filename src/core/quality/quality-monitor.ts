import { assert } from '../../lib/assert.ts'
import { MeteringStatus } from '../../lib/metering-sample.ts'
import { EventBudget } from '../events/event-budget.ts'
import type { ReadableLog } from '../events/group-log.ts'
import { Edge } from '../events/hold-off.ts'
import { QualityEvent } from '../events/log-codes-table.ts'
import { lastDisturbance, type OpenCodes, openEvents } from '../events/open-events.ts'
import { CalmMains } from './calm-mains.ts'
import { Excursions, type WatchedQuantity } from './excursion.ts'
import { countAll, countPhase, QUALITY_COUNTERS, QualityCounter } from './failure-counters.ts'
import { LONG_FAILURE_S, QUALITY_PARAMETERS, type QualityParameter, type QualityQuantity } from './parameters-table.ts'
import type { QualitySample } from './sample.ts'
import { unbalance_permille } from './unbalance.ts'

/** Codes of start and end. */
type Codes = readonly [start: number, end: number]

/** What is watched in a phase, with the codes of L1. */
const PHASE_QUANTITIES = ['undervoltage', 'overvoltage', 'sag', 'swell', 'phaseOutage', 'overcurrent', 'thd'] as const
const PHASE_CODES: readonly Codes[] = Object.freeze([
  [QualityEvent.undervoltageL1, QualityEvent.voltageNormalL1],
  [QualityEvent.overvoltageL1, QualityEvent.voltageNormalL1],
  [QualityEvent.sagL1, QualityEvent.sagEndedL1],
  [QualityEvent.swellL1, QualityEvent.swellEndedL1],
  [QualityEvent.phaseOutageL1, QualityEvent.phaseReturnedL1],
  [QualityEvent.overcurrentL1, QualityEvent.overcurrentEndedL1],
  [QualityEvent.thdHighL1, QualityEvent.thdNormalL1],
])
const UNDERVOLTAGE = 0
const OVERVOLTAGE = 1
const SAG = 2
const SWELL = 3
const PHASE_OUTAGE = 4
const OVERCURRENT = 5
const THD = 6
const PER_PHASE = PHASE_QUANTITIES.length

/** What is watched for all phases together. */
const MAINS_QUANTITIES = ['interruption', 'frequencyLow', 'frequencyHigh', 'unbalance'] as const
const MAINS_CODES: readonly Codes[] = Object.freeze([
  [QualityEvent.interruption, QualityEvent.interruptionEnded],
  [QualityEvent.frequencyLow, QualityEvent.frequencyLowEnded],
  [QualityEvent.frequencyHigh, QualityEvent.frequencyHighEnded],
  [QualityEvent.unbalance, QualityEvent.unbalanceEnded],
])
const INTERRUPTION = 0
const FREQUENCY_LOW = 1
const FREQUENCY_HIGH = 2
const UNBALANCE = 3

/** The last sag or swell of a phase that is over; 0 before the first one. */
export interface Disturbance {
  /** Lowest or highest voltage. */
  magnitude_mV: number
  duration_ms: number
}

export interface QualityOptions {
  /** 1 to 3. */
  readonly phases: number
  readonly nominal_mV: number
  readonly nominal_mHz: number
  /** Maximum current of the meter. */
  readonly maximum_mA: number
  /** `QUALITY_COUNTERS` values of the register image. */
  readonly counters: Float64Array
  /** Logs in the power quality log. */
  readonly log: (code: number, utc_s: number, parameter: number, value: number) => void
  /** A power failure above this is a long one; default `LONG_FAILURE_S`. */
  readonly longFailure_s?: number
  /** Where a grid needs others than `QUALITY_PARAMETERS`. */
  readonly parameters?: Partial<Record<QualityQuantity, QualityParameter>>
}

/**
 * Watches the mains and tells when something begins and ends. Indicative: from RMS values of a second and the flags of the metering IC (a peak detector),
 * not from half-cycle RMS values of a class A instrument.
 *
 * Every start that is told has one end. A phase without voltage is not also in a sag or under voltage, and while no phase has
 * voltage only the interruption is watched: what was open before stays open, and goes on or ends when voltage is back.
 */
export class QualityMonitor {
  readonly counters: Float64Array
  /** By phase. */
  readonly lastSag: readonly Disturbance[]
  readonly lastSwell: readonly Disturbance[]
  readonly #options: QualityOptions
  /** Those of L1, L2, L3, then those of the mains. */
  readonly #excursions: Excursions
  /** Bits by index: its start is in the log, so its end has to be. */
  #told = 0
  readonly #budget = new EventBudget()
  readonly #outage_mV: number
  readonly #longFailure_s: number
  readonly #calm: CalmMains
  /** Nothing is open or about to begin. */
  #quiet = false
  #utc_s = 0
  #ticks_ms = 0

  constructor(options: QualityOptions) {
    const { phases, nominal_mV, nominal_mHz, maximum_mA, counters } = options
    assert(phases >= 1 && phases <= 3 && counters.length === QUALITY_COUNTERS, 'phases 1 to 3, and their counters')
    this.#options = options
    this.counters = counters
    const parameter = (quantity: QualityQuantity) => options.parameters?.[quantity] ?? QUALITY_PARAMETERS[quantity]
    const watched: WatchedQuantity[] = []
    for (let phase = 0; phase < phases; phase++) {
      for (const quantity of PHASE_QUANTITIES) {
        const nominal = quantity === 'overcurrent' ? maximum_mA : quantity === 'thd' ? 1000 : nominal_mV
        watched.push({ parameter: parameter(quantity), nominal })
      }
    }
    const nominals = [nominal_mV, nominal_mHz, nominal_mHz, 1000]
    for (const [i, quantity] of MAINS_QUANTITIES.entries()) watched.push({ parameter: parameter(quantity), nominal: nominals[i] })
    this.#excursions = new Excursions(watched)
    this.#outage_mV = (parameter('phaseOutage').start * nominal_mV) / 1000
    this.#longFailure_s = options.longFailure_s ?? LONG_FAILURE_S
    this.#calm = new CalmMains({ phases, nominal_mV, nominal_mHz, maximum_mA, parameter })
    this.lastSag = Array.from({ length: phases }, () => ({ magnitude_mV: 0, duration_ms: 0 }))
    this.lastSwell = Array.from({ length: phases }, () => ({ magnitude_mV: 0, duration_ms: 0 }))
  }

  /** Something is open, whether it was told or not. */
  get disturbed(): boolean {
    return this.#excursions.holds.anyActive
  }

  /** After a start: what began before it and has no end in the log is still open, and the last sags and swells are known again. */
  resume(log: ReadableLog, utc_s: number, ticks_ms: number): void {
    const all = this.codes()
    this.#quiet = false
    const open = openEvents(log, all)
    for (const [index, { start }] of all.entries()) {
      const event = open.get(start)
      if (event === undefined) continue
      // The parameter says how long it had lasted when it was told. A clock that was set back, or is not valid, must not give a negative time.
      const lasted_ms = event.parameter + 1000 * Math.max(0, utc_s - event.utc_s)
      this.#excursions.resume(index, ticks_ms - lasted_ms, event.value)
      this.#told |= 1 << index
    }
    for (let phase = 0; phase < this.#options.phases; phase++) {
      lastDisturbance(log, all[PER_PHASE * phase + SAG].end, this.lastSag[phase])
      lastDisturbance(log, all[PER_PHASE * phase + SWELL].end, this.lastSwell[phase])
    }
  }

  /**
   * Looks at the mains: once a second, and each time the metering IC reports that a voltage changed its state. Errors: those of `log`.
   */
  observe(sample: QualitySample, utc_s: number, ticks_ms: number): void {
    // Nearly always: then nothing below would change anything.
    if (this.#quiet && this.#calm.holds(sample)) return
    this.#utc_s = utc_s
    this.#ticks_ms = ticks_ms
    this.watch(sample)
    this.#quiet = this.#excursions.holds.allIdle
  }

  private watch(sample: QualitySample): void {
    if ((sample.status & MeteringStatus.fault) !== 0) {
      // Nobody knows. An event that lasts has not ended because the IC is silent.
      for (let index = 0; index < this.#excursions.holds.count; index++) this.#excursions.holds.unknown(index)
      return
    }
    const highest_mV = this.highest(sample)
    this.update(this.mains(INTERRUPTION), highest_mV)
    if (highest_mV < this.#outage_mV) {
      const { holds } = this.#excursions
      for (let index = 0; index < holds.count; index++) if (index !== this.mains(INTERRUPTION)) holds.unknown(index)
      return
    }
    for (let phase = 0; phase < this.#options.phases; phase++) this.observePhase(sample, phase)
    this.observeMains(sample)
  }

  /** The supply is back after it failed altogether, and the meter perhaps with it. `duration_s`: undefined when nobody knows. */
  supplyReturned(duration_s: number | undefined): void {
    const { counters, phases } = this.#options
    countAll(counters, QualityCounter.failures, phases)
    if (duration_s !== undefined && duration_s > this.#longFailure_s) countAll(counters, QualityCounter.longFailures, phases)
  }

  private highest({ voltage_mV }: QualitySample): number {
    let highest = 0
    for (let phase = 0; phase < this.#options.phases; phase++) highest = Math.max(highest, voltage_mV[phase])
    return highest
  }

  private observePhase(sample: QualitySample, index: number): void {
    const { counters } = this.#options
    const first = PER_PHASE * index
    const voltage_mV = sample.voltage_mV[index]
    const lost = voltage_mV < this.#outage_mV || (sample.status & (MeteringStatus.phaseLossL1 << index)) !== 0
    this.update(first + OVERCURRENT, sample.current_mA[index])
    // A meter with one phase has an interruption instead.
    if (this.#options.phases > 1) this.observeOutage(index, voltage_mV, lost)
    if (lost) {
      this.voltageUnknown(first)
      return
    }
    const sagging = (sample.status & (MeteringStatus.sagL1 << index)) !== 0
    if (this.update(first + SAG, voltage_mV, sagging) === Edge.started) counters[QualityCounter.sagsL1 + index]++
    if (this.update(first + SWELL, voltage_mV) === Edge.started) counters[QualityCounter.swellsL1 + index]++
    // Both end with one code, so one waits until the other is over.
    const over = this.#excursions.holds.active(first + OVERVOLTAGE)
    if (over) this.oneOf(first + OVERVOLTAGE, first + UNDERVOLTAGE, voltage_mV)
    else this.oneOf(first + UNDERVOLTAGE, first + OVERVOLTAGE, voltage_mV)
    if (sample.voltageThd_permille !== undefined) this.update(first + THD, sample.voltageThd_permille[index])
  }

  private oneOf(first: number, second: number, value: number): void {
    const { holds } = this.#excursions
    this.update(first, value)
    if (holds.active(first)) holds.unknown(second)
    else this.update(second, value)
  }

  private observeOutage(phase: number, voltage_mV: number, lost: boolean): void {
    const { counters } = this.#options
    const outage = PER_PHASE * phase + PHASE_OUTAGE
    const edge = this.update(outage, voltage_mV, lost)
    if (edge === Edge.started) countPhase(counters, QualityCounter.failures, phase)
    const long = edge === Edge.ended && this.#excursions.holds.duration_ms(outage) > 1000 * this.#longFailure_s
    if (long) countPhase(counters, QualityCounter.longFailures, phase)
  }

  private observeMains(sample: QualitySample): void {
    const { holds } = this.#excursions
    const { frequency_mHz } = sample
    // An IC that cannot measure it says 0.
    const low = this.mains(FREQUENCY_LOW)
    const high = this.mains(FREQUENCY_HIGH)
    if (frequency_mHz > 0) {
      this.update(low, frequency_mHz)
      this.update(high, frequency_mHz)
    } else {
      holds.unknown(low)
      holds.unknown(high)
    }
    let complete = this.#options.phases === 3
    for (let phase = 0; phase < this.#options.phases; phase++) complete &&= sample.voltage_mV[phase] >= this.#outage_mV
    const permille = complete ? unbalance_permille(sample.voltage_mV, sample.voltageAngle_ddeg) : undefined
    if (permille === undefined) holds.unknown(this.mains(UNBALANCE))
    else this.update(this.mains(UNBALANCE), permille)
  }

  private voltageUnknown(first: number): void {
    const { holds } = this.#excursions
    holds.unknown(first + UNDERVOLTAGE)
    holds.unknown(first + OVERVOLTAGE)
    holds.unknown(first + SAG)
    holds.unknown(first + SWELL)
    holds.unknown(first + THD)
  }

  /** Index of a quantity of the mains. */
  private mains(quantity: number): number {
    return PER_PHASE * this.#options.phases + quantity
  }

  /** Codes by index. */
  private codes(): OpenCodes[] {
    return Array.from({ length: this.#excursions.holds.count }, (_, index) => ({ start: this.code(index, 0), end: this.code(index, 1) }))
  }

  /** `which`: 0 for the start, 1 for the end. */
  private code(index: number, which: 0 | 1): number {
    const ofMains = index - this.mains(0)
    if (ofMains >= 0) return MAINS_CODES[ofMains][which]
    return PHASE_CODES[index % PER_PHASE][which] + Math.floor(index / PER_PHASE)
  }

  private update(index: number, value: number, flagged = false): number {
    const edge = this.#excursions.update(index, value, this.#ticks_ms, flagged)
    if (edge === Edge.started) this.tellStart(index)
    else if (edge === Edge.ended) this.tellEnd(index)
    return edge
  }

  /** The end is paid together with the start: it is never left out. */
  private tellStart(index: number): void {
    const { log } = this.#options
    const excursions = this.#excursions
    this.#told &= ~(1 << index)
    if (!this.#budget.take(2, this.#ticks_ms)) return
    this.#told |= 1 << index
    const suppressed = this.#budget.takeSuppressed()
    if (suppressed > 0) log(QualityEvent.eventsSuppressed, this.#utc_s, suppressed, 0)
    log(this.code(index, 0), this.#utc_s, excursions.holds.elapsed_ms(index, this.#ticks_ms), excursions.extreme(index))
  }

  private tellEnd(index: number): void {
    const duration_ms = this.#excursions.holds.duration_ms(index)
    const magnitude_mV = this.#excursions.extreme(index)
    const phase = Math.floor(index / PER_PHASE)
    const quantity = index - PER_PHASE * phase
    if (phase < this.#options.phases && quantity === SAG) Object.assign(this.lastSag[phase], { magnitude_mV, duration_ms })
    if (phase < this.#options.phases && quantity === SWELL) Object.assign(this.lastSwell[phase], { magnitude_mV, duration_ms })
    const bit = 1 << index
    if ((this.#told & bit) === 0) return
    this.#told &= ~bit
    this.#options.log(this.code(index, 1), this.#utc_s, duration_ms, magnitude_mV)
  }
}
