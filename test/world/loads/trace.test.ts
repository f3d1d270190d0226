import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseTrace } from '../../../src/world/loads/trace.ts'
import { traceFromBytes, traceToBytes } from '../../../src/world/loads/trace-bytes.ts'

const HEADER = 'time_local,p_w,q_var,u_v,i_a,sub_kitchen_wh,sub_laundry_wh,sub_hvac_wh'

function trace(...rows: string[]) {
  return parseTrace([HEADER, ...rows].join('\n'), 'house.csv')
}

describe('a recorded load', () => {
  test('the household: 21 days, four missing minutes bridged, phases add up to the recorded power', () => {
    const file = 'boards/virtual/data/household_electricity_1min.csv'
    const household = parseTrace(readFileSync(file, 'utf8'), file)
    expect(household.rows).toBe(21 * 24 * 60)
    expect(household.bridged).toBe(4)
    expect(household.period_ms).toBe(60_000)
    expect([...household.active_W.subarray(0, 3)]).toEqual([4216 - 60 - 17 * 60, 60, 17 * 60])
    expect(household.voltage_cV[0]).toBe(23484)
    const { head, bytes } = traceToBytes(household)
    const padded = new Uint8Array(bytes.length + 1)
    padded.set(bytes, 1)
    expect(traceFromBytes(JSON.parse(JSON.stringify(head)), padded.subarray(1))).toEqual(household)
  })

  test('empty and missing rows repeat the row before and are counted', () => {
    const result = trace('2006-12-16T17:24,100,0,230,0,0,0,0', '2006-12-16T17:25,,,,,,,', '2006-12-16T17:28,400,0,230,0,0,0,0')
    expect(result.rows).toBe(5)
    expect(result.bridged).toBe(3)
    expect([0, 1, 2, 3, 4].map((row) => result.active_W[3 * row])).toEqual([100, 100, 100, 100, 400])
  })

  test('columns that are not there are not needed', () => {
    const result = parseTrace('p_w,time_local\n10,2020-01-01T00:00:00\n20,2020-01-01T00:00:10\n', 'x.csv')
    expect(result.period_ms).toBe(10_000)
    expect([...result.active_W]).toEqual([10, 0, 0, 20, 0, 0])
  })

  test.each([
    ['wrong columns', 'when,power\n1,2\n3,4', /^house\.csv:1: column "time_local" is missing; found when, power$/],
    [
      'no number',
      `${HEADER}\n2006-12-16T17:24,1,0,230\n2006-12-16T17:25,lots,0,230`,
      /^house\.csv:3: p_w: found "lots", allowed is -200000 to 200000$/,
    ],
    ['absurd power', `${HEADER}\n2006-12-16T17:24,1,0,230\n2006-12-16T17:25,9e9,0,230`, /^house\.csv:3: p_w: found "9e9"/],
    [
      'absurd voltage',
      `${HEADER}\n2006-12-16T17:24,1,0,23000\n2006-12-16T17:25,1,0,230`,
      /^house\.csv:2: u_v: found "23000", allowed is 0 to 500$/,
    ],
    ['no time', `${HEADER}\nyesterday,1,0,230\n2006-12-16T17:25,1,0,230`, /^house\.csv:2: time_local: /],
    [
      'times out of order',
      `${HEADER}\n2006-12-16T17:24,1\n2006-12-16T17:25,1\n2006-12-16T17:24,1`,
      /^house\.csv:4: time_local: rows must be 60 s apart/,
    ],
    ['a gap too long', `${HEADER}\n2006-12-16T17:24,1\n2006-12-16T17:25,1\n2006-12-17T17:26,1`, /^house\.csv:4: gap of 1440 rows/],
    ['first row empty', `${HEADER}\n2006-12-16T17:24,\n2006-12-16T17:25,1`, /^house\.csv:2: the first row must not be empty$/],
    ['too short', HEADER, /^house\.csv:1: a header and at least two rows/],
  ])('%s is refused with file and line', (_name, text, message) => {
    expect(() => parseTrace(text, 'house.csv')).toThrow(message)
  })
})
