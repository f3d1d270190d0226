import EC from 'ec'
import ECPoint from 'ecp'
import Mont from 'mont'
import type { Bytes } from '../api/io.ts'

/** Curve P-256 (FIPS 186-5, NIST SP 800-186 section 3.2.1.3); a = -3. */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const GX = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n
const GY = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n
/** SEC 1 section 2.3.3: the first byte of a point with both coordinates. */
const UNCOMPRESSED = 4
const FIELD = 32

/** Big-endian.. A view counts from where it begins. */
function integer(bytes: Bytes, start: number): bigint {
  let value = 0n
  for (let i = start; i < start + FIELD; i += 4) {
    const word = ((bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3]) >>> 0
    value = (value << 32n) | BigInt(word)
  }
  return value
}

/** SEC 1 section 3.2.2.1: the cofactor is 1, so a point of the curve is a key. */
function onCurve(x: bigint, y: bigint): boolean {
  if (x >= P || y >= P) return false
  return (y * y - (x * x - 3n) * x - B) % P === 0n
}

/** `verify` of `hal/api/crypto.ts` (FIPS 186-5, section 6.4.2), the multiplications of points by the SDK's native arithmetic. */
export function verifyP256(publicKey: Bytes, digest: Bytes, signature: Bytes): boolean {
  if (publicKey.length !== 65 || publicKey[0] !== UNCOMPRESSED || digest.length !== FIELD || signature.length !== 2 * FIELD) return false
  const [x, y] = [integer(publicKey, 1), integer(publicKey, 1 + FIELD)]
  const [r, s] = [integer(signature, 0), integer(signature, FIELD)]
  if (!onCurve(x, y) || r === 0n || r >= ORDER || s === 0n || s >= ORDER) return false
  const order = new Mont({ m: ORDER })
  const inverse = order.mulinv(s)
  const u1 = (integer(digest, 0) * inverse) % ORDER
  const u2 = (r * inverse) % ORDER
  const point = new EC(P - 3n, B, P).mul2(new ECPoint(GX, GY), u1, new ECPoint(x, y), u2)
  return !point.isZero() && point.X % ORDER === r
}
