import type { CivilDate } from '../../lib/calendar.ts'
import { array, type Infer, integer, object, string } from '../../lib/schema.ts'
import { RATES } from '../registers/energy.ts'
import {
  type ActivityCalendar,
  calendarErrors,
  Limit,
  ONE_RATE,
  type SpecialDay,
  type SwitchAction,
  specialDayErrors,
} from './activity-calendar.ts'
import { type DatePattern, LAST_DAY } from './date-pattern.ts'

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const name = (description: string) => string({ pattern: '^[ -~]{1,16}$', meaning: '1 to 16 printable ASCII characters', description })

const date = (description: string) =>
  string({
    pattern: '^(\\d{4}-)?\\d{2}-(\\d{2}|last)( (mon|tue|wed|thu|fri|sat|sun))?$',
    meaning: 'a date such as "12-25", "2027-05-06", "03-last sun" or "10-01 mon" (the first Monday from 1 October on)',
    description,
  })

const dayId = (description?: string) => integer({ min: 0, max: 255, description })

/**
 * The tariff that a meter starts with, as the part `tariff` of its configuration. Without days: one rate. A calendar that the meter was given later, and
 * that has become active, comes before it.
 */
export const TARIFF_CONFIG = object(
  {
    rates: integer({ min: 1, max: RATES, default: 1, description: 'Rates that are counted and shown: 1.8.1 to 1.8.N' }),
    rateWithoutClock: integer({ min: 1, max: RATES, default: 1, description: 'The rate that counts while the clock is invalid' }),
    name: string({
      pattern: '^[ -~]{0,16}$',
      meaning: 'up to 16 printable ASCII characters',
      default: '1',
      description: 'Name of the calendar',
    }),
    seasons: array(
      object({ name: name('Name of the season'), start: date('First day of the season'), week: name('Name of the week that holds in it') }),
      { maxItems: Limit.seasons, default: [], description: 'Seasons; the one that began last is in force. None: the first week all year' },
    ),
    weeks: array(
      object({
        name: name('Name of the week'),
        days: array(dayId(), { minItems: 7, maxItems: 7, description: 'Days from Monday to Sunday, by their id' }),
      }),
      { maxItems: Limit.weeks, default: [], description: 'Weeks. None: the first day every day' },
    ),
    days: array(
      object({
        id: dayId('Number of the day, which weeks and special days refer to'),
        switches: array(
          object({
            at: string({
              pattern: '^([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d)?$',
              meaning: 'a local time such as "06:00"',
              description: 'Local time from which on the rate counts',
            }),
            rate: integer({ min: 1, max: RATES, description: 'Rate that counts from then on' }),
          }),
          { minItems: 1, maxItems: Limit.switchesOfDay, description: 'In ascending order; before the first one, the day before goes on' },
        ),
      }),
      { maxItems: Limit.days, default: [], description: 'Days' },
    ),
    specialDays: array(object({ date: date('The day'), day: dayId('Id of the day that holds then') }), {
      maxItems: Limit.specialDays,
      default: [],
      description: 'Public holidays and the like; where two fall together, the first one counts',
    }),
  },
  { description: 'Rates and the calendar that switches them' },
)

export type TariffConfig = Infer<typeof TARIFF_CONFIG>

/** What a meter starts with. */
export interface Tariff {
  readonly rates: number
  readonly rateWithoutClock: number
  readonly calendar: ActivityCalendar
  readonly specialDays: readonly SpecialDay[]
}

/** `text` matches the pattern of the schema. */
function patternOf(text: string): DatePattern {
  const [day, weekday] = text.split(' ')
  const parts = day.split('-')
  const last = parts[parts.length - 1]
  const fields: Partial<CivilDate> = parts.length === 3 ? { year: Number(parts[0]) } : {}
  return {
    ...fields,
    month: Number(parts[parts.length - 2]),
    day: last === 'last' ? LAST_DAY : Number(last),
    ...(weekday === undefined ? {} : { weekday: WEEKDAYS.indexOf(weekday) + 1 }),
  }
}

function switchOf({ at, rate }: { readonly at: string; readonly rate: number }): SwitchAction {
  const [hour, minute, second = 0] = at.split(':').map(Number)
  return { start_s: hour * 3600 + minute * 60 + second, script: rate }
}

/** Translates a configuration that the schema has accepted; `tariffConfigErrors` says whether it makes sense. */
export function tariffOf(config: TariffConfig): Tariff {
  const { rates, rateWithoutClock } = config
  const specialDays = config.specialDays.map(({ date, day }, index) => ({ index, date: patternOf(date), day }))
  const days = config.days.length > 0 ? config.days.map(({ id, switches }) => ({ id, switches: switches.map(switchOf) })) : ONE_RATE.days
  const weeks = config.weeks.length > 0 ? config.weeks : [{ name: '1', days: new Array<number>(7).fill(days[0].id) }]
  const seasons = config.seasons.map(({ name, start, week }) => ({ name, start: patternOf(start), week }))
  const allYear = { ...ONE_RATE.seasons[0], week: weeks[0].name }
  const calendar = { name: config.name, seasons: seasons.length > 0 ? seasons : [allYear], weeks, days }
  return { rates, rateWithoutClock, calendar, specialDays }
}

/** What the schema cannot say, one line each, with the path below `tariff`. Empty when all is well. */
export function tariffConfigErrors(config: TariffConfig): string[] {
  const { calendar, specialDays, rates, rateWithoutClock } = tariffOf(config)
  const ids = new Set(calendar.days.map(({ id }) => id))
  const errors = [...calendarErrors(calendar, rates), ...specialDayErrors(specialDays, ids)]
  if (rateWithoutClock > rates) errors.push(`rateWithoutClock: found ${rateWithoutClock}, allowed is 1..${rates}`)
  return errors.map((error) => `tariff.${error}`)
}
