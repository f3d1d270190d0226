import type { Listener, ListenerOptions, Network, Packet, TCP, TCPHandle, TCPOptions, UDP } from '../../hal/api/sockets.ts'

interface Handle extends TCPHandle {
  readonly peer: Peer
}

/** The other end of a connection. */
export class Peer {
  received: number[] = []
  /** The meter has closed the connection. */
  gone = false
  waiting = new Uint8Array(0)
  onReadable: ((count: number) => void) | undefined

  /** Sends bytes; the meter has answered when this returns. */
  send(bytes: Uint8Array): void {
    this.waiting = bytes.slice()
    this.onReadable?.(bytes.length)
  }
}

/** A network without time, whose peers are the test, and whose sockets fail when the test says so. */
export class TestNetwork implements Network {
  /** Thrown by every write of a socket. */
  writeError: Error | undefined
  /** Thrown by every read of a socket. */
  readError: Error | undefined
  listeners = 0
  readonly TCP: Network['TCP']
  readonly Listener: Network['Listener']
  readonly UDP: Network['UDP']
  #accept: ((handle: Handle) => void) | undefined

  constructor() {
    const network = this
    this.TCP = class implements TCP {
      readonly remoteAddress = 'test'
      readonly remotePort = 1
      readonly writable = 65536
      readonly #peer: Peer
      constructor(options: TCPOptions) {
        this.#peer = (options.from as Handle).peer
        this.#peer.onReadable = options.onReadable
      }
      read(count = 65536): Uint8Array | undefined {
        if (network.readError !== undefined) throw network.readError
        const { waiting } = this.#peer
        if (waiting.length === 0) return undefined
        this.#peer.waiting = waiting.slice(count)
        return waiting.slice(0, count)
      }
      write(bytes: Uint8Array): void {
        if (network.writeError !== undefined) throw network.writeError
        this.#peer.received.push(...bytes)
      }
      close(): void {
        this.#peer.gone = true
      }
    }
    this.Listener = class implements Listener {
      readonly #waiting: Handle[] = []
      #open = true
      constructor(options: ListenerOptions) {
        network.listeners++
        network.#accept = (handle) => {
          this.#waiting.push(handle)
          options.onReadable?.(1)
        }
      }
      read(): TCPHandle | undefined {
        return this.#waiting.shift()
      }
      close(): void {
        if (!this.#open) return
        this.#open = false
        network.listeners--
        network.#accept = undefined
      }
    }
    this.UDP = class implements UDP {
      read(): Packet | undefined {
        return undefined
      }
      write(): void {}
      close(): void {}
    }
  }

  /** A peer connects; undefined while nobody listens. */
  connect(): Peer | undefined {
    if (this.#accept === undefined) return undefined
    const peer = new Peer()
    this.#accept({ address: 'test', port: 1, peer })
    return peer
  }
}
