import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import { decodeDnmsg, decodeDnsched, decodeTimesync, timesyncJson } from '../../../src/protocols/basics-station/downlink.ts'
import { dashedEui, id6, parseEui } from '../../../src/protocols/basics-station/eui.ts'
import { parseMessage } from '../../../src/protocols/basics-station/message.ts'
import {
  decodeRouterConfig,
  decodeRouterInfo,
  type RouterConfig,
  routerInfoJson,
  versionJson,
} from '../../../src/protocols/basics-station/router.ts'
import { uplinkJson } from '../../../src/protocols/basics-station/uplink.ts'
import { recordedSession } from '../../support/basics-station.ts'

const EUI = fromHex('aa555a0000000101')
const { fromLns, fromStation } = recordedSession()
const CONFIG = decodeRouterConfig(parseMessage(fromLns[1]))
const INFO = {
  dataRate: 5,
  frequency_Hz: 868_500_000,
  xtime: 5_629_501_638_929_488,
  gps_us: 0,
  rssi_dBm: -108.2,
  snr_dB: 12.31,
  utc_s: 1,
  server_s: 2,
}

const uplink = (hex: string, config: RouterConfig = CONFIG): Record<string, unknown> | undefined => {
  const json = uplinkJson(fromHex(hex), INFO, config)
  return json === undefined ? undefined : JSON.parse(json)
}

test('what the station says in a recorded session with ChirpStack Gateway Bridge', () => {
  expect([routerInfoJson(EUI), versionJson({ version: '2.0.6', model: 'virtual' }), timesyncJson(123_456_789)]).toEqual(fromStation)
})

test('what the bridge answers in it', () => {
  expect(decodeRouterInfo(fromLns[0])).toBe('ws://127.0.0.1:13001/gateway/aa555a0000000101')
  expect(CONFIG).toMatchObject({ region: 'EU863', range_Hz: [863_000_000, 870_000_000], netIds: undefined, joinEuis: undefined })
  expect(CONFIG.dataRates[0]?.modulation).toMatchObject({ spreadingFactor: 12, bandwidth_Hz: 125_000 })
  expect(CONFIG.dataRates[7]?.modulation).toMatchObject({ type: 'fsk', bitRate_bps: 50_000 })
  expect(CONFIG.dataRates.slice(8).every((rate) => rate === undefined)).toBe(true)
  expect(decodeTimesync(parseMessage(fromLns[2]))).toEqual({ local_us: 123_456_789, xtime: undefined, gps_us: 1_479_913_557_303_237n })
  const [classA, classC, classB] = fromLns.slice(3).map((text) => decodeDnmsg(parseMessage(text)))
  expect(toHex(classA.phy)).toBe('600100000000000001256461')
  expect(classA).toMatchObject({
    deviceClass: 'A',
    id: 1,
    xtime: 0x14_0000_0011_2233n,
    rxDelay_s: 1,
    rx1: { dataRate: 5, frequency_Hz: 868_100_000 },
    rx2: { dataRate: 0, frequency_Hz: 869_525_000 },
  })
  expect(classC).toMatchObject({
    deviceClass: 'C',
    id: 2,
    xtime: undefined,
    rx1: undefined,
    rx2: { dataRate: 0, frequency_Hz: 869_525_000 },
  })
  expect(classB).toMatchObject({ deviceClass: 'B', id: 3, rxDelay_s: 0, gps_us: 1_479_913_492_500_000n, rx1: { dataRate: 7 } })
})

test('a join request as the bridge took it', () => {
  expect(uplink('0000000000000000004941dd03ca50923201' + '0080ae3efb')).toEqual({
    msgtype: 'jreq',
    MHdr: 0,
    JoinEui: '00-00-00-00-00-00-00-00',
    DevEui: '32-92-50-CA-03-DD-41-49',
    DevNonce: 1,
    MIC: -79_778_176,
    RefTime: 2,
    DR: 5,
    Freq: 868_500_000,
    upinfo: { rctx: 0, xtime: INFO.xtime, gpstime: 0, fts: -1, rssi: -108, snr: 12.25, rxtime: 1 },
  })
})

test('data frames: numbers are signed, no port is -1, options are apart', () => {
  expect(uplink('40f17dbe4900020001954378762b11ff0d')).toMatchObject({
    msgtype: 'updf',
    MHdr: 0x40,
    DevAddr: 0x49be7df1,
    FCtrl: 0,
    FCnt: 2,
    FOpts: '',
    FPort: 1,
    FRMPayload: '95437876',
    MIC: 0x0dff112b,
  })
  expect(uplink('80010203ff03ffff0a0b0c01020384')).toMatchObject({
    DevAddr: -16_580_095,
    FOpts: '0A0B0C'.slice(0, 6),
    FPort: -1,
    FRMPayload: '',
  })
  expect(uplink('e0010203')).toMatchObject({ msgtype: 'propdf', FRMPayload: 'E0010203' })
})

test.each([
  '',
  '00',
  '40f17dbe49000200',
  '20f17dbe4900020001954378762b11ff0d',
  '01f17dbe4900020001954378762b11ff0d',
  '40f17dbe490f020001954378762b',
])('what is no uplink of LoRaWAN is not forwarded: %s', (hex) => expect(uplink(hex)).toBeUndefined())

test('the filters of the server', () => {
  const only = (fields: object): RouterConfig =>
    decodeRouterConfig(
      parseMessage(
        fromLns[1].replace(
          '"NetID":null,"JoinEui":null',
          JSON.stringify(fields)
            .slice(1, -1)
            .replace(/"(\d{19,})"/g, '$1'),
        ),
      ),
    )
  const data = '40f17dbe4900020001954378762b11ff0d'
  const join = '00' + '0807060504030281' + '0000000000000000' + '0000' + '00000000'
  expect(uplink(data, only({ NetID: [0x24], JoinEui: null }))).toBeDefined()
  expect(uplink(data, only({ NetID: [0x25], JoinEui: [] }))).toBeUndefined()
  // 0x8102030405060708, beyond what a double holds.
  expect(uplink(join, only({ NetID: null, JoinEui: [['9295995896645158664', '9295995896645158664']] }))).toBeDefined()
  expect(uplink(join, only({ NetID: null, JoinEui: [['9295995896645158665', '9295995896645158763']] }))).toBeUndefined()
})

test('EUIs in all their spellings', () => {
  expect(id6(EUI)).toBe('aa55:5a00:0:101')
  for (const text of ['aa55:5a00:0:101', 'aa55:5a00::101', 'AA-55-5A-00-00-00-01-01'])
    expect(toHex(parseEui(text))).toBe('aa555a0000000101')
  expect(toHex(parseEui('::'))).toBe('0000000000000000')
  expect(toHex(parseEui('::1'))).toBe('0000000000000001')
  expect(dashedEui(EUI)).toBe('AA-55-5A-00-00-00-01-01')
  for (const text of ['', '1:2:3', '1:2:3:4:5', '1::2::3', '1:2:3::4', 'g::', '12345::', 'AA-55'])
    expect(() => parseEui(text), text).toThrow(DecodeError)
})

test('an error of the router is told in its own words', () => {
  expect(() => decodeRouterInfo('{"router":"::1","error":"not registered"}')).toThrow(/not registered/)
  expect(() => decodeRouterInfo('{}')).toThrow(DecodeError)
})

test('a schedule for multicast', () => {
  const entry = { priority: 0, DR: 3, Freq: 869_525_000, gpstime: 1_479_913_492_500_000, pdu: '60AA', rctx: 0 }
  expect(decodeDnsched(parseMessage(JSON.stringify({ msgtype: 'dnsched', schedule: [entry] })))).toMatchObject([
    { devEui: undefined, deviceClass: 'B', gps_us: 1_479_913_492_500_000n, rx1: { dataRate: 3, frequency_Hz: 869_525_000 } },
  ])
})

test('bad messages give DecodeErrors and nothing else', () => {
  const decoders = [decodeRouterConfig, decodeDnmsg, decodeDnsched, decodeTimesync]
  const pick = fc.constantFrom(...fromLns, '{"msgtype":"dnsched","schedule":[{"pdu":"00","DR":1,"Freq":1}]}')
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1e300, 2 ** 63, '', '9'.repeat(19)))
  fc.assert(
    fc.property(pick, fc.nat(), value, (text, at, other) => {
      const message = JSON.parse(text)
      const fields = Object.keys(message)
      message[fields[at % fields.length]] = other
      for (const decode of decoders) {
        try {
          decode(parseMessage(JSON.stringify(message)))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }
    }),
    { numRuns: 300 },
  )
})
