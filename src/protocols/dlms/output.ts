/** The one response buffer of a server: a payload is written first, and its headers are set in front of it, so nothing is moved. */
import { ByteWriter } from '../../lib/bytes.ts'
import { BLOCK_HEADER } from './get.ts'
import { setWrapperHeader, WRAPPER_HEADER } from './wrapper.ts'

/** Room in front of a payload: the wrapper and the longest header of a get-response. */
const HEADROOM = WRAPPER_HEADER + BLOCK_HEADER + 3
const BLANK = new Uint8Array(HEADROOM)

/** Where a response goes. */
export interface Reply {
  /** The view is valid only during the call. Returns false when nothing more can be taken for now. */
  readonly send: (bytes: Uint8Array) => boolean
  /** The client's wPort. */
  readonly clientSap: number
  readonly serverSap: number
}

export class Output {
  readonly writer: ByteWriter

  /** `limit`: largest APDU plus the largest single value that may wait for its next block. */
  constructor(limit: number) {
    this.writer = new ByteWriter(Math.min(limit, 512), limit + HEADROOM)
  }

  /** Position of the first payload byte. */
  get start(): number {
    return HEADROOM
  }

  /** Empties the buffer and gives the writer for a payload. */
  begin(): ByteWriter {
    this.writer.reset()
    this.writer.write(BLANK)
    return this.writer
  }

  /** Sends what lies from `at` (the APDU's first byte) to the end, with a wrapper in front of it. */
  seal(reply: Reply, at: number): boolean {
    const frame = at - WRAPPER_HEADER
    setWrapperHeader(this.writer, frame, reply.serverSap, reply.clientSap, this.writer.length - at)
    return reply.send(this.writer.view(frame))
  }

  /** Sends a small ready-made APDU. */
  short(reply: Reply, apdu: Uint8Array | readonly number[]): boolean {
    const writer = this.begin()
    for (const byte of apdu) writer.uint8(byte)
    return this.seal(reply, HEADROOM)
  }
}
