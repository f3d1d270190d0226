import { getUint24 } from '../../lib/little-endian.ts'
import { Cid, deviceTime_ms, FREQUENCY_STEP_HZ, MAX_EIRP_DBM, type MacCommand } from './mac-commands.ts'

/** A value of a command in words. */
export type Field = readonly [name: string, value: string]

/** Names without Req and Ans, LoRaWAN 1.0.4 §5 and §14. */
const NAMES: Readonly<Record<number, string>> = Object.freeze({
  [Cid.linkCheck]: 'LinkCheck',
  [Cid.linkAdr]: 'LinkADR',
  [Cid.dutyCycle]: 'DutyCycle',
  [Cid.rxParamSetup]: 'RXParamSetup',
  [Cid.devStatus]: 'DevStatus',
  [Cid.newChannel]: 'NewChannel',
  [Cid.rxTimingSetup]: 'RXTimingSetup',
  [Cid.txParamSetup]: 'TxParamSetup',
  [Cid.dlChannel]: 'DlChannel',
  [Cid.deviceTime]: 'DeviceTime',
  [Cid.pingSlotInfo]: 'PingSlotInfo',
  [Cid.pingSlotChannel]: 'PingSlotChannel',
  [Cid.beaconTiming]: 'BeaconTiming',
  [Cid.beaconFrequency]: 'BeaconFreq',
})

/** The device asks, and the network answers; with all others it is the other way round. */
const ASKED_BY_DEVICE: readonly number[] = Object.freeze([Cid.linkCheck, Cid.deviceTime, Cid.pingSlotInfo, Cid.beaconTiming])

/** Bits of an answer, lowest first: 1 is accepted. */
const ACCEPTED: Readonly<Record<number, readonly string[]>> = Object.freeze({
  [Cid.linkAdr]: ['channel mask', 'data rate', 'power'],
  [Cid.rxParamSetup]: ['channel', 'RX2 data rate', 'RX1 offset'],
  [Cid.newChannel]: ['frequency', 'data rates'],
  [Cid.dlChannel]: ['frequency', 'channel exists'],
})

/** `LinkADRReq`; `command 0x80` for one that is not known. */
export function commandName(cid: number, up: boolean): string {
  const name = NAMES[cid]
  if (name === undefined) return `command 0x${cid.toString(16).padStart(2, '0')}`
  return name + (ASKED_BY_DEVICE.includes(cid) === up ? 'Req' : 'Ans')
}

/** What a command says, in words, for whoever looks at frames. */
export function commandFields({ cid, payload }: MacCommand, up: boolean): Field[] {
  if (!up) return requestFields(cid, payload)
  if (cid === Cid.devStatus) {
    const battery = payload[0] === 0 ? 'external supply' : payload[0] === 255 ? 'unknown' : `${payload[0]} of 254`
    return [
      ['battery', battery],
      ['margin', `${((payload[1] & 0x3f) << 26) >> 26} dB`],
    ]
  }
  const bits = ACCEPTED[cid] ?? []
  return bits.map((name, bit) => [name, ((payload[0] >> bit) & 1) === 1 ? 'accepted' : 'refused'])
}

function frequency(payload: Uint8Array, at: number): string {
  return `${(getUint24(payload, at) * FREQUENCY_STEP_HZ) / 1e6} MHz`
}

/** What the network sends. */
function requestFields(cid: number, payload: Uint8Array): Field[] {
  const [first] = payload
  switch (cid) {
    case Cid.linkCheck:
      return [
        ['margin', `${first} dB`],
        ['gateways', `${payload[1]}`],
      ]
    case Cid.linkAdr:
      return linkAdrFields(payload)
    case Cid.dutyCycle:
      return [['share of time', first === 0 ? 'no limit' : `1/${2 ** (first & 15)}`]]
    case Cid.rxParamSetup:
      return [
        ['RX1 offset', `${(first >> 4) & 7}`],
        ['RX2 data rate', `DR${first & 15}`],
        ['RX2', frequency(payload, 1)],
      ]
    case Cid.newChannel:
      return [
        ['channel', `${first}`],
        ['frequency', frequency(payload, 1)],
        ['data rates', `DR${payload[4] & 15} to DR${payload[4] >> 4}`],
      ]
    case Cid.rxTimingSetup:
      return [['RX1 after', `${Math.max(1, first & 15)} s`]]
    case Cid.txParamSetup:
      return [
        ['EIRP at most', `${MAX_EIRP_DBM[first & 15]} dBm`],
        ['uplink dwell time', first & 0x10 ? '400 ms' : 'no limit'],
        ['downlink dwell time', first & 0x20 ? '400 ms' : 'no limit'],
      ]
    case Cid.dlChannel:
      return [
        ['channel', `${first}`],
        ['downlinks', frequency(payload, 1)],
      ]
    case Cid.deviceTime:
      return [['UTC', new Date(deviceTime_ms(payload)).toISOString()]]
    default:
      return []
  }
}

function linkAdrFields(payload: Uint8Array): Field[] {
  const mask = payload[1] | (payload[2] << 8)
  const kept = (value: number, text: string): string => (value === 15 ? 'as it is' : text)
  return [
    ['data rate', kept(payload[0] >> 4, `DR${payload[0] >> 4}`)],
    ['power', kept(payload[0] & 15, `${payload[0] & 15}`)],
    ['channel mask', `0x${mask.toString(16).padStart(4, '0')}`],
    ['mask control', `${(payload[3] >> 4) & 7}`],
    ['transmissions', `${Math.max(1, payload[3] & 15)}`],
  ]
}
