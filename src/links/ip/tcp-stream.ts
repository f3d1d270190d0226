import type { Network, TCP, TCPHandle } from '../../../hal/api/sockets.ts'
import type { ByteStream, Session } from '../link.ts'

/** Largest piece that a session gets in one call: bounds what one call can make it answer. */
const PIECE = 1024
/** A peer that lets this much wait and sends on is cut off. */
const QUEUE_MAX = 512 * 1024

/** One accepted TCP connection: pauses reading while answers wait, so that a peer that does not read cannot fill the memory. */
export class TcpStream implements ByteStream {
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

  /** Counts a look at the connection; gives how many there were before it since something came in. */
  look(): number {
    return this.#silent++
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
    try {
      this.#session?.closed()
    } finally {
      this.#onGone(this)
    }
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
