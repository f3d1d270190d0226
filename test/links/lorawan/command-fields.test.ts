import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex } from '../../../src/lib/hex.ts'
import { commandFields, commandName } from '../../../src/links/lorawan/command-fields.ts'
import { splitCommands } from '../../../src/links/lorawan/mac-commands.ts'

function words(hex: string, up: boolean): string[] {
  return splitCommands(fromHex(hex), up).map((command) => {
    const fields = commandFields(command, up).map(([name, value]) => `${name} ${value}`)
    return [commandName(command.cid, up), ...fields].join(', ')
  })
}

test('what the network asks for', () => {
  expect(words('0353ff0001', false)).toEqual(['LinkADRReq, data rate DR5, power 3, channel mask 0x00ff, mask control 0, transmissions 1'])
  expect(words('03ff000070', false)).toEqual([
    'LinkADRReq, data rate as it is, power as it is, channel mask 0x0000, mask control 7, transmissions 1',
  ])
  expect(words('04000407', false)).toEqual(['DutyCycleReq, share of time no limit', 'DutyCycleReq, share of time 1/128'])
  // 869.525 MHz is 8,695,250 steps of 100 Hz.
  expect(words('0503d2ad84', false)).toEqual(['RXParamSetupReq, RX1 offset 0, RX2 data rate DR3, RX2 869.525 MHz'])
  expect(words('0703184f8450', false)).toEqual(['NewChannelReq, channel 3, frequency 867.1 MHz, data rates DR0 to DR5'])
  expect(words('0800080f0935', false)).toEqual([
    'RXTimingSetupReq, RX1 after 1 s',
    'RXTimingSetupReq, RX1 after 15 s',
    'TxParamSetupReq, EIRP at most 16 dBm, uplink dwell time 400 ms, downlink dwell time 400 ms',
  ])
  expect(words('0a00d2ad84', false)).toEqual(['DlChannelReq, channel 0, downlinks 869.525 MHz'])
  expect(words('06', false)).toEqual(['DevStatusReq'])
})

test('what the network answers', () => {
  expect(words('02140b', false)).toEqual(['LinkCheckAns, margin 20 dB, gateways 11'])
  // 2024-01-01T00:00:00Z is GPS second 1,388,102,418 (18 leap seconds ahead of UTC); 0x80 is half a second.
  expect(words('0d12c3bc5280', false)).toEqual(['DeviceTimeAns, UTC 2024-01-01T00:00:00.500Z'])
})

test('what a device asks for and answers', () => {
  expect(words('020d', true)).toEqual(['LinkCheckReq', 'DeviceTimeReq'])
  expect(words('030703000506', true)).toEqual([
    'LinkADRAns, channel mask accepted, data rate accepted, power accepted',
    'LinkADRAns, channel mask refused, data rate refused, power refused',
    'RXParamSetupAns, channel refused, RX2 data rate accepted, RX1 offset accepted',
  ])
  expect(words('06003f0600ff06fe14', true).map((text) => text.replace('DevStatusAns, ', ''))).toEqual([
    'battery external supply, margin -1 dB',
    'battery external supply, margin -1 dB',
    'battery 254 of 254, margin 20 dB',
  ])
})

test('any bytes are put into words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, up) => {
      for (const command of splitCommands(bytes, up)) {
        for (const [name, value] of commandFields(command, up)) expect(`${name}${value}`).not.toMatch(/NaN|undefined/)
      }
    }),
  )
  expect(commandName(0x80, true)).toBe('command 0x80')
})
