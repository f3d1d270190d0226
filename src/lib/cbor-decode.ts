/** Decoder of CBOR (RFC 8949) for foreign bytes: bounded in depth, and by what the message really holds. Strings and collections of indefinite length are refused. */
import { ByteReader, DecodeError } from './bytes.ts'
import { Major, Simple } from './cbor-encode.ts'
import { decodeUtf8 } from './utf8.ts'

/** Numbers above 2^53 are rounded. A tag is left out, its value stands for itself. */
export type CborValue = number | boolean | null | undefined | string | Uint8Array | readonly CborValue[] | CborMap
export type CborMap = ReadonlyMap<CborValue, CborValue>

const DEPTH_MAX = 8

/** One value that takes all bytes. DecodeError for anything else. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader = new ByteReader(bytes)
  const value = readValue(reader, 0)
  if (reader.remaining > 0) throw new DecodeError(`${reader.remaining} bytes after the end`)
  return value
}

function readArgument(reader: ByteReader, info: number): number {
  if (info < 24) return info
  if (info === 24) return reader.uint8()
  if (info === 25) return reader.uint16()
  if (info === 26) return reader.uint32()
  if (info === 27) return reader.uint32() * 0x100000000 + reader.uint32()
  throw new DecodeError(`additional information ${info}`)
}

/** A collection of so many values, each of one byte at least. */
function checkCount(reader: ByteReader, count: number): number {
  if (count > reader.remaining) throw new DecodeError(`${count} values in ${reader.remaining} bytes`)
  return count
}

function readValue(reader: ByteReader, depth: number): CborValue {
  if (depth > DEPTH_MAX) throw new DecodeError('nested too deeply')
  const first = reader.uint8()
  const major = first >> 5
  if (major === Major.simple) return readSimple(reader, first & 31)
  const argument = readArgument(reader, first & 31)
  if (major === Major.unsigned) return argument
  if (major === Major.negative) return -1 - argument
  if (major === Major.bytes) return reader.take(argument).slice()
  if (major === Major.text) return decodeUtf8(reader.take(argument))
  if (major === Major.tag) return readValue(reader, depth + 1)
  if (major === Major.array) {
    const values: CborValue[] = []
    for (let i = checkCount(reader, argument); i > 0; i--) values.push(readValue(reader, depth + 1))
    return values
  }
  const map = new Map<CborValue, CborValue>()
  for (let i = checkCount(reader, 2 * argument); i > 0; i -= 2) {
    const key = readValue(reader, depth + 1)
    if (map.has(key)) throw new DecodeError('a key comes twice')
    map.set(key, readValue(reader, depth + 1))
  }
  return map
}

function readSimple(reader: ByteReader, info: number): CborValue {
  if (info === Simple.false || info === Simple.true) return info === Simple.true
  if (info === Simple.null) return null
  if (info === Simple.undefined) return undefined
  if (info === 25) return half(reader.uint16())
  if (info === 26 || info === 27) {
    const bytes = reader.take(info === 26 ? 4 : 8)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return info === 26 ? view.getFloat32(0) : view.getFloat64(0)
  }
  throw new DecodeError(`simple value ${info}`)
}

/** A binary16, RFC 8949 appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 0x3ff
  const sign = bits & 0x8000 ? -1 : 1
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (mantissa + 1024) * 2 ** (exponent - 25)
}
