import { beforeEach, describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import type { DataValue } from '../../../src/protocols/dlms/axdr.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import { writeDateTimeOctetString } from '../../../src/protocols/dlms/datetime.ts'
import { ImageStatus } from '../../../src/protocols/dlms/objects/image-transfer.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { ascii } from './bytes.ts'
import { actionNormal, getNormal, octetString, setNormal, TestClient } from './client.ts'
import { MANAGER, MANAGER_SECRET, ManagedMeter } from './managed-source.ts'
import { NOW_MS, READER } from './memory-source.ts'

const IMAGE = '0.0.44.0.0.255'
const CLOCK = '0.0.1.0.0.255'
const SCHEDULE = '0.0.15.0.2.255'
const SCRIPTS = '0.0.10.0.107.255'
const ZERO = '0f00'

let meter: ManagedMeter
let manager: TestClient

beforeEach(() => {
  meter = new ManagedMeter()
  manager = new TestClient(new DlmsServer(meter), MANAGER).open({ secret: MANAGER_SECRET })
})

/** Plain numbers, booleans and lists; octet-strings as hexadecimal text. */
function plain({ value }: DataValue): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  return Array.isArray(value) ? value.map(plain) : value
}

function get(classId: number, name: string, attribute: number): unknown {
  return plain(readData(new ByteReader(fromHex(manager.fetch(getNormal(classId, name, attribute)).data))))
}

/** The Data-Access-Result. */
function set(classId: number, name: string, attribute: number, value: string): number {
  const response = manager.exchange(setNormal(classId, name, attribute, value)) ?? ''
  expect(response).toMatch(/^c501c1..$/)
  return Number.parseInt(response.slice(6), 16)
}

/** The Action-Result. */
function act(classId: number, name: string, method: number, parameter = ZERO): number {
  const response = manager.exchange(actionNormal(classId, name, method, parameter)) ?? ''
  expect(response).toMatch(/^c701c1..00$/)
  return Number.parseInt(response.slice(6, 8), 16)
}

function unsigned(value: number): string {
  return `06${value.toString(16).padStart(8, '0')}`
}

describe('image transfer', () => {
  const image = Uint8Array.from({ length: 700 }, (_, i) => (i === 0 ? 0x46 : i & 0xff))
  const initiate = () => act(18, IMAGE, 1, `0202${octetString(ascii('FW 2'))}${unsigned(image.length)}`)
  const transfer = (block: number) =>
    act(18, IMAGE, 2, `0202${unsigned(block)}${octetString(image.subarray(64 * block, 64 * (block + 1)))}`)
  const status = () => get(18, IMAGE, 6)

  test('before anything', () => {
    expect([2, 4, 5, 6, 7].map((attribute) => get(18, IMAGE, attribute))).toEqual([64, 0, true, 0, []])
    expect(manager.exchange(getNormal(18, IMAGE, 3))).toBe('c401c1000400')
    expect([act(18, IMAGE, 3), act(18, IMAGE, 4), transfer(0)]).toEqual([250, 250, 3])
  })

  test('blocks in any order, then verify and activate', () => {
    expect(initiate()).toBe(0)
    expect([status(), get(18, IMAGE, 4)]).toEqual([ImageStatus.initiated, 0])
    for (const block of [0, 1, 10, 3]) expect(transfer(block)).toBe(0)
    // 11 blocks, the first bit first.
    expect(manager.exchange(getNormal(18, IMAGE, 3))).toBe('c401c100040bd020')
    expect(get(18, IMAGE, 4)).toBe(2)
    expect(act(18, IMAGE, 3)).toBe(250)
    for (const block of [2, 4, 5, 6, 7, 8, 9]) expect(transfer(block)).toBe(0)
    expect(manager.exchange(getNormal(18, IMAGE, 3))).toBe('c401c100040bffe0')
    expect(get(18, IMAGE, 4)).toBe(11)
    expect([act(18, IMAGE, 3), status(), act(18, IMAGE, 3), status()]).toEqual([2, 2, 0, 3])
    expect(get(18, IMAGE, 7)).toEqual([[700, toHex(ascii('FW 2')), '01020304']])
    expect([act(18, IMAGE, 4), status(), meter.image.activated]).toEqual([0, 6, 1])
    expect(meter.image.image).toEqual(image)
  })

  test('a block outside, a block of another length, and one while it is disabled are refused', () => {
    initiate()
    expect(transfer(11)).toBe(250)
    expect(act(18, IMAGE, 2, `0202${unsigned(0)}0901ff`)).toBe(250)
    expect(set(18, IMAGE, 5, '0300')).toBe(0)
    expect([get(18, IMAGE, 5), transfer(0), initiate()]).toEqual([false, 3, 3])
    expect(set(18, IMAGE, 5, '0301')).toBe(0)
    expect(transfer(0)).toBe(0)
  })

  test.each([
    ['an identifier that is a text', 1, `02020a0141${unsigned(5)}`],
    ['a size of another type', 1, '0202090141120100'],
    ['a block number of another type', 2, '02021200000901ff'],
    ['a block without data', 2, `0201${unsigned(0)}`],
    ['an array', 1, `0102090141${unsigned(5)}`],
    ['a number other than an integer', 3, unsigned(0)],
  ])('%s is of the wrong type', (_name, method, parameter) => {
    expect(act(18, IMAGE, method as number, parameter as string)).toBe(12)
  })

  test('other attributes cannot be written, and the flag is a boolean', () => {
    expect([set(18, IMAGE, 6, '1603'), set(18, IMAGE, 5, '1101')]).toEqual([3, 12])
  })

  test('a reading client does not see it', () => {
    const reader = new TestClient(new DlmsServer(meter), READER).open()
    expect(reader.exchange(getNormal(18, IMAGE, 2))).toBe('c401c10103')
    expect(reader.exchange(actionNormal(18, IMAGE, 4, ZERO))).toBe('c701c10300')
  })
})

describe('script table', () => {
  test('says what its script does', () => {
    expect(get(9, SCRIPTS, 2)).toEqual([[1, [[2, 18, '00002c0000ff', 4, 0]]]])
  })

  test('executes it', () => {
    expect([act(9, SCRIPTS, 1, '120001'), act(9, SCRIPTS, 1, '120002'), act(9, SCRIPTS, 1, '1101')]).toEqual([250, 250, 12])
    meter.image.status = ImageStatus.verificationSuccessful
    expect([act(9, SCRIPTS, 1, '120001'), meter.image.activated]).toEqual([0, 1])
  })
})

describe('single action schedule', () => {
  const entry = (time: string, date: string) => `0202${'0904'}${time}${'0905'}${date}`
  /** 2026-03-02, a Monday. */
  const DATE = '07ea030201'

  test('names its script, and takes no wildcards', () => {
    expect([get(22, SCHEDULE, 2), get(22, SCHEDULE, 3), get(22, SCHEDULE, 4)]).toEqual([['00000a006bff', 1], 2, []])
  })

  test('keeps one local time, and gives it back', () => {
    expect(set(22, SCHEDULE, 4, `0101${entry('031e0f00', DATE)}`)).toBe(0)
    expect(meter.scheduled_ms).toBe(Date.UTC(2026, 2, 2, 2, 30, 15))
    expect(get(22, SCHEDULE, 4)).toEqual([['031e0f00', DATE]])
    expect(set(22, SCHEDULE, 4, '0100')).toBe(0)
    expect(meter.scheduled_ms).toBeUndefined()
  })

  test.each([
    ['a wildcard in the hour', `0101${entry('ff1e0000', DATE)}`, 250],
    ['a wildcard in the year', `0101${entry('031e0000', 'ffff030201')}`, 250],
    ['the last day of a month', `0101${entry('031e0000', '07ea03feff')}`, 250],
    ['a day that does not exist', `0101${entry('031e0000', '07ea021eff')}`, 250],
    ['nothing but wildcards', `0101${entry('ffffffff', 'ffffffffff')}`, 250],
    ['a time that is over', `0101${entry('031e0000', '07ea020101')}`, 250],
    ['two times', `0102${entry('031e0000', DATE)}${entry('041e0000', DATE)}`, 250],
    ['an hour 24', `0101${entry('181e0000', DATE)}`, 12],
    ['a month 13', `0101${entry('031e0000', '07ea0d0201')}`, 12],
    ['a time of three bytes', `010102020903031e000905${DATE}`, 12],
    ['a date-time', '090c07ea030201031e0f00ffc400', 12],
    ['a structure of one', `01010201${'0904'}031e0000`, 12],
  ])('%s is refused', (_name, value, result) => {
    meter.scheduled_ms = 1e15
    expect(set(22, SCHEDULE, 4, value)).toBe(result)
    expect(meter.scheduled_ms).toBe(1e15)
  })

  test('weekday and hundredths may be left open', () => {
    expect(set(22, SCHEDULE, 4, `0101${entry('031e00ff', '07ea0302ff')}`)).toBe(0)
    expect(meter.scheduled_ms).toBe(Date.UTC(2026, 2, 2, 2, 30, 0))
  })
})

describe('clock', () => {
  test.each([
    ['with its deviation', '090c07ea030207081e0f32ff8880', Date.UTC(2026, 2, 2, 6, 30, 15, 500)],
    ['without a deviation', '090c07ea0302ff081e0fff8000ff', Date.UTC(2026, 2, 2, 7, 30, 15)],
    ['as date-time', '1907ea0302ff081e0fff8000ff', Date.UTC(2026, 2, 2, 7, 30, 15)],
  ])('is set %s', (_name, value, utc_ms) => {
    expect(set(8, CLOCK, 2, value)).toBe(0)
    expect(meter.utc_ms).toBe(utc_ms)
  })

  test.each([
    ['no year', '090cffff0302ff081e0fff8000ff', 250],
    ['no second', '090c07ea0302ff081effff8000ff', 250],
    ['30 February', '090c07ea021eff081e0fff8000ff', 250],
    ['a time that the meter cannot keep', '090c08340302ff081e0fff8000ff', 250],
    ['minute 60', '090c07ea0302ff083c0fff8000ff', 12],
    ['eleven bytes', '090b07ea0302ff081e0fff8000', 12],
    ['a number', '0600000000', 12],
  ])('%s is refused', (_name, value, result) => {
    expect(set(8, CLOCK, 2, value)).toBe(result)
    expect(meter.utc_ms).toBe(NOW_MS)
  })

  test('adjusts to the nearest quarter, period and minute, and shifts', () => {
    meter.utc_ms = NOW_MS + 461_500
    expect([act(8, CLOCK, 3), meter.utc_ms]).toEqual([0, NOW_MS + 480_000])
    expect([act(8, CLOCK, 1), meter.utc_ms]).toEqual([0, NOW_MS + 900_000])
    expect([act(8, CLOCK, 2), meter.utc_ms]).toEqual([0, NOW_MS + 1_800_000])
    expect([act(8, CLOCK, 6, '10fffe'), meter.utc_ms]).toEqual([0, NOW_MS + 1_798_000])
    expect([act(8, CLOCK, 6, '100384'), act(8, CLOCK, 6, '100385'), act(8, CLOCK, 6, '0f01')]).toEqual([0, 250, 12])
  })

  test('a preset time is taken once, and only between its two times', () => {
    // Octet-strings of local time with the deviation of UTC.
    const time = (minutes: number) => {
      const writer = new ByteWriter()
      writeDateTimeOctetString(writer, meter.utc_ms + minutes * 60_000, 0, 0)
      return toHex(writer.copy())
    }
    const preset = (minutes: number, from: number, until: number) => act(8, CLOCK, 5, `0203${time(minutes)}${time(from)}${time(until)}`)
    expect([act(8, CLOCK, 4), act(8, CLOCK, 5)]).toEqual([250, 12])
    expect([preset(10, 5, 1), preset(10, 1, 5), act(8, CLOCK, 4)]).toEqual([250, 0, 250])
    const before_ms = meter.utc_ms
    expect([preset(10, -5, 5), act(8, CLOCK, 4), act(8, CLOCK, 4)]).toEqual([0, 0, 250])
    expect(Math.abs(meter.utc_ms - before_ms - 600_000)).toBeLessThan(10)
    expect(act(8, CLOCK, 5, '0203090009000900')).toBe(12)
  })

  test('only its time can be written', () => expect(set(8, CLOCK, 3, '10003c')).toBe(3))
})

test('push setup', () => {
  const name = '0.4.25.9.0.255'
  expect(get(40, name, 2)).toEqual([
    [1, '00002a0000ff', 2, 0],
    [40, '0004190900ff', 1, 0],
    [8, '0000010000ff', 2, 0],
  ])
  expect(get(40, name, 3)).toEqual([1, toHex(ascii('192.0.2.1:4059')), 0])
  expect([4, 5, 6, 7].map((attribute) => get(40, name, attribute))).toEqual([[], 0, 2, 30])
  expect(set(40, name, 6, '1105')).toBe(3)
})

test('the object list tells each client what it may write and invoke', () => {
  type Element = [number, number, string, [[number, number, unknown][], [number, number][]]]
  const list = get(15, '0.0.40.0.0.255', 2) as Element[]
  const rights = (classId: number) => list.find(([id]) => id === classId)?.[3]
  expect(rights(18)?.[0].map(([, access]) => access)).toEqual([1, 1, 1, 1, 3, 1, 1])
  expect(rights(18)?.[1].map(([, access]) => access)).toEqual([1, 1, 1, 1])
  expect(rights(8)?.[1].map(([, access]) => access)).toEqual([1, 1, 1, 1, 1, 1])
})
