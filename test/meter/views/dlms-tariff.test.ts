import { beforeEach, describe, expect, test } from 'vitest'
import { FerrarisError } from '../../../src/lib/errors.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { PUBLIC_CLIENT, READING_CLIENT } from '../../../src/meter/views/dlms-clients.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { ratesOf } from '../../core/tariff/rig.ts'
import { ascii, objectsOf } from '../../protocols/dlms/bytes.ts'
import { getNormal, octetString, TestClient } from '../../protocols/dlms/client.ts'
import { BillingMeter, DAY_AND_NIGHT } from './billing-meter.ts'
import { Reader } from './dlms-reader.ts'

const CALENDAR = '0.0.13.0.0.255'
const SPECIAL_DAYS = '0.0.11.0.0.255'
const SCRIPTS = '00000a0064ff'
const NEVER = 'ffffffffffffffffff8000ff'

let meter: BillingMeter
let manager: Reader

beforeEach(() => {
  meter = new BillingMeter()
  manager = new Reader(meter)
})

const byte = (value: number) => value.toString(16).padStart(2, '0')
const text = (name: string) => toHex(ascii(name))
const name = (value: string) => octetString(ascii(value))
const season = (title: string, start: string, week: string) => `0203${name(title)}090c${start}${name(week)}`
const week = (title: string, ...days: number[]) => `0208${name(title)}${days.map((id) => `11${byte(id)}`).join('')}`
const action = (time: string, selector: number, table = SCRIPTS) => `02030904${time}0906${table}1200${byte(selector)}`
const day = (id: number, ...actions: string[]) => `020211${byte(id)}01${byte(actions.length)}${actions.join('')}`
const array = (...items: string[]) => `01${byte(items.length)}${items.join('')}`
const MIDNIGHT = '000000008000ff'
/** Whole year. */
const YEAR = array(season('S', `ffff0101ff${MIDNIGHT}`, 'W'))
const WEEK = array(week('W', 7, 7, 7, 7, 7, 7, 7))
const DAY = array(day(7, action('00000000', 1), action('0c000000', 2)))

function writePassive(): number[] {
  return [
    manager.set(20, CALENDAR, 6, name('NEW')),
    manager.set(20, CALENDAR, 7, YEAR),
    manager.set(20, CALENDAR, 8, WEEK),
    manager.set(20, CALENDAR, 9, DAY),
  ]
}

describe('activity calendar', () => {
  test('shows the active calendar, and an empty passive one', () => {
    expect([2, 3, 4, 5, 6, 7, 8, 9, 10].map((attribute) => manager.get(20, CALENDAR, attribute))).toEqual([
      text('DAYNIGHT'),
      [[text('YEAR'), 'ffff0101ff000000008000ff', text('ALL')]],
      [[text('ALL'), 1, 1, 1, 1, 1, 2, 2]],
      [
        [
          1,
          [
            ['06000000', SCRIPTS, 2],
            ['16000000', SCRIPTS, 1],
          ],
        ],
        [2, [['00000000', SCRIPTS, 1]]],
      ],
      '',
      [],
      [],
      [],
      NEVER,
    ])
  })

  test('the passive calendar is written table by table, read back, and activated', () => {
    expect(writePassive()).toEqual([0, 0, 0, 0])
    expect([6, 7, 8, 9].map((attribute) => manager.get(20, CALENDAR, attribute))).toEqual([
      text('NEW'),
      [[text('S'), 'ffff0101ff000000008000ff', text('W')]],
      [[text('W'), 7, 7, 7, 7, 7, 7, 7]],
      [
        [
          7,
          [
            ['00000000', SCRIPTS, 1],
            ['0c000000', SCRIPTS, 2],
          ],
        ],
      ],
    ])
    expect(meter.tariff.activeCalendar).toEqual(DAY_AND_NIGHT)
    expect(manager.act(20, CALENDAR, 1)).toBe(0)
    expect(manager.get(20, CALENDAR, 2)).toBe(text('NEW'))
    expect(meter.tariff.activeCalendar.name).toBe('NEW')
    expect(meter.commands).toEqual(['setPassive', 'setPassive', 'setPassive', 'setPassive', 'activatePassive'])
  })

  test('an incomplete calendar is kept but not activated', () => {
    expect(manager.set(20, CALENDAR, 7, YEAR)).toBe(0)
    expect(manager.act(20, CALENDAR, 1)).toBe(250)
    expect(meter.tariff.activeCalendar).toEqual(DAY_AND_NIGHT)
  })

  test('a time of activation: set, read, carried out, cancelled', () => {
    writePassive()
    // 2026-01-05 14:00 local time, an hour ahead.
    expect(manager.set(20, CALENDAR, 10, '090c07ea0105ff0e0000008000ff')).toBe(0)
    expect(manager.get(20, CALENDAR, 10)).toBe('07ea0105010e000000ffc400')
    expect(manager.set(20, CALENDAR, 10, `090c${NEVER}`)).toBe(0)
    expect([manager.get(20, CALENDAR, 10), meter.tariff.activation_s]).toEqual([NEVER, undefined])
    expect(manager.set(20, CALENDAR, 10, '1907ea0105010e00ff00ffc400')).toBe(250)
    expect(manager.set(20, CALENDAR, 10, '1907ea0105010e0000ffffc400')).toBe(0)
    meter.load = 1
    meter.run(7200)
    expect([manager.get(20, CALENDAR, 2), manager.get(20, CALENDAR, 10)]).toEqual([text('NEW'), NEVER])
    expect(ratesOf(meter.energy).slice(0, 2)).toEqual([0, 120])
  })

  test.each([
    ['a time that is over', 10, '090c07ea0105ff0d0000008000ff', 250],
    ['a time with a wildcard', 10, '090cffff0106ff0d0000008000ff', 250],
    ['a time past 32 bits of seconds', 10, '090c084f0101ff000000ff8000ff', 250],
    ['a time of five bytes', 10, '090507ea0106ff', 12],
    ['a number for a time', 10, '0600000000', 12],
    ['a name of 17 bytes', 6, name('12345678901234567'), 250],
    ['a name that is no octet-string', 6, '0a0141', 12],
    ['a season that begins at one', 7, array(season('S', 'ffff0101ff010000008000ff', 'W')), 250],
    ['a season that begins at a second after midnight', 7, array(season('S', 'ffff0101ff000001008000ff', 'W')), 250],
    ['a season that begins with daylight saving', 7, array(season('S', `fffffe01ff${MIDNIGHT}`, 'W')), 250],
    ['30 February', 7, array(season('S', `ffff021eff${MIDNIGHT}`, 'W')), 250],
    ['month 13', 7, array(season('S', `ffff0d01ff${MIDNIGHT}`, 'W')), 12],
    ['the same season twice', 7, array(season('S', `ffff0101ff${MIDNIGHT}`, 'W'), season('S', `ffff0201ff${MIDNIGHT}`, 'W')), 250],
    ['a season of two fields', 7, `01010202${name('S')}090cffff0101ff${MIDNIGHT}`, 12],
    ['seasons that are a structure', 7, '0200', 12],
    ['a week of six days', 8, `01010207${name('W')}110111011101110111011101`, 12],
    ['day ids of two bytes', 8, `01010208${name('W')}120001120001120001120001120001120001120001`, 12],
    ['a rate that there is not', 9, array(day(7, action('00000000', 3))), 250],
    ['script 0', 9, array(day(7, action('00000000', 0))), 250],
    ['scripts of another table', 9, array(day(7, action('00000000', 1, '00000a006aff'))), 250],
    ['a switch at any hour', 9, array(day(7, action('ff000000', 1))), 250],
    ['a switch at a tenth of a second', 9, array(day(7, action('0000000a', 1))), 250],
    ['a switch at minute 60', 9, array(day(7, action('003c0000', 1))), 12],
    ['switches that go back', 9, array(day(7, action('0c000000', 1), action('06000000', 2))), 250],
    ['17 days', 9, array(...Array.from({ length: 17 }, (_, id) => day(id))), 250],
  ])('%s is refused', (_name, attribute, value, result) => {
    expect(manager.set(20, CALENDAR, attribute, value)).toBe(result)
    expect(meter.tariff.passiveCalendar.name).toBe('')
    expect([meter.tariff.passiveCalendar.days, meter.tariff.activation_s]).toEqual([[], undefined])
  })

  test('open hundredths of a switch, and an open time of a season, are midnight', () => {
    expect(manager.set(20, CALENDAR, 9, array(day(7, action('000000ff', 1))))).toBe(0)
    expect(manager.set(20, CALENDAR, 7, array(season('S', 'ffff03fe07ffffffff0000ff', 'W')))).toBe(0)
    expect(meter.tariff.passiveCalendar.seasons[0].start).toEqual({ month: 3, day: 0xfe, weekday: 7 })
  })

  test('the active calendar cannot be written', () => {
    for (const attribute of [2, 3, 4, 5]) expect(manager.set(20, CALENDAR, attribute, '0100')).toBe(3)
  })

  test.each(['SETTINGS_FULL', 'STORAGE_WORN'])('%s is a fault of the meter', (code) => {
    meter.failure = new FerrarisError(code, 'no room')
    expect(manager.set(20, CALENDAR, 6, name('NEW'))).toBe(1)
    meter.failure = new FerrarisError(code, 'no room')
    expect(manager.act(20, CALENDAR, 1)).toBe(1)
    meter.failure = new FerrarisError(code, 'no room')
    expect(manager.act(11, SPECIAL_DAYS, 2, '120000')).toBe(250)
    meter.failure = new FerrarisError(code, 'no room')
    expect(manager.set(11, SPECIAL_DAYS, 2, '0100')).toBe(1)
  })
})

describe('special days', () => {
  const entry = (index: number, date: string, id: number) => `02031200${byte(index)}0905${date}11${byte(id)}`

  test('are written as a table, inserted and deleted', () => {
    expect(manager.get(11, SPECIAL_DAYS, 2)).toEqual([])
    expect(manager.set(11, SPECIAL_DAYS, 2, array(entry(2, 'ffff0c19ff', 2), entry(1, '07ea0501ff', 2)))).toBe(0)
    expect(manager.act(11, SPECIAL_DAYS, 1, entry(3, 'ffff0c1aff', 2))).toBe(0)
    expect(manager.get(11, SPECIAL_DAYS, 2)).toEqual([
      [1, '07ea0501ff', 2],
      [2, 'ffff0c19ff', 2],
      [3, 'ffff0c1aff', 2],
    ])
    // The same index, then the same date.
    expect(manager.act(11, SPECIAL_DAYS, 1, entry(3, 'ffff0101ff', 2))).toBe(0)
    expect(manager.act(11, SPECIAL_DAYS, 1, entry(9, 'ffff0c19ff', 1))).toBe(0)
    expect(manager.act(11, SPECIAL_DAYS, 2, '120001')).toBe(0)
    expect(manager.get(11, SPECIAL_DAYS, 2)).toEqual([
      [3, 'ffff0101ff', 2],
      [9, 'ffff0c19ff', 1],
    ])
  })

  test.each([
    ['a day profile that there is not', array(entry(1, 'ffff0c19ff', 9)), 250],
    ['one index twice', array(entry(1, 'ffff0c19ff', 2), entry(1, 'ffff0c1aff', 2)), 250],
    ['31 April', array(entry(1, 'ffff041fff', 2)), 250],
    ['day 32', array(entry(1, 'ffff0420ff', 2)), 12],
    ['a date of four bytes', '010102031200010904ffff0c191102', 12],
    ['33 days', array(...Array.from({ length: 33 }, (_, i) => entry(i, `${byte(7)}${byte(200 + i)}0101ff`, 2))), 250],
    ['a text', '0a0141', 12],
  ])('%s is refused', (_name, value, result) => {
    expect(manager.set(11, SPECIAL_DAYS, 2, value)).toBe(result)
    expect(meter.tariff.specialDays).toEqual([])
  })

  test('an index that is not there cannot be deleted', () => {
    expect([manager.act(11, SPECIAL_DAYS, 2, '120001'), manager.act(11, SPECIAL_DAYS, 2, '1101')]).toEqual([250, 12])
    expect(meter.commands).toEqual([])
  })

  test('holds at once', () => {
    expect(manager.get(1, '0.0.96.14.0.255', 2)).toBe('0002')
    expect(manager.act(11, SPECIAL_DAYS, 1, entry(1, '07ea0105ff', 2))).toBe(0)
    expect(manager.get(1, '0.0.96.14.0.255', 2)).toBe('0001')
  })
})

describe('scripts and register activation', () => {
  test('script n selects the mask of rate n', () => {
    const selects = (mask: string) => [
      [1, 6, '00000e0001ff', 4, mask],
      [1, 6, '00000e0002ff', 4, mask],
    ]
    expect(manager.get(9, '0.0.10.0.100.255', 2)).toEqual([
      [1, selects('0001')],
      [2, selects('0002')],
    ])
    expect(manager.act(9, '0.0.10.0.100.255', 1, '120001')).toBe(3)
  })

  test('masks name the registers of each rate', () => {
    expect(manager.get(6, '0.0.14.0.1.255', 2)).toEqual([
      [3, '0100010801ff'],
      [3, '0100020801ff'],
      [3, '0100030801ff'],
      [3, '0100040801ff'],
      [3, '0100010802ff'],
      [3, '0100020802ff'],
      [3, '0100030802ff'],
      [3, '0100040802ff'],
    ])
    expect(manager.get(6, '0.0.14.0.2.255', 2)).toContainEqual([4, '0100030602ff'])
    expect(manager.get(6, '0.0.14.0.1.255', 3)).toEqual([
      ['0001', [1, 2, 3, 4]],
      ['0002', [5, 6, 7, 8]],
    ])
    expect([manager.get(6, '0.0.14.0.1.255', 4), manager.get(6, '0.0.14.0.2.255', 4)]).toEqual(['0002', '0002'])
  })
})

test('a meter with one rate has no registers of rates: its mask names the totals', () => {
  manager = new Reader(new BillingMeter({ rates: 1 }))
  expect(manager.get(6, '0.0.14.0.1.255', 2)).toEqual([1, 2, 3, 4].map((c) => [3, `01000${c}0800ff`]))
  expect(manager.get(6, '0.0.14.0.2.255', 2)).toEqual([1, 2, 3, 4].map((c) => [4, `01000${c}0600ff`]))
  expect(manager.get(6, '0.0.14.0.1.255', 3)).toEqual([['0001', [1, 2, 3, 4]]])
  expect(manager.get(9, '0.0.10.0.100.255', 2)).toHaveLength(1)
})

test('the reading client reads and changes nothing, the public client sees nothing', () => {
  const reader = new Reader(meter, READING_CLIENT)
  expect(reader.get(20, CALENDAR, 2)).toBe(text('DAYNIGHT'))
  expect(reader.get(11, SPECIAL_DAYS, 2)).toEqual([])
  const [{ objects, clients }] = meter.devices
  const reading = clients.find(({ sap }) => sap === READING_CLIENT)
  if (reading === undefined) throw new Error('no reading client')
  for (const object of objectsOf(objects)) {
    for (let i = 1; i <= object.attributes; i++) expect(object.attributeAccess(i, reading)).toBeLessThan(2)
    for (let i = 1; i <= object.methods; i++) expect(object.methodAccess(i, reading)).toBe(0)
  }
  const stranger = new TestClient(new DlmsServer(meter), PUBLIC_CLIENT).open()
  for (const [classId, object] of [
    [20, CALENDAR],
    [11, SPECIAL_DAYS],
    [7, '0.0.98.1.0.255'],
    [4, '1.0.1.6.0.255'],
  ] as const) {
    expect(stranger.exchange(getNormal(classId, object, 2))).toBe('c401c10103')
  }
})
