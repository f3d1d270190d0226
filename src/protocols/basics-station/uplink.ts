import { ByteReader } from '../../lib/bytes.ts'
import { toHex } from '../../lib/hex.ts'
import { dashedEui } from './eui.ts'
import type { RouterConfig } from './router.ts'

const JOIN_REQUEST = 0
const JOIN_ACCEPT = 1
const REJOIN = 6
const PROPRIETARY = 7
const JOIN_LENGTH = 23
/** MHDR, DevAddr, FCtrl, FCnt, MIC. */
const DATA_MIN = 12
const MIC_LENGTH = 4

/** How a frame was heard. */
export interface UplinkInfo {
  /** Index of the data rate in the configuration. */
  readonly dataRate: number
  readonly frequency_Hz: number
  /** Less than 2^53. */
  readonly xtime: number
  /** µs since the epoch of GPS; 0 when unknown. */
  readonly gps_us: number
  readonly rssi_dBm: number
  readonly snr_dB: number
  /** UTC, by the gateway's clock and by the server's, if it has told that. */
  readonly utc_s: number
  readonly server_s: number
}

function fields(phy: Uint8Array, config: RouterConfig): object | undefined {
  const type = phy[0] >> 5
  if ((phy[0] & 0x1f) !== 0) return undefined
  if (type === PROPRIETARY) return { msgtype: 'propdf', FRMPayload: toHex(phy).toUpperCase() }
  if (type === JOIN_REQUEST || type === REJOIN) return joinFields(phy, config)
  return type === JOIN_ACCEPT || phy.length < DATA_MIN ? undefined : dataFields(phy, config)
}

function joinFields(phy: Uint8Array, { joinEuis }: RouterConfig): object | undefined {
  if (phy.length !== JOIN_LENGTH) return undefined
  const joinEui = phy.slice(1, 9).reverse()
  const number = BigInt(`0x${toHex(joinEui)}`)
  if (joinEuis?.some(([low, high]) => number >= low && number <= high) === false) return undefined
  return {
    msgtype: phy[0] >> 5 === JOIN_REQUEST ? 'jreq' : 'rejoin',
    MHdr: phy[0],
    JoinEui: dashedEui(joinEui),
    DevEui: dashedEui(phy.slice(9, 17).reverse()),
    DevNonce: phy[17] | (phy[18] << 8),
    MIC: int32(phy, JOIN_LENGTH - MIC_LENGTH),
  }
}

function dataFields(phy: Uint8Array, { netIds }: RouterConfig): object | undefined {
  const type = phy[0] >> 5
  const end = phy.length - MIC_LENGTH
  const options = 8 + (phy[5] & 0x0f)
  // NwkID of NetIDs of type 0.
  if (options > end || netIds?.some((netId) => (netId & 0x7f) === phy[4] >> 1) === false) return undefined
  return {
    // Types 2 and 4 go up.
    msgtype: type === 2 || type === 4 ? 'updf' : 'dndf',
    MHdr: phy[0],
    DevAddr: int32(phy, 1),
    FCtrl: phy[5],
    FCnt: phy[6] | (phy[7] << 8),
    FOpts: toHex(phy.subarray(8, options)).toUpperCase(),
    FPort: options === end ? -1 : phy[options],
    FRMPayload: toHex(phy.subarray(Math.min(options + 1, end), end)).toUpperCase(),
    MIC: int32(phy, end),
  }
}

/** Signed, little endian: as the protocol has DevAddr and MIC. */
function int32(bytes: Uint8Array, at: number): number {
  return new ByteReader(bytes.slice(at, at + 4).reverse()).uint32() | 0
}

/** A message for a frame; undefined for one that is none of LoRaWAN or that the server's filters leave out. */
export function uplinkJson(phy: Uint8Array, info: UplinkInfo, config: RouterConfig): string | undefined {
  const own = phy.length === 0 ? undefined : fields(phy, config)
  if (own === undefined) return undefined
  const { dataRate, frequency_Hz, xtime, gps_us, rssi_dBm, snr_dB, utc_s, server_s } = info
  return JSON.stringify({
    ...own,
    RefTime: server_s,
    DR: dataRate,
    Freq: frequency_Hz,
    upinfo: { rctx: 0, xtime, gpstime: gps_us, fts: -1, rssi: Math.round(rssi_dBm), snr: Math.round(snr_dB * 4) / 4, rxtime: utc_s },
  })
}
