import { beforeEach, describe, expect, test } from 'vitest'
import type { TransferResult } from '../../../src/core/firmware/update.ts'
import { ByteReader } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { sameSecret } from '../../../src/lib/secret.ts'
import { DlmsView, MANAGEMENT_CLIENT, PUBLIC_CLIENT, READING_CLIENT } from '../../../src/meter/views/dlms.ts'
import type { FirmwareTransfer } from '../../../src/meter/views/dlms-image.ts'
import { POWER_FAIL_OBJECTS } from '../../../src/meter/views/dlms-push.ts'
import type { DataValue } from '../../../src/protocols/dlms/axdr.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import { logicalNameText } from '../../../src/protocols/dlms/logical-name.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { ascii, logicalName, objectsOf } from '../../protocols/dlms/bytes.ts'
import { aarq, actionNormal, getNormal, octetString, setNormal, TestClient } from '../../protocols/dlms/client.ts'
import type { Rig } from '../../scenarios/rig.ts'
import { quietRig } from './rig.ts'

const SECRETS = new Map([
  [MANAGEMENT_CLIENT, 'management secret'],
  [READING_CLIENT, 'reading secret'],
])
const IMAGE = '0.0.44.0.0.255'
const SCHEDULE = '0.0.15.0.2.255'
const CLOCK = '0.0.1.0.0.255'
const ACCEPTED = 'a203020100'

/** Answers what it is told to, and remembers what it was asked. */
class FakeUpdate implements FirmwareTransfer {
  readonly blockSize = 256
  enabled = true
  status = 1
  blocks = 9
  firstNotTransferred = 3
  readonly toActivate = [{ size: 2100, identification: ascii('Ferraris 3P 1.0.0'), signature: Uint8Array.of(0x30) }]
  activation_s: number | undefined
  answer: TransferResult = 'success'
  asked: unknown[] = []

  has(block: number): boolean {
    return block < this.firstNotTransferred
  }
  initiate(identifier: Uint8Array, size: number): TransferResult {
    return this.#ask('initiate', toHex(identifier), size)
  }
  transfer(block: number, data: Uint8Array): TransferResult {
    return this.#ask('transfer', block, data.length)
  }
  verify(): TransferResult {
    return this.#ask('verify')
  }
  activate(): TransferResult {
    return this.#ask('activate')
  }
  activateAt(utc_s: number | undefined): void {
    this.activation_s = utc_s
  }

  #ask(...what: unknown[]): TransferResult {
    this.asked.push(what)
    return this.answer
  }
}

function plain({ value }: DataValue): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  return Array.isArray(value) ? value.map(plain) : value
}

describe('management of the meter', () => {
  let rig: Rig
  let update: FakeUpdate
  let server: DlmsServer
  let manager: TestClient
  let locked: [number, number][]

  beforeEach(() => {
    rig = quietRig()
    update = new FakeUpdate()
    locked = []
    const view = new DlmsView({
      core: rig.core,
      config: rig.machine.options.config.meter,
      version: '0.2.0',
      authenticate: (sap, secret) => sameSecret(secret, ascii(SECRETS.get(sap) ?? '')),
      onLockOut: (sap, duration_ms) => locked.push([sap, duration_ms]),
      image: update,
      push: { destination: 'collector.example:4059', messageNumber: 12 },
    })
    server = new DlmsServer(view)
    manager = open(MANAGEMENT_CLIENT)
  })

  function open(sap: number): TestClient {
    const client = new TestClient(server, sap)
    expect(client.exchange(aarq({ secret: SECRETS.get(sap) }))).toContain(ACCEPTED)
    return client
  }

  function get(classId: number, name: string, attribute: number): unknown {
    return plain(
      readData(new ByteReader(fromHex(manager.fetch(getNormal(classId, name, attribute)).data)), { depth: 8, elements: 100_000 }),
    )
  }

  test('the management client reads everything that its object list offers', () => {
    const list = get(15, '0.0.40.0.0.255', 2) as [number, number, string, [[number, number][], unknown]][]
    const names = list.map(([classId, , name]) => `${classId} ${logicalNameText(fromHex(name))}`)
    for (const wanted of [
      `18 ${IMAGE}`,
      '9 0.0.10.0.107.255',
      `22 ${SCHEDULE}`,
      '40 0.4.25.9.0.255',
      '1 0.0.96.15.0.255',
      '7 1.0.99.1.0.255',
    ]) {
      expect(names).toContain(wanted)
    }
    for (const [classId, , name, [attributes]] of list) {
      const text = logicalNameText(fromHex(name))
      for (const [attribute, access] of attributes) {
        if (access !== 0) expect(() => manager.fetch(getNormal(classId, text, attribute)), `${classId} ${text} ${attribute}`).not.toThrow()
      }
    }
  })

  test('the other clients neither see nor touch what is for management', () => {
    for (const sap of [READING_CLIENT, PUBLIC_CLIENT]) {
      const client = open(sap)
      expect(client.exchange(getNormal(18, IMAGE, 2))).toBe('c401c10103')
      expect(client.exchange(actionNormal(18, IMAGE, 4, '0f00'))).toBe('d80102')
      expect(client.exchange(setNormal(8, CLOCK, 2, '090c07ea0106ff0d000000ffc4ff'))).toBe('d80102')
    }
    expect(update.asked).toEqual([])
  })

  test('image transfer reaches the update', () => {
    expect([2, 4, 5, 6].map((attribute) => get(18, IMAGE, attribute))).toEqual([256, 3, true, 1])
    expect(manager.exchange(getNormal(18, IMAGE, 3))).toBe('c401c1000409e000')
    expect(get(18, IMAGE, 7)).toEqual([[2100, toHex(ascii('Ferraris 3P 1.0.0')), '30']])
    expect(manager.exchange(actionNormal(18, IMAGE, 1, `0202${octetString(ascii('id'))}0600000834`))).toBe('c701c10000')
    expect(manager.exchange(actionNormal(18, IMAGE, 2, `02020600000008${octetString(new Uint8Array(52))}`))).toBe('c701c10000')
    expect(manager.exchange(actionNormal(18, IMAGE, 3, '0f00'))).toBe('c701c10000')
    expect(manager.exchange(actionNormal(9, '0.0.10.0.107.255', 1, '120001'))).toBe('c701c10000')
    expect(update.asked).toEqual([['initiate', '6964', 2100], ['transfer', 8, 52], ['verify'], ['activate']])
    expect(manager.exchange(setNormal(18, IMAGE, 5, '0300'))).toBe('c501c100')
    expect(update.enabled).toBe(false)
  })

  test.each<[TransferResult, string]>([
    ['hardware-fault', '01'],
    ['temporary-failure', '02'],
    ['read-write-denied', '03'],
    ['data-not-valid', 'fa'],
    ['other-reason', 'fa'],
  ])('%s is Action-Result %s', (answer, result) => {
    update.answer = answer
    for (const method of [3, 4]) expect(manager.exchange(actionNormal(18, IMAGE, method, '0f00'))).toBe(`c701c1${result}00`)
  })

  test('the activation is set in local time; a time that is over or never comes is refused', () => {
    // 2026-07-01 03:00 of Central European Summer Time.
    const summer = '07ea0701ff'
    const at = (date: string) => manager.exchange(setNormal(22, SCHEDULE, 4, `01010202090403000000${octetString(fromHex(date))}`))
    expect(at(summer)).toBe('c501c100')
    expect(update.activation_s).toBe(Date.UTC(2026, 6, 1, 1) / 1000)
    expect(get(22, SCHEDULE, 4)).toEqual([['03000000', '07ea070103']])
    for (const date of ['07ea0105ff', '084f0101ff', 'ffff0701ff']) expect(at(date)).toBe('c501c1fa')
    expect(update.activation_s).toBe(Date.UTC(2026, 6, 1, 1) / 1000)
    expect(manager.exchange(setNormal(22, SCHEDULE, 4, '0100'))).toBe('c501c100')
    expect(update.activation_s).toBeUndefined()
  })

  test('the clock is set, and that is an event', () => {
    expect(manager.exchange(setNormal(8, CLOCK, 2, '090c07ea0106ff0d000000ffc400'))).toBe('c501c100')
    expect(rig.core.clock.now_ms()).toBe(Date.UTC(2026, 0, 6, 12))
    expect(rig.events.slice(-2)).toEqual(['Clock adjusted (old time)', 'Clock adjusted (new time)'])
    expect(manager.exchange(setNormal(8, CLOCK, 2, '090c08500106ff0d000000ffc400'))).toBe('c501c1fa')
    expect(manager.exchange(actionNormal(8, CLOCK, 6, '10ffc4'))).toBe('c701c10000')
    expect(rig.core.clock.now_ms()).toBe(Date.UTC(2026, 0, 6, 11, 59))
  })

  test('the push setup names what a message carries, and where it goes', () => {
    const objects = get(40, '0.4.25.9.0.255', 2) as [number, string, number, number][]
    expect(objects).toEqual(
      POWER_FAIL_OBJECTS.map(({ classId, logicalName: name, attribute, dataIndex }) => [
        classId,
        toHex(logicalName(name)),
        attribute,
        dataIndex,
      ]),
    )
    for (const [classId, name, attribute] of objects) {
      expect(() => get(classId, logicalNameText(fromHex(name)), attribute), name).not.toThrow()
    }
    expect(get(40, '0.4.25.9.0.255', 3)).toEqual([1, toHex(ascii('collector.example:4059')), 0])
    expect(get(1, '0.0.96.15.0.255', 2)).toBe(12)
  })

  test('five wrong secrets lock a client out for a minute of the meter, and no other client', () => {
    const start_ms = rig.core.clock.ticks_ms()
    const attempt = (sap: number, secret: string) => new TestClient(server, sap).exchange(aarq({ secret }))?.includes(ACCEPTED)
    for (let i = 0; i < 5; i++) expect(attempt(MANAGEMENT_CLIENT, 'guess')).toBe(false)
    expect(locked).toEqual([[MANAGEMENT_CLIENT, 60_000]])
    expect(attempt(MANAGEMENT_CLIENT, 'management secret')).toBe(false)
    expect(attempt(READING_CLIENT, 'reading secret')).toBe(true)
    rig.run(60_000)
    expect(rig.core.clock.ticks_ms() - start_ms).toBeGreaterThanOrEqual(60_000)
    expect(attempt(MANAGEMENT_CLIENT, 'management secret')).toBe(true)
  })

  test('without a firmware that can be replaced and without messages there are no such objects', () => {
    const { objects } = new DlmsView({
      core: rig.core,
      config: rig.machine.options.config.meter,
      version: '0.2.0',
      authenticate: () => true,
    }).devices[0]
    for (const classId of [18, 40]) expect(objectsOf(objects).some((object) => object.classId === classId)).toBe(false)
  })
})
