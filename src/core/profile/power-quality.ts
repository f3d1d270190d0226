import { MeteringStatus } from '../../lib/metering-sample.ts'
import { ProfileStatus } from '../events/codes.ts'
import { type CaptureColumns, CaptureProfile, type CaptureProfileOptions, type ProfileColumn } from './capture-profile.ts'
import { type CaptureSchedule, periodic } from './schedule.ts'

const PHASES_MAX = 3
/** Value groups D of the columns of a voltage, and of the frequency: mean, minimum, maximum. */
const GROUPS_D = [24, 23, 26] as const
const VALUES = GROUPS_D.length

/** One second of the mains; `Instantaneous` has this shape. Arrays are [L1, L2, L3]. */
export interface MainsSample {
  readonly voltage_mV: ArrayLike<number>
  readonly frequency_mHz: number
  /** Total harmonic distortion of the voltages in thousandths, where the IC measures it. */
  readonly voltageThd_permille?: ArrayLike<number>
  /** Bit set of `MeteringStatus`. */
  readonly status: number
}

/**
 * Mean, minimum and maximum of one quantity, with exact integer sums: a voltage of 400,000 mV squared over 3600 s is 5.8e14, far below 2^53.
 */
export class Aggregate {
  minimum = 0
  maximum = 0
  count = 0
  #sum = 0
  readonly #quadratic: boolean

  /** `quadratic`: the mean is the root of the mean square, as IEC 61000-4-30 (section 4.4, measurement aggregation) wants it for RMS values. */
  constructor(quadratic: boolean) {
    this.#quadratic = quadratic
  }

  /** `value` is a non-negative integer. */
  add(value: number): void {
    if (this.count === 0 || value < this.minimum) this.minimum = value
    if (this.count === 0 || value > this.maximum) this.maximum = value
    this.#sum += this.#quadratic ? value * value : value
    this.count++
  }

  /** 0 without any value. */
  get mean(): number {
    if (this.count === 0) return 0
    const mean = this.#sum / this.count
    return Math.round(this.#quadratic ? Math.sqrt(mean) : mean)
  }

  reset(): void {
    this.minimum = this.maximum = this.count = this.#sum = 0
  }
}

export interface PowerQualityOptions extends Pick<CaptureProfileOptions, 'log' | 'depth' | 'fill_max' | 'daylightSaving'> {
  /** EN 50160 looks at voltages in intervals of 600 s. */
  readonly period_s: number
  /** Phases that the meter has: 1 to 3. */
  readonly phases: number
  /** The IC measures THD. */
  readonly thd: boolean
}

/**
 * Power quality profile (OBIS 1.0.99.1.1): of each interval the mean, minimum and maximum of each voltage and of the frequency from the values of each
 * second, the mean THD where there is one, and the seconds that were measured. These are values of a billing meter over one second, not of a class A
 * instrument over ten periods: indicative. Columns that an interval has no values for are 0; with less than half of its seconds the entry says
 * `dataNotValid`.
 */
export class PowerQualityProfile implements CaptureColumns {
  readonly profile: CaptureProfile
  readonly #voltages: readonly Aggregate[]
  readonly #distortions: readonly Aggregate[]
  readonly #frequency = new Aggregate(false)
  readonly #period_s: number
  #seconds = 0

  constructor(options: PowerQualityOptions, utc_s: number) {
    const { phases, thd, period_s, ...rest } = options
    const each = (quadratic: boolean, count: number) => Array.from({ length: Math.min(count, PHASES_MAX) }, () => new Aggregate(quadratic))
    this.#voltages = each(true, phases)
    this.#distortions = each(false, thd ? phases : 0)
    this.#period_s = period_s
    const schedule: CaptureSchedule = periodic(period_s)
    this.profile = new CaptureProfile({ ...rest, schedule, columns: this }, utc_s)
  }

  /** Takes the values of one second; those of an IC that does not answer are none. */
  second(sample: MainsSample): void {
    if ((sample.status & MeteringStatus.fault) !== 0) return
    this.#seconds++
    for (let phase = 0; phase < this.#voltages.length; phase++) this.#voltages[phase].add(sample.voltage_mV[phase])
    // Without any voltage there is no frequency: 0 is not a value of it.
    if (sample.frequency_mHz > 0) this.#frequency.add(sample.frequency_mHz)
    const thd = sample.voltageThd_permille
    if (thd !== undefined) for (let phase = 0; phase < this.#distortions.length; phase++) this.#distortions[phase].add(thd[phase])
  }

  /** As `CaptureProfile.due`. The second that ends an interval belongs to it: `second` comes before. */
  due(utc_s: number): boolean {
    return this.profile.due(utc_s)
  }

  /** As `CaptureProfile.capture`, and begins the next interval. */
  capture(utc_s: number, persistent: number): boolean {
    const thin = this.#seconds < this.#period_s / 2 ? ProfileStatus.dataNotValid : 0
    const taken = this.profile.capture(utc_s, persistent | thin)
    for (const aggregate of [...this.#voltages, ...this.#distortions, this.#frequency]) aggregate.reset()
    this.#seconds = 0
    return taken
  }

  /** Marks the running interval with bits of `ProfileStatus`. */
  mark(status: number): void {
    this.profile.mark(status)
  }

  get count(): number {
    return 1 + VALUES * (this.#voltages.length + 1) + this.#distortions.length
  }

  /**
   * Value group D 24 (average), 23 (minimum), 26 (maximum) of averaging scheme 3, E 124 for THD: IEC 62056-6-1, value groups D and E (from memory;
   * 32.24.0 as average voltage also in the object lists of network operators). Units: 0.1 V, 0.01 Hz, 0.1 %, s.
   */
  column(index: number): ProfileColumn {
    const phases = this.#voltages.length
    const value = index - 1
    const distorted = value - VALUES * (phases + 1)
    if (index === 0) return { code: '0.8.0', bytes: 2 }
    if (distorted >= 0) return { code: `${32 + 20 * distorted}.24.124`, bytes: 2 }
    const phase = Math.floor(value / VALUES)
    return { code: `${phase < phases ? 32 + 20 * phase : 14}.${GROUPS_D[value % VALUES]}.0`, bytes: 2 }
  }

  read(index: number): number {
    const phases = this.#voltages.length
    const value = index - 1
    const distorted = value - VALUES * (phases + 1)
    if (index === 0) return this.#seconds
    if (distorted >= 0) return this.#distortions[distorted].mean
    const phase = Math.floor(value / VALUES)
    const aggregate = phase < phases ? this.#voltages[phase] : this.#frequency
    const divisor = phase < phases ? 100 : 10
    if (value % VALUES === 0) return Math.round(aggregate.mean / divisor)
    return value % VALUES === 1 ? Math.floor(aggregate.minimum / divisor) : Math.ceil(aggregate.maximum / divisor)
  }
}
