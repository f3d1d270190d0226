import type { Bytes } from '../hal/api/io.ts'
import type { Listener, ListenerOptions, Network, TCP, TCPHandle, TCPOptions, UDP } from '../hal/api/sockets.ts'

const WINDOW = 65_536

/** The other end of a connection. */
export class StillPeer implements TCPHandle {
  readonly address = '192.0.2.1'
  readonly port = 50_000
  /** Bytes that came in since `send`. */
  received = 0
  #waiting: Bytes | undefined
  #options: TCPOptions | undefined

  attach(options: TCPOptions): void {
    this.#options = options
  }

  /** Sends to the meter; what it answers at once has been counted when this returns. */
  send(bytes: Bytes): void {
    this.received = 0
    this.#waiting = bytes
    this.#options?.onReadable?.(bytes.length)
  }

  take(): Bytes | undefined {
    const bytes = this.#waiting
    this.#waiting = undefined
    return bytes
  }
}

/** A network without a network: the bytes are there at once, and nothing between the meter and its peer costs anything. */
export class StillNetwork implements Network {
  readonly #listeners = new Map<number, ListenerOptions>()
  readonly #arrived: StillPeer[] = []
  readonly TCP: Network['TCP']
  readonly Listener: Network['Listener']
  readonly UDP: Network['UDP']

  constructor() {
    const listeners = this.#listeners
    const arrived = this.#arrived
    this.Listener = class implements Listener {
      constructor(options: ListenerOptions) {
        listeners.set(options.port, options)
      }
      read(): TCPHandle | undefined {
        return arrived.shift()
      }
      close(): void {}
    }
    this.TCP = class implements TCP {
      readonly remoteAddress = '192.0.2.1'
      readonly remotePort = 50_000
      readonly writable = WINDOW
      readonly #peer: StillPeer
      constructor(options: TCPOptions) {
        this.#peer = options.from as StillPeer
        this.#peer.attach(options)
      }
      read(): Bytes | undefined {
        return this.#peer.take()
      }
      write(bytes: Bytes): void {
        this.#peer.received += bytes.length
      }
      close(): void {}
    }
    this.UDP = class implements UDP {
      read(): undefined {}
      write(): void {}
      close(): void {}
    }
  }

  connect(port: number): StillPeer {
    const listener = this.#listeners.get(port)
    if (listener === undefined) throw new Error(`nobody listens at port ${port}`)
    const peer = new StillPeer()
    this.#arrived.push(peer)
    listener.onReadable?.(1)
    return peer
  }
}
