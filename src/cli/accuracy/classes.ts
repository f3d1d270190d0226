/**
 * What a meter of a class has to do on the test bench: limits, points and influences, in one table. The texts of the IEC were not at hand: every number is a
 * parameter with the source that it is remembered from, and nothing outside this file knows one.
 */

/** cos(phi) and the side of the current: L lags, C leads. */
export type PowerFactor = '1' | '0.5L' | '0.8C' | '0.25L' | '0.5C'

export const COSINE: Readonly<Record<PowerFactor, readonly [cosine: number, sine: number]>> = Object.freeze({
  '1': [1, 0],
  '0.5L': [0.5, Math.sqrt(0.75)],
  '0.8C': [0.8, -0.6],
  '0.25L': [0.25, Math.sqrt(0.9375)],
  '0.5C': [0.5, -Math.sqrt(0.75)],
})

export interface Rating {
  readonly connection: 'direct' | 'transformer'
  readonly voltage_V: number
  readonly frequency_Hz: number
  /** Basic current Ib of a direct meter, rated current In of one behind transformers. */
  readonly basic_A: number
  readonly maximum_A: number
  /** Flashes per kWh of the LED. */
  readonly meterConstant: number
}

/** A limit of the percentage error from `from_A` up to, not including, `below_A`; without it up to the maximum current. Currents in units of the basic current. */
export interface LimitRow {
  readonly load: 'balanced' | 'single'
  readonly powerFactors: readonly PowerFactor[]
  readonly from: number
  readonly below?: number
  readonly limit_percent: number
  readonly source: string
}

export type Influence = 'voltage' | 'frequency' | 'sequence' | 'harmonic3' | 'harmonic5' | 'halfWave'

/** A limit of the change of the percentage error by one influence, at a current in A. */
export interface InfluenceRow {
  readonly influence: Influence
  /** Relative: the influence is applied with each of them. */
  readonly amounts: readonly number[]
  readonly current_A: number
  readonly powerFactor: PowerFactor
  readonly limit_percent: number
  readonly source: string
}

export interface AccuracyClass {
  readonly name: '1' | '0.5S'
  readonly standard: string
  readonly rating: Rating
  readonly limits: readonly LimitRow[]
  /** Currents of the points in A; a point to which no limit applies is left out. */
  readonly currents_A: Readonly<Partial<Record<PowerFactor, readonly number[]>>>
  readonly influences: readonly InfluenceRow[]
  /** Starting current in A, and what one flash may take, in units of its period at that power. */
  readonly start: { readonly current_A: number; readonly periods: number; readonly source: string }
  /** No-load test: voltage in units of the nominal one; minutes = `factor` / (meter constant * elements * voltage * maximum current). */
  readonly noLoad: { readonly voltage: number; readonly factor: number; readonly pulses_max: number; readonly source: string }
  /** Of the reactive energy in the four quadrants, at the basic current; sin(phi) 0.5 and above. */
  readonly reactive: { readonly limit_percent: number; readonly source: string }
}

const ACTIVE_1 = 'IEC 62053-21:2003, from memory'
const ACTIVE_05S = 'IEC 62053-22:2003, from memory'
const REACTIVE = Object.freeze({ limit_percent: 2, source: 'IEC 62053-23:2003 class 2, from memory' })
const NO_LOAD = Object.freeze({ voltage: 1.15, factor: 600e6, pulses_max: 1, source: 'IEC 62053-21 and -22:2003, from memory' })
const BOTH: readonly PowerFactor[] = ['0.5L', '0.8C']
const ON_REQUEST: readonly PowerFactor[] = ['0.25L', '0.5C']

/** Class 1, 3 x 230 V, 5(60) A, connected directly. */
const CLASS_1: AccuracyClass = {
  name: '1',
  standard: 'IEC 62053-21',
  rating: { connection: 'direct', voltage_V: 230, frequency_Hz: 50, basic_A: 5, maximum_A: 60, meterConstant: 1000 },
  limits: [
    { load: 'balanced', powerFactors: ['1'], from: 0.05, below: 0.1, limit_percent: 1.5, source: ACTIVE_1 },
    { load: 'balanced', powerFactors: ['1'], from: 0.1, limit_percent: 1, source: ACTIVE_1 },
    { load: 'balanced', powerFactors: BOTH, from: 0.1, below: 0.2, limit_percent: 1.5, source: ACTIVE_1 },
    { load: 'balanced', powerFactors: BOTH, from: 0.2, limit_percent: 1, source: ACTIVE_1 },
    { load: 'single', powerFactors: ['1'], from: 0.1, limit_percent: 2, source: ACTIVE_1 },
    { load: 'single', powerFactors: ['0.5L'], from: 0.2, limit_percent: 2, source: ACTIVE_1 },
  ],
  currents_A: { '1': [0.25, 0.5, 1, 5, 30, 60], '0.5L': [0.5, 1, 5, 60], '0.8C': [0.5, 1, 5, 60] },
  influences: [
    { influence: 'voltage', amounts: [-0.1, 0.1], current_A: 5, powerFactor: '1', limit_percent: 0.7, source: ACTIVE_1 },
    { influence: 'voltage', amounts: [-0.1, 0.1], current_A: 5, powerFactor: '0.5L', limit_percent: 1, source: ACTIVE_1 },
    { influence: 'frequency', amounts: [-0.02, 0.02], current_A: 5, powerFactor: '1', limit_percent: 0.5, source: ACTIVE_1 },
    { influence: 'frequency', amounts: [-0.02, 0.02], current_A: 5, powerFactor: '0.5L', limit_percent: 0.7, source: ACTIVE_1 },
    { influence: 'sequence', amounts: [1], current_A: 0.5, powerFactor: '1', limit_percent: 1.5, source: ACTIVE_1 },
    {
      influence: 'harmonic3',
      amounts: [1],
      current_A: 30,
      powerFactor: '1',
      limit_percent: 0.8,
      source: `${ACTIVE_1} (given for the 5th)`,
    },
    { influence: 'harmonic5', amounts: [1], current_A: 30, powerFactor: '1', limit_percent: 0.8, source: ACTIVE_1 },
    { influence: 'halfWave', amounts: [1], current_A: 60, powerFactor: '1', limit_percent: 3, source: ACTIVE_1 },
  ],
  start: { current_A: 0.02, periods: 1.5, source: `${ACTIVE_1}: 0.004 Ib` },
  noLoad: NO_LOAD,
  reactive: REACTIVE,
}

/** Class 0.5S, 3 x 57.7 V, 5(6) A, behind transformers. */
const CLASS_05S: AccuracyClass = {
  name: '0.5S',
  standard: 'IEC 62053-22',
  rating: { connection: 'transformer', voltage_V: 57.7, frequency_Hz: 50, basic_A: 5, maximum_A: 6, meterConstant: 10_000 },
  limits: [
    { load: 'balanced', powerFactors: ['1'], from: 0.01, below: 0.05, limit_percent: 1, source: ACTIVE_05S },
    { load: 'balanced', powerFactors: ['1'], from: 0.05, limit_percent: 0.5, source: ACTIVE_05S },
    { load: 'balanced', powerFactors: BOTH, from: 0.02, below: 0.1, limit_percent: 1, source: ACTIVE_05S },
    { load: 'balanced', powerFactors: BOTH, from: 0.1, limit_percent: 0.6, source: ACTIVE_05S },
    { load: 'balanced', powerFactors: ON_REQUEST, from: 0.1, limit_percent: 1, source: `${ACTIVE_05S}, on request` },
    { load: 'single', powerFactors: ['1'], from: 0.05, limit_percent: 0.6, source: ACTIVE_05S },
    { load: 'single', powerFactors: ['0.5L'], from: 0.1, limit_percent: 1, source: ACTIVE_05S },
  ],
  currents_A: {
    '1': [0.05, 0.1, 0.25, 5, 6],
    '0.5L': [0.1, 0.5, 5, 6],
    '0.8C': [0.1, 0.5, 5, 6],
    '0.25L': [0.5, 5, 6],
    '0.5C': [0.5, 5, 6],
  },
  influences: [
    { influence: 'voltage', amounts: [-0.1, 0.1], current_A: 5, powerFactor: '1', limit_percent: 0.2, source: ACTIVE_05S },
    { influence: 'voltage', amounts: [-0.1, 0.1], current_A: 5, powerFactor: '0.5L', limit_percent: 0.4, source: ACTIVE_05S },
    { influence: 'frequency', amounts: [-0.02, 0.02], current_A: 5, powerFactor: '1', limit_percent: 0.2, source: ACTIVE_05S },
    { influence: 'frequency', amounts: [-0.02, 0.02], current_A: 5, powerFactor: '0.5L', limit_percent: 0.2, source: ACTIVE_05S },
    { influence: 'sequence', amounts: [1], current_A: 0.5, powerFactor: '1', limit_percent: 0.1, source: ACTIVE_05S },
    {
      influence: 'harmonic3',
      amounts: [1],
      current_A: 3,
      powerFactor: '1',
      limit_percent: 0.5,
      source: `${ACTIVE_05S} (given for the 5th)`,
    },
    { influence: 'harmonic5', amounts: [1], current_A: 3, powerFactor: '1', limit_percent: 0.5, source: ACTIVE_05S },
  ],
  start: { current_A: 0.005, periods: 1.5, source: `${ACTIVE_05S}: 0.001 In` },
  noLoad: NO_LOAD,
  reactive: REACTIVE,
}

export const ACCURACY_CLASSES: readonly AccuracyClass[] = Object.freeze([CLASS_1, CLASS_05S])

/** Influences whose current is a part of the maximum. */
const AT_MAXIMUM: readonly Influence[] = ['harmonic3', 'harmonic5', 'halfWave']

/** The same class for a circuit that bears less current: what lies above is left out, and what is given at the maximum or half of it comes down. */
export function ratedAt(accuracyClass: AccuracyClass, maximum_A: number): AccuracyClass {
  const { rating, currents_A, influences } = accuracyClass
  if (maximum_A >= rating.maximum_A) return accuracyClass
  const kept = Object.entries(currents_A).map(([powerFactor, currents]) => [
    powerFactor,
    currents.filter((current_A) => current_A <= maximum_A),
  ])
  const scaled = (row: InfluenceRow) => ({ ...row, current_A: row.current_A * (maximum_A / rating.maximum_A) })
  return {
    ...accuracyClass,
    rating: { ...rating, maximum_A },
    currents_A: Object.fromEntries(kept),
    influences: influences.map((row) => (AT_MAXIMUM.includes(row.influence) ? scaled(row) : row)),
  }
}

/** Currents of the tables are products such as 0.05 * 5. */
const ROUNDING = 1e-9

/** The limit for a load, where there is one. */
export function limitOf(
  accuracyClass: AccuracyClass,
  load: 'balanced' | 'single',
  powerFactor: PowerFactor,
  current_A: number,
): LimitRow | undefined {
  const { basic_A, maximum_A } = accuracyClass.rating
  if (current_A > maximum_A * (1 + ROUNDING)) return undefined
  return accuracyClass.limits.find(
    (row) =>
      row.load === load &&
      row.powerFactors.includes(powerFactor) &&
      current_A >= row.from * basic_A - ROUNDING &&
      (row.below === undefined || current_A < row.below * basic_A - ROUNDING),
  )
}
