import { ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { Outbox } from '../../lib/outbox.ts'
import { decodeUtf8, encodeUtf8 } from '../../lib/utf8.ts'
import { CloseCode, encodeFrame, type FrameHeader, FrameParser, Opcode, WebSocketError } from './frame.ts'

/** Longest message taken from a peer, in bytes. */
export const MAX_MESSAGE = 16384
/** Bytes that may wait for a peer that does not read. */
const MAX_WAITING = 0x10000
/** Longest payload of a control frame (RFC 6455 section 5.5). */
const MAX_CONTROL = 125

export interface WebSocketOptions {
  readonly send: (bytes: Uint8Array) => void
  /** Bytes that the transport wants now; as in HttpOptions. */
  readonly room?: () => number
  /** Ends the connection once what was sent has been delivered. Called at most once. */
  readonly close: () => void
  readonly onText: (text: string) => void
  /** Without it a binary message closes the connection with 1003. */
  readonly onBinary?: (bytes: Uint8Array) => void
  /** The connection is over, for whatever reason: the code that was received or sent, 1006 when the transport went away. Called once. */
  readonly onClose?: (code: number) => void
  /** Makes this the client's side: four bytes of chance for each frame (RFC 6455 section 5.3). */
  readonly mask?: () => Uint8Array
}

/** One side of a WebSocket (RFC 6455) after the handshake: bytes in, messages out; no socket and no clock. */
export class WebSocketConnection {
  #options: WebSocketOptions
  #outbox: Outbox
  #parser: FrameParser
  /** The message under way; its opcode is undefined between messages. */
  #message = new ByteWriter(256, MAX_MESSAGE)
  #opcode: number | undefined
  #control = new ByteWriter(MAX_CONTROL, MAX_CONTROL)
  #inControl = false
  /** A close frame went out; nothing follows it. */
  #closing = false
  #ended = false

  constructor(options: WebSocketOptions) {
    this.#options = options
    this.#outbox = new Outbox(options, MAX_WAITING)
    const events = {
      header: (header: FrameHeader) => this.startFrame(header),
      payload: (piece: Uint8Array) => {
        if (this.open) (this.#inControl ? this.#control : this.#message).write(piece)
      },
      end: (header: FrameHeader) => this.endFrame(header),
    }
    this.#parser = new FrameParser(events, MAX_MESSAGE, options.mask === undefined ? 'client' : 'server')
  }

  /** Bytes of ours that the transport has not taken yet. */
  get waiting(): number {
    return this.#outbox.length
  }

  get open(): boolean {
    return !this.#closing && !this.#ended
  }

  /** Sends a message. False, and nothing sent, when the connection is not open or too much waits already. */
  sendText(text: string): boolean {
    return this.open && this.#outbox.push(this.frame(Opcode.text, encodeUtf8(text)))
  }

  /** Asks whether the peer is still there; its answer is some bytes. */
  ping(): void {
    if (this.open) this.#outbox.push(this.frame(Opcode.ping, new Uint8Array(0)))
  }

  private frame(opcode: number, payload: Uint8Array): Uint8Array {
    return encodeFrame(opcode, payload, this.#options.mask?.())
  }

  /** Starts the closing handshake (RFC 6455 section 7.1.2) and ends the connection. */
  close(code: number = CloseCode.normal, reason = ''): void {
    if (!this.open) return
    const text = encodeUtf8(reason).subarray(0, MAX_CONTROL - 2)
    const payload = new Uint8Array(2 + text.length)
    payload[0] = code >>> 8
    payload[1] = code
    payload.set(text, 2)
    this.finish(payload, code)
  }

  /** Bytes from the peer; the buffer is unmasked in place. Never throws for what they are. */
  receive(bytes: Uint8Array): void {
    if (!this.open) return
    try {
      this.#parser.receive(bytes)
    } catch (error) {
      if (error instanceof WebSocketError) this.close(error.closeCode, error.message)
      else if (error instanceof DecodeError) this.close(CloseCode.invalidPayload, error.message)
      else throw error
    }
  }

  /** The transport has room again. */
  writable(): void {
    if (this.#ended) return
    this.#outbox.pump()
    if (this.#closing && this.#outbox.length === 0) this.end()
  }

  /** The transport is gone. */
  closed(): void {
    if (this.#ended) return
    this.#ended = true
    this.#outbox.clear()
    // After a close frame of ours the owner has been told already.
    if (!this.#closing) this.#options.onClose?.(1006)
  }

  private startFrame({ opcode, length }: FrameHeader): void {
    // The parser goes on through the rest of its bytes; what follows a close frame is not looked at.
    if (!this.open) return
    this.#inControl = opcode >= Opcode.close
    if (this.#inControl) {
      this.#control.reset()
      return
    }
    if ((opcode === Opcode.continuation) !== (this.#opcode !== undefined)) {
      throw new WebSocketError(CloseCode.protocolError, 'fragments out of order')
    }
    if (opcode === Opcode.binary && this.#options.onBinary === undefined) throw new WebSocketError(CloseCode.unsupportedData, 'text only')
    if (opcode !== Opcode.continuation) {
      this.#opcode = opcode
      this.#message.reset()
    }
    if (this.#message.length + length > MAX_MESSAGE) throw new WebSocketError(CloseCode.tooBig, 'message too big')
  }

  private endFrame({ final, opcode }: FrameHeader): void {
    if (!this.open) return
    if (opcode === Opcode.ping) this.pong()
    else if (opcode === Opcode.close) this.receiveClose(this.#control.copy())
    else if (opcode < Opcode.close && final) this.deliver()
  }

  private deliver(): void {
    const opcode = this.#opcode
    this.#opcode = undefined
    if (opcode === Opcode.text) this.#options.onText(decodeUtf8(this.#message.view()))
    else this.#options.onBinary?.(this.#message.copy())
  }

  /** An answer that finds the queue full is left out: only the latest ping needs one (RFC 6455 section 5.5.3). */
  private pong(): void {
    this.#outbox.push(this.frame(Opcode.pong, this.#control.view()))
  }

  /** Answers a close frame with its own code (RFC 6455 section 5.5.1); one with an impossible code or text is a protocol error. */
  private receiveClose(payload: Uint8Array): void {
    if (payload.length === 0) {
      this.finish(payload, CloseCode.noStatus)
      return
    }
    const code = payload.length === 1 ? 0 : (payload[0] as number) * 256 + (payload[1] as number)
    if (!isCloseCode(code)) throw new WebSocketError(CloseCode.protocolError, 'bad close code')
    decodeUtf8(payload.subarray(2))
    this.finish(payload.slice(0, 2), code)
  }

  private finish(payload: Uint8Array, code: number): void {
    const sent = this.#outbox.push(this.frame(Opcode.close, payload))
    this.#closing = true
    this.#message = new ByteWriter(0, MAX_MESSAGE)
    this.#options.onClose?.(code)
    if (!sent || this.#outbox.length === 0) this.end()
  }

  private end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#outbox.clear()
    this.#options.close()
  }
}

/** Codes that may stand in a close frame (RFC 6455 section 7.4): those defined, and the two ranges for libraries and applications. */
function isCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}
