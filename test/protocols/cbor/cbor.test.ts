import { decode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { decodeUplink } from '../../../src/protocols/cbor/decode.ts'
import { type CborReading, encodeFlag, type ProfileRow, packRows, splitReadings } from '../../../src/protocols/cbor/encode.ts'
import { CborKey, type CborName, CborSpecial } from '../../../src/protocols/cbor/keys-table.ts'

const TIME = 1_800_000_000
const names = (Object.keys(CborKey) as CborName[]).filter((name) => name !== 'time')
const readings = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })), {
  maxLength: 35,
  selector: ([name]) => name,
})
const foreign = (payload: Uint8Array): Map<number, unknown> => decode(payload, { useMaps: true, strict: true })

test('keys have one byte each and one meaning each', () => {
  const keys = [...Object.values(CborKey), ...Object.values(CborSpecial)]
  expect(new Set(keys).size).toBe(keys.length)
  for (const key of keys) expect(key >= -24 && key <= 23).toBe(true)
})

describe('readings', () => {
  test('fit, say what they should to a foreign decoder, and come in order', () => {
    fc.assert(
      fc.property(readings, fc.integer({ min: 11, max: 242 }), (list: CborReading[], room) => {
        const found: [number, unknown][] = []
        for (const piece of splitReadings(TIME, list, room)) {
          expect(piece.length).toBeLessThanOrEqual(room)
          const pairs = [...foreign(piece)]
          if (pairs[0][0] === 0) expect(pairs.shift()?.[1]).toBe(TIME)
          found.push(...pairs)
          expect(decodeUplink(piece).readings.filter(([name]) => name !== 'time')).toEqual(
            pairs.map(([key, value]) => [names.find((name) => CborKey[name] === key), value]),
          )
        }
        expect(found).toEqual(list.map(([name, value]) => [CborKey[name], value]))
      }),
    )
  })

  test('a usual report is a third shorter than in TLV', () => {
    const report: CborReading[] = [
      ['activeImport', 12_345_678],
      ['activeExport', 0],
      ['activePower', 1150],
      ['voltageL1', 2301],
      ['currentL1', 5012],
      ['frequency', 5000],
    ]
    const [payload] = splitReadings(TIME, report, 51)
    expect(toHex(payload)).toBe(`a7001a${TIME.toString(16)}011a00bc614e02000519047e071908fd0a191394${'06191388'}`)
    expect(payload.length).toBe(31)
  })
})

describe('the profile', () => {
  const rows = fc.array(
    fc.record({
      time: fc.integer({ min: TIME, max: 2 ** 32 - 1 }),
      status: fc.integer({ min: 0, max: 255 }),
      values: fc.tuple(
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { nil: undefined }),
        fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { nil: undefined }),
      ),
    }),
    { minLength: 1, maxLength: 30 },
  )

  test('as many rows as fit come back as they were', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 11, max: 242 }), (list: ProfileRow[], room) => {
        const columns = list[0].values.map((value) => value !== undefined)
        const same = list.map((row) => ({ ...row, values: row.values.map((value, i) => (columns[i] ? (value ?? 0) : undefined)) }))
        const packed = packRows(same, room)
        if (packed === undefined) throw new Error('nothing fits')
        expect(packed.payload.length).toBeLessThanOrEqual(room)
        expect(foreign(packed.payload).has(CborSpecial.profile)).toBe(true)
        const { profile } = decodeUplink(packed.payload)
        expect(profile).toHaveLength(packed.count)
        for (const [i, row] of profile.entries()) {
          expect(row.time).toBe(same[i].time)
          expect(row.values[0]).toBe(
            packed.payload.length === 11 && row.values.length === 1 ? (same[i].values[0] ?? 0) % 2 ** 32 : same[i].values[0],
          )
        }
      }),
    )
  })

  test('a day of quarters is 16 uplinks of 51 bytes', () => {
    const day = Array.from(
      { length: 96 },
      (_, i): ProfileRow => ({ time: TIME + 900 * i, status: 0, values: [1_000_000 + 250 * i, undefined] }),
    )
    let uplinks = 0
    for (let at = 0; at < day.length; uplinks++) at += packRows(day.slice(at), 51)?.count ?? Number.NaN
    expect(uplinks).toBe(16)
  })

  test('with 11 bytes there is room for the time and the import', () => {
    const packed = packRows([{ time: TIME, status: 0, values: [0x1_2345_6789] }], 11)
    expect(toHex(packed?.payload ?? new Uint8Array())).toBe(`a11648${TIME.toString(16)}23456789`)
    expect(packRows([{ time: TIME, status: 0, values: [1] }], 10)).toBeUndefined()
  })
})

test('flags', () => {
  expect(toHex(encodeFlag('relay', true))).toBe('a12ef5')
  expect(decodeUplink(encodeFlag('done', false)).flags).toEqual([['done', false]])
})

test('foreign bytes are understood or refused with DecodeError, unknown keys passed over', () => {
  expect(decodeUplink(fromHex('a21818010102')).readings).toEqual([['activeImport', 2]])
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeUplink(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }),
  )
})
