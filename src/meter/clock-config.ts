import { CLOCK_RULES, type ClockRules } from '../core/clock/clock-rules.ts'
import { boolean, type Infer, integer, object } from '../lib/schema.ts'

/** A shift is smaller than the shortest period of anything. */
const SHIFT_MAX_S = 59
/** Parts of a demand period that a shift may be at most. */
const SHIFT_PARTS = 5

/** How the clock may be moved: policy of the utility. */
export const CLOCK_CONFIG = object(
  {
    slewLimit_s: integer({
      min: 0,
      max: SHIFT_MAX_S,
      default: CLOCK_RULES.slewLimit_ms / 1000,
      unit: 's',
      description: 'Up to this difference a time that is set is worked off slowly: nobody notices, nothing is marked',
    }),
    shiftLimit_s: integer({
      min: 0,
      max: SHIFT_MAX_S,
      default: CLOCK_RULES.shiftLimit_ms / 1000,
      unit: 's',
      description: 'Up to this difference the clock is shifted in one step and the interval is marked; beyond it that is also two events',
    }),
    slewRate_ppm: integer({
      min: 10,
      max: 10_000,
      default: CLOCK_RULES.slewRate_ppm,
      unit: 'ppm',
      description: 'Speed of a slow correction',
    }),
    uncertainty_ms: integer({
      min: 0,
      max: 10_000,
      default: 500,
      unit: 'ms',
      description: 'A time that a client sets may be wrong by so much, by the network and whole seconds; smaller differences move nothing',
    }),
    doubtful_s: integer({
      min: 1,
      max: 86_400,
      default: CLOCK_RULES.doubtful_ms / 1000,
      unit: 's',
      description: 'The time is doubtful when it may have drifted by so much since it was set',
    }),
    correctDrift: boolean({ default: CLOCK_RULES.compensate, description: 'Learn how fast the clock chip runs, and correct it' }),
  },
  { description: 'How the clock may be moved' },
)

export type ClockConfig = Infer<typeof CLOCK_CONFIG>

/** Steps in which the time of a chip is followed: what two crystals may be apart in an hour. */
const LAG_MS = 200

export function clockRulesOf(config: ClockConfig): ClockRules {
  return {
    ...CLOCK_RULES,
    slewLimit_ms: config.slewLimit_s * 1000,
    shiftLimit_ms: config.shiftLimit_s * 1000,
    slewRate_ppm: config.slewRate_ppm,
    doubtful_ms: config.doubtful_s * 1000,
    compensate: config.correctDrift,
    lag_ms: LAG_MS,
  }
}

/** Limits that depend on each other and on the demand period. */
export function clockConfigErrors(clock: ClockConfig, demandPeriod_min: number): string[] {
  const errors: string[] = []
  const { slewLimit_s, shiftLimit_s } = clock
  if (slewLimit_s > shiftLimit_s)
    errors.push(`clock.slewLimit_s: found ${slewLimit_s}, allowed is up to clock.shiftLimit_s, ${shiftLimit_s}`)
  const limit_s = Math.ceil((demandPeriod_min * 60) / SHIFT_PARTS) - 1
  if (shiftLimit_s > limit_s)
    errors.push(`clock.shiftLimit_s: found ${shiftLimit_s}, allowed with a demand period of ${demandPeriod_min} min is up to ${limit_s}`)
  return errors
}
