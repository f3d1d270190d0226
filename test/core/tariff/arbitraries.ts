import fc from 'fast-check'
import { type ActivityCalendar, calendarErrors, type DayProfile, type SpecialDay } from '../../../src/core/tariff/activity-calendar.ts'
import { type DatePattern, datePatternProblem } from '../../../src/core/tariff/date-pattern.ts'

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

/** Any pattern that has a date. Years around 2026. */
export const datePatterns: fc.Arbitrary<DatePattern> = fc
  .record({
    year: maybe(fc.integer({ min: 2024, max: 2027 })),
    month: maybe(fc.integer({ min: 1, max: 12 })),
    day: maybe(fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constantFrom(0xfd, 0xfe))),
    weekday: maybe(fc.integer({ min: 1, max: 7 })),
  })
  .map((pattern) => Object.fromEntries(Object.entries(pattern).filter(([, value]) => value !== undefined)) as DatePattern)
  .filter((pattern) => datePatternProblem(pattern) === undefined)

/** Hours and odd seconds, and often the hours in which daylight saving moves the clock. */
const startTimes = fc.oneof(
  fc.integer({ min: 0, max: 23 }).map((hour) => hour * 3600),
  fc.integer({ min: 0, max: 86_399 }),
  fc.integer({ min: 3600, max: 4 * 3600 }),
)

const dayProfile = (id: number): fc.Arbitrary<DayProfile> =>
  fc
    .uniqueArray(fc.record({ start_s: startTimes, script: fc.integer({ min: 1, max: 8 }) }), {
      minLength: 1,
      maxLength: 6,
      selector: ({ start_s }) => start_s,
    })
    .map((switches) => ({ id, switches: switches.sort((a, b) => a.start_s - b.start_s) }))

const name = (index: number) => ['', 'w', 'Sommer', 'octets ÿ\u0000'][index]

/** Calendars without errors. */
export const calendars: fc.Arbitrary<ActivityCalendar> = fc
  .uniqueArray(fc.nat(255), { minLength: 1, maxLength: 4 })
  .chain((ids) =>
    fc.record({
      name: fc.constantFrom('', 'tariff 7'),
      days: fc.tuple(...ids.map(dayProfile)),
      weeks: fc
        .array(fc.array(fc.constantFrom(...ids), { minLength: 7, maxLength: 7 }), { minLength: 1, maxLength: 4 })
        .map((weeks) => weeks.map((days, i) => ({ name: name(i), days }))),
      starts: fc.array(fc.tuple(datePatterns, fc.nat()), { minLength: 1, maxLength: 4 }),
    }),
  )
  .map(({ name: title, days, weeks, starts }) => ({
    name: title,
    seasons: starts.map(([start, pick], i) => ({ name: name(i), start, week: weeks[pick % weeks.length].name })),
    weeks,
    days,
  }))
  .filter((calendar) => calendarErrors(calendar).length === 0)

/** Special days, some of them with day ids that no calendar has. */
const specialDaysOf = (calendar: ActivityCalendar): fc.Arbitrary<SpecialDay[]> =>
  fc.uniqueArray(
    fc.record({
      index: fc.nat(0xffff),
      date: datePatterns,
      day: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...calendar.days.map(({ id }) => id)) }, { weight: 1, arbitrary: fc.nat(255) }),
    }),
    { maxLength: 5, selector: ({ index }) => index },
  )

export const tariffs = calendars.chain((calendar) =>
  fc.record({
    calendar: fc.constant(calendar),
    specialDays: specialDaysOf(calendar).map((days) => days.sort((a, b) => a.index - b.index)),
  }),
)
