import { beforeEach, describe, expect, test } from 'vitest'
import { DataAccessResult } from '../../../src/protocols/dlms/apdu.ts'
import { managedBy } from '../../../src/protocols/dlms/objects/access.ts'
import { LimiterObject, type LimiterSource } from '../../../src/protocols/dlms/objects/limiter.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { objectsOf } from './bytes.ts'
import { getNormal, setNormal, TestClient } from './client.ts'
import { MANAGER, MANAGER_SECRET, ManagedMeter } from './managed-source.ts'

const NAME = '0.0.17.0.0.255'
const ACTIVATION = Date.UTC(2026, 6, 1, 10, 30)
/** 2026-07-01 12:30:00, Wednesday, UTC+2, daylight saving. */
const ENCODED = '07ea0701030c1e0000ff8880'

/** Answers what it is told to, and remembers what it was asked. */
class FakeLimiter implements LimiterSource {
  readonly monitored = { classId: 3, logicalName: '1.0.1.7.0.255', attribute: 2 }
  readonly thresholdActive = 3000
  readonly thresholdNormal = 0xffffffff
  readonly thresholdEmergency = 1000
  readonly minOver_s = 60
  readonly minUnder_s = 300
  emergencyProfile: LimiterSource['emergencyProfile'] = { id: 7, activation_ms: ACTIVATION, duration_s: 3600 }
  readonly groups = [7, 0x1234]
  readonly emergencyActive = true
  readonly actions = { over: { script: '0.0.10.0.106.255', selector: 1 }, under: { script: '0.0.0.0.0.0', selector: 0 } }
  asked: unknown[] = []
  result: DataAccessResult = DataAccessResult.success

  monitor = this.#ask('monitor')
  setThresholdNormal = this.#ask('normal')
  setThresholdEmergency = this.#ask('emergency')
  setMinOver = this.#ask('over')
  setMinUnder = this.#ask('under')
  setEmergencyProfile = this.#ask('profile')
  setGroups = this.#ask('groups')
  setActions = this.#ask('actions')

  utcOfLocal(local_ms: number): number {
    return local_ms - 7_200_000
  }
  deviation_min(): number {
    return -120
  }
  clockStatus(): number {
    return 0x80
  }

  #ask(what: string): (value: unknown) => DataAccessResult {
    return (value) => {
      this.asked.push([what, value])
      return this.result
    }
  }
}

const VALUES = [
  '0203' + '120003' + '0906' + '0100010700ff' + '0f02',
  '0600000bb8',
  '06ffffffff',
  '06000003e8',
  '060000003c',
  '060000012c',
  `0203120007090c${ENCODED}0600000e10`,
  '0102120007121234',
  '0301',
  '0202' + '0202' + '0906' + '00000a006aff' + '120001' + '0202' + '0906' + '000000000000' + '120000',
]

describe('limiter', () => {
  let source: FakeLimiter
  let client: TestClient

  beforeEach(() => {
    source = new FakeLimiter()
    const object = new LimiterObject({
      logicalName: NAME,
      access: managedBy({ readers: [], managers: [MANAGER], attributes: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }),
      source,
    })
    const device = new ManagedMeter().devices[0]
    const server = new DlmsServer({ devices: [{ ...device, objects: [...objectsOf(device.objects), object] }] })
    client = new TestClient(server, MANAGER).open({ secret: MANAGER_SECRET })
  })

  const get = (attribute: number) => client.exchange(getNormal(71, NAME, attribute))?.slice(8)
  const set = (attribute: number, value: string) => client.exchange(setNormal(71, NAME, attribute, value))?.slice(6)

  test('its attributes', () => {
    expect([2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(get)).toEqual(VALUES)
    source.emergencyProfile = { id: 0, activation_ms: undefined, duration_s: 0 }
    expect(get(8)).toBe('0203120000090cffffffffffffffffff8000ff0600000000')
  })

  test('what was read can be written back', () => {
    const results = VALUES.map((value, i) => set(i + 2, value))
    expect(results).toEqual(['00', '03', '00', '00', '00', '00', '00', '00', '03', '00'])
    expect(source.asked).toEqual([
      ['monitor', source.monitored],
      ['normal', 0xffffffff],
      ['emergency', 1000],
      ['over', 60],
      ['under', 300],
      ['profile', { id: 7, activation_ms: ACTIVATION, duration_s: 3600 }],
      ['groups', [7, 0x1234]],
      ['actions', source.actions],
    ])
    source.result = DataAccessResult.otherReason
    expect(set(4, VALUES[2])).toBe('fa')
  })

  test('the time of an emergency profile: local, not specified, and not exact', () => {
    const profile = (time: string) => set(8, `0203120007090c${time}0600000001`)
    expect(profile('07ea0701ff0c1e00ff8000ff')).toBe('00')
    expect(profile('ffffffffffffffffff8000ff')).toBe('00')
    expect(source.asked).toEqual([
      ['profile', { id: 7, activation_ms: ACTIVATION, duration_s: 1 }],
      ['profile', { id: 7, activation_ms: undefined, duration_s: 1 }],
    ])
    expect([profile('07eaff01ff0c1e00ff8000ff'), profile('07ea021eff0c1e00ff8000ff')]).toEqual(['fa', 'fa'])
    expect(profile('07ea0d01ff0c1e00ff8000ff')).toBe('0c')
  })

  test('wrong types are "type unmatched", and change nothing', () => {
    const wrong: [number, string][] = [
      [2, '0202120003' + '0906' + '0100010700ff'],
      [2, '0203120003' + '0905' + '0100010700' + '0f02'],
      [4, '120001'],
      [5, '0500000001'],
      [6, '1101'],
      [7, '00'],
      [8, '0203120007' + '0905' + '07ea0701ff' + '0600000001'],
      [9, '01011101'],
      [9, '0201120001'],
      [11, '0201' + '0202' + '0906' + '00000a006aff' + '120001'],
      [11, '0202' + '0202' + '0906' + '00000a006aff' + '120001' + '0202' + '0906' + '000000000000' + '1100'],
    ]
    for (const [attribute, value] of wrong) expect(set(attribute, value), `${attribute} ${value}`).toBe('0c')
    expect(source.asked).toEqual([])
  })
})
