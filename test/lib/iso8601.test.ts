import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DURATION_PATTERN, formatDuration, formatInstant, parseDuration_ms, parseInstant } from '../../src/lib/iso8601.ts'

/** Years 0000 to 9999. */
const instant = fc.integer({ min: Date.UTC(2000, 0) - 2000 * 365.2425 * 86_400_000, max: Date.UTC(9999, 11, 31, 23) })
const offset = fc.integer({ min: -14 * 60, max: 14 * 60 })

describe('instants', () => {
  test('are written as Date writes them, without an empty fraction', () => {
    fc.assert(
      fc.property(instant, (utc_ms) => {
        expect(formatInstant(utc_ms)).toBe(new Date(utc_ms).toISOString().replace('.000Z', 'Z'))
      }),
    )
  })

  test('come back, also with an offset', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 0) }), offset, (utc_ms, minutes) => {
        expect(parseInstant(formatInstant(utc_ms, minutes))).toEqual({ ok: true, value: { utc_ms, offset_min: minutes } })
        expect(Date.parse(formatInstant(utc_ms, minutes))).toBe(utc_ms)
      }),
    )
  })

  test.each([
    ['2006-12-16', '2006-12-16T00:00:00Z', undefined],
    ['2006-12-16T17:24', '2006-12-16T17:24:00Z', undefined],
    ['2006-12-16T17:24:05', '2006-12-16T17:24:05Z', undefined],
    ['2006-12-16T17:24:05.5Z', '2006-12-16T17:24:05.500Z', 0],
    ['2006-12-16T17:24:05,123999', '2006-12-16T17:24:05.123Z', undefined],
    ['2006-12-16T17:24+01:00', '2006-12-16T16:24:00Z', 60],
    ['2006-12-16T17:24-03:30', '2006-12-16T20:54:00Z', -210],
    ['2024-02-29T00:00:00-00:00', '2024-02-29T00:00:00Z', 0],
  ])('%s is %s', (text, utc, offset_min) => {
    const parsed = parseInstant(text)
    expect(parsed).toEqual({ ok: true, value: { utc_ms: Date.parse(utc), offset_min } })
  })

  test.each([
    '',
    '2006',
    '2006-12',
    '20061216',
    '2006-13-01',
    '2006-02-29',
    '2006-12-16 17:24',
    '2006-12-16T17',
    '2006-12-16T24:00',
    '2006-12-16T17:60',
    '2006-12-16T17:24:60',
    '2006-12-16T17:24:05.',
    '2006-12-16Z',
    '2006-12-16T17:24+0100',
    '2006-12-16T17:24+14:01',
    '2006-12-16T17:24+01:60',
    '2006-12-16T17:24z',
    ' 2006-12-16',
    '2006-12-16\n',
    '+002006-12-16',
    'yesterday',
    '9'.repeat(1e6),
  ])('refuses %j', (text) => {
    const parsed = parseInstant(text)
    expect(parsed.ok).toBe(false)
    if (!parsed.ok) expect(parsed.reason).toMatch(/^found ".{0,45}", allowed is /)
  })

  test('whatever is accepted, Date reads the same way', () => {
    const text = fc.stringMatching(/^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{3})?(Z|[+-][01]\d:[0-6]\d)$/)
    fc.assert(
      fc.property(text, (candidate) => {
        const parsed = parseInstant(candidate)
        if (parsed.ok) expect(parsed.value.utc_ms).toBe(Date.parse(candidate))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['21d', 1_814_400_000],
    ['1w', 604_800_000],
    ['250ms', 250],
    ['0s', 0],
    ['1d12h', 129_600_000],
    ['1w1d1h1m1s1ms', 694_861_001],
    ['PT1H30M', 5_400_000],
    ['P21D', 1_814_400_000],
    ['P1W', 604_800_000],
    ['P1DT12H', 129_600_000],
    ['PT0.5S', 500],
    ['PT1,25S', 1250],
  ])('%s is %d ms', (text, duration_ms) => {
    expect(parseDuration_ms(text)).toEqual({ ok: true, value: duration_ms })
    expect(new RegExp(DURATION_PATTERN, 'u').test(text)).toBe(!text.startsWith('P'))
  })

  test.each([
    '',
    '15',
    's',
    '1.5h',
    '-1s',
    '1h1d',
    '1m1m',
    '1 h',
    '1H',
    'P',
    'PT',
    'P1',
    'P1M',
    'P1Y',
    'P1DT',
    'PT1D',
    'pt1h',
    '1e3s',
    `${'9'.repeat(30)}w`,
  ])('refuses %j', (text) => {
    expect(parseDuration_ms(text).ok).toBe(false)
  })

  test('come back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (duration_ms) => {
        const text = formatDuration(duration_ms)
        expect(parseDuration_ms(text)).toEqual({ ok: true, value: duration_ms })
        expect(text).toMatch(new RegExp(DURATION_PATTERN, 'u'))
      }),
    )
    expect([0, 90_000, 129_600_000, 604_800_001].map(formatDuration)).toEqual(['0s', '1m30s', '1d12h', '7d1ms'])
  })

  test('no text takes long or throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseDuration_ms(text)
        parseInstant(text)
      }),
    )
  })
})
