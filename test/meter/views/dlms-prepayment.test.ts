import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { MeterPrepayment } from '../../../src/meter/prepayment/prepayment.ts'
import { openKeys, STS_KEY } from '../../../src/meter/secrets.ts'
import { DlmsView, MANAGEMENT_CLIENT, READING_CLIENT } from '../../../src/meter/views/dlms.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import { KEY } from '../../core/security/rig.ts'
import { actionNormal, getNormal, TestClient } from '../../protocols/dlms/client.ts'
import { STS_VECTORS } from '../../protocols/sts/vectors.ts'
import { configOf } from '../provisioning-rig.ts'
import { quietRig } from './rig.ts'

const ACCOUNT = '0.0.19.0.0.255'
const TOKEN_CREDIT = '0.0.19.10.0.255'
const EMERGENCY_CREDIT = '0.0.19.10.1.255'
const GATEWAY = '0.0.19.40.0.255'

function connect(prepaid: object = {}, sap = MANAGEMENT_CLIENT) {
  const { core } = quietRig()
  const config = configOf({ prepayment: { enabled: true, attempts: 2, ...prepaid } })
  const [vector] = STS_VECTORS
  const keys = openKeys(core.storage, { crypto: hostCrypto, key: KEY })
  keys.set(STS_KEY, fromHex(vector.decoderKey ?? ''))
  const prepayment = new MeterPrepayment({ core, config, keys, supply: undefined })
  const view = new DlmsView({ core, config, version: '1', authenticate: () => true, prepayment })
  const client = new TestClient(new DlmsServer(view), sap).open({ secret: 'secret' })
  const get = (classId: number, name: string, attribute: number) => client.exchange(getNormal(classId, name, attribute))?.slice(8)
  const act = (classId: number, name: string, method: number, parameter = '0f00') =>
    Number.parseInt(client.exchange(actionNormal(classId, name, method, parameter))?.slice(6, 8) ?? '', 16)
  const enter = (text: string) =>
    act(115, GATEWAY, 1, `09${text.length.toString(16).padStart(2, '0')}${toHex(Uint8Array.from(text, (c) => c.charCodeAt(0)))}`)
  return { prepayment, vector, get, act, enter }
}

const int32 = (value: number) => `05${(value >>> 0).toString(16).padStart(8, '0')}`

describe('prepayment by DLMS', () => {
  test('a token adds its credit, and the gateway says what became of it', () => {
    const { vector, get, enter } = connect()
    expect([get(111, ACCOUNT, 5), get(112, TOKEN_CREDIT, 2), get(115, GATEWAY, 2)]).toEqual([int32(0), int32(0), '0900'])
    expect(enter(vector.token)).toBe(0)
    expect(get(112, TOKEN_CREDIT, 2)).toBe(int32(100))
    expect(get(115, GATEWAY, 6)).toBe('02021603040800')
    expect(enter(vector.token)).toBe(250)
    expect(get(115, GATEWAY, 6)).toBe('02021606040805')
    expect(get(112, TOKEN_CREDIT, 2)).toBe(int32(100))
  })

  test('an entry that is closed is a temporary failure; other types are unmatched', () => {
    const { vector, enter, act } = connect()
    const wrong = '12345678901234567890'
    expect([enter(wrong), enter(wrong), enter(vector.token)]).toEqual([250, 250, 2])
    expect(act(115, GATEWAY, 1, '0f00')).toBe(12)
  })

  test('amounts are denied, the emergency credit is not', () => {
    const { act, get, prepayment } = connect({ emergencyCredit_Wh: 700 })
    expect(act(112, TOKEN_CREDIT, 1, int32(5))).toBe(3)
    expect(act(112, EMERGENCY_CREDIT, 2, int32(5))).toBe(3)
    expect(get(112, EMERGENCY_CREDIT, 8)).toBe('1601')
    expect(act(112, EMERGENCY_CREDIT, 3, '1100')).toBe(0)
    expect(get(112, EMERGENCY_CREDIT, 2)).toBe(int32(700))
    expect(get(111, ACCOUNT, 5)).toBe(int32(700))
    expect(get(111, ACCOUNT, 3)).toBe('1101')
    expect(prepayment.account.emergencyTaken).toBe(true)
    expect(act(112, EMERGENCY_CREDIT, 3, '1100')).toBe(2)
    expect(act(111, ACCOUNT, 3)).toBe(3)
  })

  test('the reading client sees the credit, and neither tokens nor a place to enter them', () => {
    const { get, enter, vector } = connect({}, READING_CLIENT)
    expect(get(112, TOKEN_CREDIT, 2)).toBe(int32(0))
    expect(get(115, GATEWAY, 2)).toBe('03')
    expect(enter(vector.token)).not.toBe(0)
  })
})
