import type { Device } from '../../hal/api/device.ts'
import { type ClockAction, type ClockAdjustment, ClockDiscipline } from '../core/clock/clock-discipline.ts'
import { type ClockState, decodeClockState, encodeClockState } from '../core/clock/clock-state.ts'
import { DriftEstimator } from '../core/clock/drift-estimator.ts'
import { RtcClock } from '../core/clock/rtc-clock.ts'
import type { Settings } from '../core/storage/settings.ts'
import { type ClockConfig, clockRulesOf } from './clock-config.ts'
import { ClockHealth } from './clock-health.ts'
import { type OpenRtc, openRtc } from './rtc.ts'

const STATE_KEY = 'clock.state'
/** The meter was alive at the latest time in flash; a clock chip may be behind that by what was still to be worked off. */
const SLACK_MS = 60_000
/** A chip is corrected when that is worth more than this part of a step. */
const TRIM_FROM_STEPS = 0.75
/** When only the time of the last reference changed, it is stored so rarely: once a day are 7,300 writes in 20 years. */
const STORE_MS = 20 * 3_600_000

/** Whoever keeps the time. */
export interface TimeOwner {
  /** The time was stepped. */
  clockAdjusted(adjustment: ClockAdjustment): void
  /** Logs a standard event. */
  record(code: number, parameter?: number): void
  /** Runs something that writes to flash, which may take no more. */
  keep(write: () => void): void
}

export interface MeterTimeOptions {
  readonly device: Pick<Device, 'clock' | 'rtc' | 'timer' | 'wait_ms'>
  readonly settings: Pick<Settings, 'get' | 'set'>
  readonly config: ClockConfig
  /** Latest time at which the meter is known to have run, in seconds of UTC; 0 for a new one. */
  readonly alive_s: number
  readonly owner: TimeOwner
}

/** Where the meter has its time from: the clock chip of the board, or the processor's clock where there is none, and the rules for moving it. */
export class MeterTime {
  readonly clock: ClockDiscipline
  readonly #options: MeterTimeOptions
  readonly #rtcClock: RtcClock | undefined
  readonly #health: ClockHealth | undefined
  #chip: OpenRtc | undefined
  #state: ClockState
  #stored_ms = Number.NEGATIVE_INFINITY

  constructor(options: MeterTimeOptions) {
    const { device, settings, config, alive_s, owner } = options
    this.#options = options
    this.#state = decodeClockState(settings.get(STATE_KEY), device.rtc?.part ?? '')
    this.#rtcClock = this.openRtcClock(device, alive_s)
    const { drift_ppm, reference_s, uncertainty_ms = 0 } = this.#state
    this.clock = new ClockDiscipline(this.#rtcClock ?? device.clock, {
      rules: clockRulesOf(config),
      drift: new DriftEstimator({ drift_ppm }),
      known: reference_s === undefined ? undefined : { utc_ms: reference_s * 1000, uncertainty_ms },
      onAdjusted: (adjustment) => owner.clockAdjusted(adjustment),
    })
    if (device.rtc !== undefined && this.#rtcClock !== undefined) this.#health = new ClockHealth(this.#rtcClock, device.rtc, owner)
  }

  /** Sets the time, by the rules. Throws RangeError, and changes nothing, for a time that the meter cannot keep. */
  set(utc_ms: number): ClockAction {
    const { clock } = this
    const before_ppm = clock.drift.drift_ppm
    const { uncertainty_ms } = this.#options.config
    const action = clock.synchronise({ utc_ms, ticks_ms: clock.ticks_ms(), uncertainty_ms, trusted: true })
    if (action === 'refused') throw new RangeError('time of day: allowed is 2000-01-01 to 2099-12-31')
    const learned = clock.drift.drift_ppm !== before_ppm
    if (learned) this.trim()
    if (learned || clock.ticks_ms() - this.#stored_ms >= STORE_MS) this.store()
    return action
  }

  /** Moves the time by so much, now. False while there is no time, or for one that the meter cannot keep. */
  adjust(difference_ms: number): boolean {
    return this.clock.adjust(difference_ms) !== 'refused'
  }

  /** Once a second. */
  second(): void {
    this.clock.tick()
    this.#health?.second(this.clock.ticks_ms())
  }

  close(): void {
    this.#rtcClock?.close()
    this.#health?.close()
    this.#chip?.close()
    this.#chip = undefined
  }

  /** For a person: the part, and what is known about it. */
  get summary(): string {
    const { rtc } = this.#options.device
    const { drift_ppm } = this.clock.drift
    const chip = rtc === undefined ? 'no clock chip' : `${rtc.part} ${this.#rtcClock?.healthy === true ? 'good' : 'faulty'}`
    const quality = this.clock.valid ? (this.clock.doubtful ? 'doubtful' : 'valid') : 'invalid'
    return `${quality}, ${chip}${drift_ppm === undefined ? '' : `, drift ${drift_ppm.toFixed(2)} ppm`}`
  }

  private openRtcClock(device: MeterTimeOptions['device'], alive_s: number): RtcClock | undefined {
    const { rtc, timer, wait_ms, clock } = device
    if (rtc === undefined) return undefined
    const open = () => {
      const chip = openRtc(rtc, wait_ms)
      const { trim_ppm } = this.#state
      if (trim_ppm !== undefined && chip.trim_ppm !== trim_ppm) chip.trim(trim_ppm)
      this.#chip = chip
      return chip
    }
    const earliest_ms = alive_s === 0 ? undefined : alive_s * 1000 - SLACK_MS
    return new RtcClock({ open, timer, ticks_ms: () => clock.ticks_ms(), earliest_ms })
  }

  /** Gives the chip the correction that was learned, as far as it can take it; the rest is corrected all the time. */
  private trim(): void {
    const chip = this.#chip
    const { drift } = this.clock
    const { drift_ppm } = drift
    if (!this.#options.config.correctDrift || chip?.trimStep_ppm === undefined || drift_ppm === undefined) return
    // What was learned while the chip was not followed is the drift of the processor.
    if (this.#rtcClock?.healthy !== true || Math.abs(drift_ppm) < TRIM_FROM_STEPS * chip.trimStep_ppm) return
    const old_ppm = chip.trim_ppm
    if (old_ppm === undefined || !chip.trim(old_ppm - drift_ppm)) return
    const new_ppm = chip.trim_ppm ?? old_ppm
    drift.trimmed(new_ppm - old_ppm)
    this.#state = { ...this.#state, trim_ppm: new_ppm }
  }

  private store(): void {
    const { known, drift } = this.clock
    this.#stored_ms = this.clock.ticks_ms()
    this.#state = {
      ...this.#state,
      drift_ppm: drift.drift_ppm,
      reference_s: known && Math.floor(known.utc_ms / 1000),
      uncertainty_ms: known?.uncertainty_ms,
    }
    this.#options.owner.keep(() => this.#options.settings.set(STATE_KEY, encodeClockState(this.#state)))
  }
}
