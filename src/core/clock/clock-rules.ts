import { assert } from '../../lib/assert.ts'

/** How a clock may be moved. All of it is policy of the utility; the defaults are customary. */
export interface ClockRules {
  /** Up to this difference the time is slewed: nobody notices, nothing is logged. */
  readonly slewLimit_ms: number
  /**
   * Up to this difference the time is shifted: one step, and what is captured in this interval is marked. Beyond it the time is set: two events, old and
   * new time. COSEM calls it the clock time shift limit; utilities choose 9 s to 60 s.
   */
  readonly shiftLimit_ms: number
  /** Speed of a slew. 500 ppm change a quarter of an hour by 0.45 s: 0.05 % of a demand, a tenth of the error that class 0.5 allows. */
  readonly slewRate_ppm: number
  /** All capture and demand periods begin at multiples of this. A shift back never crosses one: it waits until it can be made within. */
  readonly boundary_ms: number
  /** References that differ by less than this, or than their own uncertainty, move nothing. */
  readonly deadband_ms: number
  /** A source that proves nothing about itself (NTP without keys, a beacon) may not move a valid clock further than this. */
  readonly untrustedLimit_ms: number
  /** A reference must be used within this time after it was taken. */
  readonly referenceAge_ms: number
  /** A correction that was slewed is handed to the clock, and so to its RTC, when it is at least this. */
  readonly commit_ms: number
  /** The clock below may be away from its own crystal by so much: one that follows an RTC does so in steps. Counts when the drift is learned. */
  readonly lag_ms: number
  /** Drift to reckon with while none is known: IEC 62054-21 allows a crystal clock 0.5 s in a day at 23 °C, which is 5.8 ppm. */
  readonly drift_ppm: number
  /** Beyond this uncertainty the time is doubtful (COSEM clock status, bit 1). */
  readonly doubtful_ms: number
  /** The drift that was learned is corrected all the time. */
  readonly compensate: boolean
}

export const CLOCK_RULES: ClockRules = Object.freeze({
  slewLimit_ms: 2000,
  shiftLimit_ms: 9000,
  slewRate_ppm: 500,
  boundary_ms: 60_000,
  deadband_ms: 20,
  untrustedLimit_ms: 3_600_000,
  referenceAge_ms: 60_000,
  commit_ms: 500,
  lag_ms: 0,
  drift_ppm: 5.8,
  doubtful_ms: 60_000,
  compensate: true,
})

/** Asserts that the rules fit each other. */
export function checkRules(rules: ClockRules): void {
  const { slewLimit_ms, shiftLimit_ms, boundary_ms, slewRate_ppm, deadband_ms, commit_ms } = rules
  assert(slewLimit_ms >= 0 && slewLimit_ms <= shiftLimit_ms, 'the slew limit is not above the shift limit')
  assert(shiftLimit_ms < boundary_ms, 'a shift is smaller than a capture period')
  assert(slewRate_ppm > 0 && slewRate_ppm <= 10_000, 'a slew is slow')
  assert(deadband_ms >= 0 && commit_ms >= 1, 'thresholds are positive')
}
