import type { FirmwareVersion } from '../../../hal/api/firmware.ts'
import { HEADER_LENGTH, IMAGE_MAGIC, MODEL_MAX, PROTECTED_MAGIC, TLV_MAGIC, TLV_PREFIX, Tlv } from './image.ts'

export interface ImageOptions {
  readonly version: FirmwareVersion
  /** Product that may take the image: 1 to 64 printable ASCII characters. */
  readonly model?: string
  /** 32 bits. A meter takes no image whose counter is below that of the firmware it last confirmed. */
  readonly securityCounter?: number
}

type Entry = readonly [type: number, value: Uint8Array]

function littleEndian(value: number, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes)
  for (let i = 0; i < bytes; i++) out[i] = value >>> (8 * i)
  return out
}

function area(magic: number, entries: readonly Entry[]): Uint8Array {
  const length = entries.reduce((sum, [, value]) => sum + TLV_PREFIX + value.length, TLV_PREFIX)
  const bytes = new Uint8Array(length)
  bytes.set(littleEndian(magic, 2), 0)
  bytes.set(littleEndian(length, 2), 2)
  let at = TLV_PREFIX
  for (const [type, value] of entries) {
    bytes.set(littleEndian(type, 2), at)
    bytes.set(littleEndian(value.length, 2), at + 2)
    bytes.set(value, at + TLV_PREFIX)
    at += TLV_PREFIX + value.length
  }
  return bytes
}

function checkRange(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${name}: ${value} is not an integer 0..${max}`)
}

function checkOptions({ version, model, securityCounter }: ImageOptions): void {
  checkRange('major version', version.major, 0xff)
  checkRange('minor version', version.minor, 0xff)
  checkRange('revision', version.revision, 0xffff)
  checkRange('build', version.build, 0xffffffff)
  if (securityCounter !== undefined) checkRange('security counter', securityCounter, 0xffffffff)
  if (model !== undefined && (model.length < 1 || model.length > MODEL_MAX || !/^[\x20-\x7e]+$/.test(model))) {
    throw new RangeError(`model: 1 to ${MODEL_MAX} printable ASCII characters expected`)
  }
}

function protectedArea({ model, securityCounter }: ImageOptions): Uint8Array {
  const entries: Entry[] = []
  if (securityCounter !== undefined) entries.push([Tlv.securityCounter, littleEndian(securityCounter, 4)])
  if (model !== undefined) entries.push([Tlv.model, Uint8Array.from(model, (character) => character.charCodeAt(0))])
  return entries.length === 0 ? new Uint8Array(0) : area(PROTECTED_MAGIC, entries)
}

/** The part of an image that is hashed and signed: header, payload, protected TLVs. RangeError for options out of range or an empty payload. */
export function unsignedImage(payload: Uint8Array, options: ImageOptions): Uint8Array {
  checkOptions(options)
  checkRange('payload length', payload.length - 1, 0x7ffffffe)
  const { version } = options
  const tlvs = protectedArea(options)
  const image = new Uint8Array(HEADER_LENGTH + payload.length + tlvs.length)
  image.set(littleEndian(IMAGE_MAGIC, 4), 0)
  image.set(littleEndian(HEADER_LENGTH, 2), 8)
  image.set(littleEndian(tlvs.length, 2), 10)
  image.set(littleEndian(payload.length, 4), 12)
  image.set([version.major, version.minor, ...littleEndian(version.revision, 2), ...littleEndian(version.build, 4)], 20)
  image.set(payload, HEADER_LENGTH)
  image.set(tlvs, HEADER_LENGTH + payload.length)
  return image
}

/** `unsigned` with its SHA-256, the hash of the signer's key and the DER signature behind it: the whole file. */
export function signedImage(unsigned: Uint8Array, digest: Uint8Array, keyHash: Uint8Array, signature: Uint8Array): Uint8Array {
  const tlvs = area(TLV_MAGIC, [
    [Tlv.sha256, digest],
    [Tlv.keyHash, keyHash],
    [Tlv.ecdsaSignature, signature],
  ])
  const image = new Uint8Array(unsigned.length + tlvs.length)
  image.set(unsigned)
  image.set(tlvs, unsigned.length)
  return image
}
