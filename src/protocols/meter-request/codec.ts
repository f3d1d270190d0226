/**
 * Requests to a meter in a downlink of a few bytes, and what it answers on the same port. Our own format: docs/lorawan.md. The first byte is the kind of the request and,
 * in its low half, a number of the asker's choice that comes back in the answer.
 */
import { type ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'

export const REQUEST_PORT = 61

const Kind = Object.freeze({ readTypes: 1, readRegisters: 2, profile: 3, cancel: 4, failure: 15 })

/** Why a request was not done. */
export const RequestFailure = Object.freeze({ malformed: 1, unknown: 2, empty: 3, busy: 4, tooLong: 5 })

export type MeterRequest =
  /** Values by type of the TLV payload. */
  | { readonly kind: 'types'; readonly id: number; readonly types: readonly number[] }
  /** Registers by OBIS code `C.D.E`. */
  | { readonly kind: 'registers'; readonly id: number; readonly codes: readonly string[] }
  /** Entries of the load profile, both ends included; Unix time in s. */
  | { readonly kind: 'profile'; readonly id: number; readonly from_s: number; readonly to_s: number }
  /** Ends all answers that are under way. */
  | { readonly kind: 'cancel'; readonly id: number }

export interface RegisterAnswer {
  /** `C.D.E`. */
  readonly code: string
  /** Value = integer * 10^scaler, in the unit of IEC 62056-6-2. */
  readonly scaler: number
  readonly unit: number
  /** A whole number of up to 40 bits with its sign. */
  readonly value: number
}

export type MeterAnswer =
  | { readonly kind: 'registers'; readonly id: number; readonly registers: readonly RegisterAnswer[] }
  /** So many entries were sent before. */
  | { readonly kind: 'profile'; readonly id: number; readonly entries: number }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: number }

/** Bytes of one register in an answer, behind the first byte. */
export const REGISTER_LENGTH = 10
const RANGE = 2 ** 40

function codeOf(reader: ByteReader): string {
  return `${reader.uint8()}.${reader.uint8()}.${reader.uint8()}`
}

function list<T>(reader: ByteReader, read: () => T): T[] {
  const items: T[] = []
  const count = reader.uint8()
  if (count === 0 || count > reader.remaining) throw new DecodeError(`${count} items`)
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

/** Reads one request; there may be more behind it. */
export function readRequest(reader: ByteReader): MeterRequest {
  const first = reader.uint8()
  const kind = first >> 4
  const id = first & 15
  if (kind === Kind.readTypes) return { kind: 'types', id, types: list(reader, () => reader.uint8()) }
  if (kind === Kind.readRegisters) return { kind: 'registers', id, codes: list(reader, () => codeOf(reader)) }
  if (kind === Kind.profile) return { kind: 'profile', id, from_s: reader.uint32(), to_s: reader.uint32() }
  if (kind === Kind.cancel) return { kind: 'cancel', id }
  throw new DecodeError(`request ${kind}`)
}

function writeCode(writer: ByteWriter, code: string): void {
  const groups = code.split('.').map(Number)
  if (groups.length !== 3 || groups.some((group) => !Number.isInteger(group) || group < 0 || group > 255)) {
    throw new RangeError(`OBIS code ${code}, allowed is C.D.E`)
  }
  for (const group of groups) writer.uint8(group)
}

/** RangeError for what cannot be said. */
export function encodeRequest(request: MeterRequest): Uint8Array {
  const writer = new ByteWriter(16, 242)
  const head = (kind: number): void => writer.uint8((kind << 4) | (request.id & 15))
  if (request.kind === 'types') {
    head(Kind.readTypes)
    writer.uint8(request.types.length)
    for (const type of request.types) writer.uint8(type)
  } else if (request.kind === 'registers') {
    head(Kind.readRegisters)
    writer.uint8(request.codes.length)
    for (const code of request.codes) writeCode(writer, code)
  } else if (request.kind === 'profile') {
    head(Kind.profile)
    writer.uint32(request.from_s)
    writer.uint32(request.to_s)
  } else head(Kind.cancel)
  return writer.copy()
}

export function encodeAnswer(answer: MeterAnswer): Uint8Array {
  const writer = new ByteWriter(16, 242)
  if (answer.kind === 'failure') return Uint8Array.of((Kind.failure << 4) | answer.id, answer.failure)
  if (answer.kind === 'profile') {
    writer.uint8((Kind.profile << 4) | answer.id)
    writer.uint16(Math.min(0xffff, answer.entries))
    return writer.copy()
  }
  writer.uint8((Kind.readRegisters << 4) | answer.id)
  for (const { code, scaler, unit, value } of answer.registers) {
    writeCode(writer, code)
    writer.uint8(scaler & 0xff)
    writer.uint8(unit)
    const bits = ((value % RANGE) + RANGE) % RANGE
    writer.uint8(Math.floor(bits / 0x100000000))
    writer.uint32(bits % 0x100000000)
  }
  return writer.copy()
}

/** DecodeError for what is no answer. */
export function decodeAnswer(reader: ByteReader): MeterAnswer {
  const first = reader.uint8()
  const kind = first >> 4
  const id = first & 15
  if (kind === Kind.failure) return { kind: 'failure', id, failure: reader.uint8() }
  if (kind === Kind.profile) return { kind: 'profile', id, entries: reader.uint16() }
  if (kind !== Kind.readRegisters) throw new DecodeError(`answer ${kind}`)
  const registers: RegisterAnswer[] = []
  while (reader.remaining > 0) {
    const code = codeOf(reader)
    const scaler = (reader.uint8() << 24) >> 24
    const unit = reader.uint8()
    const bits = reader.uint8() * 0x100000000 + reader.uint32()
    registers.push({ code, scaler, unit, value: bits >= RANGE / 2 ? bits - RANGE : bits })
  }
  return { kind: 'registers', id, registers }
}
