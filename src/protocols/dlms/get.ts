/** GET service: request APDUs and the headers of its responses (IEC 62056-5-3 clause 8, A-XDR). */
import { ByteReader, type ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { ApduTag } from './apdu.ts'
import { readLength } from './axdr.ts'
import { readData } from './axdr-decode.ts'
import type { Selection } from './source.ts'

const NORMAL = 1
/** Request: next block. Response: with a data block. */
const BLOCK = 2
const WITH_LIST = 3

/** Cosem-Attribute-Descriptor, with selective access. */
export interface AttributeDescriptor {
  readonly classId: number
  /** `logicalNameKey` of the instance. */
  readonly instance: number
  /** Signed: vendors use negative numbers. */
  readonly attribute: number
  readonly selection: Selection | undefined
}

/** Bits 0..3 invoke id, 6 service class, 7 priority; every response repeats the byte. */
export type InvokeIdAndPriority = number

export type GetRequest =
  | { readonly type: 'normal'; readonly invoke: InvokeIdAndPriority; readonly descriptor: AttributeDescriptor }
  | { readonly type: 'next'; readonly invoke: InvokeIdAndPriority; readonly block: number }
  | { readonly type: 'list'; readonly invoke: InvokeIdAndPriority; readonly descriptors: readonly AttributeDescriptor[] }

/** Class, instance, attribute and the flag for selective access. */
const SMALLEST_DESCRIPTOR = 10

/** Cosem-Attribute-Descriptor and its optional access selection. */
export function readDescriptor(reader: ByteReader): AttributeDescriptor {
  const classId = reader.uint16()
  const instance = reader.uint16() * 0x100000000 + reader.uint32()
  const attribute = (reader.uint8() << 24) >> 24
  const selective = reader.uint8()
  if (selective > 1) throw new DecodeError('access selection flag')
  if (selective === 0) return { classId, instance, attribute, selection: undefined }
  const selector = reader.uint8()
  return { classId, instance, attribute, selection: { selector, parameters: readData(reader) } }
}

/** A list of them, never empty. */
export function readDescriptorList(reader: ByteReader): AttributeDescriptor[] {
  const count = readLength(reader)
  if (count === 0 || count * SMALLEST_DESCRIPTOR > reader.remaining) throw new DecodeError(`list of ${count} attributes`)
  const descriptors: AttributeDescriptor[] = []
  for (let i = 0; i < count; i++) descriptors.push(readDescriptor(reader))
  return descriptors
}

function readRequest(reader: ByteReader): GetRequest {
  const type = reader.uint8()
  const invoke = reader.uint8()
  if (type === NORMAL) return { type: 'normal', invoke, descriptor: readDescriptor(reader) }
  if (type === BLOCK) return { type: 'next', invoke, block: reader.uint32() }
  if (type === WITH_LIST) return { type: 'list', invoke, descriptors: readDescriptorList(reader) }
  throw new DecodeError(`get-request type ${type}`)
}

/** Decodes a get-request; throws DecodeError. Byte views in selections point into `apdu`. */
export function decodeGetRequest(apdu: Uint8Array): GetRequest {
  const reader = new ByteReader(apdu)
  if (reader.uint8() !== ApduTag.getRequest) throw new DecodeError('not a get-request')
  const request = readRequest(reader)
  if (reader.remaining !== 0) throw new DecodeError(`${reader.remaining} bytes left over`)
  return request
}

/** Bytes of the headers that are set in front of a payload. */
export const NORMAL_HEADER = 4
export const LIST_HEADER = 3
/** Without the length of the block, which follows. */
export const BLOCK_HEADER = 9

/** get-response-normal with data: the value starts at `at + NORMAL_HEADER`. */
export function setNormalHeader(writer: ByteWriter, at: number, invoke: InvokeIdAndPriority): void {
  setHeader(writer, at, NORMAL, invoke)
  writer.set(at + 3, 0)
}

/** get-response-with-list: the count of results starts at `at + LIST_HEADER`. */
export function setListHeader(writer: ByteWriter, at: number, invoke: InvokeIdAndPriority): void {
  setHeader(writer, at, WITH_LIST, invoke)
}

function setHeader(writer: ByteWriter, at: number, type: number, invoke: InvokeIdAndPriority): void {
  writer.set(at, ApduTag.getResponse)
  writer.set(at + 1, type)
  writer.set(at + 2, invoke)
}

/** Bytes that the length of a block of `length` bytes takes. */
export function blockLengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x100 ? 2 : 3
}

/** get-response-with-datablock, including the length; the block starts at `at + BLOCK_HEADER + blockLengthBytes(length)`. */
export function setBlockHeader(
  writer: ByteWriter,
  at: number,
  invoke: InvokeIdAndPriority,
  last: boolean,
  block: number,
  length: number,
): void {
  setHeader(writer, at, BLOCK, invoke)
  writer.set(at + 3, last ? 1 : 0)
  writer.setUint16(at + 4, block >>> 16)
  writer.setUint16(at + 6, block)
  writer.set(at + 8, 0)
  const bytes = blockLengthBytes(length)
  if (bytes > 1) writer.set(at + 9, 0x80 + bytes - 1)
  if (bytes === 3) writer.setUint16(at + 10, length)
  else writer.set(at + 8 + bytes, length)
}

/** get-response-normal with a data-access-result. */
export function normalError(invoke: InvokeIdAndPriority, result: number): readonly number[] {
  return [ApduTag.getResponse, NORMAL, invoke, 1, result]
}

/** get-response-with-datablock with a data-access-result, which ends the transfer. */
export function blockError(invoke: InvokeIdAndPriority, block: number, result: number): readonly number[] {
  return [ApduTag.getResponse, BLOCK, invoke, 1, block >>> 24, (block >>> 16) & 0xff, (block >>> 8) & 0xff, block & 0xff, 1, result]
}
