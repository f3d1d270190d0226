import { beforeAll, describe, expect, test } from 'vitest'
import { REGISTER_TABLE } from '../../../src/core/registers/table.ts'
import { ByteReader } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { DlmsView, PUBLIC_CLIENT, READING_CLIENT } from '../../../src/meter/views/dlms.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import { type DateTime, decodeDateTime } from '../../../src/protocols/dlms/datetime.ts'
import { logicalNameText } from '../../../src/protocols/dlms/logical-name.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import type { CosemObject } from '../../../src/protocols/dlms/source.ts'
import { ascii, logicalName, objectsOf } from '../../protocols/dlms/bytes.ts'
import { aarq, getNormal, TestClient } from '../../protocols/dlms/client.ts'
import type { Rig } from '../../scenarios/rig.ts'
import { HOUR_MS } from '../../scenarios/rig.ts'
import { feedIn, quietRig, switchOn } from './rig.ts'

const SECRET = 'own secret'
/** A profile of some hundred rows is more than one request may bring. */
const LIMITS = { depth: 8, elements: 100_000 }

function serve(rig: Rig): { view: DlmsView; server: DlmsServer } {
  const { meter } = rig.machine.options.config
  const view = new DlmsView({
    core: rig.core,
    config: meter,
    version: '0.2.0',
    authenticate: (_sap, secret) => sameSecret(secret, ascii(SECRET)),
  })
  return { view, server: new DlmsServer(view) }
}

type Value = ReturnType<typeof readData>

function decoded(hex: string): Value {
  const reader = new ByteReader(fromHex(hex))
  const value = readData(reader, LIMITS)
  expect(reader.remaining).toBe(0)
  return value
}

/** Plain numbers, texts and arrays; octet-strings as hexadecimal text. */
function plain(value: Value): unknown {
  const { value: content } = value as { value?: unknown }
  if (content instanceof Uint8Array) return toHex(content)
  return Array.isArray(content) ? content.map((element) => plain(element as Value)) : content
}

function time(hex: unknown): DateTime {
  return decodeDateTime(fromHex(hex as string))
}

describe('DlmsView', () => {
  let rig: Rig
  let view: DlmsView
  let server: DlmsServer
  let reader: TestClient
  let everybody: TestClient

  const read = (client: TestClient, classId: number, name: string, attribute = 2, selection = '') =>
    plain(decoded(client.fetch(getNormal(classId, name, attribute, selection)).data))

  beforeAll(() => {
    rig = quietRig()
    switchOn(rig, 'heatpump')
    switchOn(rig, 'washer')
    rig.run(HOUR_MS)
    feedIn(rig, 9000)
    rig.run(HOUR_MS)
    const served = serve(rig)
    view = served.view
    server = served.server
    reader = new TestClient(server, READING_CLIENT).open({ secret: SECRET })
    everybody = new TestClient(server, PUBLIC_CLIENT)
    everybody.open()
  })

  const objects = (): readonly CosemObject[] => objectsOf(view.devices[0].objects)

  test('every logical name and class comes once', () => {
    const keys = objects().map(({ classId, logicalName }) => `${classId} ${logicalName}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.length).toBe(REGISTER_TABLE.length + 171)
  })

  test('a wrong secret, or none, does not open the reading association', () => {
    for (const options of [{ secret: '12345678' }, { secret: '' }, {}]) {
      const client = new TestClient(server, READING_CLIENT)
      expect(client.exchange(aarq(options))).not.toContain('a203020100')
      expect(client.connection.associations).toBe(0)
    }
  })

  test('the reading client reads every attribute that its object list offers; the secret is not among them', () => {
    const list = read(reader, 15, '0.0.40.0.0.255') as [number, number, string, [unknown[][], unknown[]]][]
    expect(list.length).toBe(objects().length)
    for (const [classId, , name, [attributes]] of list) {
      const text = logicalNameText(fromHex(name))
      for (const [attribute, access] of attributes as [number, number][]) {
        const answer = reader.exchange(getNormal(classId, text, attribute))
        if (access === 0) expect(answer?.slice(0, 8), `${classId} ${text} ${attribute}`).toBe('c401c101')
        else expect(() => reader.fetch(getNormal(classId, text, attribute)), `${classId} ${text} ${attribute}`).not.toThrow()
        if (classId === 15 && attribute === 7) expect(access).toBe(0)
      }
    }
  })

  test('the public client sees who the meter is, and no energy, profile or event', () => {
    const list = read(everybody, 15, '0.0.40.0.0.255') as [number, number, string, unknown][]
    expect(list.map(([classId, , name]) => `${classId} ${logicalNameText(fromHex(name))}`)).toEqual([
      '15 0.0.40.0.0.255',
      '17 0.0.41.0.0.255',
      '1 0.0.42.0.0.255',
      '1 0.0.96.1.0.255',
      '1 0.0.96.1.1.255',
      '8 0.0.1.0.0.255',
      '1 1.0.0.2.0.255',
      '1 1.0.0.2.8.255',
      '3 1.0.0.3.0.255',
    ])
    const open = new Set(list.map(([, , name]) => name))
    for (const object of objects()) {
      const name = object.logicalName
      for (let attribute = 1; attribute <= object.attributes; attribute++) {
        const answer = everybody.exchange(getNormal(object.classId, name, attribute))
        if (open.has(toHex(logicalName(name)))) continue
        // No data, not even a block of it: get-response-normal with a data-access-result.
        expect(answer?.slice(0, 8), `${name} ${attribute}`).toBe('c401c101')
        expect(answer?.length, `${name} ${attribute}`).toBe(10)
      }
    }
  })

  test('registers carry the values of the core, with their unit and scaler', () => {
    for (const entry of REGISTER_TABLE) {
      expect(read(reader, 3, entry.logicalName), entry.code).toBe(entry.read(rig.core.readings))
      expect(read(reader, 3, entry.logicalName, 3), entry.code).toEqual([entry.scaler, entry.unit])
    }
    expect(read(reader, 3, '1.0.1.8.0.255')).toBeGreaterThan(4000)
    expect(read(reader, 3, '1.0.2.8.0.255')).toBeGreaterThan(3000)
    expect(read(reader, 3, '1.0.16.7.0.255')).toBe(-4200)
    // 1000 imp/kWh are 1 imp/Wh.
    expect([read(reader, 3, '1.0.0.3.0.255'), read(reader, 3, '1.0.0.3.0.255', 3)]).toEqual([1000, [-3, 45]])
  })

  test('the clock has the COSEM sign: UTC = local + deviation', () => {
    expect(time(read(reader, 8, '0.0.1.0.0.255'))).toMatchObject({
      year: 2026,
      month: 1,
      day: 5,
      weekday: 1,
      hour: 15,
      deviation_min: -60,
      status: 0,
    })
    expect([3, 4, 7, 8].map((attribute) => read(reader, 8, '0.0.1.0.0.255', attribute))).toEqual([-60, 0, 60, true])
  })

  test('the load profile has one row per quarter of an hour, and its columns say what they are', () => {
    const rows = read(reader, 7, '1.0.99.1.0.255') as [string, number, number, number, number, number][]
    expect(rows.length).toBe(8)
    expect(rows.map(([stamp]) => [time(stamp).hour, time(stamp).minute])).toEqual([
      [13, 15],
      [13, 30],
      [13, 45],
      [14, 0],
      [14, 15],
      [14, 30],
      [14, 45],
      [15, 0],
    ])
    for (let i = 1; i < rows.length; i++)
      for (let column = 2; column < 6; column++) expect(rows[i][column] as number).toBeGreaterThanOrEqual(rows[i - 1][column] as number)
    expect(rows[7][2]).toBe(read(reader, 3, '1.0.1.8.0.255'))
    const columns = read(reader, 7, '1.0.99.1.0.255', 3) as [number, string, number, number][]
    expect(columns.map(([classId, name, attribute]) => `${classId} ${logicalNameText(fromHex(name))} ${attribute}`)).toEqual([
      '8 0.0.1.0.0.255 2',
      '1 0.0.96.10.1.255 2',
      '3 1.0.1.8.0.255 2',
      '3 1.0.2.8.0.255 2',
      '3 1.0.3.8.0.255 2',
      '3 1.0.4.8.0.255 2',
    ])
    expect([4, 5, 7].map((attribute) => read(reader, 7, '1.0.99.1.0.255', attribute))).toEqual([900, 1, 8])
    expect(read(reader, 7, '1.0.99.1.0.255', 8)).toBeGreaterThanOrEqual(960)
    expect((read(reader, 7, '1.0.99.1.0.255', 6) as unknown[]).slice(0, 3)).toEqual([8, '0000010000ff', 2])
  })

  test('captured objects can be read one by one', () => {
    for (const profile of ['1.0.99.1.0.255', '0.0.99.98.0.255', '1.0.99.97.0.255']) {
      for (const [classId, name, attribute] of read(reader, 7, profile, 3) as [number, string, number, number][]) {
        expect(() => reader.fetch(getNormal(classId, logicalNameText(fromHex(name)), attribute)), `${profile}: ${name}`).not.toThrow()
      }
    }
  })

  test('rows by entry: the third one, without its clock', () => {
    const whole = read(reader, 7, '1.0.99.1.0.255') as unknown[][]
    // entry_descriptor: structure of two double-long-unsigned and two long-unsigned.
    const third = read(reader, 7, '1.0.99.1.0.255', 2, '020204' + '0600000003' + '0600000003' + '120002' + '120000')
    expect(third).toEqual([whole[2].slice(1)])
  })
})
