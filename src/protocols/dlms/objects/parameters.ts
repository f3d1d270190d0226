/** Takes values apart that a client sent: each helper throws DecodeError for another type, which the services answer with "type unmatched". */
import { DecodeError } from '../../../lib/bytes.ts'
import { DataTag, type DataValue } from '../axdr.ts'

/** Elements of an array or a structure (`tag`); with `count`, as many as that. */
export function elements(data: DataValue | undefined, tag: number, count?: number): readonly DataValue[] {
  if (data === undefined || data.tag !== tag || (data.tag !== DataTag.array && data.tag !== DataTag.structure)) {
    throw new DecodeError(`a value of type ${tag}`)
  }
  if (count !== undefined && data.value.length !== count) throw new DecodeError(`${count} elements`)
  return data.value
}

/** A number of the type `tag`. */
export function integer(data: DataValue | undefined, tag: number): number {
  if (data === undefined || data.tag !== tag || typeof data.value !== 'number') throw new DecodeError(`a number of type ${tag}`)
  return data.value
}

/** An octet-string, of `length` bytes if given. It points into the request. */
export function octets(data: DataValue | undefined, length?: number): Uint8Array {
  if (data?.tag !== DataTag.octetString) throw new DecodeError('an octet-string')
  if (length !== undefined && data.value.length !== length) throw new DecodeError(`${length} bytes`)
  return data.value
}

export function flag(data: DataValue | undefined): boolean {
  if (data?.tag !== DataTag.boolean) throw new DecodeError('a boolean')
  return data.value
}

/** The parameter of methods that need none: integer(0) by the standard, of which some clients send another number or nothing. */
export function nothing(data: DataValue | undefined): void {
  if (data !== undefined && data.tag !== DataTag.nullData && data.tag !== DataTag.integer) throw new DecodeError('integer(0)')
}
