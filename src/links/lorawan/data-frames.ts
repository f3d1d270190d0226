import type { Crypto } from '../../../hal/api/crypto.ts'
import { type DataFrame, encodeData } from './frame.ts'
import { cryptPayload, nextFCnt, sign, verifyData } from './security.ts'
import type { Session } from './session.ts'

/** What an uplink says besides whose it is. */
export type UplinkContent = Pick<DataFrame, 'confirmed' | 'adr' | 'adrAckRequest' | 'ack' | 'fOpts' | 'fPort' | 'payload'>

/** An uplink as it goes over the air, encrypted and signed. `fCnt` has all 32 bits. */
export function sealUplink(crypto: Crypto, { devAddr, keys }: Session, fCnt: number, content: UplinkContent): Uint8Array {
  const identity = { up: true, devAddr, fCnt }
  const payload = cryptPayload(crypto, keys.appSKey, identity, content.payload)
  const phy = encodeData({ ...content, up: true, devAddr, pending: false, fCnt: fCnt & 0xffff, payload })
  sign(crypto, keys.nwkSKey, identity, phy)
  return phy
}

/**
 * The payload of a downlink in clear, where it is one of this session; its counter is taken then. Undefined for another device and for a wrong MIC, which
 * includes every replay.
 */
export function openDownlink(crypto: Crypto, session: Session, data: DataFrame, phy: Uint8Array): Uint8Array | undefined {
  if (data.up || data.devAddr !== session.devAddr) return undefined
  const fCnt = nextFCnt(session.fCntDown, data.fCnt)
  if (fCnt === undefined) return undefined
  const { nwkSKey, appSKey } = session.keys
  const identity = { up: false, devAddr: session.devAddr, fCnt }
  if (!verifyData(crypto, nwkSKey, identity, phy)) return undefined
  session.fCntDown = fCnt
  return cryptPayload(crypto, data.fPort === 0 ? nwkSKey : appSKey, identity, data.payload)
}
