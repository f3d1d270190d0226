import { describe, expect, test } from 'vitest'
import { LAST_DAY } from '../../../src/core/tariff/date-pattern.ts'
import { TARIFF_CONFIG, tariffConfigErrors, tariffOf } from '../../../src/core/tariff/tariff-config.ts'
import { validate } from '../../../src/lib/schema-validate.ts'

function parse(input: unknown) {
  const result = validate(TARIFF_CONFIG, input)
  if (!result.ok) throw new Error(result.errors.map(({ text }) => text).join('\n'))
  return result.value
}

const SWITCHES = [
  { at: '00:00', rate: 1 },
  { at: '06:00', rate: 2 },
  { at: '22:00:30', rate: 1 },
]

describe('configuration of the tariff', () => {
  test('nothing at all is one rate', () => {
    const config = parse({})
    expect(tariffConfigErrors(config)).toEqual([])
    expect(tariffOf(config)).toMatchObject({
      rates: 1,
      rateWithoutClock: 1,
      specialDays: [],
      calendar: { name: '1', days: [{ id: 1, switches: [{ start_s: 0, script: 1 }] }] },
    })
  })

  test('a day alone holds all year', () => {
    const config = parse({ rates: 2, days: [{ id: 7, switches: SWITCHES }] })
    expect(tariffConfigErrors(config)).toEqual([])
    const { calendar } = tariffOf(config)
    expect(calendar.weeks).toEqual([{ name: '1', days: [7, 7, 7, 7, 7, 7, 7] }])
    expect(calendar.seasons).toEqual([{ name: '1', start: { month: 1, day: 1 }, week: '1' }])
    expect(calendar.days[0].switches.map(({ start_s }) => start_s)).toEqual([0, 21_600, 79_230])
  })

  test('all there is', () => {
    const config = parse({
      rates: 2,
      name: 'home',
      seasons: [
        { name: 'summer', start: '03-last sun', week: 'all' },
        { name: 'winter', start: '10-01 mon', week: 'all' },
      ],
      weeks: [{ name: 'all', days: [1, 1, 1, 1, 1, 2, 2] }],
      days: [
        { id: 1, switches: SWITCHES },
        { id: 2, switches: [{ at: '00:00', rate: 1 }] },
      ],
      specialDays: [
        { date: '12-25', day: 2 },
        { date: '2027-05-06', day: 2 },
      ],
    })
    expect(tariffConfigErrors(config)).toEqual([])
    const { calendar, specialDays } = tariffOf(config)
    expect(calendar.seasons.map(({ start }) => start)).toEqual([
      { month: 3, day: LAST_DAY, weekday: 7 },
      { month: 10, day: 1, weekday: 1 },
    ])
    expect(specialDays).toEqual([
      { index: 0, date: { month: 12, day: 25 }, day: 2 },
      { index: 1, date: { year: 2027, month: 5, day: 6 }, day: 2 },
    ])
  })

  test('errors name the field', () => {
    const wrong = parse({
      rates: 1,
      rateWithoutClock: 2,
      seasons: [{ name: 's', start: '02-30', week: 'x' }],
      days: [{ id: 1, switches: SWITCHES }],
      specialDays: [{ date: '13-01', day: 9 }],
    })
    expect(tariffConfigErrors(wrong)).toEqual([
      'tariff.seasons[0].start: found day 30 of month 2, which does not exist',
      'tariff.days[0].switches[1]: script 2, allowed is 1..1',
      'tariff.specialDays[0].date: found month 13, allowed is 1..12 or any',
      'tariff.specialDays[0].day: found 9, which is no day profile',
      'tariff.rateWithoutClock: found 2, allowed is 1..1',
    ])
    expect(tariffConfigErrors(parse({ weeks: [{ name: 'w', days: [1, 1, 1, 1, 1, 1, 3] }] }))).toEqual([
      'tariff.weeks[0].days[6]: found 3, which is no day profile',
    ])
    for (const [input, text] of [
      [{ days: [{ id: 1, switches: [{ at: '24:00', rate: 1 }] }] }, 'a local time such as "06:00"'],
      [{ days: [{ id: 1, switches: [] }] }, 'a list of 1..24 entries'],
      [{ weeks: [{ name: 'w', days: [1] }] }, 'a list of 7..7 entries'],
      [{ specialDays: [{ date: '25.12.', day: 1 }] }, 'a date such as "12-25"'],
      [{ rates: 9 }, 'an integer 1..8'],
    ] as const) {
      expect(() => parse(input)).toThrow(text)
    }
  })
})
