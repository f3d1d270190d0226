import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { DataAccessResult } from '../../../src/protocols/dlms/apdu.ts'
import { DataTag, type DataValue } from '../../../src/protocols/dlms/axdr.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import { dateTimeToUtc, decodeDateTime, writeDateTime } from '../../../src/protocols/dlms/datetime.ts'
import { Conformance, SUPPORTED_CONFORMANCE } from '../../../src/protocols/dlms/initiate.ts'
import { readableBy } from '../../../src/protocols/dlms/objects/access.ts'
import { ProfileObject } from '../../../src/protocols/dlms/objects/profile.ts'
import type { ProfileCursor } from '../../../src/protocols/dlms/objects/profile-source.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { getNormal, TestClient } from './client.ts'
import { captured_ms, energyAt, MemoryProfile, memorySource, NOW_MS, PERIOD_S, READER } from './memory-source.ts'

const ROWS = 100
const CODE = '1.0.99.1.0.255'
const CLOCK = '0204120008090600000100 00ff0f02120000'
const ENERGY = '020412000309060100010800ff0f02120000'
const EMPTY = '0100'

const server = new DlmsServer(memorySource({ rows: ROWS }))

function dateTime(utc_ms: number, deviation_min = 0): string {
  const writer = new ByteWriter()
  writeDateTime(writer, utc_ms, deviation_min, 0)
  return toHex(writer.copy())
}

function range(from: string, to: string, selected = EMPTY, restricting = CLOCK): string {
  return `01 0204 ${restricting} ${from} ${to} ${selected}`
}

function octets(utc_ms: number, deviation_min = 0): string {
  return `090c${dateTime(utc_ms, deviation_min)}`
}

function entries(from: number, to: number, fromColumn = 1, toColumn = 0): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
  return `02 0204 06${hex(from, 8)} 06${hex(to, 8)} 12${hex(fromColumn, 4)} 12${hex(toColumn, 4)}`
}

/** Rows as numbers: a date-time becomes its instant in ms. */
function rows(data: DataValue): unknown[][] {
  if (data.tag !== DataTag.array) throw new Error('no array')
  return data.value.map((row) => {
    if (row.tag !== DataTag.structure) throw new Error('no structure')
    return row.value.map((cell) => (cell.tag === DataTag.octetString ? dateTimeToUtc(decodeDateTime(cell.value), Number) : cell.value))
  })
}

function read(selection: string, largestPdu = 0xffff): unknown[][] {
  const { data } = new TestClient(server).open({ largestPdu }).fetch(getNormal(7, CODE, 2, selection))
  const reader = new ByteReader(fromHex(data))
  const value = readData(reader, { depth: 4, elements: 10000 })
  expect(reader.remaining).toBe(0)
  return rows(value)
}

function expected(first: number, end: number): unknown[][] {
  return Array.from({ length: end - first }, (_, i) => [captured_ms(first + i, ROWS), energyAt(first + i), (first + i) & 0xff])
}

function refusal(selection: string): string | undefined {
  return new TestClient(server).open().exchange(getNormal(7, CODE, 2, selection))
}

describe('buffer', () => {
  test('whole', () => expect(read('')).toEqual(expected(0, ROWS)))
  test('whole, in tiny blocks', () => expect(read('', 20)).toEqual(expected(0, ROWS)))

  test('by range, both ends included', () => {
    expect(read(range(octets(captured_ms(10, ROWS)), octets(captured_ms(12, ROWS))))).toEqual(expected(10, 13))
    expect(read(range(octets(captured_ms(10, ROWS) + 10), octets(captured_ms(12, ROWS) - 10)))).toEqual(expected(11, 12))
    expect(read(range(octets(0), octets(NOW_MS + 1e9)))).toEqual(expected(0, ROWS))
    expect(read(range(octets(NOW_MS + 1000), octets(NOW_MS + 1e9)))).toEqual([])
    expect(read(range(octets(0), octets(1000)))).toEqual([])
    expect(read(range(octets(NOW_MS), octets(0)))).toEqual([])
  })

  test('bounds in any time zone, as type date-time too', () => {
    const from = captured_ms(50, ROWS)
    expect(read(range(octets(from, -120), octets(from + PERIOD_S * 1000, 300)))).toEqual(expected(50, 52))
    expect(read(range(`19${dateTime(from)}`, `19${dateTime(from)}`))).toEqual(expected(50, 51))
  })

  test('bounds without a deviation are local time', () => {
    const local = octets(captured_ms(50, ROWS), -60).replace(/ffc400$/, '8000ff')
    expect(read(range(local, local))).toEqual(expected(50, 51))
  })

  test('selected columns of a range, in the order asked for', () => {
    const at = octets(captured_ms(5, ROWS))
    expect(read(range(at, at, `0102${ENERGY}${CLOCK}`))).toEqual([[energyAt(5), captured_ms(5, ROWS)]])
  })

  test('a data_index of type long, as one Java library writes it', () => {
    const at = octets(captured_ms(5, ROWS))
    expect(read(range(at, at, `0101${ENERGY.replace(/120000$/, '100000')}`))).toEqual([[energyAt(5)]])
  })

  test('by entry, counted from 1', () => {
    expect(read(entries(1, 3))).toEqual(expected(0, 3))
    expect(read(entries(0, 3))).toEqual(expected(0, 3))
    expect(read(entries(99, 0))).toEqual(expected(98, ROWS))
    expect(read(entries(99, 4000))).toEqual(expected(98, ROWS))
    expect(read(entries(ROWS + 1, 0))).toEqual([])
    expect(read(entries(5, 4))).toEqual([])
    expect(read(entries(3, 3, 2, 2))).toEqual([[energyAt(2)]])
    expect(read(entries(3, 3, 2, 99))).toEqual([[energyAt(2), 2]])
  })

  test('entries captured during the transfer do not change it', () => {
    class Growing extends MemoryProfile {
      override cursor(index: number): ProfileCursor {
        const cursor = super.cursor(index)
        this.entriesInUse += 5
        return cursor
      }
    }
    const name = '0.0.99.98.0.255'
    const object = new ProfileObject({ logicalName: name, access: readableBy(READER), source: new Growing(3, 2) })
    const user = new TestClient(new DlmsServer(memorySource({ extra: [object] }))).open({ largestPdu: 40 })
    const { data } = user.fetch(getNormal(7, name, 2))
    expect(rows(readData(new ByteReader(fromHex(data))))).toHaveLength(3)
    expect(user.exchange(getNormal(7, name, 7))).toBe('c401c1000600000008')
  })

  test.each([
    ['another restricting object', range(octets(0), octets(NOW_MS), EMPTY, ENERGY), DataAccessResult.scopeOfAccessViolated],
    [
      'a column that is not captured',
      range(octets(0), octets(NOW_MS), `0101${ENERGY.replace('0108', '0208')}`),
      DataAccessResult.scopeOfAccessViolated,
    ],
    ['more columns than there are', range(octets(0), octets(NOW_MS), `0104${ENERGY.repeat(4)}`), DataAccessResult.scopeOfAccessViolated],
    ['columns past the last', entries(1, 0, 4), DataAccessResult.scopeOfAccessViolated],
    ['columns the wrong way round', entries(1, 0, 3, 2), DataAccessResult.scopeOfAccessViolated],
    ['a range of numbers', range('0600000000', '0600000001'), DataAccessResult.typeUnmatched],
    ['an impossible date', range(`090c${'07ea0d01ff0c000000000000'}`, octets(NOW_MS)), DataAccessResult.typeUnmatched],
    ['a date left open', range(`090c${'ffff0101ff0c000000000000'}`, octets(NOW_MS)), DataAccessResult.typeUnmatched],
    ['a short structure', '010200', DataAccessResult.typeUnmatched],
    ['null', '0100', DataAccessResult.typeUnmatched],
    ['an unknown selector', '0300', DataAccessResult.scopeOfAccessViolated],
  ])('%s is refused', (_name, selection, code) => {
    expect(refusal(selection)).toBe(`c401c101${code.toString(16).padStart(2, '0')}`)
  })

  test('selective access has to be negotiated', () => {
    const user = new TestClient(server).open({ conformance: SUPPORTED_CONFORMANCE & ~Conformance.selectiveAccess })
    expect(user.exchange(getNormal(7, CODE, 2, entries(1, 1)))).toBe('c401c1010d')
  })
})

describe('other attributes', () => {
  const user = new TestClient(server).open()
  test.each([
    [3, `0103${CLOCK.replace(' ', '')}${ENERGY}020412000109060000600a01ff0f02120000`],
    [4, '0600000384'],
    [5, '1601'],
    [6, CLOCK.replace(' ', '')],
    [7, '0600000064'],
    [8, '0600000fa0'],
  ])('attribute %i', (attribute, hex) => expect(user.exchange(getNormal(7, CODE, attribute))).toBe(`c401c100${hex}`))
})
