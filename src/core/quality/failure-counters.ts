/**
 * Counters of disturbances, in a part of the register image: they survive as the energies do, and never decrease. OBIS codes: names of IEC 62056-6-1 and
 * the Blue Book; 0.0.96.7.9, .20 and .21 and 1.0.x.32/36.0 also in the object lists of network operators, the others from memory.
 */
export const QualityCounter = Object.freeze({
  /** 1.0.32/52/72.32.0 */
  sagsL1: 0,
  /** 1.0.32/52/72.36.0 */
  swellsL1: 3,
  /** 0.0.96.7.0: all phases; .1 to .3: L1 to L3; .21: any phase. */
  failures: 6,
  /** 0.0.96.7.5: all phases; .6 to .8: L1 to L3; .9: any phase. */
  longFailures: 11,
})
/** Values that the counters take. */
export const QUALITY_COUNTERS = 16

/** Inside `failures` and `longFailures`: all phases, L1 to L3, any phase. */
const ANY = 4

/** Counts a failure of one phase. */
export function countPhase(counters: Float64Array, group: number, phase: number): void {
  counters[group + 1 + phase]++
  counters[group + ANY]++
}

/** Counts a failure of all phases: one of each phase, and one of any. */
export function countAll(counters: Float64Array, group: number, phases: number): void {
  counters[group]++
  for (let phase = 0; phase < phases; phase++) counters[group + 1 + phase]++
  counters[group + ANY]++
}

/**
 * Failures that an older firmware counted (`total`) are in these counters as well: they were failures of all phases. It follows from the image alone and
 * changes nothing the second time.
 */
export function settleFailures(counters: Float64Array, total: number, phases: number): void {
  const missing = total - counters[QualityCounter.failures]
  if (missing <= 0) return
  counters[QualityCounter.failures] += missing
  for (let phase = 0; phase < phases; phase++) counters[QualityCounter.failures + 1 + phase] += missing
  counters[QualityCounter.failures + ANY] += missing
}
