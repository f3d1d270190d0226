/**
 * The contract of a link. A link moves bytes and knows its own limits; it knows no protocol. The other side of it is a `Session`, which a
 * protocol implements without knowing any link. Only `meter/` and `gateway/` put the two together.
 */

/** A stream of bytes in order: serial, TCP, optical. What the session may do with its link. */
export interface ByteStream {
  /** Where the peer is, for logs: an address and port, or the name of a serial port. */
  readonly peer: string
  /**
   * Takes all of `bytes` (copied before it returns). False when some of it has to wait: the session should not send more until `writable` is
   * called. A link whose queue would pass its bound closes itself instead.
   */
  send(bytes: Uint8Array): boolean
  /** Bytes that the link takes now without queueing. */
  readonly writable: number
  /** Ends the link once what was sent has left. */
  close(): void
}

/** What a protocol gives to a link. */
export interface Session {
  /**
   * Bytes from the peer; the view is valid during the call only. Returns how many were consumed: the rest is offered again when the link has
   * drained.
   */
  receive(bytes: Uint8Array): number
  /** True while nothing would be lost with the link: nobody has said yet who they are. A link that is full may end it for a newcomer. */
  readonly spare?: boolean
  /** The link has drained and takes `count` more bytes. */
  writable?(count: number): void
  /** The link is gone; called once, also after the session closed it itself. */
  closed(): void
}

/** Makes the session of a new connection; undefined refuses it. */
export type Accept = (stream: ByteStream) => Session | undefined
