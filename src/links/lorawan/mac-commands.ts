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
