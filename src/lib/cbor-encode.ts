/** CBOR (RFC 8949), the part that counts and measures: integers, booleans, null, arrays, maps, byte strings. Heads are as short as they can be (section 4.2.1). */
import type { ByteWriter } from './bytes.ts'

/** Major types, section 3.1. */
export const Major = Object.freeze({ unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 })
export const Simple = Object.freeze({ false: 20, true: 21, null: 22, undefined: 23 })

/** A major type and its argument, a whole number from 0 to 2^53 - 1. */
function writeHead(writer: ByteWriter, major: number, argument: number): void {
  const first = major << 5
  if (argument < 24) writer.uint8(first | argument)
  else if (argument <= 0xff) {
    writer.uint8(first | 24)
    writer.uint8(argument)
  } else if (argument <= 0xffff) {
    writer.uint8(first | 25)
    writer.uint16(argument)
  } else if (argument <= 0xffffffff) {
    writer.uint8(first | 26)
    writer.uint32(argument)
  } else {
    writer.uint8(first | 27)
    writer.int64(argument)
  }
}

/** A whole number of up to 53 bits. */
export function writeInteger(writer: ByteWriter, value: number): void {
  if (value < 0) writeHead(writer, Major.negative, -1 - value)
  else writeHead(writer, Major.unsigned, value)
}

export function writeBoolean(writer: ByteWriter, value: boolean): void {
  writeHead(writer, Major.simple, value ? Simple.true : Simple.false)
}

export function writeNull(writer: ByteWriter): void {
  writeHead(writer, Major.simple, Simple.null)
}

export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writeHead(writer, Major.bytes, bytes.length)
  writer.write(bytes)
}

/** `count` values follow. */
export function writeArray(writer: ByteWriter, count: number): void {
  writeHead(writer, Major.array, count)
}

/** `count` pairs of key and value follow. */
export function writeMap(writer: ByteWriter, count: number): void {
  writeHead(writer, Major.map, count)
}
