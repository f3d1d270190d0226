/** Decoder of "Data" (see axdr.ts) for foreign bytes: bounded in depth, in elements, and by what the message really holds. */
import { type ByteReader, DecodeError } from '../../lib/bytes.ts'
import { DataTag, type DataValue, readLength } from './axdr.ts'

export interface DecodeLimits {
  /** Levels of arrays and structures. */
  readonly depth: number
  /** Values in all, containers included. */
  readonly elements: number
}

/** Enough for every access parameter of the Blue Book. */
const REQUEST_LIMITS: DecodeLimits = Object.freeze({ depth: 6, elements: 512 })

/** What compact-array says once for all its elements. */
interface TypeDescription {
  readonly tag: number
  /** Elements of an array; of a structure as many as `items`. */
  readonly count: number
  readonly items: readonly TypeDescription[]
}

function bytesToText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

class DataDecoder {
  readonly #reader: ByteReader
  readonly #depth: number
  #elements: number

  constructor(reader: ByteReader, limits: DecodeLimits) {
    this.#reader = reader
    this.#depth = limits.depth
    this.#elements = limits.elements
  }

  /** Every value costs one from the same budget, so empty elements inside compact arrays cannot multiply without end. */
  private spend(depth: number): void {
    if (depth > this.#depth) throw new DecodeError('nested too deeply')
    if (--this.#elements < 0) throw new DecodeError('too many elements')
  }

  value(depth: number): DataValue {
    const tag = this.#reader.uint8()
    if (tag === DataTag.compactArray) return this.compactArray(depth)
    if (tag !== DataTag.array && tag !== DataTag.structure) return this.simple(tag, depth)
    this.spend(depth)
    const count = readLength(this.#reader)
    // A value takes one byte at least: a count that cannot be true is refused before anything is collected.
    if (count > this.#reader.remaining) throw new DecodeError(`${count} elements in ${this.#reader.remaining} bytes`)
    const value: DataValue[] = []
    for (let i = 0; i < count; i++) value.push(this.value(depth + 1))
    return { tag, value }
  }

  /** Everything without elements; the tag has been read. */
  private simple(tag: number, depth: number): DataValue {
    this.spend(depth)
    const reader = this.#reader
    switch (tag) {
      case DataTag.nullData:
        return { tag, value: null }
      case DataTag.boolean:
        return { tag, value: reader.uint8() !== 0 }
      case DataTag.bitString: {
        const bits = readLength(reader)
        return { tag, value: { bits, bytes: reader.take(Math.ceil(bits / 8)) } }
      }
      case DataTag.octetString:
      case DataTag.utf8String:
        return { tag, value: reader.take(readLength(reader)) }
      case DataTag.visibleString:
        return { tag, value: bytesToText(reader.take(readLength(reader))) }
      case DataTag.dateTime:
        return { tag, value: reader.take(12) }
      case DataTag.date:
        return { tag, value: reader.take(5) }
      case DataTag.time:
        return { tag, value: reader.take(4) }
      default:
        return this.number(tag)
    }
  }

  private number(tag: number): DataValue {
    const reader = this.#reader
    switch (tag) {
      case DataTag.integer:
        return { tag, value: (reader.uint8() << 24) >> 24 }
      case DataTag.long:
        return { tag, value: (reader.uint16() << 16) >> 16 }
      case DataTag.doubleLong:
        return { tag, value: reader.uint32() | 0 }
      case DataTag.bcd:
      case DataTag.unsigned:
      case DataTag.enumerated:
        return { tag, value: reader.uint8() }
      case DataTag.longUnsigned:
        return { tag, value: reader.uint16() }
      case DataTag.doubleLongUnsigned:
        return { tag, value: reader.uint32() }
      case DataTag.long64:
        return { tag, value: BigInt.asIntN(64, this.uint64()) }
      case DataTag.long64Unsigned:
        return { tag, value: this.uint64() }
      case DataTag.float32:
        return { tag, value: this.view(4).getFloat32(0) }
      case DataTag.float64:
        return { tag, value: this.view(8).getFloat64(0) }
      default:
        throw new DecodeError(`data tag ${tag}`)
    }
  }

  private uint64(): bigint {
    const high = BigInt(this.#reader.uint32())
    return (high << 32n) | BigInt(this.#reader.uint32())
  }

  private view(length: number): DataView {
    const bytes = this.#reader.take(length)
    return new DataView(bytes.buffer, bytes.byteOffset, length)
  }

  /** compact-array ::= type description, then the contents of all elements without their tags as one octet-string. */
  private compactArray(depth: number): DataValue {
    this.spend(depth)
    const type = this.typeDescription(depth + 1)
    const length = readLength(this.#reader)
    if (length > this.#reader.remaining) throw new DecodeError('compact-array longer than the message')
    const end = this.#reader.position + length
    const value: DataValue[] = []
    while (this.#reader.position < end) value.push(this.described(type, depth + 1))
    if (this.#reader.position !== end) throw new DecodeError('compact-array ends inside an element')
    return { tag: DataTag.array, value }
  }

  private typeDescription(depth: number): TypeDescription {
    this.spend(depth)
    const tag = this.#reader.uint8()
    if (tag === DataTag.array) {
      const count = this.#reader.uint16()
      return { tag, count, items: [this.typeDescription(depth + 1)] }
    }
    if (tag !== DataTag.structure) return { tag, count: 0, items: [] }
    const count = readLength(this.#reader)
    if (count > this.#reader.remaining) throw new DecodeError('structure longer than the message')
    const items: TypeDescription[] = []
    for (let i = 0; i < count; i++) items.push(this.typeDescription(depth + 1))
    return { tag, count, items }
  }

  private described(type: TypeDescription, depth: number): DataValue {
    if (type.tag !== DataTag.array && type.tag !== DataTag.structure) return this.simple(type.tag, depth)
    this.spend(depth)
    const value: DataValue[] = []
    for (let i = 0; i < type.count; i++) {
      value.push(this.described(type.items[type.tag === DataTag.array ? 0 : i] as TypeDescription, depth + 1))
    }
    return { tag: type.tag, value }
  }
}

/** Reads one value. Throws DecodeError for unknown tags, for what is cut short, and past the limits. */
export function readData(reader: ByteReader, limits: DecodeLimits = REQUEST_LIMITS): DataValue {
  return new DataDecoder(reader, limits).value(1)
}
