import { expect, test } from 'vitest'
import { ByteWriter } from '../../../src/lib/bytes.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { writeNull } from '../../../src/protocols/dlms/axdr.ts'
import { encodeDataNotification } from '../../../src/protocols/dlms/data-notification.ts'

/** 2026-03-01 12:00:00 UTC in Central European Time. */
const TIME = { utc_ms: Date.UTC(2026, 2, 1, 12, 0, 0), deviation_min: -60, status: 0 }
const TIME_HEX = '07ea0301070d000000ffc400'

test('wrapper, invoke id and priority, date-time, body', () => {
  const writer = new ByteWriter()
  encodeDataNotification(writer, { serverSap: 1, clientSap: 16, invokeId: 0x123456, time: TIME }, writeNull)
  expect(toHex(writer.copy())).toBe(`0001000100100013${'0f'}80123456${'0c'}${TIME_HEX}00`)
})

test('without a date-time, behind what the writer holds; the invoke id has 24 bits', () => {
  const writer = new ByteWriter()
  writer.uint8(0xaa)
  encodeDataNotification(writer, { serverSap: 1, clientSap: 16, invokeId: 0x1000002 }, writeNull)
  expect(toHex(writer.copy())).toBe('aa00010001001000070f800000020000')
})
