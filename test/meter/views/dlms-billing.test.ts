import { beforeEach, describe, expect, test } from 'vitest'
import { ProfileStatus } from '../../../src/core/events/codes.ts'
import { READING_CLIENT } from '../../../src/meter/views/dlms-clients.ts'
import { actionNormal } from '../../protocols/dlms/client.ts'
import { BillingMeter } from './billing-meter.ts'
import { Reader } from './dlms-reader.ts'

const BILLING = '0.0.98.1.0.255'
const DAILY = '1.0.99.2.0.255'
const MONTHLY = '0.0.98.2.0.255'
const QUALITY = '1.0.99.1.1.255'
const NEVER = 'ffffffffffffffffff8000ff'
const DAY_S = 86_400

let meter: BillingMeter
let manager: Reader

beforeEach(() => {
  meter = new BillingMeter({ start: '2026-01-30T22:00:00Z' })
  manager = new Reader(meter)
})

type Columns = [number, string, number, number][]
/** Number of a column in each row. */
const columnOf = (name: string, attribute: number, profile = BILLING) =>
  (manager.get(7, profile, 3) as Columns).findIndex(([, logicalName, index]) => logicalName === name && index === attribute)

const rows = (profile = BILLING, selection = '') => manager.get(7, profile, 2, selection) as unknown[][]
const date = (text: string) => `090c${text}`
const range = (from: string, to: string) => `010204020412000809060000010000ff0f02120000${date(from)}${date(to)}0100`
const entries = (from: number, to: number) => `020204060000000${from}060000000${to}120001120000`

describe('end of billing', () => {
  test('nothing yet', () => {
    expect(['1.0.0.1.0.255', '1.0.0.1.1.255', '1.0.0.1.2.255'].map((name) => manager.get(1, name, 2))).toEqual([0, 0, NEVER])
    expect([rows(), manager.get(7, BILLING, 7), manager.get(7, BILLING, 8)]).toEqual([[], 0, 13])
    expect(manager.get(1, '0.0.96.10.5.255', 2)).toBe(0)
  })

  test('at the end of the month: counter, time stamp, row', () => {
    meter.load = 10
    meter.run(2 * DAY_S)
    // Midnight of 1 February, local time: 25 hours and 60 minutes after the start.
    const stamp = '07ea02010700000000ffc400'
    expect(['1.0.0.1.0.255', '1.0.0.1.1.255', '1.0.0.1.2.255'].map((name) => manager.get(1, name, 2))).toEqual([1, 1, stamp])
    const [row] = rows()
    expect(row.slice(0, 3)).toEqual([stamp, 0, 1])
    const wattHours = 25 * 600
    expect(row[columnOf('0100010800ff', 2)]).toBe(wattHours)
    const [night, day] = [row[columnOf('0100010801ff', 2)], row[columnOf('0100010802ff', 2)]] as number[]
    expect(night + day).toBe(wattHours)
    expect(row[columnOf('0100010600ff', 2)]).toBe(600)
    expect(row[columnOf('0100010600ff', 5)]).toBe('07ea011e05170f0000ffc400')
    expect(row[columnOf('0100010200ff', 2)]).toBe(0)
    expect(manager.get(3, '1.0.1.2.0.255', 2)).toBe(600)
  })

  test('the script ends a period once within the block-out time', () => {
    meter.load = 10
    meter.run(3600)
    expect(manager.act(9, '0.0.10.0.1.255', 1, '120001')).toBe(0)
    expect(manager.act(9, '0.0.10.0.1.255', 1, '120001')).toBe(2)
    expect(manager.act(9, '0.0.10.0.1.255', 1, '120002')).toBe(250)
    expect([rows().length, manager.get(1, '1.0.0.1.0.255', 2)]).toEqual([1, 1])
    meter.run(900)
    expect(manager.act(9, '0.0.10.0.1.255', 1, '120001')).toBe(0)
    expect(rows().map((row) => row[2])).toEqual([1, 2])
    expect(meter.commands).toEqual(['end', 'end', 'end'])
    expect(manager.get(9, '0.0.10.0.1.255', 2)).toEqual([[1, [[2, 7, '0000620100ff', 2, 0]]]])
  })

  test('the reading client does not execute it', () => {
    const reader = new Reader(meter, READING_CLIENT)
    expect(reader.get(9, '0.0.10.0.1.255', 2)).toHaveLength(1)
    expect(reader.client.exchange(actionNormal(9, '0.0.10.0.1.255', 1, '120001'))).toBe('d80102')
    expect(meter.commands).toEqual([])
  })

  test('the schedule: the first of each month at midnight', () => {
    expect([2, 3, 4].map((attribute) => manager.get(22, '0.0.15.0.0.255', attribute))).toEqual([
      ['00000a0001ff', 1],
      1,
      [['00000000', 'ffffff01ff']],
    ])
  })

  test('columns are the registers of a snapshot, each with an object', () => {
    const columns = manager.get(7, BILLING, 3) as Columns
    expect(columns.slice(0, 3)).toEqual([
      [8, '0000010000ff', 2, 0],
      [1, '0000600a05ff', 2, 0],
      [1, '0100000100ff', 2, 0],
    ])
    // Ten energies, four of them with two rates; maxima with their times, and cumulative maxima.
    expect(columns).toHaveLength(3 + 10 + 8 + 24 + 12)
    for (const [classId, name, attribute] of columns.slice(1)) {
      // Energies are objects of another view.
      if (Number.parseInt(name.slice(6, 8), 16) === 8) continue
      expect(() => manager.get(classId, [...Buffer.from(name, 'hex')].join('.'), attribute), `${classId} ${name}`).not.toThrow()
    }
  })

  test('rows by entry and by time, oldest first; only as many as the depth', () => {
    meter.load = 1
    for (let i = 0; i < 15; i++) {
      meter.run(3600)
      manager.act(9, '0.0.10.0.1.255', 1, '120001')
    }
    const numbers = (selection = '') => rows(BILLING, selection).map((row) => row[2])
    expect(numbers()).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    expect(numbers(entries(2, 3))).toEqual([4, 5])
    // From the end of number 6 to that of number 8: 05:00 and 07:00 local time.
    expect(numbers(range('07ea011fff050000008000ff', '07ea011fff070000008000ff'))).toEqual([6, 7, 8])
    expect(numbers(range('07eb0101ff000000008000ff', '07ec0101ff000000008000ff'))).toEqual([])
    expect(manager.get(7, BILLING, 7)).toBe(13)
  })

  test('a snapshot that cannot be read keeps its place', () => {
    manager.act(9, '0.0.10.0.1.255', 1, '120001')
    meter.run(3600)
    meter.billing.log.append(1, 0, meter.now_s, Uint8Array.of(99))
    meter.run(3600)
    manager.act(9, '0.0.10.0.1.255', 1, '120001')
    const all = rows()
    expect(all.map((row) => row[2])).toEqual([1, null, 2])
    expect(new Set(all[1])).toEqual(new Set([null]))
    expect(rows(BILLING, range('07ea011fff001e00008000ff', '07eb0101ff000000008000ff'))).toEqual(all.slice(2))
  })

  test('a value that an older firmware did not store is null', () => {
    const older = new BillingMeter({ start: '2026-01-30T22:00:00Z', rates: 2 })
    meter = new BillingMeter({ start: '2026-01-30T22:00:00Z', rates: 3 })
    manager = new Reader(meter)
    older.run(3600)
    new Reader(older).act(9, '0.0.10.0.1.255', 1, '120001')
    const cursor = older.billing.cursor()
    expect(cursor.next()).toBe(true)
    meter.billing.log.append(1, 0, cursor.utc_s, cursor.payload)
    const [row] = rows()
    expect([row[columnOf('0100010802ff', 2)], row[columnOf('0100010803ff', 2)]]).toEqual([0, null])
    expect([row[columnOf('0100010603ff', 2)], row[columnOf('0100010603ff', 5)], row[columnOf('0100010203ff', 2)]]).toEqual([
      null,
      null,
      null,
    ])
  })

  test('eight rates come in blocks that fit a small PDU', () => {
    meter = new BillingMeter({ start: '2026-01-30T22:00:00Z', rates: 8 })
    manager = new Reader(meter, undefined, 128)
    meter.load = 7
    meter.run(2 * DAY_S)
    manager.act(9, '0.0.10.0.1.255', 1, '120001')
    const all = rows()
    expect(all.map((row) => [row.length, row[2]])).toEqual([
      [3 + 10 + 32 + 72 + 36, 1],
      [3 + 10 + 32 + 72 + 36, 2],
    ])
    expect(all[1][columnOf('0100010800ff', 2)]).toBe(2 * 24 * 420)
  })
})

describe('profiles', () => {
  test('daily and monthly values', () => {
    meter.load = 10
    meter.run(2 * DAY_S)
    expect(rows(DAILY).map((row) => row.slice(0, 3))).toEqual([
      ['07ea011f0600000000ffc400', 0, 600],
      ['07ea02010700000000ffc400', 0, 15_000],
    ])
    expect(rows(MONTHLY).map((row) => row.slice(0, 3))).toEqual([['07ea02010700000000ffc400', 0, 15_000]])
    expect([4, 7, 8].map((attribute) => [manager.get(7, DAILY, attribute), manager.get(7, MONTHLY, attribute)])).toEqual([
      [86_400, 0],
      [2, 1],
      [40, 13],
    ])
    expect((manager.get(7, DAILY, 3) as Columns).map(([, name]) => name)).toEqual([
      '0000010000ff',
      '0000600a02ff',
      ...['0100010800ff', '0100010801ff', '0100010802ff', '0100020800ff', '0100020801ff', '0100020802ff'],
    ])
  })

  test('the status of the newest entry', () => {
    meter.daily.mark(ProfileStatus.clockAdjusted)
    meter.run(DAY_S)
    expect(['0.0.96.10.2.255', '0.0.96.10.3.255', '0.0.96.10.4.255'].map((name) => manager.get(1, name, 2))).toEqual([0x20, 0, 0])
    expect(rows(DAILY)[0][1]).toBe(0x20)
  })

  test('power quality: values, and registers that say what they are', () => {
    meter.run(1200)
    const all = rows(QUALITY)
    expect(all).toHaveLength(2)
    expect(all[1].slice(1)).toEqual([0, 600, 2300, 2300, 2301, 2290, 2290, 2290, 2310, 2310, 2310, 5001, 5001, 5002, 23, 24, 25])
    const columns = manager.get(7, QUALITY, 3) as Columns
    const shown = columns.slice(2).map(([classId, name]) => {
      const text = [...Buffer.from(name, 'hex')].join('.')
      return [manager.get(classId, text, 2), manager.get(classId, text, 3)]
    })
    expect(shown.map(([value]) => value)).toEqual(all[1].slice(2))
    expect([0, 1, 10, 13].map((index) => shown[index][1])).toEqual([
      [0, 7],
      [-1, 35],
      [-2, 44],
      [-1, 56],
    ])
  })

  test('before the first entry the registers are 0', () => {
    expect(manager.get(3, '1.0.32.24.0.255', 2)).toBe(0)
  })

  test('only the newest entries are there, and a range finds them', () => {
    meter.run(45 * DAY_S)
    const all = rows(DAILY)
    expect([all.length, all[0][0], all[39][0]]).toEqual([40, '07ea02050400000000ffc400', '07ea03100100000000ffc400'])
    expect(rows(DAILY, entries(1, 2)).map((row) => row[0])).toEqual([all[0][0], all[1][0]])
    expect(rows(DAILY, range('07ea0101ff000000008000ff', '07ea0206ff000000008000ff'))).toEqual(all.slice(0, 2))
  })
})
