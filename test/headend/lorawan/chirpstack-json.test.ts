import { describe, expect, test } from 'vitest'
import { type ChirpStackContext, chirpStackMessage, commandTopic, decodeCommand } from '../../../src/headend/lorawan/chirpstack-json.ts'
import type { NetworkEvent } from '../../../src/headend/lorawan/events.ts'
import { DecodeError } from '../../../src/lib/bytes.ts'

const CONTEXT: ChirpStackContext = {
  applicationId: 'app',
  applicationName: 'Meters',
  deviceProfileName: 'Meter',
  deviceClass: () => 'C',
  gatewayId: (gateway) => `id of ${gateway}`,
  uuid: () => 'uuid',
  decode: (_, payload) => ({ first: payload[0] }),
}
const COMMON = { utc_ms: 1_795_878_274_333.9, devEui: '0004a30b001c0530', name: 'meter', devAddr: 0x1abcdef }
const SF7 = { type: 'lora', spreadingFactor: 7, bandwidth_Hz: 125_000, codingRate: 1 } as const
const RECEPTION = {
  tmst_us: 0xfedcba98,
  utc_ms: 1_795_878_274_100,
  frequency_Hz: 868_100_000,
  modulation: SF7,
  channel: 2,
  rfChain: 1,
  rssi_dBm: -101.4,
  snr_dB: -3.26,
  crcOk: true,
  payload: new Uint8Array(0),
}
const told = (event: NetworkEvent): { topic: string; body: Record<string, unknown> } | undefined => {
  const message = chirpStackMessage(event, CONTEXT)
  return message && { topic: message.topic, body: JSON.parse(message.json) }
}

describe('events', () => {
  test('an uplink', () => {
    const uplink = { ...COMMON, type: 'up', fCnt: 7, fPort: 1, confirmed: true, adr: true, dataRate: 5, frequency_Hz: 868_100_000 } as const
    const event = told({ ...uplink, modulation: SF7, payload: Uint8Array.of(1, 2), gateways: [{ gateway: 'one', reception: RECEPTION }] })
    expect(event?.topic).toBe('application/app/device/0004a30b001c0530/event/up')
    expect(event?.body).toEqual({
      deduplicationId: 'uuid',
      time: '2026-11-28T15:04:34.333Z',
      deviceInfo: expect.objectContaining({
        devEui: '0004a30b001c0530',
        deviceName: 'meter',
        applicationName: 'Meters',
        deviceClassEnabled: 'CLASS_C',
      }),
      devAddr: '01abcdef',
      adr: true,
      dr: 5,
      fCnt: 7,
      fPort: 1,
      confirmed: true,
      data: 'AQI=',
      object: { first: 1 },
      rxInfo: [
        {
          gatewayId: 'id of one',
          uplinkId: 0xfedcba98,
          gwTime: '2026-11-28T15:04:34.100Z',
          rssi: -101,
          snr: -3.3,
          channel: 2,
          rfChain: 1,
          context: '/ty6mA==',
          crcStatus: 'CRC_OK',
        },
      ],
      txInfo: { frequency: 868_100_000, modulation: { lora: { bandwidth: 125_000, spreadingFactor: 7, codeRate: 'CR_4_5' } } },
    })
  })

  test('joins, acknowledgements, downlinks, status', () => {
    expect(told({ ...COMMON, type: 'join', devNonce: 1 })?.body).toMatchObject({ devAddr: '01abcdef' })
    expect(told({ ...COMMON, type: 'ack', fCntDown: 3, queueItemId: 'q' })?.body).toMatchObject({
      queueItemId: 'q',
      acknowledged: true,
      fCntDown: 3,
    })
    const down = {
      ...COMMON,
      type: 'down',
      fCnt: 4,
      payload: Uint8Array.of(1),
      window: 'RX1',
      frequency_Hz: 868_100_000,
      gateway: 'one',
    } as const
    const fsk = { type: 'fsk', bitRate_bps: 50_000, deviation_Hz: 25_000 } as const
    expect(told({ ...down, fPort: 9, modulation: fsk, queueItemId: 'q' })).toMatchObject({
      topic: 'application/app/device/0004a30b001c0530/event/txack',
      body: { downlinkId: 4, queueItemId: 'q', fCntDown: 4, gatewayId: 'id of one', txInfo: { modulation: { fsk: { datarate: 50_000 } } } },
    })
    expect(told({ ...down, fPort: undefined, modulation: SF7 })).toBeUndefined()
    const status = (battery: number) => told({ ...COMMON, type: 'status', battery, margin_dB: -4 })?.body
    expect(status(0)).toMatchObject({ margin: -4, externalPowerSource: true, batteryLevelUnavailable: false, batteryLevel: 0 })
    expect(status(127)).toMatchObject({ externalPowerSource: false, batteryLevel: 50 })
    expect(status(255)).toMatchObject({ batteryLevelUnavailable: true })
    expect(told({ type: 'refused', utc_ms: 0, gateway: 'one', reason: 'wrong MIC' })).toBeUndefined()
  })
})

describe('commands', () => {
  const topic = 'application/app/device/0004A30B001C0530/command/down'
  const command = { devEui: '0004a30b001c0530', confirmed: true, fPort: 50, data: 'B0gA', id: 'mine' }

  test('a downlink', () => {
    expect(commandTopic('app')).toBe('application/app/device/+/command/down')
    expect(decodeCommand(topic, JSON.stringify(command))).toEqual({
      devEui: '0004a30b001c0530',
      item: { fPort: 50, confirmed: true, payload: Uint8Array.of(7, 0x48, 0), id: 'mine' },
    })
    const { confirmed, id, ...least } = command
    expect([confirmed, id]).toEqual([true, 'mine'])
    expect(decodeCommand(topic, JSON.stringify(least)).item).toMatchObject({ confirmed: false, id: undefined })
  })

  test.each([
    [{ ...command, devEui: '0004a30b001c0531' }, /devEui/],
    [{ ...command, fPort: 0 }, /fPort/],
    [{ ...command, fPort: 224 }, /fPort/],
    [{ ...command, data: '###' }, /./],
    [{ ...command, data: undefined }, /data is missing/],
    [{ ...command, data: undefined, object: {} }, /object: empty/],
    [{ ...command, confirmed: 'yes' }, /confirmed/],
    [{ ...command, id: 5 }, /id/],
    [[], /object/],
  ])('refuses %j', (wrong, reason) => {
    expect(() => decodeCommand(topic, JSON.stringify(wrong))).toThrow(DecodeError)
    expect(() => decodeCommand(topic, JSON.stringify(wrong))).toThrow(reason)
  })

  test('refuses what is no JSON, or has no device in its topic', () => {
    expect(() => decodeCommand(topic, '{')).toThrow(DecodeError)
    expect(() => decodeCommand('application/app/device/x/command/down', JSON.stringify(command))).toThrow(DecodeError)
  })
})
