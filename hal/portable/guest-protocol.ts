import { ByteReader, ByteWriter, DecodeError } from '../../src/lib/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/lib/utf8.ts'

/**
 * Commands of a host to the guest that runs firmware and world, and the guest's replies. One command carries everything of one batch,
 * because a call between the two costs more than what is in it (about 130 µs with xsnap).
 *
 * All numbers are big-endian, times are whole milliseconds in eight bytes, text is UTF-8.
 * - step: 1, until_ms (8), socket messages (rest)
 * - call: 2, length of the name (1), name, length of the JSON text (4), JSON text, bytes (rest)
 * - reply: 1 or 2, now_ms (8), next_ms (8; -1: nothing is due), count of flash pages (4), for each: offset (4), length (4), bytes;
 *   length of the socket messages (4), socket messages; length of the JSON text (4), JSON text; bytes (rest)
 * - failure: 255, JSON text of a `Failure`
 *
 * The host writes the pages into the flash file before it hands on the socket messages: what a client was told is on disk.
 */
const STEP = 1
const CALL = 2
const FAILURE = 255
/** Upper bound of one command or reply: a whole flash image and all sockets with full windows fit. */
const MESSAGE_MAX = 0x4000000

export interface Step {
  readonly kind: 'step'
  /** World time up to which the guest shall run. */
  readonly until_ms: number
  readonly sockets: Uint8Array
}

export interface Call {
  readonly kind: 'call'
  readonly name: string
  /** JSON value; undefined for none. */
  readonly argument: unknown
  readonly bytes: Uint8Array
}

export interface Page {
  readonly offset: number
  readonly bytes: Uint8Array
}

export interface Reply {
  /** World time that was reached. */
  readonly now_ms: number
  /** World time at which something is due next; undefined when nothing is. */
  readonly next_ms: number | undefined
  readonly pages: readonly Page[]
  readonly sockets: Uint8Array
  /** After a step: array of events; after a call: its result. */
  readonly value: unknown
  readonly bytes: Uint8Array
}

export interface Failure {
  readonly code: string
  readonly message: string
  readonly stack?: string
}

export const NO_BYTES: Uint8Array = new Uint8Array(0)

function readInt64(reader: ByteReader): number {
  const high = reader.uint32() | 0
  return high * 0x100000000 + reader.uint32()
}

function writeJson(writer: ByteWriter, value: unknown): void {
  const text = value === undefined ? NO_BYTES : encodeUtf8(JSON.stringify(value) ?? '')
  writer.uint32(text.length)
  writer.write(text)
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined
  try {
    return JSON.parse(decodeUtf8(bytes)) as unknown
  } catch {
    throw new DecodeError('not JSON')
  }
}

export function encodeStep(until_ms: number, sockets: Uint8Array = NO_BYTES): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(9 + sockets.length, MESSAGE_MAX)
  writer.uint8(STEP)
  writer.int64(until_ms)
  writer.write(sockets)
  return writer.copy()
}

/** RangeError for a name that does not fit (255 ASCII characters). */
export function encodeCall(name: string, argument?: unknown, bytes: Uint8Array = NO_BYTES): Uint8Array<ArrayBuffer> {
  if (name.length > 255) throw new RangeError('name of a call is too long')
  const writer = new ByteWriter(256 + bytes.length, MESSAGE_MAX)
  writer.uint8(CALL)
  writer.uint8(name.length)
  writer.ascii(name)
  writeJson(writer, argument)
  writer.write(bytes)
  return writer.copy()
}

export function decodeCommand(message: Uint8Array): Step | Call {
  const reader = new ByteReader(message)
  const kind = reader.uint8()
  if (kind === STEP) return { kind: 'step', until_ms: readInt64(reader), sockets: reader.take(reader.remaining) }
  if (kind !== CALL) throw new DecodeError(`unknown command ${kind}`)
  const name = decodeUtf8(reader.take(reader.uint8()))
  const argument = parseJson(reader.take(reader.uint32()))
  return { kind: 'call', name, argument, bytes: reader.take(reader.remaining) }
}

export function encodeReply(kind: 'step' | 'call', reply: Reply): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(64 + reply.sockets.length + reply.bytes.length, MESSAGE_MAX)
  writer.uint8(kind === 'step' ? STEP : CALL)
  writer.int64(reply.now_ms)
  writer.int64(reply.next_ms ?? -1)
  writer.uint32(reply.pages.length)
  for (const page of reply.pages) {
    writer.uint32(page.offset)
    writer.uint32(page.bytes.length)
    writer.write(page.bytes)
  }
  writer.uint32(reply.sockets.length)
  writer.write(reply.sockets)
  writeJson(writer, reply.value)
  writer.write(reply.bytes)
  return writer.copy()
}

export function encodeFailure(failure: Failure): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(256, MESSAGE_MAX)
  writer.uint8(FAILURE)
  writer.write(encodeUtf8(JSON.stringify(failure)))
  return writer.copy()
}

function readPages(reader: ByteReader): Page[] {
  const count = reader.uint32()
  const pages: Page[] = []
  for (let i = 0; i < count; i++) {
    const offset = reader.uint32()
    pages.push({ offset, bytes: reader.take(reader.uint32()) })
  }
  return pages
}

/** The reply, or the failure of the guest. Views into `message`. */
export function decodeReply(message: Uint8Array): Reply | { readonly failure: Failure } {
  const reader = new ByteReader(message)
  const kind = reader.uint8()
  if (kind === FAILURE) return { failure: parseJson(reader.take(reader.remaining)) as Failure }
  if (kind !== STEP && kind !== CALL) throw new DecodeError(`unknown reply ${kind}`)
  const now_ms = readInt64(reader)
  const next_ms = readInt64(reader)
  const pages = readPages(reader)
  const sockets = reader.take(reader.uint32())
  const value = parseJson(reader.take(reader.uint32()))
  return { now_ms, next_ms: next_ms < 0 ? undefined : next_ms, pages, sockets, value, bytes: reader.take(reader.remaining) }
}
