import type { Crypto } from '../../../hal/api/crypto.ts'
import type { Network, TCP } from '../../../hal/api/sockets.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import { ClientHandshake, parseWebSocketUrl } from '../../protocols/websocket/client-handshake.ts'
import { WebSocketConnection } from '../../protocols/websocket/connection.ts'

/** Until the handshake is done, and between two looks at whether the server is still there. */
const CONNECT_MS = 60_000
const PING_MS = 30_000

export interface StationLinkOptions {
  readonly network: Network
  readonly timer: Timer
  readonly crypto: Pick<Crypto, 'digest'>
  readonly random: (bytes: Uint8Array) => void
  /** `ws://host:port/path`. */
  readonly url: string
  readonly onOpen: (link: StationLink) => void
  readonly onText: (text: string, link: StationLink) => void
  /** The link is over; called once, and not after `close`. */
  readonly onClosed: (reason: string) => void
}

/** A WebSocket to a server, over TCP, until it ends. */
export class StationLink {
  readonly #options: StationLinkOptions
  readonly #tcp: TCP
  readonly #handshake: ClientHandshake
  #socket: WebSocketConnection | undefined
  #timer: TimerHandle
  #heard = false
  #begun = false
  #ended = false

  /** FerrarisError `WEBSOCKET` for an address that is none. */
  constructor(options: StationLinkOptions) {
    this.#options = options
    const { network, timer, crypto, random } = options
    const url = parseWebSocketUrl(options.url)
    this.#handshake = new ClientHandshake(url, crypto, random)
    this.#tcp = new network.TCP({
      address: url.host,
      port: url.port,
      noDelay: true,
      onReadable: () => this.#read(),
      onWritable: () => this.#writable(),
      onError: (reason) => this.#end(reason),
    })
    this.#timer = timer.set(() => this.#end('no answer'), CONNECT_MS)
  }

  /** False when the link is not open, or too much waits. */
  send(text: string): boolean {
    return this.#socket?.sendText(text) === true
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.timer.clear(this.#timer)
    this.#socket?.close()
    this.#tcp.close()
  }

  #end(reason: string): void {
    if (this.#ended) return
    this.close()
    this.#options.onClosed(reason)
  }

  #writable(): void {
    if (this.#ended) return
    if (!this.#begun) {
      this.#begun = true
      this.#tcp.write(this.#handshake.request)
    } else this.#socket?.writable()
  }

  #read(): void {
    for (let bytes = this.#tcp.read(); bytes !== undefined && !this.#ended; bytes = this.#ended ? undefined : this.#tcp.read()) {
      this.#heard = true
      if (this.#socket !== undefined) this.#socket.receive(bytes)
      else this.#shake(bytes)
    }
  }

  #shake(bytes: Uint8Array): void {
    let rest: Uint8Array | undefined
    try {
      rest = this.#handshake.receive(bytes)
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error))
      return
    }
    if (rest === undefined) return
    const { timer, onOpen, onText, random } = this.#options
    this.#socket = new WebSocketConnection({
      send: (piece) => this.#tcp.write(piece),
      room: () => this.#tcp.writable,
      close: () => this.#end('the server closed the connection'),
      onText: (text) => onText(text, this),
      onBinary: () => {},
      mask: () => {
        const mask = new Uint8Array(4)
        random(mask)
        return mask
      },
    })
    timer.clear(this.#timer)
    this.#timer = timer.set(() => this.#look(), PING_MS, PING_MS)
    onOpen(this)
    if (rest.length > 0 && !this.#ended) this.#socket.receive(rest)
  }

  /** A server that is there has answered the last ping. */
  #look(): void {
    if (!this.#heard) {
      this.#end('the server is silent')
      return
    }
    this.#heard = false
    this.#socket?.ping()
  }
}
