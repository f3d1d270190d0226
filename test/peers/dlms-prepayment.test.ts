import { afterEach, describe, expect, test } from 'vitest'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { sts } from '../../src/cli/sts.ts'
import { fromHex } from '../../src/lib/hex.ts'
import { MeterPrepayment } from '../../src/meter/prepayment/prepayment.ts'
import { openKeys, STS_KEY } from '../../src/meter/secrets.ts'
import { DlmsView } from '../../src/meter/views/dlms.ts'
import { KEY } from '../core/security/rig.ts'
import { configOf } from '../meter/provisioning-rig.ts'
import { quietRig } from '../meter/views/rig.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'
import { RecordingServer } from './recorder.ts'

tellWhenSkipped()

describe.skipIf(!available)('a foreign client and a prepayment meter', () => {
  let server: RecordingServer | undefined
  afterEach(() => server?.close())

  test('gurux-dlms reads account, credits and token gateway, and enters a token', async () => {
    const { core } = quietRig()
    const config = configOf({ prepayment: { enabled: true, initialCredit_Wh: 2000, emergencyCredit_Wh: 3000 } })
    const keys = openKeys(core.storage, { crypto: hostCrypto, key: KEY })
    keys.set(STS_KEY, fromHex(sts(['key']).trim()))
    const prepayment = new MeterPrepayment({ core, config, keys, supply: undefined })
    prepayment.second()
    server = new RecordingServer(new DlmsView({ core, config, version: '1', authenticate: () => true, prepayment }))
    const port = await server.open()
    const token = sts(['credit', '7.5']).replaceAll(/\D/g, '')
    const result = JSON.parse(await runPython('dlms-gurux-prepayment.py', ['127.0.0.1', String(port), 'secret', token]))
    const account = { mode: [2, 2], inUse: 0, available: 2000, clear: 0, charges: [], currency: ['Wh', 0, 1], low: 5000 }
    const references = { credits: ['0.0.19.10.0.255', '0.0.19.10.1.255'], gateway: [['0.0.19.10.0.255', 100]] }
    const credit = { type: 0, priority: 1, thresholds: [5000, 0, 0, 0], configuration: 0x11, status: 3 }
    const given = { delivery: 0, token }
    expect(result).toEqual({
      client: 'gurux-dlms',
      objects: [
        [111, '0.0.19.0.0.255'],
        [112, '0.0.19.10.0.255'],
        [112, '0.0.19.10.1.255'],
        [115, '0.0.19.40.0.255'],
      ],
      // In credit, low, and the emergency credit can be taken.
      account: { ...account, ...references, status: 0x0b },
      credits: [
        { ...credit, amount: 2000 },
        { amount: 0, type: 2, priority: 2, thresholds: [0, 0, 3000, 5000], configuration: 0x07, status: 1 },
      ],
      gateway: { token: '', delivery: 0, status: 0, detail: '00000000' },
      emergency: [0, 2],
      denied: 3,
      wrong: [250, { ...given, token: '12345', status: 4, detail: '00000010' }],
      entered: [0, { ...given, status: 3, detail: '00000000' }],
      again: [250, { ...given, status: 6, detail: '00000101' }],
      // The emergency credit is paid back.
      after: [
        { ...account, ...references, available: 9500, status: 0x01 },
        { ...credit, amount: 9500 },
      ],
    })
  })
})
