import { MeteringStatus } from '../../lib/metering-sample.ts'
import { Aggregate } from '../profile/power-quality.ts'
import type { QualitySample } from './sample.ts'
import { unbalance_permille } from './unbalance.ts'

/**
 * EN 50160:2010, from memory; the 10-minute limits of the voltage and the 10-second limits of the frequency are confirmed by public sources.
 * Thousandths of the nominal value.
 */
export const EN_50160 = Object.freeze({
  interval_s: 600,
  frequencyInterval_s: 10,
  /** 4.2.2: 95 % of the means of a week within Un ± 10 %, all of them within Un + 10 % / - 15 %. */
  voltage: Object.freeze({ low: 900, high: 1100, lowest: 850, share_percent: 95 }),
  /** 4.2.1: 99.5 % of the means within ± 1 %, all of them within + 4 % / - 6 %. The standard takes a year for the first; here it is the week. */
  frequency: Object.freeze({ low: 990, high: 1010, lowest: 940, highest: 1040, share_percent: 99.5 }),
  /** 4.2.4: 95 % up to 2 %. */
  unbalance: Object.freeze({ high: 20, share_percent: 95 }),
})

/** The unbalance is calculated once in so long. */
const UNBALANCE_S = 10

/** Monday 1970-01-05, 00:00 UTC. */
const FIRST_WEEK_S = 345_600
const WEEK_S = 604_800

/** Means of one quantity: how many there are, and how many keep the narrow and the wide limits. */
export interface Share {
  count: number
  within: number
  outside: number
}

/** One week. Intervals with an interruption or with less than half of their seconds do not count (IEC 61000-4-30, flagging). */
export interface ComplianceWeek {
  /** Monday, 00:00 UTC; -1 before the first one. */
  begin_s: number
  /** By phase. */
  readonly voltage: readonly Share[]
  readonly frequency: Share
  readonly unbalance: Share
  /** Intervals that do not count. */
  flagged: number
}

/** At least `percent` of the means keep the narrow limits and all of them the wide ones; undefined without any. */
export function complies({ count, within, outside }: Share, percent: number): boolean | undefined {
  return count === 0 ? undefined : outside === 0 && 100 * within >= percent * count
}

function createShare(): Share {
  return { count: 0, within: 0, outside: 0 }
}

function createWeek(phases: number): ComplianceWeek {
  return {
    begin_s: -1,
    voltage: Array.from({ length: phases }, createShare),
    frequency: createShare(),
    unbalance: createShare(),
    flagged: 0,
  }
}

function clear(share: Share): void {
  share.count = share.within = share.outside = 0
}

function copy(from: Share, to: Share): void {
  to.count = from.count
  to.within = from.within
  to.outside = from.outside
}

function add(share: Share, within: boolean, outside: boolean): void {
  share.count++
  if (within) share.within++
  if (outside) share.outside++
}

export interface ComplianceOptions {
  readonly phases: number
  readonly nominal_mV: number
  readonly nominal_mHz: number
}

/**
 * Weekly statistics of EN 50160, indicative: 10-minute means of values that were taken once a second by a billing meter. Kept in memory, since
 * the last start; the means themselves are in the power quality profile.
 */
export class Compliance {
  readonly current: ComplianceWeek
  readonly last: ComplianceWeek
  readonly #options: ComplianceOptions
  readonly #voltages: readonly Aggregate[]
  readonly #unbalance = new Aggregate(true)
  readonly #frequency = new Aggregate(false)
  #interval = -1
  #frequencyInterval = -1
  #interrupted = false

  constructor(options: ComplianceOptions) {
    this.#options = options
    this.current = createWeek(options.phases)
    this.last = createWeek(options.phases)
    this.#voltages = Array.from({ length: options.phases }, () => new Aggregate(true))
  }

  /** The values of one second; those of an IC that does not answer are none. */
  second(sample: QualitySample, utc_s: number): void {
    this.advance(utc_s)
    if ((sample.status & MeteringStatus.fault) !== 0) return
    const { phases, nominal_mV } = this.#options
    for (let phase = 0; phase < phases; phase++) {
      const voltage_mV = sample.voltage_mV[phase]
      this.#voltages[phase].add(voltage_mV)
      if (voltage_mV < nominal_mV / 20) this.#interrupted = true
    }
    if (sample.frequency_mHz > 0) this.#frequency.add(sample.frequency_mHz)
    // The mean of ten minutes does not need it each second.
    if (phases !== 3 || utc_s % UNBALANCE_S !== 0) return
    const permille = unbalance_permille(sample.voltage_mV, sample.voltageAngle_ddeg)
    if (permille !== undefined) this.#unbalance.add(permille)
  }

  private advance(utc_s: number): void {
    const ten = Math.floor(utc_s / EN_50160.frequencyInterval_s)
    if (ten !== this.#frequencyInterval) this.endFrequency()
    this.#frequencyInterval = ten
    const interval = Math.floor(utc_s / EN_50160.interval_s)
    if (interval === this.#interval) return
    if (this.#interval >= 0) this.endInterval()
    this.#interval = interval
    const begin_s = FIRST_WEEK_S + WEEK_S * Math.floor((utc_s - FIRST_WEEK_S) / WEEK_S)
    if (begin_s !== this.current.begin_s) this.beginWeek(begin_s)
  }

  private endFrequency(): void {
    const mean = (1000 * this.#frequency.mean) / this.#options.nominal_mHz
    const { low, high, lowest, highest } = EN_50160.frequency
    // A mean of few seconds is none.
    const enough = this.#frequency.count >= EN_50160.frequencyInterval_s / 2
    if (enough) add(this.current.frequency, mean >= low && mean <= high, mean < lowest || mean > highest)
    this.#frequency.reset()
  }

  private endInterval(): void {
    const { voltage, unbalance } = EN_50160
    const flagged = this.#interrupted || this.#voltages[0].count < EN_50160.interval_s / 2
    if (flagged) this.current.flagged++
    for (let phase = 0; phase < this.#voltages.length; phase++) {
      const aggregate = this.#voltages[phase]
      const mean = (1000 * aggregate.mean) / this.#options.nominal_mV
      const inside = mean >= voltage.low && mean <= voltage.high
      if (!flagged) add(this.current.voltage[phase], inside, mean < voltage.lowest || mean > voltage.high)
      aggregate.reset()
    }
    if (!flagged && this.#unbalance.count > 0) add(this.current.unbalance, this.#unbalance.mean <= unbalance.high, false)
    this.#unbalance.reset()
    this.#interrupted = false
  }

  private beginWeek(begin_s: number): void {
    const { current, last } = this
    last.begin_s = current.begin_s
    last.flagged = current.flagged
    copy(current.frequency, last.frequency)
    copy(current.unbalance, last.unbalance)
    for (let phase = 0; phase < current.voltage.length; phase++) copy(current.voltage[phase], last.voltage[phase])
    for (const share of [current.frequency, current.unbalance, ...current.voltage]) clear(share)
    current.begin_s = begin_s
    current.flagged = 0
  }
}
