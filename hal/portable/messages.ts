import { type ByteReader, type ByteWriter, DecodeError, ByteReader as Reader } from '../../src/lib/bytes.ts'

/**
 * Sockets as messages between a guest that has none and the host that owns them.
 *
 * A batch is a row of frames: kind (1 byte), endpoint (4), length of the body (4), body; numbers are big-endian. Endpoints that the
 * guest opens have even numbers, connections that the host accepts odd ones. Bytes flow only under credit: each side may have `WINDOW`
 * bytes of a connection unread at the other, and gets credit back as they are read.
 */
export const Message = Object.freeze({
  /** Guest: open a TCP connection. Body: endpoint address. */
  connect: 1,
  /** Guest: listen. Body: endpoint address; port 0 lets the host choose, no text = the host's default interface. */
  listen: 2,
  /** Guest: open a UDP socket. Body: endpoint address. */
  bind: 3,
  /** Both: bytes of a TCP connection. */
  data: 4,
  /** Both: a datagram. Body: port (2), length of the address (1), address, data. */
  packet: 5,
  /** Both: so many more bytes (TCP), connections (listener), datagrams (UDP) may come. Body: count (4). */
  credit: 6,
  /** Guest: the endpoint is closed; the host forgets it after sending what it holds. */
  close: 7,
  /** Host: the outgoing connection stands. */
  established: 8,
  /** Host: bound. Body: port (2). */
  ready: 9,
  /** Host, for a listener: a connection. Body: its number (4), endpoint address of the peer. */
  accepted: 10,
  /** Host: the endpoint is gone. Body: reason, ASCII. */
  error: 11,
})

/** Bytes of one TCP connection that may be unread at the other side. */
export const WINDOW = 0x10000
/** Connections that may wait unread at a listener of the guest. */
export const BACKLOG = 16
/** Datagrams that may wait unread at a UDP socket of the guest. */
export const PACKETS = 32
/** Endpoints of one guest at the same time. */
export const ENDPOINTS_MAX = 256
/** Upper bound of one batch: every endpoint with a full window, and frames around it. */
export const BATCH_MAX = ENDPOINTS_MAX * (WINDOW + 1024)

const HEADER = 9

/** Starts a frame; give its result to `endFrame`. */
export function beginFrame(writer: ByteWriter, kind: number, endpoint: number): number {
  writer.uint8(kind)
  writer.uint32(endpoint)
  writer.uint32(0)
  return writer.length
}

export function endFrame(writer: ByteWriter, start: number): void {
  const length = writer.length - start
  writer.setUint16(start - 4, length >>> 16)
  writer.setUint16(start - 2, length & 0xffff)
}

/** A frame whose body is one block of bytes. */
export function writeFrame(writer: ByteWriter, kind: number, endpoint: number, body?: Uint8Array): void {
  writer.uint8(kind)
  writer.uint32(endpoint)
  writer.uint32(body === undefined ? 0 : body.length)
  if (body !== undefined) writer.write(body)
}

export function writeCredit(writer: ByteWriter, endpoint: number, count: number): void {
  const start = beginFrame(writer, Message.credit, endpoint)
  writer.uint32(count)
  endFrame(writer, start)
}

/** Endpoint address: port (2), then the address as ASCII up to the end of the frame. */
export function writeEndpoint(writer: ByteWriter, kind: number, endpoint: number, port: number, address: string): void {
  const start = beginFrame(writer, kind, endpoint)
  writer.uint16(port)
  writeText(writer, address)
  endFrame(writer, start)
}

/** A datagram and where it came from or goes to. `address` has at most 255 characters. */
export function writePacket(writer: ByteWriter, endpoint: number, port: number, address: string, data: Uint8Array): void {
  const start = beginFrame(writer, Message.packet, endpoint)
  writer.uint16(port)
  writer.uint8(address.length)
  writeText(writer, address)
  writer.write(data)
  endFrame(writer, start)
}

/** Text of the host (addresses, reasons) as ASCII; anything else becomes a question mark. */
export function writeText(writer: ByteWriter, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    writer.uint8(code < 0x80 ? code : 0x3f)
  }
}

/** Reads `count` ASCII characters (default: the rest of the frame), at most 1024. */
export function readText(reader: ByteReader, count: number = reader.remaining): string {
  const bytes = reader.take(count)
  if (count > 1024) throw new DecodeError(`text of ${count} bytes`)
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

/** Calls `handle` for each frame of a batch. `body` ends with the frame. Throws DecodeError for a cut batch. */
export function readFrames(batch: Uint8Array, handle: (kind: number, endpoint: number, body: ByteReader) => void): void {
  const reader = new Reader(batch)
  while (reader.remaining > 0) {
    if (reader.remaining < HEADER) throw new DecodeError('cut frame')
    const kind = reader.uint8()
    const endpoint = reader.uint32()
    const length = reader.uint32()
    const start = reader.position
    reader.take(length)
    handle(kind, endpoint, new Reader(batch, start, start + length))
  }
}
