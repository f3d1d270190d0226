import { beforeEach, describe, expect, test } from 'vitest'
import { DemandStatus } from '../../../src/core/demand/demand.ts'
import { READING_CLIENT } from '../../../src/meter/views/dlms-clients.ts'
import { objectsOf } from '../../protocols/dlms/bytes.ts'
import { BillingMeter } from './billing-meter.ts'
import { Reader } from './dlms-reader.ts'

const NEVER = 'ffffffffffffffffff8000ff'
const WATT = [0, 27]
const VAR = [0, 29]

let meter: BillingMeter
let reader: Reader

beforeEach(() => {
  meter = new BillingMeter({ start: '2026-01-05T20:30:00Z' })
  reader = new Reader(meter, READING_CLIENT)
})

const all = (classId: number, name: string, attributes: readonly number[]) => attributes.map((each) => reader.get(classId, name, each))

describe('demand', () => {
  test('before the first period has ended', () => {
    expect(all(5, '1.0.1.4.0.255', [2, 3, 4, 5, 6, 7, 8, 9])).toEqual([0, 0, WATT, 0, NEVER, '07ea010501151e0000ffc400', 900, 1])
    expect(all(4, '1.0.1.5.0.255', [2, 3, 4, 5])).toEqual([0, WATT, 0, NEVER])
    expect(all(4, '1.0.3.6.2.255', [2, 3, 4, 5])).toEqual([0, VAR, 0, NEVER])
    expect(all(3, '1.0.4.2.1.255', [2, 3])).toEqual([0, VAR])
  })

  test('averages follow the registers', () => {
    meter.load = 10
    meter.run(900)
    meter.load = 4
    meter.run(300)
    // 150 Wh in a quarter of an hour; 20 Wh in a third of the next.
    expect(all(5, '1.0.1.4.0.255', [2, 3, 5, 6, 7])).toEqual([80, 600, 0, '07ea010501152d0000ffc400', '07ea010501152d0000ffc400'])
    expect(all(4, '1.0.2.5.0.255', [2, 4, 5])).toEqual([600, 0, '07ea010501152d0000ffc400'])
  })

  test('each rate has its own maximum, with the end of its period', () => {
    meter.load = 10
    meter.run(1800)
    meter.load = 20
    meter.run(900)
    meter.load = 0
    meter.run(900)
    const end2215 = '07ea010501160f0000ffc400'
    expect(all(4, '1.0.1.6.0.255', [2, 4, 5])).toEqual([1200, 0, end2215])
    expect(all(4, '1.0.1.6.1.255', [2, 4, 5])).toEqual([1200, 0, end2215])
    expect(all(4, '1.0.1.6.2.255', [2, 3, 4, 5])).toEqual([600, WATT, 0, '07ea010501152d0000ffc400'])
  })

  test('the status of a period', () => {
    meter.demand.mark(DemandStatus.clockInvalid)
    meter.load = 10
    meter.run(900)
    expect(reader.get(5, '1.0.1.4.0.255', 5)).toBe(DemandStatus.clockInvalid)
    // The clock status of a time that nobody can trust.
    expect(reader.get(5, '1.0.1.4.0.255', 6)).toBe('07ea010501152d0000ffc401')
    expect(all(4, '1.0.1.6.0.255', [4, 5])).toEqual([DemandStatus.clockInvalid, '07ea010501152d0000ffc401'])
  })

  test('summer time', () => {
    meter = new BillingMeter({ start: '2026-07-01T10:00:00Z' })
    reader = new Reader(meter, READING_CLIENT)
    meter.load = 1
    meter.run(900)
    expect(reader.get(4, '1.0.1.6.0.255', 5)).toBe('07ea0701030c0f0000ff8880')
  })

  test('there is one object for each register, with units of its quantity', () => {
    const [{ objects }] = meter.devices
    const count = (classId: number, d: number) =>
      objectsOf(objects).filter(({ classId: id, logicalName }) => id === classId && new RegExp(`^1\\.0\\.\\d+\\.${d}\\.`).test(logicalName))
        .length
    expect([count(5, 4), count(4, 5), count(4, 6), count(3, 2)]).toEqual([4, 4, 12, 12])
  })
})
