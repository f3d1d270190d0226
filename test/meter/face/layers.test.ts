import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { encodeData } from '../../../src/links/lorawan/frame.ts'
import { encodeJoinAccept, encodeJoinRequest } from '../../../src/links/lorawan/security.ts'
import { dissect } from '../../../src/meter/face/page/layers.ts'
import { payloadFields } from '../../../src/meter/face/page/payload.ts'
import type { FaceFrame } from '../../../src/meter/face/radio-state.ts'
import { encodeReadings as encodeCbor } from '../../../src/protocols/cbor/encode.ts'
import { encodeAnswer, encodeRequest } from '../../../src/protocols/meter-request/codec.ts'
import { encodeAcknowledgement, encodeFragment } from '../../../src/protocols/schc/message.ts'
import { encodeReadings } from '../../../src/protocols/yobiiq/encode.ts'

const KEY = new Uint8Array(16)
const AIR = {
  seq: 1,
  time_ms: 0,
  up: true,
  frequency_Hz: 868_100_000,
  modulation: { type: 'lora', spreadingFactor: 9, bandwidth_Hz: 125_000, codingRate: 1 },
  airtime_ms: 164.864,
  mic: 'valid',
} as const

/** Title, then each layer as one line. */
function lines(frame: FaceFrame): string[] {
  const { title, layers } = dissect(frame, 60)
  const words = (fields: readonly (readonly [string, string])[]): string => fields.map(([name, value]) => `${name} ${value}`).join(', ')
  return [
    title,
    ...layers.map(({ name, bytes, clear, fields, parts = [] }) =>
      [
        [name, bytes, clear && `(${clear})`, words(fields)].filter(Boolean).join(' '),
        ...parts.map((part) => `${part.name}: ${words(part.fields)}`),
      ].join('; '),
    ),
  ]
}

const PHY = 'PHY frequency 868.1 MHz, modulation SF9 125 kHz, code rate 4/5, length'

test('a report, layer by layer', () => {
  const clear = encodeReadings([
    ['timestamp', 1_700_000_000],
    ['activeImportT1', 123],
    ['voltageL1', 2304],
    ['activePowerL2', -7],
  ])
  const phy = encodeData({
    up: true,
    confirmed: false,
    devAddr: 0x26011bda,
    adr: true,
    adrAckRequest: true,
    ack: false,
    pending: false,
    fCnt: 7,
    fOpts: fromHex('0d0307'),
    fPort: 1,
    payload: new Uint8Array(clear.length),
  })
  expect(lines({ ...AIR, phy: toHex(phy), clear: toHex(clear), fCnt: 65_543, power_dBm: 14 })).toEqual([
    'Data up 7, port 1',
    `${PHY} ${phy.length} bytes, airtime 164.9 ms, power 14 dBm`,
    'MHDR 40 MType Data up, major LoRaWAN R1',
    'FHDR da1b0126c30700 DevAddr 26011bda, FCtrl ADR, ADRACKReq, FCnt 65543',
    'FOpts 0d0307; DeviceTimeReq: ; LinkADRAns: channel mask accepted, data rate accepted, power accepted',
    'FPort 01 port 1, application',
    `FRMPayload ${'00'.repeat(clear.length)} (${toHex(clear)}) timestamp 2023-11-14 23:13:20, active import T1 123 Wh, voltage L1 230.4 V, active power L2 -7 W`,
    'MIC 00000000 check valid',
  ])
})

test('commands as the payload, with one that nobody knows', () => {
  const phy = encodeData({
    up: false,
    confirmed: true,
    devAddr: 1,
    adr: false,
    adrAckRequest: false,
    ack: true,
    pending: true,
    fCnt: 2,
    fOpts: new Uint8Array(0),
    fPort: 0,
    payload: new Uint8Array(4),
  })
  const found = lines({ ...AIR, up: false, phy: toHex(phy), clear: '02140180', rssi_dBm: -101.5, snr_dB: -2.25 })
  expect(found[0]).toBe('Confirmed data down 2, MAC commands')
  expect(found[1]).toMatch(/RSSI −10[12] dBm, SNR −2\.[23] dB$/)
  expect(found[3]).toBe('FHDR 01000000300200 DevAddr 00000001, FCtrl ACK, FPending, FCnt 2')
  expect(found[5]).toBe('FRMPayload 00000000 (02140180); LinkCheckAns: margin 20 dB, gateways 1; command 0x80: bytes 80')
})

test('join request and accept', () => {
  const devEui = fromHex('0004a30b001c0530')
  const request = encodeJoinRequest(hostCrypto, KEY, { joinEui: fromHex('70b3d57ed0000001'), devEui, devNonce: 300 })
  expect(lines({ ...AIR, phy: toHex(request) }).slice(0, 4)).toEqual([
    'Join request',
    `${PHY} 23 bytes, airtime 164.9 ms`,
    'MHDR 00 MType Join request, major LoRaWAN R1',
    `Join request ${toHex(request.subarray(1, -4))} JoinEUI 70b3d57ed0000001, DevEUI 0004a30b001c0530, DevNonce 300`,
  ])
  const cfList = fromHex('184f84e85684b85e84886684586e8400')
  const accept = { joinNonce: 5, netId: 0x13, devAddr: 0x26011bda, rx1DrOffset: 1, rx2DataRate: 3, rxDelay_s: 5, cfList }
  const phy = encodeJoinAccept(hostCrypto, KEY, accept)
  const clear = phy.slice()
  clear.set(hostCrypto.encryptBlocks(KEY, phy.subarray(1)), 1)
  expect(lines({ ...AIR, up: false, phy: toHex(phy), clear: toHex(clear) }).slice(3)).toEqual([
    `Join accept ${toHex(phy.subarray(1))} JoinNonce 5, NetID 000013, DevAddr 26011bda, RX1 offset 1, RX2 data rate DR3, RX1 after 5 s, CFList 867.1, 867.3, 867.5, 867.7, 867.9 MHz`,
    'MIC check valid',
  ])
  expect(lines({ ...AIR, up: false, phy: toHex(phy), mic: 'wrong' }).slice(3)).toEqual([
    `Join accept ${toHex(phy.subarray(1))}`,
    'MIC check wrong',
  ])
})

test('what a module was given', () => {
  expect(lines({ seq: 1, time_ms: 0, up: true, fPort: 50, clear: 'ff0b00' })).toEqual([
    'Data up, port 50',
    'PHY frame made inside the module',
    'FPort port 50, application',
    'FRMPayload (ff0b00) supply failed',
  ])
})

describe('payloads', () => {
  test.each([
    [50, true, '00', [['downlink', 'done']]],
    [50, true, '01', [['downlink', 'not done']]],
    [50, true, 'ff0b01', [['supply', 'good']]],
    [11, true, '010100', [['relay', 'open']]],
    [50, false, '074801', [['relay', 'closed true']]],
    [
      50,
      false,
      'ff1405013403e8',
      [
        ['interval', 'interval 5'],
        ['power limit', 'limit 1000'],
      ],
    ],
    [1, true, 'a16161', undefined],
    [77, true, '0102', []],
  ])('port %d, up %s: %s', (fPort, up, hex, fields) => {
    expect(payloadFields(fPort, fromHex(hex), up, 0).fields).toEqual(fields)
  })
})

test('requests and answers', () => {
  const read = encodeRequest({ kind: 'registers', id: 3, codes: ['1.8.0', '32.7.0'] })
  const range = encodeRequest({ kind: 'profile', id: 4, from_s: 1_700_000_000, to_s: 1_700_003_600 })
  expect(payloadFields(61, Uint8Array.of(...read, ...range), false, 0).fields).toEqual([
    ['request 3', 'registers 1.8.0, 32.7.0'],
    ['request 4', 'profile 2023-11-14 22:13:20 2023-11-14 23:13:20'],
  ])
  const registers = [
    { code: '1.8.0', scaler: 0, unit: 30, value: 1234 },
    { code: '32.7.0', scaler: -1, unit: 35, value: 2301 },
  ]
  expect(payloadFields(61, encodeAnswer({ kind: 'registers', id: 3, registers }), true, 0).fields).toEqual([
    ['answer 3', 'registers'],
    ['1.8.0', '1234'],
    ['32.7.0', '230.1'],
  ])
  expect(payloadFields(61, encodeAnswer({ kind: 'failure', id: 3, failure: 2 }), true, 0).fields).toEqual([
    ['answer 3', 'failure'],
    ['reason', '2'],
  ])
})

test('payloads in CBOR and fragments', () => {
  const report = encodeCbor([
    ['time', 1_700_000_000],
    ['activeImport', 5],
    ['voltageL1', 2301],
  ])
  expect(payloadFields(60, report, true, 0)).toEqual({
    fields: [
      ['time', '2023-11-14 22:13:20'],
      ['active import', '5 Wh'],
      ['voltage L1', '230.1 V'],
    ],
    parts: [],
  })
  expect(payloadFields(20, encodeFragment({ type: 'regular', window: 1, fcn: 62, tiles: new Uint8Array(20) }), true, 0).fields).toEqual([
    ['SCHC', 'regular'],
    ['window', '1'],
    ['fcn', '62'],
    ['tiles', '20 bytes'],
  ])
  expect(payloadFields(20, encodeAcknowledgement({ type: 'complete', window: 2 }), false, 0).fields?.[0]).toEqual(['SCHC', 'complete'])
})

test('any bytes are shown', () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 64 })
  fc.assert(
    fc.property(bytes, fc.option(bytes, { nil: undefined }), fc.boolean(), (phy, clear, up) => {
      const { layers, title } = dissect({ ...AIR, up, phy: toHex(phy), clear: clear && toHex(clear) }, 0)
      expect(layers.length).toBeGreaterThan(1)
      expect(JSON.stringify([title, layers])).not.toMatch(/undefined|NaN/)
    }),
    { numRuns: 500 },
  )
})
