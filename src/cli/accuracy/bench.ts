import { type AccuracyClass, COSINE, type Influence, type InfluenceRow, limitOf, type PowerFactor } from './classes.ts'
import { type Elements, type Load, loadOf, type Wave } from './load.ts'
import type { Measurement, Rig } from './rig.ts'

/** In the order in which they are measured. */
const GROUPS = ['load', 'influence', 'quadrant', 'start', 'no-load', 'register'] as const
export type Group = (typeof GROUPS)[number]
export type Direction = 'import' | 'export'

/** One line of the table. */
export interface Point {
  readonly group: Group
  /** What is measured, in words. */
  readonly name: string
  readonly elements: Elements
  readonly direction: Direction
  readonly powerFactor: PowerFactor
  readonly current_A: number
  /** In `unit`: the error of the register, its change by an influence, flashes, or periods of the flash. */
  readonly value: number
  readonly unit: '%' | 'pulses' | 'periods'
  readonly limit: number
  readonly source: string
  /** Error of the LED, (N * 3.6e6 / k - E) / E over whole flashes, and how far the time of a flash may be off. */
  readonly led_percent?: number
  readonly ledDoubt_percent?: number
  readonly duration_s: number
  readonly reference_Wh: number
  readonly passed: boolean
}

/** Counts of the energy register in a measurement: one count more or less is 0.02 %. */
const COUNTS_MIN = 5000
/** The LED shows a flash up to a second or a period late: this long, or so many flashes, make it 0.1 %. */
const LED_SECONDS = 1000
const LED_FLASHES = 1000
/** Periods of the LED in a measurement at least. */
const PERIODS_MIN = 3
const MWS_PER_KWH = 3.6e9
const SINGLE: readonly Elements[] = ['L1', 'L2', 'L3']
/** Rows of a quadrant test by turns of 90 degrees: sin and cos change places. */
const TURNS = [0, 1, 2, 3] as const

/** Runs the points of a class on a rig. */
export class AccuracyBench {
  readonly #rig: Rig
  readonly #class: AccuracyClass
  /** Errors under reference conditions, by current and power factor. */
  readonly #references = new Map<string, number>()

  constructor(rig: Rig) {
    this.#rig = rig
    this.#class = rig.accuracyClass
  }

  /** All points, or those of some groups. `register` compares what was counted until then. */
  run(groups: readonly Group[] = GROUPS): Point[] {
    return GROUPS.filter((group) => groups.includes(group)).flatMap((group) => this.#measureGroup(group))
  }

  #measureGroup(group: Group): Point[] {
    if (group === 'load') return this.#loads()
    if (group === 'influence') return this.#influences()
    if (group === 'quadrant') return this.#quadrants()
    if (group === 'start') return this.#starts()
    return [group === 'no-load' ? this.#noLoad() : this.#register()]
  }

  // --- reference conditions ---

  #loads(): Point[] {
    const points: Point[] = []
    const elements: readonly Elements[] = this.#rig.type.phases === 3 ? ['balanced', ...SINGLE] : ['balanced']
    for (const direction of this.#directions) {
      for (const carrying of elements) points.push(...this.#curves(carrying, direction))
    }
    return points
  }

  get #directions(): readonly Direction[] {
    return this.#rig.type.exports ? ['import', 'export'] : ['import']
  }

  #curves(elements: Elements, direction: Direction): Point[] {
    const points: Point[] = []
    for (const powerFactor of Object.keys(this.#class.currents_A) as PowerFactor[]) {
      for (const current_A of this.#class.currents_A[powerFactor] ?? []) {
        const row = limitOf(this.#class, elements === 'balanced' ? 'balanced' : 'single', powerFactor, current_A)
        if (row === undefined) continue
        const measured = this.#measure(this.#load(powerFactor, current_A, { elements }, direction === 'import' ? 1 : -1))
        const value = errorOf(measured)
        if (direction === 'import' && elements === 'balanced') this.#references.set(`${powerFactor} ${current_A}`, value)
        const facts = { elements, direction, powerFactor, current_A, limit: row.limit_percent, source: row.source }
        points.push(this.#point({ group: 'load', name: 'error', ...facts, value }, measured))
      }
    }
    return points
  }

  #load(powerFactor: PowerFactor, current_A: number, change: Partial<Load> = {}, sign: 1 | -1 = 1): Load {
    const [cosine, sine] = COSINE[powerFactor]
    return { ...loadOf(this.#class.rating), current_A, cosine: sign * cosine, sine: sign * sine, ...change }
  }

  #measure(load: Load): Measurement {
    const { rating } = this.#class
    const phases = load.elements === 'balanced' ? this.#rig.type.phases : 1
    const power_W = phases * load.voltage_V * load.current_A * Math.abs(load.cosine)
    const flashes = (power_W * rating.meterConstant) / 3.6e6
    const counts_s = (COUNTS_MIN * this.#rig.countUnit_mWh * 3.6) / power_W
    const led_s = Math.max(flashes > 1 ? LED_FLASHES / flashes : LED_SECONDS, PERIODS_MIN / flashes)
    return this.#rig.measure(load, Math.ceil(Math.max(counts_s, led_s)))
  }

  /** The verdict on an error: that of the register and, within what its flashes can tell, that of the LED. */
  #point(facts: Omit<Point, 'unit' | 'led_percent' | 'duration_s' | 'reference_Wh' | 'passed'>, measured: Measurement): Point {
    const led = this.#ledError(measured)
    const shift = facts.group === 'influence' ? errorOf(measured) - facts.value : 0
    const ledPassed = led === undefined || Math.abs(led.error - shift) <= facts.limit + led.doubt
    return {
      ...facts,
      unit: '%',
      led_percent: led?.error,
      ledDoubt_percent: led?.doubt,
      duration_s: measured.duration_s,
      reference_Wh: measured.reference_mWh / 1000,
      passed: Math.abs(facts.value) <= facts.limit && ledPassed && this.#stays(measured),
    }
  }

  /** The IC answered all the time, and nothing went to a register where it does not belong: but for a count that was under way before. */
  #stays({ stray_mWh, faults }: Measurement): boolean {
    return faults === 0 && stray_mWh <= this.#rig.countUnit_mWh
  }

  /** From the first edge to the last, against the energy that the reference counted between them. */
  #ledError({ edges_us, reference_mWh, duration_s }: Measurement): { error: number; doubt: number } | undefined {
    if (edges_us.length < 2) return undefined
    const time_us = edges_us[edges_us.length - 1] - edges_us[0]
    const flashed_mWs = ((edges_us.length - 1) * MWS_PER_KWH) / this.#class.rating.meterConstant
    const reference_mWs = ((reference_mWh * 3600) / duration_s) * (time_us / 1e6)
    const late_us = Math.min(1e6, time_us / (edges_us.length - 1))
    return { error: 100 * (flashed_mWs / reference_mWs - 1), doubt: (100 * late_us) / time_us }
  }

  // --- influences ---

  #influences(): Point[] {
    const points: Point[] = []
    for (const row of this.#class.influences) {
      // One phase has no sequence.
      if (row.influence === 'sequence' && this.#rig.type.phases === 1) continue
      for (const amount of row.amounts) points.push(this.#influence(row, amount))
    }
    return points
  }

  #influence(row: InfluenceRow, amount: number): Point {
    const { powerFactor, current_A } = row
    const before = this.#reference(powerFactor, current_A)
    const measured = this.#measure(this.#load(powerFactor, current_A, this.#influenced(row.influence, amount)))
    const value = errorOf(measured) - before
    const name = nameOf(row.influence, amount)
    const facts = {
      elements: 'balanced',
      direction: 'import',
      powerFactor,
      current_A,
      limit: row.limit_percent,
      source: row.source,
    } as const
    return this.#point({ group: 'influence', name, ...facts, value }, measured)
  }

  #reference(powerFactor: PowerFactor, current_A: number): number {
    const key = `${powerFactor} ${current_A}`
    const known = this.#references.get(key) ?? errorOf(this.#measure(this.#load(powerFactor, current_A)))
    this.#references.set(key, known)
    return known
  }

  #influenced(influence: Influence, amount: number): Partial<Load> {
    const { voltage_V, frequency_Hz } = this.#class.rating
    if (influence === 'voltage') return { voltage_V: voltage_V * (1 + amount) }
    if (influence === 'frequency') return { frequency_Hz: frequency_Hz * (1 + amount) }
    if (influence === 'sequence') return { reversedSequence: true }
    return { wave: influence satisfies Wave }
  }

  // --- quadrants ---

  /** 0.5 inductive and 0.8 capacitive, each turned by 0, 90, 180 and 270 degrees: active and reactive energy, and that no other quadrant counts. */
  #quadrants(): Point[] {
    const points: Point[] = []
    for (const powerFactor of ['0.5L', '0.8C'] as const) {
      for (const turn of TURNS) {
        const exporting = turned(COSINE[powerFactor], turn)[0] < 0
        if (!exporting || this.#rig.type.exports) points.push(...this.#quadrant(powerFactor, turn))
      }
    }
    return points
  }

  #quadrant(powerFactor: PowerFactor, turn: (typeof TURNS)[number]): Point[] {
    const { basic_A } = this.#class.rating
    const [cosine, sine] = turned(COSINE[powerFactor], turn)
    const measured = this.#measure(this.#load(powerFactor, basic_A, { cosine, sine }))
    const row = limitOf(this.#class, 'balanced', powerFactor, basic_A)
    const direction: Direction = cosine >= 0 ? 'import' : 'export'
    const number = cosine >= 0 ? (sine >= 0 ? 1 : 4) : sine >= 0 ? 2 : 3
    const facts = { group: 'quadrant', elements: 'balanced', direction, powerFactor, current_A: basic_A } as const
    const { limit_percent = 0, source = '' } = row ?? {}
    const active = { ...facts, name: `Q${number}, ${90 * turn}° on: active`, value: errorOf(measured), limit: limit_percent, source }
    const { reactive } = this.#class
    const value = 100 * (measured.registeredReactive_mvarh / measured.referenceReactive_mvarh - 1)
    const point: Point = {
      ...facts,
      name: `Q${number}, ${90 * turn}° on: reactive`,
      value,
      unit: '%',
      limit: reactive.limit_percent,
      source: reactive.source,
      duration_s: measured.duration_s,
      reference_Wh: measured.referenceReactive_mvarh / 1000,
      passed: Math.abs(value) <= reactive.limit_percent && measured.strayReactive_mvarh <= this.#rig.countUnit_mWh,
    }
    return this.#rig.type.reactive ? [this.#point(active, measured), point] : [this.#point(active, measured)]
  }

  // --- start, no load, register ---

  #starts(): Point[] {
    const single = this.#rig.type.phases === 3 ? SINGLE : []
    return [...this.#directions.map((way) => this.#start('balanced', way)), ...single.map((phase) => this.#start(phase, 'import'))]
  }

  /** At the starting current: how long the first flash takes, and the one after it, in units of the period. */
  #start(elements: Elements, direction: Direction): Point {
    const { rating, start } = this.#class
    const load = this.#load('1', start.current_A, { elements }, direction === 'import' ? 1 : -1)
    const power_W = (elements === 'balanced' ? this.#rig.type.phases : 1) * load.voltage_V * load.current_A
    const period_s = 3.6e6 / (power_W * rating.meterConstant)
    const begin_us = this.#rig.scheduler.now_us
    const measured = this.#rig.measure(load, Math.ceil(2 * start.periods * period_s), 2)
    // A flash that did not come was waited for until now.
    const { now_us } = this.#rig.scheduler
    const [first_us = now_us, second_us = now_us] = measured.edges_us
    const value = Math.max(first_us - begin_us, second_us - first_us) / (period_s * 1e6)
    return {
      group: 'start',
      name: 'longest wait for a flash',
      elements,
      direction,
      powerFactor: '1',
      current_A: start.current_A,
      value,
      unit: 'periods',
      limit: start.periods,
      source: start.source,
      duration_s: measured.duration_s,
      reference_Wh: measured.reference_mWh / 1000,
      passed: measured.edges_us.length >= 2 && value <= start.periods,
    }
  }

  #noLoad(): Point {
    const { rating, noLoad } = this.#class
    const minutes = noLoad.factor / (rating.meterConstant * this.#rig.type.phases * rating.voltage_V * rating.maximum_A)
    const load = this.#load('1', 0, { voltage_V: rating.voltage_V * noLoad.voltage })
    const measured = this.#rig.measure(load, Math.ceil(minutes * 60))
    return {
      group: 'no-load',
      name: `${Math.round(100 * noLoad.voltage)} % of the voltage, no current`,
      elements: 'balanced',
      direction: 'import',
      powerFactor: '1',
      current_A: 0,
      value: measured.edges_us.length,
      unit: 'pulses',
      limit: noLoad.pulses_max,
      source: noLoad.source,
      duration_s: measured.duration_s,
      reference_Wh: 0,
      passed: measured.edges_us.length <= noLoad.pulses_max,
    }
  }

  /** Everything that happened on the rig: the registers of both directions against the flashes that were seen. */
  #register(): Point {
    const { meterConstant } = this.#class.rating
    const registered = (this.#rig.registered_mWh * meterConstant) / 1e6
    const value = this.#rig.pulses - Math.floor(registered)
    return {
      group: 'register',
      name: `LED against registers, ${this.#rig.pulses} flashes`,
      elements: 'balanced',
      direction: 'import',
      powerFactor: '1',
      current_A: 0,
      value,
      unit: 'pulses',
      limit: 1,
      source: 'one flash',
      duration_s: Math.round(this.#rig.scheduler.now_us / 1e6),
      reference_Wh: this.#rig.registered_mWh / 1000,
      passed: Math.abs(value) <= 1,
    }
  }
}

function errorOf({ registered_mWh, reference_mWh }: Measurement): number {
  return 100 * (registered_mWh / reference_mWh - 1)
}

/** A quarter turn makes of (cos, sin) (-sin, cos). */
function turned([cosine, sine]: readonly [number, number], turns: number): [number, number] {
  if (turns === 1) return [-sine, cosine]
  if (turns === 2) return [-cosine, -sine]
  return turns === 3 ? [sine, -cosine] : [cosine, sine]
}

function nameOf(influence: Influence, amount: number): string {
  const percent = `${amount > 0 ? '+' : ''}${Math.round(100 * amount)} %`
  if (influence === 'voltage') return `change by voltage ${percent}`
  if (influence === 'frequency') return `change by frequency ${percent}`
  if (influence === 'sequence') return 'change by reversed sequence'
  if (influence === 'halfWave') return 'change by half waves'
  return `change by the ${influence === 'harmonic3' ? '3rd' : '5th'} harmonic`
}
