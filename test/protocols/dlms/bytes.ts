import { ByteWriter } from '../../../src/lib/bytes.ts'
import { fromHex, toHex } from '../../../src/lib/hex.ts'
import type { CosemObject, ObjectList } from '../../../src/protocols/dlms/source.ts'
import { setWrapperHeader } from '../../../src/protocols/dlms/wrapper.ts'

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** An APDU given as hexadecimal text or bytes, in its wrapper. */
export function wrap(apdu: string | Uint8Array, source: number, destination = 1): Uint8Array {
  const bytes = typeof apdu === 'string' ? fromHex(apdu) : apdu
  const writer = new ByteWriter(8 + bytes.length, 0x20000)
  writer.write(new Uint8Array(8))
  writer.write(bytes)
  setWrapperHeader(writer, 0, source, destination, bytes.length)
  return writer.copy()
}

/** The six bytes of 'a.b.c.d.e.f'. */
export function logicalName(code: string): Uint8Array {
  return Uint8Array.from(code.split('.'), Number)
}

/** All objects of a list. */
export function objectsOf(list: ObjectList): CosemObject[] {
  return Array.from({ length: list.length }, (_, place) => list.at(place)).filter((object) => object !== undefined)
}

/** Joins byte strings. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** What a writing function writes, as hexadecimal text. */
export function written(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter()
  write(writer)
  return toHex(writer.copy())
}
