import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import type { GatewayReception, GatewayTransmission } from '../../../src/lib/lora-gateway.ts'
import {
  decodePacket,
  decodePullResp,
  decodePushData,
  decodeTxAck,
  encodePacket,
  PacketType,
  pullRespJson,
  pushJson,
  txAckJson,
} from '../../../src/protocols/semtech-udp/codec.ts'

const EUI = fromHex('aa555a0000000101')

test('a recorded session with ChirpStack Gateway Bridge', () => {
  const url = new URL('../../vectors/lorawan/semtech-udp.json', import.meta.url)
  const recorded: readonly { readonly from: string; readonly hex: string }[] = JSON.parse(readFileSync(url, 'utf8'))
  const packets = recorded.map(({ from, hex }) => ({ from, ...decodePacket(fromHex(hex)) }))
  const [pull, pullAck, push, pushAck, ...downlinks] = packets
  expect([pull.type, pullAck.type, push.type, pushAck.type]).toEqual([
    PacketType.pullData,
    PacketType.pullAck,
    PacketType.pushData,
    PacketType.pushAck,
  ])
  expect([pullAck.token, pushAck.token]).toEqual([pull.token, push.token])
  expect(toHex(encodePacket(PacketType.pullData, 0x0001, EUI)).slice(8)).toBe(recorded[0].hex.slice(8))
  const [uplink] = decodePushData(push.json).receptions
  // What we would send for it is what the bridge took.
  expect(JSON.parse(pushJson([uplink]))).toEqual(JSON.parse(push.json ?? ''))
  const tmst_us = uplink.tmst_us + 1_000_000
  const lora = { type: 'lora', bandwidth_Hz: 125_000, codingRate: 1 }
  expect(downlinks.map(({ type, json }) => [type, decodePullResp(json)])).toMatchObject([
    [
      PacketType.pullResp,
      { tmst_us, frequency_Hz: 868_100_000, power_dBm: 14, invertedIq: true, modulation: { ...lora, spreadingFactor: 7 } },
    ],
    [PacketType.pullResp, { tmst_us: undefined, frequency_Hz: 869_525_000, power_dBm: 27, modulation: { ...lora, spreadingFactor: 12 } }],
    [PacketType.pullResp, { tmst_us, frequency_Hz: 868_800_000, modulation: { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 } }],
  ])
  for (const { json } of downlinks) expect(toHex(decodePullResp(json)?.payload ?? new Uint8Array(0))).toBe('600100000000000001256461')
})

describe('examples of PROTOCOL.TXT', () => {
  test('downlinks: LoRa with a time stamp, FSK at once', () => {
    const lora = `{"txpk":{"imme":true,"freq":864.123456,"rfch":0,"powe":14,"modu":"LORA","datr":"SF11BW125","codr":"4/6","ipol":false,"size":32,"data":"H3P3N2i9qc4yt7rK7ldqoeCVJGBybzPY5h1Dd7P7p8v"}}`
    expect(decodePullResp(lora)).toMatchObject({
      tmst_us: undefined,
      frequency_Hz: 864_123_456,
      power_dBm: 14,
      invertedIq: false,
      crc: true,
      modulation: { type: 'lora', spreadingFactor: 11, bandwidth_Hz: 125_000, codingRate: 2 },
    })
    expect(decodePullResp(lora)?.payload.length).toBe(32)
    const fsk = `{"txpk":{"imme":true,"freq":861.3,"rfch":0,"powe":12,"modu":"FSK","datr":50000,"fdev":3000,"size":32,"data":"H3P3N2i9qc4yt7rK7ldqoeCVJGBybzPY5h1Dd7P7p8v"}}`
    expect(decodePullResp(fsk)).toMatchObject({ modulation: { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 3000 } })
  })

  test('uplinks of three modulations', () => {
    const json = `{"rxpk":[
      {"time":"2013-03-31T16:21:17.528002Z","tmst":3512348611,"chan":2,"rfch":0,"freq":866.349812,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/6","rssi":-35,"lsnr":5.1,"size":32,"data":"-DS4CGaDCdG+48eJNM3Vai-zDpsR71Pn9CPA9uCON84"},
      {"tmst":3512348514,"chan":9,"rfch":1,"freq":869.1,"stat":1,"modu":"FSK","datr":50000,"rssi":-75,"size":16,"data":"VEVTVF9QQUNLRVRfMTIzNA=="}]}`
    // The text's first example has characters that are not base64; what is sent over the air has none.
    const { receptions } = decodePushData(json.replaceAll(/"data":"-DS4CG[^"]+"/g, '"data":"VEVTVF9QQUNLRVRfMTIzNA=="'))
    expect(receptions).toMatchObject([
      { tmst_us: 3512348611, channel: 2, rssi_dBm: -35, snr_dB: 5.1, crcOk: true, frequency_Hz: 866_349_812 },
      { modulation: { type: 'fsk', bitRate_bps: 50_000 }, rssi_dBm: -75, rfChain: 1 },
    ])
    expect(String.fromCharCode(...receptions[1].payload)).toBe('TEST_PACKET_1234')
    expect(() => decodePushData(json)).toThrow(DecodeError)
  })

  test('a status', () => {
    const { status } = decodePushData(
      '{"stat":{"time":"2014-01-12 08:59:28 GMT","lati":46.24000,"long":3.25230,"alti":145,"rxnb":2,"rxok":2,"rxfw":2,"ackr":100.0,"dwnb":2,"txnb":2}}',
    )
    expect(status).toMatchObject({ rxnb: 2, ackr: 100 })
  })

  test('acknowledgements', () => {
    expect(decodeTxAck('{"txpk_ack":{"error":"COLLISION_PACKET"}}')).toBe('COLLISION_PACKET')
    expect(decodeTxAck(undefined)).toBe('NONE')
    expect(decodeTxAck(txAckJson(undefined))).toBe('NONE')
    expect(decodeTxAck(txAckJson('TOO_LATE'))).toBe('TOO_LATE')
  })
})

test('datagrams: header, token and EUI', () => {
  expect(toHex(encodePacket(PacketType.pullData, 0x1234, EUI))).toBe(`02123402${toHex(EUI)}`)
  expect(decodePacket(encodePacket(PacketType.pushData, 7, EUI, '{}'))).toEqual({ type: 0, token: 7, eui: EUI, json: '{}' })
  expect(decodePacket(encodePacket(PacketType.pullResp, 7, undefined, '{}'))).toEqual({ type: 3, token: 7, eui: undefined, json: '{}' })
})

const modulations = fc.oneof(
  fc.record({
    type: fc.constant('lora' as const),
    spreadingFactor: fc.integer({ min: 7, max: 12 }),
    bandwidth_Hz: fc.constantFrom(125_000, 250_000, 500_000),
    codingRate: fc.constantFrom(1, 2, 3, 4),
  }),
  fc.record({ type: fc.constant('fsk' as const), bitRate_bps: fc.constant(50_000), deviation_Hz: fc.constant(25_000) }),
) as fc.Arbitrary<GatewayTransmission['modulation']>
const payloads = fc.uint8Array({ minLength: 1, maxLength: 255 })

test('what is encoded is decoded', () => {
  const receptions: fc.Arbitrary<GatewayReception> = fc.record({
    tmst_us: fc.nat({ max: 0xffffffff }),
    utc_ms: fc.integer({ min: 1_000_000_000_000, max: 2_000_000_000_000 }),
    frequency_Hz: fc.integer({ min: 863_000_000, max: 928_000_000 }),
    modulation: modulations,
    channel: fc.nat({ max: 9 }),
    rfChain: fc.nat({ max: 1 }),
    rssi_dBm: fc.integer({ min: -150, max: 0 }),
    snr_dB: fc.integer({ min: -25, max: 15 }),
    crcOk: fc.boolean(),
    payload: payloads,
  })
  fc.assert(
    fc.property(receptions, (reception) => {
      expect(decodePushData(pushJson([reception])).receptions).toEqual([reception])
    }),
  )
  const transmissions: fc.Arbitrary<GatewayTransmission> = fc.record({
    tmst_us: fc.option(fc.nat({ max: 0xffffffff }), { nil: undefined }),
    frequency_Hz: fc.integer({ min: 863_000_000, max: 928_000_000 }),
    modulation: modulations,
    power_dBm: fc.integer({ min: -6, max: 27 }),
    invertedIq: fc.constant(true),
    preamble: fc.constant(8),
    crc: fc.boolean(),
    payload: payloads,
  })
  fc.assert(
    fc.property(transmissions, (transmission) => {
      const expected = { ...transmission, invertedIq: transmission.modulation.type === 'lora' }
      expect(decodePullResp(pullRespJson(transmission))).toEqual(expected)
    }),
  )
})

test('foreign datagrams are decoded or refused with DecodeError', () => {
  const json = fc.json().map((text) => new TextEncoder().encode(text))
  const datagrams = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.nat({ max: 6 }), json).map(([type, body]) => Uint8Array.of(2, 0, 0, type, ...body)),
    fc.tuple(fc.constantFrom('rxpk', 'txpk', 'txpk_ack'), fc.anything()).map(([name, value]) => {
      return new TextEncoder().encode(`\u0002\u0000\u0000\u0003${JSON.stringify({ [name]: value })}`)
    }),
  )
  fc.assert(
    fc.property(datagrams, (datagram) => {
      try {
        const packet = decodePacket(datagram)
        for (const decode of [decodePushData, decodePullResp, decodeTxAck]) {
          try {
            decode(packet.json)
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }),
  )
})
