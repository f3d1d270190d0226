import type { FirmwareVersion } from '../../../hal/api/firmware.ts'
import { DecodeError } from '../../lib/bytes.ts'
import { rawSignature } from './signature.ts'

/**
 * The MCUboot image format (mcuboot/docs/design.md, "Image format"), so that a public tool signs and checks what the meter takes: header,
 * payload, protected TLVs, TLVs. All numbers are little-endian. Of the many options of the format one shape is taken: SHA-256, ECDSA on
 * P-256, a header of 32 bytes, nothing encrypted or compressed, nothing after the last TLV.
 */
export const IMAGE_MAGIC = 0x96f3b83d
/** `ih_hdr_size`; the payload begins right behind it. */
export const HEADER_LENGTH = 32
export const PROTECTED_MAGIC = 0x6908
export const TLV_MAGIC = 0x6907
/** Magic and total length in front of the TLVs of an area; type and length in front of each value. */
export const TLV_PREFIX = 4

/** `IMAGE_TLV_…`; `model` is in the range that the format leaves to vendors. */
export const Tlv = Object.freeze({
  keyHash: 0x01,
  sha256: 0x10,
  ecdsaSignature: 0x22,
  dependency: 0x40,
  securityCounter: 0x50,
  model: 0xa0,
})

/** No image that is meant for a meter has more; keeps the walk over foreign bytes short. */
const TLVS_MAX = 32
export const MODEL_MAX = 64
/** A DER sequence of two integers of at most 33 bytes. */
const SIGNATURE_MAX = 72
const DIGEST_LENGTH = 32

/** Random access to an image file, wherever its pieces lie. */
export interface ImageSource {
  /** Bytes in the file. */
  readonly size: number
  /** Fills `buffer` with the bytes at `offset`; both are inside the file. */
  read(buffer: Uint8Array, offset: number): void
}

/** What an image says of itself. Nothing of it is proven yet. */
export interface ImageInfo {
  readonly version: FirmwareVersion
  readonly payloadLength: number
  /** Bytes from the start that the digest covers: header, payload, protected TLVs. */
  readonly hashedLength: number
  /** Product that the image was signed for. */
  readonly model?: string
  readonly securityCounter?: number
  /** SHA-256 over the first `hashedLength` bytes. */
  readonly digest: Uint8Array
  /** SHA-256 over the public key as SubjectPublicKeyInfo. */
  readonly keyHash: Uint8Array
  /** As it stands in the image: DER. */
  readonly signature: Uint8Array
  /** r and s, 32 bytes each. */
  readonly rawSignature: Uint8Array
}

function getUint16(bytes: Uint8Array, at: number): number {
  return bytes[at] + bytes[at + 1] * 0x100
}

function getUint32(bytes: Uint8Array, at: number): number {
  return getUint16(bytes, at) + getUint16(bytes, at + 2) * 0x10000
}

/** `1.2.3`, and `1.2.3+4` where there is a build number. */
export function formatVersion({ major, minor, revision, build }: FirmwareVersion): string {
  return `${major}.${minor}.${revision}${build === 0 ? '' : `+${build}`}`
}

/** Below 0 when `a` is older than `b`, 0 when they are the same. */
export function compareVersions(a: FirmwareVersion, b: FirmwareVersion): number {
  return a.major - b.major || a.minor - b.minor || a.revision - b.revision || a.build - b.build
}

function readBytes(source: ImageSource, offset: number, length: number): Uint8Array {
  if (offset + length > source.size) throw new DecodeError(`the image ends at ${source.size}, ${offset + length} bytes needed`)
  const bytes = new Uint8Array(length)
  source.read(bytes, offset)
  return bytes
}

interface Header {
  readonly version: FirmwareVersion
  readonly payloadLength: number
  readonly protectedLength: number
}

function readHeader(source: ImageSource): Header {
  const header = readBytes(source, 0, HEADER_LENGTH)
  if (getUint32(header, 0) !== IMAGE_MAGIC) throw new DecodeError('not an MCUboot image')
  const headerLength = getUint16(header, 8)
  if (headerLength !== HEADER_LENGTH) throw new DecodeError(`the header has ${headerLength} bytes instead of ${HEADER_LENGTH}`)
  // Each flag asks for something that is not done here: encryption, compression, loading to a fixed place.
  const flags = getUint32(header, 16)
  if (flags !== 0) throw new DecodeError(`flags 0x${flags.toString(16)} are not supported`)
  const payloadLength = getUint32(header, 12)
  if (payloadLength === 0) throw new DecodeError('the image has no payload')
  return {
    version: { major: header[20], minor: header[21], revision: getUint16(header, 22), build: getUint32(header, 24) },
    payloadLength,
    protectedLength: getUint16(header, 10),
  }
}

/**
 * Walks one area of TLVs that begins at `start`; `take` gets the value of each type in `wanted` (type → largest length). Returns where the
 * area ends.
 */
function readArea(
  source: ImageSource,
  start: number,
  magic: number,
  wanted: ReadonlyMap<number, number>,
  take: (type: number, value: Uint8Array) => void,
): number {
  const prefix = readBytes(source, start, TLV_PREFIX)
  if (getUint16(prefix, 0) !== magic) throw new DecodeError(`TLV area expected at ${start}`)
  const end = start + getUint16(prefix, 2)
  if (end > source.size) throw new DecodeError(`the TLV area ends at ${end}, the image at ${source.size}`)
  let at = start + TLV_PREFIX
  for (let count = 0; at < end; count++) {
    if (count === TLVS_MAX) throw new DecodeError(`more than ${TLVS_MAX} TLVs`)
    const head = readBytes(source, at, TLV_PREFIX)
    const type = getUint16(head, 0)
    const length = getUint16(head, 2)
    at += TLV_PREFIX + length
    if (at > end) throw new DecodeError(`TLV 0x${type.toString(16)} is longer than its area`)
    const longest = wanted.get(type)
    if (longest !== undefined && length > longest) throw new DecodeError(`TLV 0x${type.toString(16)} has ${length} bytes`)
    take(type, longest === undefined ? new Uint8Array(0) : readBytes(source, at - length, length))
  }
  if (at !== end) throw new DecodeError(`TLV area of ${end - start} bytes does not end with its last TLV`)
  return end
}

const PROTECTED_TLVS: ReadonlyMap<number, number> = new Map([
  [Tlv.securityCounter, 4],
  [Tlv.model, MODEL_MAX],
])

function textOf(bytes: Uint8Array): string {
  for (const byte of bytes) if (byte < 0x20 || byte > 0x7e) throw new DecodeError('the model is not printable ASCII')
  return String.fromCharCode(...bytes)
}

/** The TLVs that the signature covers. Types that are not known are passed over: whoever signed the image put them there. */
function readProtected(source: ImageSource, start: number, length: number): { end: number; model?: string; securityCounter?: number } {
  if (length === 0) return { end: start }
  let model: string | undefined
  let securityCounter: number | undefined
  const end = readArea(source, start, PROTECTED_MAGIC, PROTECTED_TLVS, (type, value) => {
    if (type === Tlv.dependency) throw new DecodeError('dependencies on other images are not supported')
    if (type === Tlv.model) {
      if (model !== undefined) throw new DecodeError('two models')
      model = textOf(value)
    } else if (type === Tlv.securityCounter) {
      if (securityCounter !== undefined || value.length !== 4) throw new DecodeError('security counter of another form')
      securityCounter = getUint32(value, 0)
    }
  })
  if (end - start !== length) throw new DecodeError(`protected TLVs of ${end - start} bytes, the header says ${length}`)
  return { end, model, securityCounter }
}

const UNPROTECTED_TLVS: ReadonlyMap<number, number> = new Map([
  [Tlv.keyHash, DIGEST_LENGTH],
  [Tlv.sha256, DIGEST_LENGTH],
  [Tlv.ecdsaSignature, SIGNATURE_MAX],
])

/** The TLVs outside the signature: each of the three known ones once and no other, so that no byte of a file can be changed unnoticed. */
function readUnprotected(source: ImageSource, start: number): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  const end = readArea(source, start, TLV_MAGIC, UNPROTECTED_TLVS, (type, value) => {
    if (!UNPROTECTED_TLVS.has(type)) throw new DecodeError(`TLV 0x${type.toString(16)} outside the protected area`)
    if (found.has(type)) throw new DecodeError(`TLV 0x${type.toString(16)} twice`)
    found.set(type, value)
  })
  if (end !== source.size) throw new DecodeError(`the image ends at ${end}, the file has ${source.size} bytes`)
  return found
}

function required(tlvs: ReadonlyMap<number, Uint8Array>, type: number, name: string): Uint8Array {
  const value = tlvs.get(type)
  if (value === undefined) throw new DecodeError(`no ${name}`)
  return value
}

function digestOf(tlvs: ReadonlyMap<number, Uint8Array>, type: number, name: string): Uint8Array {
  const value = required(tlvs, type, name)
  if (value.length !== DIGEST_LENGTH) throw new DecodeError(`${name} of ${value.length} bytes`)
  return value
}

/**
 * Reads header and TLVs, never the payload; proves nothing. Throws DecodeError for anything that is not an image of the one shape that is taken.
 * Reads at most 2 * 32 TLVs, whatever the file says.
 */
export function readImage(source: ImageSource): ImageInfo {
  const { version, payloadLength, protectedLength } = readHeader(source)
  const start = HEADER_LENGTH + payloadLength
  const { end, model, securityCounter } = readProtected(source, start, protectedLength)
  const tlvs = readUnprotected(source, end)
  const signature = required(tlvs, Tlv.ecdsaSignature, 'signature')
  return {
    version,
    payloadLength,
    hashedLength: end,
    model,
    securityCounter,
    digest: digestOf(tlvs, Tlv.sha256, 'SHA-256'),
    keyHash: digestOf(tlvs, Tlv.keyHash, 'hash of the key'),
    signature,
    rawSignature: rawSignature(signature),
  }
}
