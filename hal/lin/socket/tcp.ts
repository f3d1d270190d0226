import type { TCPDictionary } from 'embedded:io/socket/tcp'
import { Descriptor, Events } from '../descriptor.ts'

declare function native(name: string): { call(self: undefined, ...parameters: readonly unknown[]): unknown }

/** What is offered for writing at once: a socket that can be written to has this much room, and nearly always more. */
const ROOM = 4096

interface Peer {
  readonly address: string
  readonly port: number
}

const NOBODY: Peer = Object.freeze({ address: '', port: 0 })

/**
 * The module `embedded:io/socket/tcp` for Linux. That of the SDK looks at each socket every 20 ms only, and does not report the end of a connection of which
 * something was unread; this one lives in the main loop, and `onError` names the system's error.
 */
export default class TCP {
  readonly #dictionary: TCPDictionary
  #socket: Descriptor | undefined
  readonly #peer: Peer
  /** Bytes that were read ahead of being asked for, and why nothing comes any more. */
  #next: ArrayBuffer | undefined
  #end: string | undefined
  #connected = false
  #room = 0
  /** What the system did not take. */
  #rest: Uint8Array | undefined
  #closing = false

  /** A number is the descriptor of an accepted connection that waits to be taken. */
  constructor(dictionary: TCPDictionary | number) {
    if (typeof dictionary === 'number') {
      this.#dictionary = {}
      this.#socket = this.#descriptor(dictionary)
      this.#peer = native('lin_peer').call(undefined, dictionary) as Peer
      return
    }
    const { from, address, port, nodelay } = dictionary
    this.#dictionary = dictionary
    this.#connected = from !== undefined
    this.#peer = from instanceof TCP ? from.#peer : NOBODY
    const number = from instanceof TCP ? from.#release() : (native('lin_connect').call(undefined, address, port) as number)
    if (nodelay !== undefined) native('lin_noDelay').call(undefined, number, nodelay)
    this.#socket = this.#descriptor(number)
    this.#socket.wait(this.#connected ? Events.readable | Events.writable : Events.writable)
  }

  get remoteAddress(): string {
    return this.#peer.address
  }

  get remotePort(): number {
    return this.#peer.port
  }

  #descriptor(number: number): Descriptor {
    return new Descriptor(number, (events) => this.#happened(number, events))
  }

  #release(): number {
    const socket = this.#socket
    if (socket === undefined) throw new Error('invalid from')
    this.#socket = undefined
    return socket.number
  }

  #happened(number: number, events: number): void {
    if (!this.#connected && !this.#connect(number)) return
    if (events & Events.writable && this.#end === undefined) {
      if (!this.#flush()) return
      this.#room = ROOM
      this.#wait()
      this.#dictionary.onWritable?.(ROOM)
    }
    if (!this.#closing && events & Events.readable && this.#next === undefined) this.#look()
  }

  #connect(number: number): boolean {
    try {
      native('lin_connected').call(undefined, number)
      this.#connected = true
    } catch (error) {
      this.#ended((error as Error).message)
    }
    return this.#connected
  }

  #look(): void {
    try {
      this.#next = this.#socket?.receive()
      if (this.#next === undefined) return
      if (this.#next.byteLength === 0) this.#ended('closed by peer')
    } catch (error) {
      this.#ended((error as Error).message)
    }
    this.#wait()
    if (this.#next !== undefined) this.#dictionary.onReadable?.(this.#next.byteLength)
  }

  #ended(reason: string): void {
    this.#next = undefined
    this.#end = reason
    this.#room = 0
    this.#socket?.wait(0)
    if (this.#closing) this.#cut()
    else this.#dictionary.onError?.(reason)
  }

  /** One piece is held here; the rest waits at the system and holds the peer back. */
  #wait(): void {
    if (this.#end !== undefined || this.#closing) return
    this.#socket?.wait((this.#next === undefined ? Events.readable : 0) | (this.#room < ROOM ? Events.writable : 0))
  }

  read(): ArrayBuffer | undefined {
    const bytes = this.#next
    this.#next = undefined
    this.#wait()
    return bytes
  }

  write(bytes: Uint8Array): number | undefined {
    if (bytes.length > this.#room) throw new Error('would block')
    if (this.#socket === undefined) return undefined
    this.#room -= bytes.length
    if (!this.#send(bytes)) this.#room = 0
    this.#wait()
    return this.#room
  }

  /** False when there is a rest. A connection that is gone takes everything: its end shows with the next read. */
  #send(bytes: Uint8Array): boolean {
    let taken = bytes.length
    try {
      taken = this.#socket?.send(bytes) ?? taken
    } catch {
      this.#room = 0
    }
    this.#rest = taken < bytes.length ? bytes.slice(taken) : undefined
    return this.#rest === undefined
  }

  /** True when the application may go on. */
  #flush(): boolean {
    if (this.#rest !== undefined && !this.#send(this.#rest)) return false
    if (this.#closing) this.#cut()
    return !this.#closing
  }

  close(): void {
    this.#closing = true
    if (this.#rest === undefined || this.#end !== undefined) this.#cut()
    else this.#socket?.wait(Events.writable)
  }

  #cut(): void {
    this.#socket?.close()
    this.#socket = undefined
  }
}
