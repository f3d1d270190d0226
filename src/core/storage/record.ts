import type { Flash } from '../../../hal/api/flash.ts'
import { assert } from '../../lib/assert.ts'
import { crc32 } from '../../lib/crc.ts'
import { BlockHeader, getUint16, getUint32, setUint16, setUint32, UNIT } from './format.ts'

/** Bytes before the payload: length(2) type(1) status(1) sequence(4) utc(4). */
export const PAYLOAD_OFFSET = 12
const CRC_LENGTH = 4
/** No payload is longer: the buffers of all logs together must stay small on a device. */
const PAYLOAD_LIMIT = 1008

/** Bytes that a record with `length` bytes of payload takes in flash: a multiple of the program unit. */
export function recordSize(length: number): number {
  return Math.ceil((PAYLOAD_OFFSET + length + CRC_LENGTH) / UNIT) * UNIT
}

/**
 * One record in memory, to be written or just read. The checksum is in the last four bytes of the last program unit and covers everything
 * before it, the 0xFF padding included: a program that power loss ended early cannot leave a valid record.
 */
export class RecordBuffer {
  readonly bytes: Uint8Array
  /** View of the payload of the record last read; valid until the next read. */
  payload: Uint8Array
  length = 0
  type = 0
  status = 0
  sequence = 0
  utc_s = 0
  size = UNIT
  readonly maxPayload: number
  // One view per size, made once each: programs and reads take views, and must not allocate. There are few sizes.
  readonly #views: Uint8Array[] = []

  constructor(maxPayload: number) {
    assert(maxPayload >= 0 && maxPayload <= PAYLOAD_LIMIT, 'payload beyond the limit of the format')
    this.maxPayload = maxPayload
    this.bytes = new Uint8Array(recordSize(maxPayload))
    this.payload = this.bytes.subarray(PAYLOAD_OFFSET, PAYLOAD_OFFSET)
  }

  /** The first `size` bytes (a multiple of the unit). */
  view(size: number): Uint8Array {
    const views = this.#views
    for (let i = 0; i < views.length; i++) if (views[i].length === size) return views[i]
    const made = this.bytes.subarray(0, size)
    views.push(made)
    return made
  }

  /** Completes a record whose payload is already at `PAYLOAD_OFFSET`. Returns its size. */
  seal(type: number, status: number, sequence: number, utc_s: number, length: number): number {
    assert(length <= this.maxPayload, 'payload too long for this log')
    const { bytes } = this
    const size = recordSize(length)
    setUint16(bytes, 0, length)
    bytes[2] = type
    bytes[3] = status
    setUint32(bytes, 4, sequence)
    setUint32(bytes, 8, utc_s)
    bytes.fill(0xff, PAYLOAD_OFFSET + length, size - CRC_LENGTH)
    setUint32(bytes, size - CRC_LENGTH, crc32(bytes, 0, size - CRC_LENGTH))
    this.size = size
    return size
  }

  /**
   * Reads the record at `offset`, which must end at or before `end`. False when there is none (erased, torn, damaged): never throws for
   * what it finds, and reads no more than one record of the largest size.
   */
  read(flash: Flash, offset: number, end: number): boolean {
    const { bytes } = this
    const room = Math.min(end - offset, bytes.length)
    if (room < UNIT) return false
    // Records of a log mostly have one size: the size of the previous one saves the second read.
    const guess = Math.min(this.size, room)
    // Where there is none, the next place is one unit further: looking through a damaged block must not read each byte many times.
    this.size = UNIT
    flash.read(this.view(guess), offset)
    const length = getUint16(bytes, 0)
    if (length > this.maxPayload) return false
    const size = recordSize(length)
    if (size > room) return false
    if (size > guess) flash.read(this.view(size), offset)
    if (getUint32(bytes, size - CRC_LENGTH) !== crc32(bytes, 0, size - CRC_LENGTH)) return false
    this.size = size
    this.type = bytes[2]
    this.status = bytes[3]
    this.sequence = getUint32(bytes, 4)
    this.utc_s = getUint32(bytes, 8)
    if (this.payload.length !== length) this.payload = bytes.subarray(PAYLOAD_OFFSET, PAYLOAD_OFFSET + length)
    this.length = length
    return true
  }
}

/** Buffers that all areas of one flash share; storage is synchronous, so one of each is enough. */
export interface Workspace {
  /** The record being written. */
  readonly out: RecordBuffer
  /** Records being checked or read back. */
  readonly in: RecordBuffer
  readonly header: BlockHeader
  readonly blockLength: number
  /** Sequence number of the first record of each block of the flash; without it each area has its own. */
  readonly first?: Uint32Array
}

/** `blockLength` of the flash bounds the payload. `blocks`: of the flash, where its areas share one table of blocks. */
export function createWorkspace(blockLength: number, blocks?: number): Workspace {
  const maxPayload = Math.min(PAYLOAD_LIMIT, blockLength - 64)
  const buffers = { out: new RecordBuffer(maxPayload), in: new RecordBuffer(maxPayload), header: new BlockHeader(), blockLength }
  return blocks === undefined ? buffers : { ...buffers, first: new Uint32Array(blocks) }
}
