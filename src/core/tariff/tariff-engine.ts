import { assert } from '../../lib/assert.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { type MeteringSample, MeteringStatus } from '../../lib/metering-sample.ts'
import { type EnergyRegisters, RATES } from '../registers/energy.ts'
import type { Settings } from '../storage/settings.ts'
import {
  type ActivityCalendar,
  calendarErrors,
  EMPTY_CALENDAR,
  highestRate,
  type SpecialDay,
  specialDayErrors,
  tableErrors,
} from './activity-calendar.ts'
import { CalendarStore } from './calendar-store.ts'
import type { Tariff } from './tariff-config.ts'
import { type RateWindow, Timetable } from './timetable.ts'

/** A sample that covers more is split as its last day: bounds the work, and the times that are multiplied. */
const SPAN_MAX_MS = 86_400_000

/** What the tariff needs of the meter's clock. */
export interface TariffClock {
  readonly valid: boolean
  now_ms(): number
  /** Monotonic. */
  ticks_ms(): number
  /** See `Offset` of the timetable. */
  offset_min(utc_ms: number): number
}

export interface TariffEngineOptions {
  readonly clock: TariffClock
  readonly energy: EnergyRegisters
  readonly settings: Pick<Settings, 'get' | 'set' | 'delete'>
  /** What is in force until something else has been stored. Without errors. */
  readonly configured: Tariff
  /** Another rate counts from now on. */
  readonly onSwitch?: (rate: number, utc_s: number) => void
  /** The passive calendar has become the active one. */
  readonly onActivated?: (utc_s: number) => void
  /** The time to activate the passive calendar has come, but it has errors: nothing changed. */
  readonly onRefused?: (utc_s: number, errors: readonly string[]) => void
}

function refuse(errors: readonly string[]): void {
  if (errors.length > 0) throw new FerrarisError('TARIFF', errors.join('\n'))
}

/**
 * Counts energy by rate, and switches the rates by the activity calendar.
 *
 * A sample covers the time since the one before it, by the monotonic clock, up to now. What was counted in it goes to the rate of that time: all to one
 * rate when no switch lies inside, so a sample that ends exactly with the switching second belongs to the old rate; else to each rate in
 * proportion to its time, in whole counts of which none is lost. So it is with a late tick, a second that was missed, a bus that did not answer for
 * a while, and a firmware that started again. The first sample after the supply was gone belongs to the rate of its own time.
 *
 * While the clock is invalid no calendar can be followed: the rate of the configuration for this case counts.
 */
export class TariffEngine {
  /** Tables that were stored and could not be read; the configured ones are in force for them. */
  readonly damaged: number
  readonly #clock: TariffClock
  readonly #energy: EnergyRegisters
  readonly #store: CalendarStore
  readonly #options: TariffEngineOptions
  readonly #offset_min: (utc_ms: number) => number
  #active: ActivityCalendar
  #passive: ActivityCalendar
  #specialDays: readonly SpecialDay[]
  #activation_s: number | undefined
  /** As `#activation_s`, but never before it was asked for: what has been counted until then is not touched. */
  #due_s = Number.POSITIVE_INFINITY
  #timetable: Timetable
  /** Of the passive calendar, when it has a time of activation and no errors. */
  #coming: Timetable | undefined
  /** Where the clock was when it was last looked at. Empty: look again. */
  readonly #window: RateWindow = { rate: 1, from_s: 0, until_s: 0 }
  readonly #probe: RateWindow = { rate: 1, from_s: 0, until_s: 0 }
  readonly #shares = new Float64Array(RATES)
  #wasValid = true
  /** Ticks of the last sample; undefined before the first. */
  #sampled_ms: number | undefined

  constructor(options: TariffEngineOptions) {
    const { clock, energy, settings, configured } = options
    this.#options = options
    this.#clock = clock
    this.#energy = energy
    this.#offset_min = (utc_ms) => clock.offset_min(utc_ms)
    this.#store = new CalendarStore(settings)
    const stored = this.#store.load()
    const usable = stored.active !== undefined && calendarErrors(stored.active).length === 0
    this.damaged = stored.damaged + (stored.active !== undefined && !usable ? 1 : 0)
    this.#active = usable ? (stored.active as ActivityCalendar) : configured.calendar
    this.#passive = stored.passive ?? EMPTY_CALENDAR
    this.#specialDays = stored.specialDays ?? configured.specialDays
    this.#activation_s = stored.activation_s
    this.#due_s = stored.activation_s ?? Number.POSITIVE_INFINITY
    this.#timetable = new Timetable(this.#active, this.#specialDays)
    this.arrange()
  }

  /** The rate that counts now, 1..8. */
  get activeRate(): number {
    return this.#energy.rate
  }

  get activeCalendar(): ActivityCalendar {
    return this.#active
  }

  get passiveCalendar(): ActivityCalendar {
    return this.#passive
  }

  get specialDays(): readonly SpecialDay[] {
    return this.#specialDays
  }

  /** When the passive calendar becomes active, in seconds of UTC. */
  get activation_s(): number | undefined {
    return this.#activation_s
  }

  /** How many rates are to be shown: those of the configuration, and any other that counts or has counted. Their sum is the total. */
  get rates(): number {
    return Math.max(this.#options.configured.rates, highestRate(this.#active), this.#energy.rateHighest, this.activeRate)
  }

  /** The rate that the calendars give for a time with a valid clock. */
  rateAt(utc_s: number): number {
    this.find(utc_s, this.#probe)
    return this.#probe.rate
  }

  /**
   * To be called once, when the registers have been loaded. `lastAlive_s` is the last time that the meter is known to have run (0: never). `counting`:
   * the metering IC has counted on since then, as it does when only the firmware started again; its first sample covers that time too. Writes nothing.
   */
  start(lastAlive_s: number, counting: boolean): void {
    const now_ms = this.#clock.now_ms()
    const before_s = lastAlive_s > 0 ? lastAlive_s : Math.floor(now_ms / 1000)
    this.#energy.rate = lastAlive_s > 0 || this.#clock.valid ? this.rateAt(before_s) : this.#options.configured.rateWithoutClock
    if (counting) this.#sampled_ms = this.#clock.ticks_ms() - Math.max(0, now_ms - before_s * 1000)
    // A calendar whose time came meanwhile is activated by the first second, when the first sample has been split by both.
    this.follow(Math.floor(now_ms / 1000), this.#clock.valid)
  }

  /** Books a sample of the metering IC in the registers, totals and rates. */
  add(sample: MeteringSample): void {
    // Without an answer there are no counts: they come with the next sample, which covers this time too.
    const answered = (sample.status & MeteringStatus.fault) === 0
    let shares: Float64Array | undefined
    try {
      if (answered) shares = this.sharesUntilNow()
    } finally {
      // Whatever the clock does: what the IC has given up must be booked.
      this.#energy.add(sample, shares)
    }
  }

  /** Switches when it is time. To be called once a second, after that second's sample was added. Errors: those of the settings, after all else is done. */
  second(): void {
    const valid = this.#clock.valid
    const utc_s = Math.floor(this.#clock.now_ms() / 1000)
    try {
      if (valid && utc_s >= this.#due_s) this.activateDue(utc_s)
    } finally {
      const { from_s, until_s } = this.#window
      if (valid !== this.#wasValid || utc_s < from_s || utc_s >= until_s) this.follow(utc_s, valid)
    }
  }

  /** The clock was set, or its zone. A sample should be added just before that: the time until then is counted by the old clock. */
  clockChanged(): void {
    this.#window.until_s = 0
    this.second()
  }

  /**
   * Replaces the passive calendar, which may still be incomplete: COSEM writes its tables one by one. A time of activation stays.
   * Errors: FerrarisError `TARIFF` with one line for each of its `tableErrors`, and those of the settings; nothing changes then.
   */
  setPassive(calendar: ActivityCalendar): void {
    refuse(tableErrors(calendar, this.#options.configured.rates))
    this.#store.savePassive(calendar)
    this.#passive = calendar
    this.arrange()
  }

  /**
   * Replaces the special days, which hold at once and for whichever calendar is active. Add a sample before. Errors: as `setPassive`; also for
   * days that neither of the calendars knows.
   */
  setSpecialDays(specialDays: readonly SpecialDay[]): void {
    const ids = new Set([...this.#active.days, ...this.#passive.days].map(({ id }) => id))
    refuse(specialDayErrors(specialDays, ids))
    const sorted = [...specialDays].sort((a, b) => a.index - b.index)
    this.#store.saveSpecialDays(sorted)
    this.#specialDays = sorted
    this.#timetable = new Timetable(this.#active, sorted)
    this.arrange()
    this.clockChanged()
  }

  /** Makes the passive calendar the active one, now. Add a sample before. Errors: FerrarisError `TARIFF` with its errors, and those of the settings. */
  activatePassive(): void {
    refuse(calendarErrors(this.#passive, this.#options.configured.rates))
    this.#store.activate()
    this.activated(Math.floor(this.#clock.now_ms() / 1000))
    this.clockChanged()
  }

  /** Makes the passive calendar the active one at a time in seconds of UTC; one that has passed: at the next second. Undefined: not at all. */
  activateAt(utc_s: number | undefined): void {
    assert(utc_s === undefined || (Number.isInteger(utc_s) && utc_s >= 0 && utc_s <= 0xffffffff), 'time outside 32 bits')
    this.#store.saveActivation(utc_s)
    this.#activation_s = utc_s
    const next_s = this.#clock.valid ? Math.floor(this.#clock.now_ms() / 1000) + 1 : 0
    this.#due_s = utc_s === undefined ? Number.POSITIVE_INFINITY : Math.max(utc_s, next_s)
    this.arrange()
  }

  /** What is coming has changed. */
  private arrange(): void {
    const coming = this.#activation_s !== undefined && calendarErrors(this.#passive, this.#options.configured.rates).length === 0
    this.#coming = coming ? new Timetable(this.#passive, this.#specialDays) : undefined
    this.#window.until_s = 0
  }

  private activateDue(utc_s: number): void {
    const errors = calendarErrors(this.#passive, this.#options.configured.rates)
    if (errors.length > 0) {
      this.#activation_s = undefined
      this.#due_s = Number.POSITIVE_INFINITY
      this.#options.onRefused?.(utc_s, errors)
      this.#store.saveActivation(undefined)
      return
    }
    // Billing does not wait for the flash: should it fail, the next start finds the time passed and tries again.
    try {
      this.#store.activate()
    } finally {
      this.activated(utc_s)
    }
  }

  private activated(utc_s: number): void {
    this.#active = this.#passive
    this.#activation_s = undefined
    this.#due_s = Number.POSITIVE_INFINITY
    this.#timetable = new Timetable(this.#active, this.#specialDays)
    this.arrange()
    this.#options.onActivated?.(utc_s)
  }

  private follow(utc_s: number, valid: boolean): void {
    const window = this.#window
    this.#wasValid = valid
    if (valid) this.find(utc_s, window)
    else {
      window.rate = this.#options.configured.rateWithoutClock
      window.from_s = 0
      window.until_s = Number.POSITIVE_INFINITY
    }
    if (window.rate === this.#energy.rate) return
    this.#energy.rate = window.rate
    this.#options.onSwitch?.(window.rate, utc_s)
  }

  /** The window of a moment; the time of activation divides it, whether or not that has been carried out. */
  private find(utc_s: number, window: RateWindow): void {
    const due_s = this.#coming === undefined ? Number.POSITIVE_INFINITY : this.#due_s
    const table = utc_s >= due_s && this.#coming !== undefined ? this.#coming : this.#timetable
    table.find(utc_s, this.#offset_min, window)
    if (utc_s < due_s) window.until_s = Math.min(window.until_s, due_s)
  }

  /** What each rate had of the time since the last sample; undefined when all of it belongs to the rate that counts. */
  private sharesUntilNow(): Float64Array | undefined {
    const ticks_ms = this.#clock.ticks_ms()
    const elapsed_ms = Math.round(ticks_ms - (this.#sampled_ms ?? ticks_ms))
    this.#sampled_ms = ticks_ms
    if (!this.#clock.valid) return this.allTo(this.#options.configured.rateWithoutClock)
    const to_ms = Math.floor(this.#clock.now_ms())
    // At least a moment, which lies before now: what ends with the switching second belongs to the old rate.
    const from_ms = Math.max(0, to_ms - Math.min(Math.max(elapsed_ms, 1), SPAN_MAX_MS))
    const { from_s, until_s } = this.#window
    const inside = this.#wasValid && from_ms >= from_s * 1000 && to_ms <= until_s * 1000
    return inside ? undefined : this.divide(from_ms, to_ms)
  }

  private allTo(rate: number): Float64Array {
    this.#shares.fill(0)
    this.#shares[rate - 1] = 1
    return this.#shares
  }

  /** Milliseconds that each rate had between two times. */
  private divide(from_ms: number, to_ms: number): Float64Array {
    const shares = this.#shares
    const probe = this.#probe
    shares.fill(0)
    for (let at_ms = from_ms; at_ms < to_ms; ) {
      this.find(Math.floor(at_ms / 1000), probe)
      const end_ms = Math.min(to_ms, probe.until_s * 1000)
      assert(end_ms > at_ms, 'a window without end')
      shares[probe.rate - 1] += end_ms - at_ms
      at_ms = end_ms
    }
    return shares
  }
}
