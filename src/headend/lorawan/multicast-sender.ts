import type { Crypto } from '../../../hal/api/crypto.ts'
import type { GatewayTransmission } from '../../lib/lora-gateway.ts'
import type { Modulation } from '../../lib/lora-radio.ts'
import { encodeData } from '../../links/lorawan/frame.ts'
import { cryptPayload, type SessionKeys, sign } from '../../links/lorawan/security.ts'

const PREAMBLE = 8

/** A multicast group, as its sender has it. */
export interface ServedGroup {
  readonly address: number
  readonly keys: SessionKeys
  readonly frequency_Hz: number
  readonly modulation: Modulation
  /** Next to be used. */
  fCnt: number
}

/** A frame for all of a group, with the next counter. */
export function multicastFrame(crypto: Crypto, group: ServedGroup, fPort: number, payload: Uint8Array): Uint8Array {
  const fCnt = group.fCnt++
  const identity = { up: false, devAddr: group.address, fCnt }
  const phy = encodeData({
    up: false,
    confirmed: false,
    devAddr: group.address,
    adr: false,
    adrAckRequest: false,
    ack: false,
    pending: false,
    fCnt: fCnt & 0xffff,
    fOpts: new Uint8Array(0),
    fPort,
    payload: cryptPayload(crypto, group.keys.appSKey, identity, payload),
  })
  sign(crypto, group.keys.nwkSKey, identity, phy)
  return phy
}

/** How a gateway sends it: at once. */
export function multicastTransmission(
  { frequency_Hz, modulation }: ServedGroup,
  payload: Uint8Array,
  power_dBm: number,
): GatewayTransmission {
  return { tmst_us: undefined, frequency_Hz, modulation, power_dBm, invertedIq: true, preamble: PREAMBLE, crc: false, payload }
}
