import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/lib/bytes.ts'
import { toHex } from '../../src/lib/hex.ts'
import { writePowerFailBody } from '../../src/meter/views/dlms-push.ts'
import { encodeDataNotification } from '../../src/protocols/dlms/data-notification.ts'
import { ascii } from '../protocols/dlms/bytes.ts'
import { available, runPython, tellWhenSkipped } from './python.ts'

tellWhenSkipped()

describe.skipIf(!available)('a message about the supply', () => {
  test('is what two foreign clients decode', async () => {
    const time = { utc_ms: Date.UTC(2026, 6, 1, 10, 20, 30), deviation_min: -120, status: 0x80 }
    const writer = new ByteWriter()
    encodeDataNotification(writer, { serverSap: 1, clientSap: 16, invokeId: 41, time }, (body) =>
      writePowerFailBody(body, {
        logicalDeviceName: 'FRR0000000000001',
        utc_ms: time.utc_ms,
        deviation_min: time.deviation_min,
        clockStatus: time.status,
        eventCode: 1,
        activeImport_Wh: 4_000_000_000,
        messageNumber: 41,
      }),
    )
    const frame = writer.copy()
    const when = '2026-07-01T10:20:30Z'
    const body = [toHex(ascii('FRR0000000000001')), '0004190900ff', when, 1, 4_000_000_000, 41]
    expect(JSON.parse(await runPython('dlms-push.py', [toHex(frame)]))).toEqual({
      gurux: { complete: true, time: when, body },
      dlmsCosem: {
        source: 1,
        destination: 16,
        length: frame.length - 8,
        invokeId: 41,
        prioritized: true,
        confirmed: false,
        time: when,
        body,
      },
    })
  })
})
