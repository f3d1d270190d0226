import { assert } from '../../lib/assert.ts'
import { MeteringStatus } from '../../lib/metering-sample.ts'
import { EventBudget } from '../events/event-budget.ts'
import type { ReadableLog } from '../events/group-log.ts'
import { Edge } from '../events/hold-off.ts'
import { QualityEvent } from '../events/log-codes-table.ts'
import { lastDisturbance, type OpenCodes, openEvents } from '../events/open-events.ts'
import { CalmMains } from './calm-mains.ts'
import { Excursion } from './excursion.ts'
import { countAll, countPhase, QUALITY_COUNTERS, QualityCounter } from './failure-counters.ts'
import {
  LONG_FAILURE_S,
  type MainsQuantity,
  type PhaseQuantity,
  QUALITY_PARAMETERS,
  type QualityParameter,
  type QualityQuantity,
} from './parameters-table.ts'
import type { QualitySample } from './sample.ts'
import { unbalance_permille } from './unbalance.ts'

/** Code of the start and of the end; of L1 for a quantity of the phases. */
type Codes = readonly [start: number, end: number]

const PHASE_CODES: Readonly<Record<PhaseQuantity, Codes>> = Object.freeze({
  undervoltage: [QualityEvent.undervoltageL1, QualityEvent.voltageNormalL1],
  overvoltage: [QualityEvent.overvoltageL1, QualityEvent.voltageNormalL1],
  sag: [QualityEvent.sagL1, QualityEvent.sagEndedL1],
  swell: [QualityEvent.swellL1, QualityEvent.swellEndedL1],
  phaseOutage: [QualityEvent.phaseOutageL1, QualityEvent.phaseReturnedL1],
  overcurrent: [QualityEvent.overcurrentL1, QualityEvent.overcurrentEndedL1],
  thd: [QualityEvent.thdHighL1, QualityEvent.thdNormalL1],
})
const MAINS_CODES: Readonly<Record<MainsQuantity, Codes>> = Object.freeze({
  interruption: [QualityEvent.interruption, QualityEvent.interruptionEnded],
  frequencyLow: [QualityEvent.frequencyLow, QualityEvent.frequencyLowEnded],
  frequencyHigh: [QualityEvent.frequencyHigh, QualityEvent.frequencyHighEnded],
  unbalance: [QualityEvent.unbalance, QualityEvent.unbalanceEnded],
})

/** One quantity of one phase or of the mains. */
interface Watched {
  readonly excursion: Excursion
  readonly start: number
  readonly end: number
  /** Its start is in the log, so its end has to be. */
  told: boolean
}

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
  readonly #phases: readonly Readonly<Record<PhaseQuantity, Watched>>[]
  readonly #mains: Readonly<Record<MainsQuantity, Watched>>
  /** All of them. */
  readonly #watched: readonly Watched[]
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
    const watch = (quantity: QualityQuantity, nominal: number, codes: Codes, phase = 0): Watched => ({
      excursion: new Excursion(parameter(quantity), nominal),
      start: codes[0] + phase,
      end: codes[1] + phase,
      told: false,
    })
    const inPhase = (quantity: PhaseQuantity, nominal: number, phase: number) => watch(quantity, nominal, PHASE_CODES[quantity], phase)
    this.#phases = Array.from({ length: phases }, (_, phase) => ({
      undervoltage: inPhase('undervoltage', nominal_mV, phase),
      overvoltage: inPhase('overvoltage', nominal_mV, phase),
      sag: inPhase('sag', nominal_mV, phase),
      swell: inPhase('swell', nominal_mV, phase),
      phaseOutage: inPhase('phaseOutage', nominal_mV, phase),
      overcurrent: inPhase('overcurrent', maximum_mA, phase),
      thd: inPhase('thd', 1000, phase),
    }))
    this.#mains = {
      interruption: watch('interruption', nominal_mV, MAINS_CODES.interruption),
      frequencyLow: watch('frequencyLow', nominal_mHz, MAINS_CODES.frequencyLow),
      frequencyHigh: watch('frequencyHigh', nominal_mHz, MAINS_CODES.frequencyHigh),
      unbalance: watch('unbalance', 1000, MAINS_CODES.unbalance),
    }
    this.#watched = [...this.#phases, this.#mains].flatMap((group): Watched[] => Object.values(group))
    this.#outage_mV = (parameter('phaseOutage').start * nominal_mV) / 1000
    this.#longFailure_s = options.longFailure_s ?? LONG_FAILURE_S
    this.#calm = new CalmMains({ phases, nominal_mV, nominal_mHz, maximum_mA, parameter })
    this.lastSag = Array.from({ length: phases }, () => ({ magnitude_mV: 0, duration_ms: 0 }))
    this.lastSwell = Array.from({ length: phases }, () => ({ magnitude_mV: 0, duration_ms: 0 }))
  }

  /** Something is open, whether it was told or not. */
  get disturbed(): boolean {
    return this.#watched.some(({ excursion }) => excursion.active)
  }

  /** After a start: what began before it and has no end in the log is still open, and the last sags and swells are known again. */
  resume(log: ReadableLog, utc_s: number, ticks_ms: number): void {
    const all = this.#watched
    this.#quiet = false
    const open = openEvents(log, all satisfies readonly OpenCodes[])
    for (const watched of all) {
      const event = open.get(watched.start)
      if (event === undefined) continue
      // The parameter says how long it had lasted when it was told. A clock that was set back, or is not valid, must not give a negative time.
      const lasted_ms = event.parameter + 1000 * Math.max(0, utc_s - event.utc_s)
      watched.excursion.resume(ticks_ms - lasted_ms, event.value)
      watched.told = true
    }
    for (const [phase, { sag, swell }] of this.#phases.entries()) {
      lastDisturbance(log, sag.end, this.lastSag[phase])
      lastDisturbance(log, swell.end, this.lastSwell[phase])
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
    this.#quiet = this.isQuiet()
  }

  private watch(sample: QualitySample): void {
    if ((sample.status & MeteringStatus.fault) !== 0) {
      // Nobody knows. An event that lasts has not ended because the IC is silent.
      for (const phase of this.#phases) this.phaseUnknown(phase)
      this.mainsUnknown()
      this.#mains.interruption.excursion.unknown()
      return
    }
    const highest_mV = this.highest(sample)
    this.update(this.#mains.interruption, highest_mV)
    if (highest_mV < this.#outage_mV) {
      for (const phase of this.#phases) this.phaseUnknown(phase)
      this.mainsUnknown()
      return
    }
    for (let phase = 0; phase < this.#phases.length; phase++) this.observePhase(sample, phase)
    this.observeMains(sample)
  }

  /** The supply is back after it failed altogether, and the meter perhaps with it. `duration_s`: undefined when nobody knows. */
  supplyReturned(duration_s: number | undefined): void {
    const { counters, phases } = this.#options
    countAll(counters, QualityCounter.failures, phases)
    if (duration_s !== undefined && duration_s > this.#longFailure_s) countAll(counters, QualityCounter.longFailures, phases)
  }

  private isQuiet(): boolean {
    // Once a second: an iterator would leave slots behind.
    const watched = this.#watched
    for (let i = 0; i < watched.length; i++) if (!watched[i].excursion.idle) return false
    return true
  }

  private highest({ voltage_mV }: QualitySample): number {
    let highest = 0
    for (let phase = 0; phase < this.#phases.length; phase++) highest = Math.max(highest, voltage_mV[phase])
    return highest
  }

  private observePhase(sample: QualitySample, index: number): void {
    const { counters } = this.#options
    const { undervoltage, overvoltage, sag, swell, phaseOutage, overcurrent, thd } = this.#phases[index]
    const voltage_mV = sample.voltage_mV[index]
    const lost = voltage_mV < this.#outage_mV || (sample.status & (MeteringStatus.phaseLossL1 << index)) !== 0
    this.update(overcurrent, sample.current_mA[index])
    // A meter with one phase has an interruption instead.
    if (this.#phases.length > 1) this.observeOutage(phaseOutage, index, voltage_mV, lost)
    if (lost) {
      this.voltageUnknown(this.#phases[index])
      return
    }
    const sagging = (sample.status & (MeteringStatus.sagL1 << index)) !== 0
    if (this.update(sag, voltage_mV, sagging) === Edge.started) counters[QualityCounter.sagsL1 + index]++
    if (this.update(swell, voltage_mV) === Edge.started) counters[QualityCounter.swellsL1 + index]++
    // Both end with one code, so one waits until the other is over.
    if (overvoltage.excursion.active) this.oneOf(overvoltage, undervoltage, voltage_mV)
    else this.oneOf(undervoltage, overvoltage, voltage_mV)
    if (sample.voltageThd_permille !== undefined) this.update(thd, sample.voltageThd_permille[index])
  }

  private oneOf(first: Watched, second: Watched, value: number): void {
    this.update(first, value)
    if (first.excursion.active) second.excursion.unknown()
    else this.update(second, value)
  }

  private observeOutage(outage: Watched, phase: number, voltage_mV: number, lost: boolean): void {
    const { counters } = this.#options
    const edge = this.update(outage, voltage_mV, lost)
    if (edge === Edge.started) countPhase(counters, QualityCounter.failures, phase)
    const long = edge === Edge.ended && outage.excursion.duration_ms > 1000 * this.#longFailure_s
    if (long) countPhase(counters, QualityCounter.longFailures, phase)
  }

  private observeMains(sample: QualitySample): void {
    const { frequencyLow, frequencyHigh, unbalance } = this.#mains
    const { frequency_mHz } = sample
    // An IC that cannot measure it says 0.
    if (frequency_mHz > 0) {
      this.update(frequencyLow, frequency_mHz)
      this.update(frequencyHigh, frequency_mHz)
    } else {
      frequencyLow.excursion.unknown()
      frequencyHigh.excursion.unknown()
    }
    let complete = this.#phases.length === 3
    for (let phase = 0; phase < this.#phases.length; phase++) complete &&= sample.voltage_mV[phase] >= this.#outage_mV
    const permille = complete ? unbalance_permille(sample.voltage_mV, sample.voltageAngle_ddeg) : undefined
    if (permille === undefined) unbalance.excursion.unknown()
    else this.update(unbalance, permille)
  }

  private voltageUnknown(phase: Readonly<Record<PhaseQuantity, Watched>>): void {
    phase.undervoltage.excursion.unknown()
    phase.overvoltage.excursion.unknown()
    phase.sag.excursion.unknown()
    phase.swell.excursion.unknown()
    phase.thd.excursion.unknown()
  }

  private phaseUnknown(phase: Readonly<Record<PhaseQuantity, Watched>>): void {
    this.voltageUnknown(phase)
    phase.phaseOutage.excursion.unknown()
    phase.overcurrent.excursion.unknown()
  }

  private mainsUnknown(): void {
    this.#mains.frequencyLow.excursion.unknown()
    this.#mains.frequencyHigh.excursion.unknown()
    this.#mains.unbalance.excursion.unknown()
  }

  private update(watched: Watched, value: number, flagged = false): number {
    const edge = watched.excursion.update(value, this.#ticks_ms, flagged)
    if (edge === Edge.started) this.tellStart(watched)
    else if (edge === Edge.ended) this.tellEnd(watched)
    return edge
  }

  /** The end is paid together with the start: it is never left out. */
  private tellStart(watched: Watched): void {
    const { log } = this.#options
    watched.told = this.#budget.take(2, this.#ticks_ms)
    if (!watched.told) return
    const suppressed = this.#budget.takeSuppressed()
    if (suppressed > 0) log(QualityEvent.eventsSuppressed, this.#utc_s, suppressed, 0)
    log(watched.start, this.#utc_s, watched.excursion.elapsed_ms(this.#ticks_ms), watched.excursion.extreme)
  }

  private tellEnd(watched: Watched): void {
    const { duration_ms, extreme } = watched.excursion
    for (const [phase, { sag, swell }] of this.#phases.entries()) {
      if (watched === sag) Object.assign(this.lastSag[phase], { magnitude_mV: extreme, duration_ms })
      if (watched === swell) Object.assign(this.lastSwell[phase], { magnitude_mV: extreme, duration_ms })
    }
    if (!watched.told) return
    watched.told = false
    this.#options.log(watched.end, this.#utc_s, duration_ms, extreme)
  }
}
