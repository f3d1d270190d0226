/** What the requests of SET and ACTION have in common: something to write to, and an encoded value that may come in blocks. */
import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { readLength } from './axdr.ts'
import { readData } from './axdr-decode.ts'
import type { AttributeDescriptor, InvokeIdAndPriority } from './get.ts'

/** An attribute, or a method: `attribute` is then its number. */
export type WriteTarget = AttributeDescriptor

/** DataBlock-SA: a piece of an encoded value. */
export interface ReceivedBlock {
  readonly last: boolean
  /** Counts from 1. */
  readonly number: number
  /** Points into the APDU. */
  readonly data: Uint8Array
}

/** Targets of a request: a list of them makes the value a list too. */
interface Targets {
  readonly invoke: InvokeIdAndPriority
  readonly targets: readonly WriteTarget[]
  readonly list: boolean
}

export type WriteRequest =
  /** `value` is the encoded value, or the encoded list of values; undefined for a method without parameter. It points into the APDU. */
  | ({ readonly type: 'whole'; readonly value: Uint8Array | undefined } & Targets)
  | ({ readonly type: 'first'; readonly block: ReceivedBlock } & Targets)
  | { readonly type: 'block'; readonly invoke: InvokeIdAndPriority; readonly block: ReceivedBlock }

export function readBlock(reader: ByteReader): ReceivedBlock {
  const last = reader.uint8()
  if (last > 1) throw new DecodeError('last-block flag')
  const number = reader.uint32()
  return { last: last === 1, number, data: reader.take(readLength(reader)) }
}

/** The rest of a message. */
export function readRest(reader: ByteReader): Uint8Array {
  return reader.take(reader.remaining)
}

/**
 * Throws DecodeError unless `value` is one value, or with `list` a list of `count` values, and nothing more. Gives a reader that stands before
 * the first value: whoever reads them one by one keeps only one in memory, and a list that is broken further on is refused before any is used.
 */
export function checkedValues(value: Uint8Array, count: number, list: boolean): ByteReader {
  const reader = new ByteReader(value)
  if (list && readLength(reader) !== count) throw new DecodeError('as many values as descriptors')
  const start = reader.position
  for (let i = 0; i < count; i++) readData(reader)
  if (reader.remaining !== 0) throw new DecodeError(`${reader.remaining} bytes left over`)
  reader.position = start
  return reader
}

/** Collects an encoded value from blocks. */
export class LongWrite {
  /** Which service: blocks of a SET never end an ACTION. */
  readonly owner: object
  readonly targets: readonly WriteTarget[]
  readonly list: boolean
  readonly #bytes: ByteWriter
  readonly #limit: number
  /** Number of the block that was taken last. */
  block = 0

  /** `limit`: longest encoded value in bytes. */
  constructor(owner: object, targets: readonly WriteTarget[], list: boolean, limit: number) {
    this.owner = owner
    this.targets = targets
    this.list = list
    this.#limit = limit
    this.#bytes = new ByteWriter(256, limit)
  }

  /** False when the value gets longer than allowed: nothing was taken. */
  add(block: ReceivedBlock): boolean {
    if (this.#bytes.length + block.data.length > this.#limit) return false
    this.#bytes.write(block.data)
    this.block = block.number
    return true
  }

  /** What was collected. */
  get value(): Uint8Array {
    return this.#bytes.view()
  }
}
