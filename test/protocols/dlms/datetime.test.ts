import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter, DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex } from '../../../src/lib/hex.ts'
import {
  ClockStatus,
  dateTimeToUtc,
  decodeDateTime,
  writeDateTime,
  writeDateTimeOctetString,
} from '../../../src/protocols/dlms/datetime.ts'
import { written } from './bytes.ts'

const asUtc = (local_ms: number): number => local_ms

function instant(hex: string): string | undefined {
  const utc_ms = dateTimeToUtc(decodeDateTime(fromHex(hex)), asUtc)
  return utc_ms === undefined ? undefined : new Date(utc_ms).toISOString()
}

describe('date-time', () => {
  test('a real meter in summer time: deviation -120 means two hours ahead of UTC', () => {
    // Kaifa, Tyrol: 2021-07-19 15:46:35 local.
    expect(instant('07e50713010f2e2300ff8880')).toBe('2021-07-19T13:46:35.000Z')
    const value = decodeDateTime(fromHex('07e50713010f2e2300ff8880'))
    expect(value).toMatchObject({ weekday: 1, deviation_min: -120, status: ClockStatus.daylightSavingActive })
    expect(written((writer) => writeDateTime(writer, Date.UTC(2021, 6, 19, 13, 46, 35), -120, 0x80))).toBe('07e50713010f2e2300ff8880')
  })

  test('octet-string form', () => {
    expect(written((writer) => writeDateTimeOctetString(writer, 0, 0, 0))).toBe('090c07b20101040000000000' + '0000')
  })

  test('every instant of six centuries survives, with its weekday', () => {
    const moments = fc.integer({ min: Date.UTC(1700, 0, 1) / 10, max: Date.UTC(2300, 0, 1) / 10 })
    fc.assert(
      fc.property(moments, fc.integer({ min: -840, max: 840 }), (hundredths, deviation_min) => {
        const utc_ms = hundredths * 10
        const writer = new ByteWriter()
        writeDateTime(writer, utc_ms, deviation_min, 0)
        const value = decodeDateTime(writer.copy())
        expect(dateTimeToUtc(value, asUtc)).toBe(utc_ms)
        const local = new Date(utc_ms - deviation_min * 60000)
        expect([value.year, value.month, value.day]).toEqual([local.getUTCFullYear(), local.getUTCMonth() + 1, local.getUTCDate()])
        expect(value.weekday).toBe(local.getUTCDay() === 0 ? 7 : local.getUTCDay())
      }),
    )
  })

  test('unspecified fields', () => {
    expect(instant('07ea0301ff0c00ffff8000ff')).toBe('2026-03-01T12:00:00.000Z')
    expect(instant('ffff0301ff0c00ffff8000ff')).toBeUndefined()
    expect(instant('07eaff01ff0c00ffff8000ff')).toBeUndefined()
    expect(instant('07eafe01ff0c00ffff8000ff')).toBeUndefined()
    // Local time of the source.
    expect(dateTimeToUtc(decodeDateTime(fromHex('07ea0301ff0c0000008000ff')), (local_ms) => local_ms - 3600000)).toBe(
      Date.UTC(2026, 2, 1, 11),
    )
  })

  test('last and second last day of a month', () => {
    expect(instant('07ec02feff00000000000000')).toBe('2028-02-29T00:00:00.000Z')
    expect(instant('07ec02fdff00000000000000')).toBe('2028-02-28T00:00:00.000Z')
    expect(instant('07ea0cfeff00000000000000')).toBe('2026-12-31T00:00:00.000Z')
  })

  test.each([
    '07ea0d01ff0c0000000000' + '00',
    '07ea0300ff0c000000000000',
    '07ea0301ff18000000000000',
    '07ea0301ff0c003c00000000',
    '07ea03',
    '07ea0301ff0c000000 7fff 00',
  ])('%s is refused', (hex) => {
    expect(() => decodeDateTime(fromHex(hex))).toThrow(DecodeError)
  })
})
