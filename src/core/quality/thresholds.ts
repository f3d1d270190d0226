import { getUint32, setUint32 } from '../storage/format.ts'
import { LONG_FAILURE_S, QUALITY_PARAMETERS, type QualityParameter, type QualityQuantity } from './parameters-table.ts'

const KEY = 'quality.thresholds'
const FIELDS = ['sag_mV', 'sagTime_s', 'swell_mV', 'swellTime_s', 'cut_mV', 'cutTime_s', 'longFailure_s'] as const

/**
 * What the management may change (IEC 62056-6-1: 1.0.12.31.0 and .43.0 sag, .35.0 and .44.0 swell, .39.0 and .45.0 missing voltage, 0.0.96.7.20 long power
 * failure). A time is how long it must last before it counts.
 */
export type QualityThresholds = Readonly<Record<(typeof FIELDS)[number], number>>

/** Hysteresis of IEC 61000-4-30 5.4, in thousandths of the nominal voltage; from memory. */
const HYSTERESIS = 20
/** Limits of what is sensible; ours. Thousandths of the nominal voltage, and seconds. */
const LOWEST_CUT = 10
const LOWEST_SAG = 300
const HIGHEST_SAG = 970
const LOWEST_SWELL = 1030
const HIGHEST_SWELL = 1600
const TIME_MAX_S = 3600
const LONG_FAILURE_MAX_S = 86_400

interface Settings {
  get(key: string): Uint8Array | undefined
  set(key: string, value: Uint8Array): void
}

/** Those of `QUALITY_PARAMETERS`. */
export function factoryThresholds(nominal_mV: number): QualityThresholds {
  const { sag, swell, phaseOutage } = QUALITY_PARAMETERS
  const volts = (permille: number) => Math.round((permille * nominal_mV) / 1000)
  return {
    sag_mV: volts(sag.start),
    sagTime_s: sag.startHold_ms / 1000,
    swell_mV: volts(swell.start),
    swellTime_s: swell.startHold_ms / 1000,
    cut_mV: volts(phaseOutage.start),
    cutTime_s: phaseOutage.startHold_ms / 1000,
    longFailure_s: LONG_FAILURE_S,
  }
}

/** Sag above cut, swell above nominal, with room for the hysteresis between them. */
export function thresholdsAllowed(thresholds: QualityThresholds, nominal_mV: number): boolean {
  const { sag_mV, sagTime_s, swell_mV, swellTime_s, cut_mV, cutTime_s, longFailure_s } = thresholds
  const within = (value: number, low: number, high: number) => value >= (low * nominal_mV) / 1000 && value <= (high * nominal_mV) / 1000
  const times = [sagTime_s, swellTime_s, cutTime_s].every((time_s) => time_s >= 0 && time_s <= TIME_MAX_S)
  const voltages = within(sag_mV, LOWEST_SAG, HIGHEST_SAG) && within(swell_mV, LOWEST_SWELL, HIGHEST_SWELL)
  const cut = within(cut_mV, LOWEST_CUT, HIGHEST_SAG) && cut_mV + (HYSTERESIS * nominal_mV) / 1000 <= sag_mV
  return times && voltages && cut && longFailure_s >= 1 && longFailure_s <= LONG_FAILURE_MAX_S
}

/** What is stored, if it suits this meter; else those of the factory. */
export function loadThresholds(settings: Settings, nominal_mV: number): QualityThresholds {
  const stored = settings.get(KEY)
  const factory = factoryThresholds(nominal_mV)
  if (stored?.length !== 4 * FIELDS.length) return factory
  const found = Object.fromEntries(FIELDS.map((field, i) => [field, getUint32(stored, 4 * i)])) as QualityThresholds
  return thresholdsAllowed(found, nominal_mV) ? found : factory
}

/** Errors: those of `Settings.set`. */
export function storeThresholds(settings: Settings, thresholds: QualityThresholds): void {
  const bytes = new Uint8Array(4 * FIELDS.length)
  for (const [i, field] of FIELDS.entries()) setUint32(bytes, 4 * i, thresholds[field])
  settings.set(KEY, bytes)
}

/** The parameters of a `QualityMonitor` that follow from them. */
export function parametersOf(thresholds: QualityThresholds, nominal_mV: number): Partial<Record<QualityQuantity, QualityParameter>> {
  const permille = (value_mV: number) => (1000 * value_mV) / nominal_mV
  const below = (base: QualityParameter, value_mV: number, time_s: number) => {
    return { ...base, start: permille(value_mV), end: permille(value_mV) + HYSTERESIS, startHold_ms: 1000 * time_s }
  }
  const { sag, swell, phaseOutage } = QUALITY_PARAMETERS
  const { sag_mV, sagTime_s, swell_mV, swellTime_s, cut_mV, cutTime_s } = thresholds
  return {
    sag: below(sag, sag_mV, sagTime_s),
    swell: { ...swell, start: permille(swell_mV), end: permille(swell_mV) - HYSTERESIS, startHold_ms: 1000 * swellTime_s },
    phaseOutage: below(phaseOutage, cut_mV, cutTime_s),
  }
}
