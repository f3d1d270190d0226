import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/lib/bytes.ts'
import { writePowerFailBody } from '../../../src/meter/views/dlms-push.ts'
import { DataTag } from '../../../src/protocols/dlms/axdr.ts'
import { readData } from '../../../src/protocols/dlms/axdr-decode.ts'
import { decodeDateTime } from '../../../src/protocols/dlms/datetime.ts'
import { ascii } from '../../protocols/dlms/bytes.ts'

test('the body of a power fail message', () => {
  const writer = new ByteWriter()
  const message = {
    logicalDeviceName: 'FRR0000000000001',
    utc_ms: Date.UTC(2026, 2, 1, 12, 0, 0),
    deviation_min: -60,
    clockStatus: 0x80,
    eventCode: 1,
    activeImport_Wh: 0x100000005,
    messageNumber: 7,
  }
  writePowerFailBody(writer, message)
  const reader = new ByteReader(writer.copy())
  const body = readData(reader)
  expect(reader.remaining).toBe(0)
  if (body.tag !== DataTag.structure) throw new Error('not a structure')
  expect(body.value.map(({ tag }) => tag)).toEqual([9, 9, 9, 17, 6, 6])
  const [name, setup, time, code, energy, number] = body.value.map(({ value }) => value)
  expect(name).toEqual(ascii(message.logicalDeviceName))
  expect(setup).toEqual(Uint8Array.of(0, 4, 25, 9, 0, 255))
  expect(decodeDateTime(time as Uint8Array)).toMatchObject({ year: 2026, hour: 13, deviation_min: -60, status: 0x80 })
  expect([code, energy, number]).toEqual([1, 5, 7])
})
