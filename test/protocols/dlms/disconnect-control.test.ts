import { beforeEach, describe, expect, test } from 'vitest'
import { ActionResult, DataAccessResult } from '../../../src/protocols/dlms/apdu.ts'
import { managedBy } from '../../../src/protocols/dlms/objects/access.ts'
import { DisconnectControlObject, type DisconnectControlSource } from '../../../src/protocols/dlms/objects/disconnect-control.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { objectsOf } from './bytes.ts'
import { actionNormal, getNormal, setNormal, TestClient } from './client.ts'
import { MANAGER, MANAGER_SECRET, ManagedMeter } from './managed-source.ts'

const NAME = '0.0.96.3.10.255'

/** Answers what it is told to, and remembers what it was asked. */
class FakeSwitch implements DisconnectControlSource {
  outputState = true
  controlState = 1
  controlMode = 4
  asked: string[] = []
  setResult: DataAccessResult = DataAccessResult.success
  actionResult: ActionResult = ActionResult.success

  setControlMode(mode: number): DataAccessResult {
    this.asked.push(`mode ${mode}`)
    return this.setResult
  }
  remoteDisconnect(): ActionResult {
    this.asked.push('disconnect')
    return this.actionResult
  }
  remoteReconnect(): ActionResult {
    this.asked.push('reconnect')
    return this.actionResult
  }
}

describe('disconnect control', () => {
  let source: FakeSwitch
  let client: TestClient

  beforeEach(() => {
    source = new FakeSwitch()
    const object = new DisconnectControlObject({
      logicalName: NAME,
      access: managedBy({ readers: [], managers: [MANAGER], attributes: [4], methods: [1, 2] }),
      source,
    })
    const device = new ManagedMeter().devices[0]
    const server = new DlmsServer({ devices: [{ ...device, objects: [...objectsOf(device.objects), object] }] })
    client = new TestClient(server, MANAGER).open({ secret: MANAGER_SECRET })
  })

  const get = (attribute: number) => client.exchange(getNormal(70, NAME, attribute))?.slice(8)
  const act = (method: number, parameter = '0f00') => client.exchange(actionNormal(70, NAME, method, parameter))?.slice(6)

  test('its attributes: boolean, enum, enum', () => {
    expect([1, 2, 3, 4].map(get)).toEqual(['090600006003' + '0aff', '0301', '1601', '1604'])
    source.outputState = false
    source.controlState = 2
    expect([get(2), get(3)]).toEqual(['0300', '1602'])
    expect(client.exchange(getNormal(70, NAME, 5))).toBe('c401c10104')
  })

  test('its methods, with integer(0), another integer, or nothing', () => {
    expect([act(1), act(2), act(1, ''), act(2, '0f01'), act(1, '00')]).toEqual(Array(5).fill('0000'))
    expect(source.asked).toEqual(['disconnect', 'reconnect', 'disconnect', 'reconnect', 'disconnect'])
    source.actionResult = ActionResult.temporaryFailure
    expect(act(2)).toBe('0200')
    expect(act(1, '0901ff')).toBe('0c00')
    expect(act(3)).toBe('0400')
    expect(source.asked).toHaveLength(6)
  })

  test('only the control mode can be written, as an enum', () => {
    const set = (attribute: number, value: string) => client.exchange(setNormal(70, NAME, attribute, value))?.slice(6)
    expect([set(4, '1602'), set(4, '1102'), set(2, '0300'), set(3, '1601')]).toEqual(['00', '0c', '03', '03'])
    source.setResult = DataAccessResult.temporaryFailure
    expect(set(4, '1600')).toBe('02')
    expect(source.asked).toEqual(['mode 2', 'mode 0'])
  })
})
