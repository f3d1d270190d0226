import type { HoldTimes } from '../events/hold-off.ts'

/** What is watched. Those of the first group exist once for each phase. */
export type PhaseQuantity = 'undervoltage' | 'overvoltage' | 'sag' | 'swell' | 'phaseOutage' | 'overcurrent' | 'thd'
export type MainsQuantity = 'interruption' | 'frequencyLow' | 'frequencyHigh' | 'unbalance'
export type QualityQuantity = PhaseQuantity | MainsQuantity

/** When a disturbance starts and ends, in thousandths of the nominal value (of the value itself for unbalance and distortion). */
export interface QualityParameter extends HoldTimes {
  /** Starts below or above this … */
  readonly start: number
  /** … and ends when it is back on the other side of this: the hysteresis is between the two. */
  readonly end: number
  readonly source: string
}

/**
 * Thresholds of EN 50160:2010 and IEC 61000-4-30:2015, from memory; no copy of either was at hand. The hold-offs are ours: a billing meter logs
 * what matters to somebody, not each of ten-millisecond dips, and the log has to last. A sample each second sees only what lasts a
 * second; shorter sags come from the flags of the metering IC.
 */
export const QUALITY_PARAMETERS: Readonly<Record<QualityQuantity, QualityParameter>> = Object.freeze({
  undervoltage: Object.freeze({
    ...{ start: 900, end: 920, startHold_ms: 60_000, endHold_ms: 60_000 },
    source: 'EN 50160 4.2.2 (Un - 10 %), longer than a dip (1 min); hysteresis IEC 61000-4-30 5.4 (2 %); from memory',
  }),
  overvoltage: Object.freeze({
    ...{ start: 1100, end: 1080, startHold_ms: 60_000, endHold_ms: 60_000 },
    source: 'EN 50160 4.2.2 (Un + 10 %), longer than a swell (1 min); hysteresis IEC 61000-4-30 5.4 (2 %); from memory',
  }),
  sag: Object.freeze({
    ...{ start: 900, end: 920, startHold_ms: 0, endHold_ms: 10_000 },
    source: 'EN 50160 4.3.2 (dip below 90 %); hysteresis IEC 61000-4-30 5.4 (2 %); from memory; end hold-off ours',
  }),
  swell: Object.freeze({
    ...{ start: 1100, end: 1080, startHold_ms: 0, endHold_ms: 10_000 },
    source: 'EN 50160 4.3.3 (swell above 110 %); hysteresis IEC 61000-4-30 5.4 (2 %); from memory; end hold-off ours',
  }),
  phaseOutage: Object.freeze({
    ...{ start: 50, end: 70, startHold_ms: 1000, endHold_ms: 3000 },
    source: 'EN 50160 3.8 (interruption below 5 %); hysteresis IEC 61000-4-30 5.5 (2 %); from memory; hold-offs ours',
  }),
  interruption: Object.freeze({
    ...{ start: 50, end: 70, startHold_ms: 3000, endHold_ms: 3000 },
    source: 'EN 50160 3.8 (interruption below 5 %, all phases); hysteresis IEC 61000-4-30 5.5; from memory; hold-offs as the supply watch',
  }),
  overcurrent: Object.freeze({
    ...{ start: 1050, end: 1000, startHold_ms: 10_000, endHold_ms: 10_000 },
    source: 'of the maximum current of the meter; ours',
  }),
  frequencyLow: Object.freeze({
    ...{ start: 990, end: 992, startHold_ms: 10_000, endHold_ms: 10_000 },
    source: 'EN 50160 4.2.1 (49.5 Hz, mean of 10 s); from memory; hysteresis ours',
  }),
  frequencyHigh: Object.freeze({
    ...{ start: 1010, end: 1008, startHold_ms: 10_000, endHold_ms: 10_000 },
    source: 'EN 50160 4.2.1 (50.5 Hz, mean of 10 s); from memory; hysteresis ours',
  }),
  unbalance: Object.freeze({
    ...{ start: 20, end: 18, startHold_ms: 600_000, endHold_ms: 60_000 },
    source: 'EN 50160 4.2.4 (2 %, 10 min); from memory; hysteresis ours',
  }),
  thd: Object.freeze({
    ...{ start: 80, end: 75, startHold_ms: 600_000, endHold_ms: 60_000 },
    source: 'EN 50160 4.2.5 (8 %, 10 min); from memory; hysteresis ours',
  }),
})

/** A power failure above this is a long one: EN 50160 3.9 (3 min), from memory. */
export const LONG_FAILURE_S = 180
