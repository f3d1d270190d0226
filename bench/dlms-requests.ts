import { fromHex } from '../src/lib/hex.ts'

/** AARQ of the reading client with LLS secret 12345678, all that GET needs, PDUs of 65535 bytes. */
export const AARQ = '6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f04000010 1c ffff'
/** Active energy import, attribute 2. */
export const GET_ENERGY = 'c001c1 0003 0100010800ff 02 00'

/** An APDU behind the header of the TCP wrapper, from the reading client to the meter. */
export function frame(apdu: string): Uint8Array<ArrayBuffer> {
  const bytes = fromHex(apdu)
  const framed = new Uint8Array(8 + bytes.length)
  framed.set([0, 1, 0, 17, 0, 1, bytes.length >> 8, bytes.length & 0xff])
  framed.set(bytes, 8)
  return framed
}
