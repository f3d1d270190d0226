/** The little of BER (ITU-T X.690) that the ACSE APDUs need: definite lengths, one-byte tags. */
import { type ByteReader, DecodeError } from '../../lib/bytes.ts'

/** Tag, length and the concatenated parts. For the few small APDUs that open and close an association. */
export function tlv(tag: number, ...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const header = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >>> 8, length & 0xff]
  const bytes = new Uint8Array(header.length + length)
  bytes.set(header)
  let at = header.length
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Length octets in the definite form, up to two bytes. Throws DecodeError otherwise. */
export function readBerLength(reader: ByteReader): number {
  const first = reader.uint8()
  if (first < 0x80) return first
  if (first === 0x81) return reader.uint8()
  if (first === 0x82) return reader.uint16()
  throw new DecodeError('BER length')
}

/** The content of an element whose tag has to be `tag`. */
export function readBer(reader: ByteReader, tag: number): Uint8Array {
  const found = reader.uint8()
  if (found !== tag) throw new DecodeError(`BER tag ${found} instead of ${tag}`)
  return reader.take(readBerLength(reader))
}
