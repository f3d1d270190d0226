import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Limit } from '../../../src/core/tariff/activity-calendar.ts'
import { ByteWriter } from '../../../src/lib/bytes.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { MANAGEMENT_CLIENT } from '../../../src/meter/views/dlms-clients.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import type { AssociationContext } from '../../../src/protocols/dlms/source.ts'
import { tariffs } from '../../core/tariff/arbitraries.ts'
import { objectsOf } from '../../protocols/dlms/bytes.ts'
import { getNormal, setNormal, TestClient } from '../../protocols/dlms/client.ts'
import { MANAGER_SECRET } from '../../protocols/dlms/managed-source.ts'
import { BillingMeter } from './billing-meter.ts'

const CALENDAR = '0.0.13.0.0.255'
const SPECIAL_DAYS = '0.0.11.0.0.255'
/** Success, type unmatched, other reason; exception-response for what is nested too deeply. */
const ANSWER = /^(c501c1(00|0c|fa)|d80203)$/

function managerOf(meter: BillingMeter): TestClient {
  return new TestClient(new DlmsServer(meter), MANAGEMENT_CLIENT).open({ secret: MANAGER_SECRET })
}

test('what is read from one meter can be written to another, which then has the same tariff', () => {
  fc.assert(
    fc.property(tariffs, ({ calendar, specialDays }) => {
      const known = specialDays.filter(({ day }) => calendar.days.some(({ id }) => id === day))
      const source = new BillingMeter({ rates: 8 })
      source.tariff.setPassive(calendar)
      source.tariff.setSpecialDays(known)
      const target = new BillingMeter({ rates: 8 })
      const [from, to] = [managerOf(source), managerOf(target)]
      const copy = (classId: number, name: string, attribute: number) => {
        const { data } = from.fetch(getNormal(classId, name, attribute))
        expect(to.exchange(setNormal(classId, name, attribute, data))).toBe('c501c100')
      }
      for (const attribute of [6, 7, 8, 9]) copy(20, CALENDAR, attribute)
      copy(11, SPECIAL_DAYS, 2)
      expect(target.tariff.passiveCalendar).toEqual(calendar)
      expect(target.tariff.specialDays).toEqual(known)
    }),
    { numRuns: 60 },
  )
})

test('the largest tables that there may be can be written', () => {
  const meter = new BillingMeter({ rates: 8 })
  const twin = new BillingMeter({ rates: 8 })
  const name = (index: number) => String(index).padStart(Limit.name, '0')
  const switchesOf = (id: number) => (id < Limit.switches / 4 ? 4 : 0)
  meter.tariff.setPassive({
    name: name(0),
    seasons: Array.from({ length: Limit.seasons }, (_, i) => ({ name: name(i), start: { month: 1 + i, day: 1 }, week: name(i) })),
    weeks: Array.from({ length: Limit.weeks }, (_, i) => ({ name: name(i), days: [0, 1, 2, 3, 4, 5, 6] })),
    days: Array.from({ length: Limit.days }, (_, id) => ({
      id,
      switches: Array.from({ length: switchesOf(id) }, (_, i) => ({ start_s: 3600 * i + 61, script: 1 + i })),
    })),
  })
  meter.tariff.setSpecialDays(
    Array.from({ length: Limit.specialDays }, (_, index) => ({ index, date: { year: 2020 + index, month: 1, day: 6 }, day: 1 })),
  )
  const [from, to] = [managerOf(meter), managerOf(twin)]
  for (const [classId, object, attribute] of [
    [20, CALENDAR, 6],
    [20, CALENDAR, 7],
    [20, CALENDAR, 8],
    [20, CALENDAR, 9],
    [11, SPECIAL_DAYS, 2],
  ] as const) {
    const { data } = from.fetch(getNormal(classId, object, attribute))
    expect(to.exchange(setNormal(classId, object, attribute, data))).toBe('c501c100')
  }
  expect(twin.tariff.passiveCalendar).toEqual(meter.tariff.passiveCalendar)
  expect(twin.tariff.specialDays).toEqual(meter.tariff.specialDays)
})

test('foreign bytes are refused or taken, but never a fault of the meter', () => {
  const meter = new BillingMeter({ rates: 8 })
  const manager = managerOf(meter)
  const values = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.uint8Array({ maxLength: 13 }).map((bytes) => `09${toHex(Uint8Array.of(bytes.length))}${toHex(bytes)}`),
      fc.nat(255).map((value) => `11${toHex(Uint8Array.of(value))}`),
      fc.nat(255).map((value) => `12${toHex(Uint8Array.of(0, value))}`),
      fc
        .tuple(fc.constantFrom('01', '02'), fc.array(tie('value'), { maxLength: 8 }))
        .map(([tag, items]) => `${tag}${toHex(Uint8Array.of(items.length))}${items.join('')}`),
    ),
  })).value
  fc.assert(
    fc.property(fc.constantFrom(6, 7, 8, 9, 10), values, (attribute, value) => {
      expect(manager.exchange(setNormal(20, CALENDAR, attribute, value))).toMatch(ANSWER)
      expect(manager.exchange(setNormal(11, SPECIAL_DAYS, 2, value))).toMatch(ANSWER)
    }),
    { numRuns: 500 },
  )
  // What was taken can be read.
  const context = {} as AssociationContext
  for (const object of objectsOf(meter.devices[0].objects)) {
    if (object.classId !== 20 && object.classId !== 11) continue
    for (let attribute = 2; attribute <= object.attributes; attribute++) {
      expect(object.get(attribute, undefined, context, new ByteWriter())).toBe(0)
    }
  }
})
