import type { Listener, Network, TCP, TCPHandle } from '../../../hal/api/sockets.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import type { Accept, ByteStream, Session } from '../link.ts'

export interface TcpServerOptions {
  readonly network: Network
  readonly port: number
  readonly address?: string
  /** Connections at once; a further one takes the place of the oldest spare one, or is closed at once. */
  readonly connections_max: number
  readonly accept: Accept
  /** Connections on which nothing comes in for so long are closed. The timer is one of real time: a peer does not live faster than we do. */
  readonly inactivity?: { readonly timer: Timer; readonly timeout_ms: number }
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

/** Largest piece that a session gets in one call: bounds what one call can make it answer. */
const PIECE = 1024
/** A peer that lets this much wait and sends on is cut off. */
const QUEUE_MAX = 512 * 1024

/** Looks at the connections in one inactivity time-out: they are closed after it, and at most a part of it later. */
const LOOKS = 4

/** One accepted TCP connection: pauses reading while answers wait, so that a peer that does not read cannot fill the memory. */
class TcpStream implements ByteStream {
  readonly peer: string
  readonly #socket: TCP
  readonly #onGone: (stream: TcpStream) => void
  #session: Session | undefined
  #queue: Uint8Array[] = []
  #queued = 0
  /** Read from the socket, not yet taken by the session. */
  #held: Uint8Array | undefined
  #ending = false
  #gone = false
  /** Looks since something came in. */
  #silent = 0

  constructor(network: Network, handle: TCPHandle, onGone: (stream: TcpStream) => void) {
    this.peer = `${handle.address}:${handle.port}`
    this.#onGone = onGone
    this.#socket = new network.TCP({
      from: handle,
      noDelay: true,
      onReadable: () => this.#pump(),
      onWritable: (count) => this.#drain(count),
      onError: () => this.destroy(),
    })
  }

  start(session: Session | undefined): void {
    if (session === undefined) this.destroy()
    else this.#session = session
  }

  /** Counts a look at the connection; true when nothing has come in during the last `LOOKS` of them. */
  isSilent(): boolean {
    return this.#silent++ >= LOOKS
  }

  get spare(): boolean {
    return this.#session?.spare ?? false
  }

  get writable(): number {
    return this.#gone || this.#queued > 0 ? 0 : this.#socket.writable
  }

  send(bytes: Uint8Array): boolean {
    if (this.#gone || this.#ending) return false
    const room = this.writable
    if (bytes.length <= room) {
      this.#socket.write(bytes)
      return true
    }
    if (room > 0) this.#socket.write(bytes.subarray(0, room))
    if (this.#queued + bytes.length - room > QUEUE_MAX) {
      this.destroy()
      return false
    }
    this.#queue.push(bytes.slice(room))
    this.#queued += bytes.length - room
    return false
  }

  close(): void {
    if (this.#queued > 0) this.#ending = true
    else this.destroy()
  }

  destroy(): void {
    if (this.#gone) return
    this.#gone = true
    this.#queue = []
    this.#queued = 0
    this.#socket.close()
    this.#onGone(this)
    this.#session?.closed()
  }

  #pump(): void {
    while (!this.#gone && !this.#ending && this.#queued === 0) {
      const bytes = this.#held ?? this.#socket.read(PIECE)
      if (bytes === undefined) return
      this.#silent = 0
      this.#held = undefined
      const consumed = this.#session?.receive(bytes) ?? bytes.length
      if (consumed < bytes.length) this.#held = bytes.slice(consumed)
      if (consumed === 0) return
    }
  }

  #drain(count: number): void {
    let room = count
    while (this.#queue.length > 0 && room > 0) {
      const head = this.#queue[0]
      const piece = head.length <= room ? head : head.subarray(0, room)
      this.#socket.write(piece)
      room -= piece.length
      this.#queued -= piece.length
      if (piece === head) this.#queue.shift()
      else this.#queue[0] = head.subarray(piece.length)
    }
    if (this.#queued > 0) return
    if (this.#ending) {
      this.destroy()
      return
    }
    if (room > 0) this.#session?.writable?.(room)
    this.#pump()
  }
}

/** Listens on a TCP port and gives each connection a session. */
export class TcpServer {
  readonly #options: TcpServerOptions
  readonly #listener: Listener
  readonly #streams = new Set<TcpStream>()
  readonly #looking: TimerHandle | undefined
  #closed = false

  constructor(options: TcpServerOptions) {
    this.#options = options
    const { network, port, address, onReady, onError } = options
    const { inactivity } = options
    const interval_ms = inactivity === undefined ? 0 : inactivity.timeout_ms / LOOKS
    this.#looking = inactivity?.timer.set(() => this.#look(), interval_ms, interval_ms)
    this.#listener = new network.Listener({ port, address, onReady, onError, onReadable: () => this.#accept() })
  }

  get connections(): number {
    return this.#streams.size
  }

  /** Stops listening and drops every connection. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#looking !== undefined) this.#options.inactivity?.timer.clear(this.#looking)
    this.#listener.close()
    for (const stream of [...this.#streams]) stream.destroy()
  }

  #accept(): void {
    for (let handle = this.#listener.read(); handle !== undefined; handle = this.#listener.read()) {
      const stream = new TcpStream(this.#options.network, handle, (gone) => this.#streams.delete(gone))
      if (this.#streams.size >= this.#options.connections_max && !this.#makeRoom()) {
        stream.destroy()
        continue
      }
      this.#streams.add(stream)
      stream.start(this.#options.accept(stream))
    }
  }

  #look(): void {
    for (const stream of [...this.#streams]) if (stream.isSilent()) stream.destroy()
  }

  /** Connections that say nothing must not keep everybody else out. A set goes through its streams in the order of their arrival. */
  #makeRoom(): boolean {
    for (const stream of this.#streams) {
      if (!stream.spare) continue
      stream.destroy()
      return true
    }
    return false
  }
}
