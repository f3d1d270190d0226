/** A-XDR (IEC 61334-6) as DLMS uses it, and the type "Data" of IEC 62056-5-3 clause 8: how every COSEM attribute value is encoded. */
import { assert } from '../../lib/assert.ts'
import { type ByteReader, type ByteWriter, DecodeError } from '../../lib/bytes.ts'

/** Choice tags of "Data" (IEC 62056-6-2 clause 4.1.5 "Common data types"). */
export const DataTag = Object.freeze({
  nullData: 0,
  array: 1,
  structure: 2,
  boolean: 3,
  bitString: 4,
  doubleLong: 5,
  doubleLongUnsigned: 6,
  octetString: 9,
  visibleString: 10,
  utf8String: 12,
  bcd: 13,
  integer: 15,
  long: 16,
  unsigned: 17,
  longUnsigned: 18,
  compactArray: 19,
  long64: 20,
  long64Unsigned: 21,
  enumerated: 22,
  float32: 23,
  float64: 24,
  dateTime: 25,
  date: 26,
  time: 27,
})

/** Bits in transmission order: the first bit is the most significant one of the first byte. */
export interface BitString {
  readonly bits: number
  readonly bytes: Uint8Array
}

/** A decoded value. Byte views point into the decoded message and live as long as it does. A compact-array decodes to the array that it stands for. */
export type DataValue =
  | { readonly tag: typeof DataTag.nullData; readonly value: null }
  | { readonly tag: typeof DataTag.array | typeof DataTag.structure; readonly value: readonly DataValue[] }
  | { readonly tag: typeof DataTag.boolean; readonly value: boolean }
  | { readonly tag: typeof DataTag.bitString; readonly value: BitString }
  | { readonly tag: NumberTag; readonly value: number }
  | { readonly tag: typeof DataTag.long64 | typeof DataTag.long64Unsigned; readonly value: bigint }
  | { readonly tag: typeof DataTag.visibleString; readonly value: string }
  | { readonly tag: BytesTag; readonly value: Uint8Array }

type NumberTag =
  | typeof DataTag.doubleLong
  | typeof DataTag.doubleLongUnsigned
  | typeof DataTag.bcd
  | typeof DataTag.integer
  | typeof DataTag.long
  | typeof DataTag.unsigned
  | typeof DataTag.longUnsigned
  | typeof DataTag.enumerated
  | typeof DataTag.float32
  | typeof DataTag.float64

type BytesTag = typeof DataTag.octetString | typeof DataTag.utf8String | typeof DataTag.dateTime | typeof DataTag.date | typeof DataTag.time

/** Length or count: one byte below 128, else 0x80 + the number of length bytes that follow. */
export function writeLength(writer: ByteWriter, length: number): void {
  if (length < 0x80) {
    writer.uint8(length)
  } else if (length < 0x100) {
    writer.uint8(0x81)
    writer.uint8(length)
  } else if (length < 0x10000) {
    writer.uint8(0x82)
    writer.uint16(length)
  } else {
    writer.uint8(0x84)
    writer.uint32(length)
  }
}

/** Throws DecodeError for the indefinite form and for lengths of more than four bytes. */
export function readLength(reader: ByteReader): number {
  const first = reader.uint8()
  if (first < 0x80) return first
  const count = first - 0x80
  if (count === 0 || count > 4) throw new DecodeError(`length of ${count} bytes`)
  let length = 0
  for (let i = 0; i < count; i++) length = length * 0x100 + reader.uint8()
  return length
}

export function writeNull(writer: ByteWriter): void {
  writer.uint8(DataTag.nullData)
}

/** Opens an array; `count` values follow. */
export function writeArray(writer: ByteWriter, count: number): void {
  writer.uint8(DataTag.array)
  writeLength(writer, count)
}

/** Opens a structure; `count` values follow. */
export function writeStructure(writer: ByteWriter, count: number): void {
  writer.uint8(DataTag.structure)
  writeLength(writer, count)
}

export function writeBoolean(writer: ByteWriter, value: boolean): void {
  writer.uint8(DataTag.boolean)
  writer.uint8(value ? 1 : 0)
}

export function writeBitString(writer: ByteWriter, bits: number, bytes: Uint8Array): void {
  assert(bytes.length === Math.ceil(bits / 8), 'bit-string length')
  writer.uint8(DataTag.bitString)
  writeLength(writer, bits)
  writer.write(bytes)
}

/** Integer8. */
export function writeInteger(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.integer)
  writer.uint8(value)
}

/** Unsigned8. */
export function writeUnsigned(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.unsigned)
  writer.uint8(value)
}

/** Integer16. */
export function writeLong(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.long)
  writer.uint16(value)
}

/** Unsigned16. */
export function writeLongUnsigned(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.longUnsigned)
  writer.uint16(value)
}

/** Integer32. */
export function writeDoubleLong(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.doubleLong)
  writer.uint32(value)
}

/** Unsigned32. */
export function writeDoubleLongUnsigned(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.doubleLongUnsigned)
  writer.uint32(value)
}

function writeInt64(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'number') {
    writer.int64(value)
  } else {
    writer.uint32(Number(BigInt.asUintN(32, value >> 32n)))
    writer.uint32(Number(BigInt.asUintN(32, value)))
  }
}

/** Integer64; a number must be a safe integer. */
export function writeLong64(writer: ByteWriter, value: number | bigint): void {
  writer.uint8(DataTag.long64)
  writeInt64(writer, value)
}

/** Unsigned64; a number must be a safe integer. */
export function writeLong64Unsigned(writer: ByteWriter, value: number | bigint): void {
  writer.uint8(DataTag.long64Unsigned)
  writeInt64(writer, value)
}

export function writeEnum(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.enumerated)
  writer.uint8(value)
}

export function writeBcd(writer: ByteWriter, value: number): void {
  writer.uint8(DataTag.bcd)
  writer.uint8(value)
}

export function writeOctetString(writer: ByteWriter, bytes: Uint8Array): void {
  writer.uint8(DataTag.octetString)
  writeLength(writer, bytes.length)
  writer.write(bytes)
}

/** An octet-string that holds ASCII, as the logical device name and serial numbers do. */
export function writeAsciiOctetString(writer: ByteWriter, text: string): void {
  writer.uint8(DataTag.octetString)
  writeLength(writer, text.length)
  writer.ascii(text)
}

/** ASCII only. */
export function writeVisibleString(writer: ByteWriter, text: string): void {
  writer.uint8(DataTag.visibleString)
  writeLength(writer, text.length)
  writer.ascii(text)
}

export function writeUtf8String(writer: ByteWriter, bytes: Uint8Array): void {
  writer.uint8(DataTag.utf8String)
  writeLength(writer, bytes.length)
  writer.write(bytes)
}

export function writeFloat32(writer: ByteWriter, value: number): void {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, value)
  writer.uint8(DataTag.float32)
  writer.uint32(view.getUint32(0))
}

export function writeFloat64(writer: ByteWriter, value: number): void {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  writer.uint8(DataTag.float64)
  writer.uint32(view.getUint32(0))
  writer.uint32(view.getUint32(4))
}

/** Bytes of the types that have a fixed length and carry bytes (date-time, date, time). */
const FIXED_LENGTH = Object.freeze({ [DataTag.dateTime]: 12, [DataTag.date]: 5, [DataTag.time]: 4 })

function writeFixed(writer: ByteWriter, tag: keyof typeof FIXED_LENGTH, bytes: Uint8Array): void {
  assert(bytes.length === FIXED_LENGTH[tag], 'length of a date or time')
  writer.uint8(tag)
  writer.write(bytes)
}

function writeNumber(writer: ByteWriter, tag: NumberTag, value: number): void {
  switch (tag) {
    case DataTag.float32:
      writeFloat32(writer, value)
      break
    case DataTag.float64:
      writeFloat64(writer, value)
      break
    case DataTag.doubleLong:
    case DataTag.doubleLongUnsigned:
      writer.uint8(tag)
      writer.uint32(value)
      break
    case DataTag.long:
    case DataTag.longUnsigned:
      writer.uint8(tag)
      writer.uint16(value)
      break
    default:
      writer.uint8(tag)
      writer.uint8(value)
      break
  }
}

/** Encodes a whole tree; for small values and tests. Rows of a profile are written column by column instead. */
export function writeData(writer: ByteWriter, data: DataValue): void {
  switch (data.tag) {
    case DataTag.nullData:
      writeNull(writer)
      break
    case DataTag.array:
    case DataTag.structure:
      writer.uint8(data.tag)
      writeLength(writer, data.value.length)
      for (const element of data.value) writeData(writer, element)
      break
    case DataTag.boolean:
      writeBoolean(writer, data.value)
      break
    case DataTag.bitString:
      writeBitString(writer, data.value.bits, data.value.bytes)
      break
    case DataTag.long64:
      writeLong64(writer, data.value)
      break
    case DataTag.long64Unsigned:
      writeLong64Unsigned(writer, data.value)
      break
    case DataTag.visibleString:
      writeVisibleString(writer, data.value)
      break
    case DataTag.octetString:
      writeOctetString(writer, data.value)
      break
    case DataTag.utf8String:
      writeUtf8String(writer, data.value)
      break
    case DataTag.dateTime:
    case DataTag.date:
    case DataTag.time:
      writeFixed(writer, data.tag, data.value)
      break
    default:
      writeNumber(writer, data.tag, data.value)
      break
  }
}
