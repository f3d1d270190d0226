import { FerrarisError } from '../../lib/errors.ts'

/** Opcodes (RFC 6455 section 5.2). */
export const Opcode = Object.freeze({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 })

/** Status codes of a close frame (RFC 6455 section 7.4.1). */
export const CloseCode = Object.freeze({
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  noStatus: 1005,
  invalidPayload: 1007,
  policy: 1008,
  tooBig: 1009,
  internal: 1011,
})

/** The peer broke the protocol; `closeCode` is what it is told. */
export class WebSocketError extends FerrarisError {
  override name = 'WebSocketError'
  readonly closeCode: number
  constructor(closeCode: number, message: string) {
    super('WEBSOCKET', message)
    this.closeCode = closeCode
  }
}

export interface FrameHeader {
  readonly final: boolean
  readonly opcode: number
  /** Payload bytes. */
  readonly length: number
}

/** What the parser finds: `header`, then `payload` pieces that add up to `length` bytes, then `end`. A piece is a view that is unmasked in place. */
export interface FrameEvents {
  header(header: FrameHeader): void
  payload(piece: Uint8Array): void
  end(header: FrameHeader): void
}

/** Two bytes, eight of length, four of mask. */
const MAX_HEADER = 14

/** Bytes of the header that its first two bytes announce. */
function headerLength(second: number): number {
  const length = second & 0x7f
  return ((second & 0x80) === 0 ? 2 : 6) + (length === 126 ? 2 : length === 127 ? 8 : 0)
}

/**
 * Parses the frames of a client, or of a server (RFC 6455 section 5). Holds one header, never a payload. Throws WebSocketError on what the peer may not send:
 * frames of a client without a mask or of a server with one, reserved bits or opcodes, long or fragmented control frames, a length not in its shortest form.
 */
export class FrameParser {
  #events: FrameEvents
  #limit: number
  #header = new Uint8Array(MAX_HEADER)
  #have = 0
  #frame: FrameHeader | undefined
  #left = 0
  #maskAt = 0
  #fromClient: boolean

  /** `limit`: longest payload of one frame; a longer one is refused with 1009 before any of it is taken. */
  constructor(events: FrameEvents, limit: number, from: 'client' | 'server' = 'client') {
    this.#events = events
    this.#limit = limit
    this.#fromClient = from === 'client'
  }

  receive(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#frame === undefined) {
        this.#header[this.#have++] = bytes[at++] as number
        if (this.#have === 2) this.checkStart()
        if (this.#have >= 2 && this.#have === headerLength(this.#header[1] as number)) this.startFrame()
      } else {
        const piece = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at))
        at += piece.length
        this.takePayload(piece)
      }
    }
  }

  private checkStart(): void {
    const first = this.#header[0] as number
    const second = this.#header[1] as number
    const opcode = first & 15
    const fail = (message: string) => new WebSocketError(CloseCode.protocolError, message)
    if ((first & 0x70) !== 0) throw fail('reserved bit set')
    if ((opcode > 2 && opcode < 8) || opcode > 10) throw fail('reserved opcode')
    if (((second & 0x80) !== 0) !== this.#fromClient) throw fail(this.#fromClient ? 'frame without mask' : 'frame with a mask')
    if (opcode >= 8 && ((first & 0x80) === 0 || (second & 0x7f) > 125)) throw fail('control frame too long or fragmented')
  }

  private startFrame(): void {
    const short = (this.#header[1] as number) & 0x7f
    let length = short
    if (short >= 126) {
      length = 0
      const end = this.#have - (this.#fromClient ? 4 : 0)
      for (let i = 2; i < end; i++) length = length * 256 + (this.#header[i] as number)
      // Shortest form only, and no length with the top bit set (section 5.2).
      if (length < (short === 126 ? 126 : 0x10000) || (this.#header[2] as number) > (short === 126 ? 255 : 127)) {
        throw new WebSocketError(CloseCode.protocolError, 'length not in its shortest form')
      }
    }
    if (length > this.#limit) throw new WebSocketError(CloseCode.tooBig, 'message too big')
    this.#frame = { final: ((this.#header[0] as number) & 0x80) !== 0, opcode: (this.#header[0] as number) & 15, length }
    this.#left = length
    this.#maskAt = 0
    this.#events.header(this.#frame)
    if (length === 0) this.endFrame()
  }

  private takePayload(piece: Uint8Array): void {
    const mask = this.#have - 4
    for (let i = 0; this.#fromClient && i < piece.length; i++) piece[i] ^= this.#header[mask + ((this.#maskAt + i) & 3)] as number
    this.#maskAt = (this.#maskAt + piece.length) & 3
    this.#left -= piece.length
    this.#events.payload(piece)
    if (this.#left === 0) this.endFrame()
  }

  private endFrame(): void {
    const frame = this.#frame as FrameHeader
    this.#frame = undefined
    this.#have = 0
    this.#events.end(frame)
  }
}

/** One unfragmented frame: of a server, or with the four bytes of a mask of a client (RFC 6455 section 5.1). */
export function encodeFrame(opcode: number, payload: Uint8Array, mask?: Uint8Array): Uint8Array {
  const extra = payload.length < 126 ? 0 : payload.length < 0x10000 ? 2 : 8
  const start = 2 + extra + (mask === undefined ? 0 : 4)
  const frame = new Uint8Array(start + payload.length)
  frame[0] = 0x80 | opcode
  frame[1] = (mask === undefined ? 0 : 0x80) | (extra === 0 ? payload.length : extra === 2 ? 126 : 127)
  let rest = payload.length
  for (let i = 1 + extra; i >= 2; i--) {
    frame[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  frame.set(payload, start)
  if (mask !== undefined) {
    frame.set(mask, start - 4)
    for (let i = 0; i < payload.length; i++) frame[start + i] ^= mask[i & 3]
  }
  return frame
}
