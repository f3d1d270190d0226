import { expect, test } from 'vitest'
import { downlinkOf } from '../../../src/headend/lorawan/downlink.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { decodeCommands } from '../../../src/protocols/yobiiq/commands.ts'

test('commands in words are those that a meter understands', () => {
  const { fPort, payload } = downlinkOf({
    relay: false,
    interval_min: 5,
    limit_W: 3000,
    reports: true,
    measurements: ['activeImportT1', 'frequency'],
  })
  expect(fPort).toBe(50)
  expect(decodeCommands(payload)).toEqual([
    { type: 'relay', closed: false },
    { type: 'interval', interval_min: 5 },
    { type: 'periodic', active: true },
    { type: 'powerLimit', limit_W: 3000 },
    { type: 'measurements', names: ['activeImportT1', 'frequency'] },
  ])
  expect(decodeCommands(downlinkOf({ restart: true }).payload)).toEqual([{ type: 'restart' }])
})

test('requests', () => {
  const hex = (object: Record<string, unknown>) => `${downlinkOf(object).fPort} ${toHex(downlinkOf(object).payload)}`
  expect(hex({ read: ['1.8.0'], id: 3 })).toBe('61 2301010800')
  expect(hex({ readMeasurements: ['voltageL1'] })).toBe('61 10010c')
  expect(hex({ profile: { from: 1, to: 2 } })).toBe('61 300000000100000002')
  expect(hex({ cancel: true })).toBe('61 40')
})

test.each([
  [{}],
  [{ relay: 'open' }],
  [{ interval_min: 0 }],
  [{ read: ['1.8.0'], relay: true }],
  [{ read: [] }],
  [{ read: ['x'] }],
  [{ readMeasurements: ['energy'] }],
  [{ profile: { from: -1, to: 2 } }],
  [{ restart: false }],
  [{ nothing: 1 }],
])('%j is refused', (object) => {
  expect(() => downlinkOf(object)).toThrow(DecodeError)
})
