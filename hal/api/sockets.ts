import type { Bytes } from './io.ts'

/** An accepted connection on its way from a Listener to a TCP instance. Opaque. */
export interface TCPHandle {
  readonly address: string
  readonly port: number
}

export interface TCPOptions {
  /** Peer to connect to … */
  readonly address?: string
  readonly port?: number
  /** … or a connection that a Listener accepted. Exactly one of the two. */
  readonly from?: TCPHandle
  readonly noDelay?: boolean
  /** `count` bytes are waiting. */
  readonly onReadable?: (count: number) => void
  /** `count` bytes may be written; for an outgoing connection also the sign that it is established. */
  readonly onWritable?: (count: number) => void
  /** The connection is gone (peer closed it, reset, refused). The instance is unusable; close it. */
  readonly onError?: (reason: string) => void
}

/** ECMA-419 section 12.2 "TCP Socket", with `format: "buffer"`. */
export interface TCP {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** Reads at most `count` bytes (default: all that is waiting); undefined when nothing is. What is not read stays, and holds the peer back. */
  read(count?: number): Bytes | undefined
  /** Takes at most what `onWritable` last announced or `writable` says; more throws. The bytes are copied or sent before it returns. */
  write(buffer: Bytes): void
  /** Bytes that `write` takes now. */
  readonly writable: number
  close(): void
}
export type TCPConstructor = new (options: TCPOptions) => TCP

export interface ListenerOptions {
  /** 0 lets the host choose. */
  readonly port: number
  readonly address?: string
  /** `count` connections wait to be read. */
  readonly onReadable?: (count: number) => void
  /** The port is bound and can be reached. Host only; a device is bound when the constructor returns. */
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

/** ECMA-419 section 12.3 "TCP Listener". */
export interface Listener {
  read(): TCPHandle | undefined
  close(): void
}
export type ListenerConstructor = new (options: ListenerOptions) => Listener

export interface UDPOptions {
  readonly port?: number
  readonly address?: string
  readonly onReadable?: (count: number) => void
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

export interface Packet {
  readonly data: Bytes
  readonly address: string
  readonly port: number
}

/** ECMA-419 section 12.4 "UDP Socket". */
export interface UDP {
  read(): Packet | undefined
  write(buffer: Bytes, address: string, port: number): void
  close(): void
}
export type UDPConstructor = new (options: UDPOptions) => UDP

/** The network of a device. */
export interface Network {
  readonly TCP: TCPConstructor
  readonly Listener: ListenerConstructor
  readonly UDP: UDPConstructor
}
