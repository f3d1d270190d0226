import type { Flash } from '../../../hal/api/flash.ts'
import { crc32 } from '../../lib/crc.ts'

/** The stored format; `docs/storage.md` describes it byte by byte. All numbers are big-endian. */
const FORMAT_VERSION = 1
/** "Ferr" */
const MAGIC = 0x46657272
/** Program unit of the format. A chip with a smaller unit that divides it works too. */
export const UNIT = 16
export const HEADER_LENGTH = 32
/** Where the checksum of a block header stands, in this and in every later version: it decides between "newer" and "damaged". */
const HEADER_CRC = 28

/** Whose block it is. Numbers are never used again for something else. */
export const Area = Object.freeze({
  superblock: 0,
  settings: 1,
  registers: 2,
  profile: 3,
  events: 4,
  powerFailures: 5,
  counters: 6,
  billing: 7,
  fraud: 8,
  disconnector: 9,
  quality: 10,
  communication: 11,
  daily: 12,
  monthly: 13,
  powerQuality: 14,
})

/**
 * So many operations may a chip or its controller hold back and then lose in any order when power goes. What must not be lost is followed by as
 * many operations that do not matter.
 */
export const HELD_BACK = 4

/** What the first bytes of a block are. */
export const Kind = Object.freeze({ erased: 0, valid: 1, invalid: 2, unknownVersion: 3 })

export function getUint16(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x100 + bytes[at + 1]
}

export function getUint32(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x1000000 + (bytes[at + 1] << 16) + (bytes[at + 2] << 8) + bytes[at + 3]
}

export function setUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function setUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

function isErased(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0xff) return false
  return true
}

/** The 32 bytes at the start of every block in use: magic, version, area, epoch, sequence number and time of its first record, checksum. */
export class BlockHeader {
  readonly bytes = new Uint8Array(HEADER_LENGTH)
  version = 0
  area = 0
  epoch = 0
  firstSequence = 0
  utc_s = 0

  encode(area: number, epoch: number, firstSequence: number, utc_s: number): void {
    const { bytes } = this
    bytes.fill(0xff)
    setUint32(bytes, 0, MAGIC)
    bytes[4] = FORMAT_VERSION
    bytes[5] = area
    setUint32(bytes, 8, epoch)
    setUint32(bytes, 12, firstSequence)
    setUint32(bytes, 16, utc_s)
    setUint32(bytes, HEADER_CRC, crc32(bytes, 0, HEADER_CRC))
  }

  /** Reads the header at `offset` and says what it is, one of `Kind`. The fields are good for `valid`; `version` also for `unknownVersion`. */
  read(flash: Flash, offset: number): number {
    const { bytes } = this
    flash.read(bytes, offset)
    if (getUint32(bytes, 0) !== MAGIC || getUint32(bytes, HEADER_CRC) !== crc32(bytes, 0, HEADER_CRC)) {
      return isErased(bytes) ? Kind.erased : Kind.invalid
    }
    this.version = bytes[4]
    if (this.version !== FORMAT_VERSION) return Kind.unknownVersion
    this.area = bytes[5]
    this.epoch = getUint32(bytes, 8)
    this.firstSequence = getUint32(bytes, 12)
    this.utc_s = getUint32(bytes, 16)
    return Kind.valid
  }
}
