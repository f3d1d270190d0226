import { getUint32 } from '../../lib/little-endian.ts'

/** MAC commands, LoRaWAN 1.0.4 §5; the class B ones of §14 are known by length only. */
export const Cid = Object.freeze({
  linkCheck: 0x02,
  linkAdr: 0x03,
  dutyCycle: 0x04,
  rxParamSetup: 0x05,
  devStatus: 0x06,
  newChannel: 0x07,
  rxTimingSetup: 0x08,
  txParamSetup: 0x09,
  dlChannel: 0x0a,
  deviceTime: 0x0d,
  pingSlotInfo: 0x10,
  pingSlotChannel: 0x11,
  beaconTiming: 0x12,
  beaconFrequency: 0x13,
})

/** Bytes after the CID: [in uplinks, in downlinks]. */
const LENGTHS: Readonly<Record<number, readonly [number, number]>> = Object.freeze({
  [Cid.linkCheck]: [0, 2],
  [Cid.linkAdr]: [1, 4],
  [Cid.dutyCycle]: [0, 1],
  [Cid.rxParamSetup]: [1, 4],
  [Cid.devStatus]: [2, 0],
  [Cid.newChannel]: [1, 5],
  [Cid.rxTimingSetup]: [0, 1],
  [Cid.txParamSetup]: [0, 1],
  [Cid.dlChannel]: [1, 4],
  [Cid.deviceTime]: [0, 5],
  [Cid.pingSlotInfo]: [1, 0],
  [Cid.pingSlotChannel]: [1, 4],
  [Cid.beaconTiming]: [0, 3],
  [Cid.beaconFrequency]: [1, 3],
})

/** TxParamSetupReq: maximum EIRP in dBm by index, LoRaWAN 1.0.4 §5.9. */
export const MAX_EIRP_DBM: readonly number[] = Object.freeze([8, 10, 12, 13, 14, 16, 18, 20, 21, 24, 26, 27, 29, 30, 33, 36])
/** Frequencies in commands are multiples of it. */
export const FREQUENCY_STEP_HZ = 100
/** Seconds between 1970-01-01 and 1980-01-06, and the leap seconds that GPS time is ahead of UTC since 2017. */
const GPS_EPOCH_S = 315_964_800
const GPS_LEAP_S = 18

/** UTC in ms of a DeviceTimeAns. */
export function deviceTime_ms(payload: Uint8Array): number {
  return (getUint32(payload, 0) + GPS_EPOCH_S - GPS_LEAP_S) * 1000 + Math.floor((payload[4] * 1000) / 256)
}

export interface MacCommand {
  readonly cid: number
  /** Without the CID; a view. */
  readonly payload: Uint8Array
}

/** Takes commands apart. What follows an unknown command, or one that is cut off, cannot be understood and is left out (§5). */
export function splitCommands(bytes: Uint8Array, up: boolean): MacCommand[] {
  const commands: MacCommand[] = []
  for (let at = 0; at < bytes.length; ) {
    const cid = bytes[at]
    const length = LENGTHS[cid]?.[up ? 0 : 1]
    if (length === undefined || at + 1 + length > bytes.length) break
    commands.push({ cid, payload: bytes.subarray(at + 1, at + 1 + length) })
    at += 1 + length
  }
  return commands
}
