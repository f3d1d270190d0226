import { ByteReader, DecodeError } from '../../lib/bytes.ts'

const SEQUENCE = 0x30
const INTEGER = 0x02
/** Bytes of r and of s on P-256. */
const SCALAR = 32

/** SubjectPublicKeyInfo of a P-256 key (RFC 5480 section 2) up to the point: algorithm id-ecPublicKey, curve secp256r1, BIT STRING of 66 bytes. */
const SPKI_PREFIX: readonly number[] = Object.freeze([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
  0x03, 0x42, 0x00,
])

/** A point of P-256, SEC 1 uncompressed. */
export const POINT_LENGTH = 65

/** The 91 bytes whose hash an image names its key by. */
export function subjectPublicKeyInfo(point: Uint8Array): Uint8Array {
  const der = new Uint8Array(SPKI_PREFIX.length + point.length)
  der.set(SPKI_PREFIX)
  der.set(point, SPKI_PREFIX.length)
  return der
}

/** One non-negative DER integer into 32 bytes. */
function readScalar(reader: ByteReader, into: Uint8Array): void {
  if (reader.uint8() !== INTEGER) throw new DecodeError('signature: integer expected')
  const length = reader.uint8()
  if (length === 0 || length > SCALAR + 1) throw new DecodeError(`signature: integer of ${length} bytes`)
  const value = reader.take(length)
  const padded = value[0] === 0 && length > 1
  // One form for each number: otherwise bytes could be changed without changing the signature.
  if (value[0] >= 0x80 || (padded && value[1] < 0x80) || length > SCALAR + (padded ? 1 : 0)) {
    throw new DecodeError('signature: integer out of form')
  }
  const digits = padded ? value.subarray(1) : value
  into.set(digits, SCALAR - digits.length)
}

/** r and s, 32 bytes each, of an ECDSA-Sig-Value (RFC 3279 section 2.2.3). Throws DecodeError for anything but strict DER. */
export function rawSignature(der: Uint8Array): Uint8Array {
  const reader = new ByteReader(der)
  if (reader.uint8() !== SEQUENCE || reader.uint8() !== reader.remaining) throw new DecodeError('signature: sequence expected')
  const raw = new Uint8Array(2 * SCALAR)
  readScalar(reader, raw.subarray(0, SCALAR))
  readScalar(reader, raw.subarray(SCALAR))
  if (reader.remaining > 0) throw new DecodeError('signature: bytes after the second integer')
  return raw
}
