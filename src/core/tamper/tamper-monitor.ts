import { assert } from '../../lib/assert.ts'
import { MeteringStatus } from '../../lib/metering-sample.ts'
import { EventBudget } from '../events/event-budget.ts'
import type { ReadableLog } from '../events/group-log.ts'
import { Edge, HoldOffs } from '../events/hold-off.ts'
import { FraudEvent } from '../events/log-codes-table.ts'
import { openEvents } from '../events/open-events.ts'
import { getUint32, setUint32 } from '../storage/format.ts'
import { type Currents, expectedNeutral_mA } from './neutral.ts'
import {
  MOMENTS,
  type Moment,
  TAMPER_LIMITS,
  TAMPER_PARAMETERS,
  TAMPERS,
  Tamper,
  type TamperInput,
  type TamperParameter,
} from './tampers-table.ts'

/** Bits of the tampers that were seen and not reset yet. */
const KEY = 'tamper.latched'

/** What is judged; `Instantaneous` and `MeteringSample` have this shape. */
export interface TamperSample extends Currents {
  readonly voltage_mV: ArrayLike<number>
  /** [sum, L1, L2, L3], signed. */
  readonly active_mW: ArrayLike<number>
  readonly neutral_mA: number
  readonly status: number
}

export interface TamperOptions {
  /** 1 to 3. */
  readonly phases: number
  readonly nominal_mV: number
  readonly maximum_mA: number
  /** The board measures the neutral with a transformer of its own; a calculated one says nothing. */
  readonly neutralMeasured: boolean
  /** There is generation behind the meter: export is no sign of a reversed current. */
  readonly exports: boolean
  /** The relay is open; undefined on a meter without one. */
  readonly relayOpen?: () => boolean
  readonly settings: {
    get(key: string): Uint8Array | undefined
    set(key: string, value: Uint8Array): void
  }
  /** `TAMPERS` values of the register image: how often each was seen. */
  readonly counters: Float64Array
  /** Logs in the fraud log. */
  readonly log: (code: number, utc_s: number, parameter: number, value: number) => void
}

const SUSPICIOUS = MeteringStatus.fault | MeteringStatus.reconfigured | MeteringStatus.phaseSequence

/** Of a moment, which neither begins nor ends. */
const NO_HOLD = Object.freeze({ startHold_ms: 0, endHold_ms: 0 })

function parameterOf(id: number): TamperParameter | undefined {
  return TAMPER_PARAMETERS.find((candidate) => candidate.id === id)
}

/**
 * Watches for signs of fraud: contacts of covers and seal, magnet, and what the measured values give away. Each is debounced, logged with its begin and
 * end, counted, and latched until the management resets it. Contacts are also taken while the meter lives on its reserve.
 */
export class TamperMonitor {
  readonly counters: Float64Array
  readonly #options: TamperOptions
  /** By tamper; that of a moment is never used. */
  readonly #holds = new HoldOffs(Array.from({ length: TAMPERS }, (_, id) => parameterOf(id) ?? NO_HOLD))
  /** Bits by tamper: its start is in the log, so its end has to be. */
  #told = 0
  /** Last state of each input, -1 where there is none: an edge needs no other edge to be debounced. */
  readonly #inputs = new Int8Array(TAMPERS).fill(-1)
  readonly #moments = new Map<Moment, number>()
  readonly #budget = new EventBudget()
  readonly #low_mV: number
  /** No condition is open or about to begin, and no contact is active. */
  #quiet = false
  #latched = 0
  #utc_s = 0
  #ticks_ms = 0

  constructor(options: TamperOptions) {
    const { phases, counters, settings } = options
    assert(phases >= 1 && phases <= 3 && counters.length === TAMPERS, 'phases 1 to 3, and a counter for each tamper')
    this.#options = options
    this.counters = counters
    this.#low_mV = (TAMPER_LIMITS.voltage_permille * options.nominal_mV) / 1000
    const stored = settings.get(KEY)
    this.#latched = stored?.length === 4 ? getUint32(stored, 0) : 0
  }

  /** Bits `1 << Tamper.x` of what was seen since the last reset. */
  get latched(): number {
    return this.#latched
  }

  /** Bits of what lasts at this moment. */
  get active(): number {
    let bits = 0
    for (let id = 0; id < TAMPERS; id++) if (this.#holds.active(id)) bits |= 1 << id
    return bits
  }

  /** After a start: what began before it and has no end in the log still lasts, as far as anybody knows. */
  resume(log: ReadableLog, utc_s: number, ticks_ms: number): void {
    const open = openEvents(log, TAMPER_PARAMETERS)
    this.#quiet = false
    for (const { id, start } of TAMPER_PARAMETERS) {
      const event = open.get(start)
      if (event === undefined) continue
      this.#holds.resume(id, ticks_ms - event.parameter - 1000 * Math.max(0, utc_s - event.utc_s))
      this.#told |= 1 << id
    }
  }

  /** A contact: call at its edges, whatever the supply does, and once at the start. `active`: open, broken, magnet there. Errors: those of `log`. */
  input(id: TamperInput, active: boolean, utc_s: number, ticks_ms: number): void {
    this.#inputs[id] = active ? 1 : 0
    this.#quiet = false
    this.at(utc_s, ticks_ms)
    this.judge(id, active)
  }

  /**
   * A contact that a latch of the board saw open `count` times while the firmware did not run: logged now, as begin and end of unknown length with the
   * count as value; whether it still lasts, `input` tells. Errors: those of `log`.
   */
  duringReserve(id: TamperInput, count: number, utc_s: number, ticks_ms: number): void {
    const condition = parameterOf(id)
    // Open since before the supply failed: that is in the log.
    if (condition === undefined || count <= 0 || this.#holds.active(id)) return
    this.at(utc_s, ticks_ms)
    this.counters[id] += count
    if (this.mayTell(2)) {
      const { log } = this.#options
      log(condition.start, utc_s, 0, count)
      log(condition.end, utc_s, 0, count)
    }
    this.latch(id)
  }

  /** Something that has no duration. Errors: those of `log` and `Settings.set`. */
  moment(moment: Moment, utc_s: number, ticks_ms: number, parameter = 0): void {
    const { id, code, spacing_ms } = MOMENTS[moment]
    this.at(utc_s, ticks_ms)
    this.counters[id]++
    const last_ms = this.#moments.get(moment)
    if (last_ms === undefined || ticks_ms - last_ms >= spacing_ms) {
      this.#moments.set(moment, ticks_ms)
      if (this.mayTell(1)) this.#options.log(code, utc_s, parameter, 0)
    }
    this.latch(id)
  }

  /** Once a second without a sample, as on a reserve: only debounces the contacts. Errors: those of `log` and `Settings.set`. */
  contacts(utc_s: number, ticks_ms: number): void {
    this.at(utc_s, ticks_ms)
    for (let id = 0; id < TAMPERS; id++) if (this.#inputs[id] >= 0) this.judge(id, this.#inputs[id] === 1)
  }

  /** Once a second: debounces the contacts, and judges the sample. Errors: those of `log` and `Settings.set`. */
  second(sample: TamperSample, utc_s: number, ticks_ms: number): void {
    // Nearly always: then nothing below would change anything.
    if (this.#quiet && this.isInnocent(sample)) return
    this.contacts(utc_s, ticks_ms)
    this.judgeSample(sample, utc_s, ticks_ms)
    this.#quiet = this.isQuiet()
  }

  private judgeSample(sample: TamperSample, utc_s: number, ticks_ms: number): void {
    if ((sample.status & MeteringStatus.reconfigured) !== 0) this.moment('calibration', utc_s, ticks_ms)
    if ((sample.status & MeteringStatus.fault) !== 0) {
      for (let id = 0; id < TAMPERS; id++) if (this.#inputs[id] < 0) this.unknown(id)
      return
    }
    this.judgePhases(sample)
    this.judgeNeutral(sample)
  }

  /** By the management: what is over is forgotten, what lasts stays latched. Errors: those of `log` and `Settings.set`. */
  reset(utc_s: number): void {
    const { active } = this
    this.#options.log(FraudEvent.tamperReset, utc_s, this.#latched, active)
    this.store(active)
  }

  private isQuiet(): boolean {
    for (let id = 0; id < TAMPERS; id++) if (this.#inputs[id] === 1) return false
    return this.#holds.allIdle
  }

  /** Nothing in the sample is suspicious: a few comparisons. A measured neutral is always looked at. */
  private isInnocent({ status, voltage_mV, current_mA, active_mW }: TamperSample): boolean {
    const { phases, neutralMeasured, exports, relayOpen } = this.#options
    if (neutralMeasured || (status & SUSPICIOUS) !== 0) return false
    let highest_mA = 0
    for (let phase = 0; phase < phases; phase++) {
      if (voltage_mV[phase] < this.#low_mV) return false
      if (!exports && active_mW[1 + phase] < -TAMPER_LIMITS.reversed_mW) return false
      if (current_mA[phase] > highest_mA) highest_mA = current_mA[phase]
    }
    return highest_mA <= TAMPER_LIMITS.openCurrent_mA || relayOpen?.() !== true
  }

  private judgePhases(sample: TamperSample): void {
    const { phases, maximum_mA, exports, relayOpen } = this.#options
    const { current_permille, reversed_mW, openCurrent_mA } = TAMPER_LIMITS
    const low_mV = this.#low_mV
    const least_mA = (current_permille * maximum_mA) / 1000
    let complete = true
    let highest_mA = 0
    for (let phase = 0; phase < phases; phase++) {
      const current_mA = sample.current_mA[phase]
      const low = sample.voltage_mV[phase] < low_mV
      highest_mA = Math.max(highest_mA, current_mA)
      complete &&= !low
      this.judge(Tamper.currentWithoutVoltage + phase, low && current_mA > least_mA)
      // Without its voltage the direction of a current is not known.
      if (low) this.unknown(Tamper.currentReversed + phase)
      else this.judge(Tamper.currentReversed + phase, !exports && sample.active_mW[1 + phase] < -reversed_mW)
    }
    const sequence = phases === 3 && (sample.status & MeteringStatus.phaseSequence) !== 0
    if (complete) this.judge(Tamper.phaseSequence, sequence)
    else this.unknown(Tamper.phaseSequence)
    this.judge(Tamper.currentWhileOpen, relayOpen?.() === true && highest_mA > openCurrent_mA)
  }

  private judgeNeutral(sample: TamperSample): void {
    const { phases, neutralMeasured, maximum_mA } = this.#options
    if (!neutralMeasured) return
    const { current_permille, neutral_permille } = TAMPER_LIMITS
    let largest_mA = sample.neutral_mA
    for (let phase = 0; phase < phases; phase++) largest_mA = Math.max(largest_mA, sample.current_mA[phase])
    const allowed_mA = (current_permille * maximum_mA + neutral_permille * largest_mA) / 1000
    this.judge(Tamper.neutralMismatch, Math.abs(expectedNeutral_mA(sample, phases) - sample.neutral_mA) > allowed_mA)
  }

  private at(utc_s: number, ticks_ms: number): void {
    this.#utc_s = utc_s
    this.#ticks_ms = ticks_ms
  }

  private unknown(id: number): void {
    this.#holds.unknown(id)
  }

  private judge(id: number, suspicious: boolean): void {
    const edge = this.#holds.update(id, suspicious, !suspicious, this.#ticks_ms)
    if (edge === Edge.none) return
    const parameter = parameterOf(id)
    if (parameter === undefined) return
    const bit = 1 << id
    if (edge === Edge.started) {
      this.counters[id]++
      // Its end is paid as well, so that it is never left out.
      const told = this.mayTell(2)
      this.#told = told ? this.#told | bit : this.#told & ~bit
      if (told) this.#options.log(parameter.start, this.#utc_s, this.#holds.elapsed_ms(id, this.#ticks_ms), 0)
      this.latch(id)
    } else if ((this.#told & bit) !== 0) {
      this.#told &= ~bit
      this.#options.log(parameter.end, this.#utc_s, this.#holds.duration_ms(id), 0)
    }
  }

  private mayTell(count: number): boolean {
    if (!this.#budget.take(count, this.#ticks_ms)) return false
    const suppressed = this.#budget.takeSuppressed()
    if (suppressed > 0) this.#options.log(FraudEvent.eventsSuppressed, this.#utc_s, suppressed, 0)
    return true
  }

  private latch(id: number): void {
    if ((this.#latched & (1 << id)) === 0) this.store(this.#latched | (1 << id))
  }

  private store(latched: number): void {
    const bytes = new Uint8Array(4)
    setUint32(bytes, 0, latched)
    this.#options.settings.set(KEY, bytes)
    this.#latched = latched
  }
}
