import type { Listener, Network, TCPHandle } from '../../../hal/api/sockets.ts'
import type { Timer, TimerHandle } from '../../../hal/api/time.ts'
import type { Accept } from '../link.ts'
import { TcpStream } from './tcp-stream.ts'

export interface TcpServerOptions {
  readonly network: Network
  readonly port: number
  readonly address?: string
  /**
   * Connections at once. A further one takes the place of the oldest spare one that has had `SPEAK_MS` to say something, or waits `GRACE_MS` for
   * a place and is closed then.
   */
  readonly connections_max: number
  readonly accept: Accept
  /** One of real time: a peer does not live faster than we do. */
  readonly timer: Timer
  /** Connections on which nothing comes in for so long are closed. */
  readonly inactivity_ms?: number
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

/** Looks at the connections in one inactivity time-out: they are closed after it, and at most a part of it later. */
const LOOKS = 4

/**
 * How long a newcomer waits for a place. A client that closes its connection and comes back at once is often heard in the other order: its new
 * connection arrives before the end of its old one. Longer than the longest step of a timer that follows a world (1 s), so that the ends that
 * were on their way have been heard when it is over.
 */
const GRACE_MS = 2000
/** A connection has so long to say who it is before a newcomer may take its place: clients that all come back at once leave each other theirs. */
const SPEAK_MS = 500
/** Newcomers that wait at once. When a flood brings more, silent connections lose their places at once, or the oldest newcomer is closed. */
const WAITING_MAX = 8

/** A newcomer that waits; nothing is read from it. */
interface Waiting {
  readonly handle: TCPHandle
  readonly timeout: TimerHandle
}

/** Listens on a TCP port and gives each connection a session. */
export class TcpServer {
  readonly #options: TcpServerOptions
  readonly #listener: Listener
  readonly #streams = new Set<TcpStream>()
  /** In the order of their arrival. */
  readonly #waiting: Waiting[] = []
  /** Those that may still be about to speak. */
  readonly #young = new Map<TcpStream, TimerHandle>()
  readonly #looking: TimerHandle | undefined
  #closed = false

  constructor(options: TcpServerOptions) {
    this.#options = options
    const { network, port, address, timer, inactivity_ms, onReady, onError } = options
    if (inactivity_ms !== undefined) this.#looking = timer.set(() => this.#look(), inactivity_ms / LOOKS, inactivity_ms / LOOKS)
    this.#listener = new network.Listener({ port, address, onReady, onError, onReadable: () => this.#accept() })
  }

  get connections(): number {
    return this.#streams.size
  }

  /** Newcomers for whom there is no place yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Stops listening and drops every connection. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#looking !== undefined) this.#options.timer.clear(this.#looking)
    this.#listener.close()
    while (this.#waiting.length > 0) this.#refuseOldest()
    for (const stream of [...this.#streams]) stream.destroy()
  }

  #accept(): void {
    for (let handle = this.#listener.read(); handle !== undefined; handle = this.#listener.read()) {
      this.#waiting.push({ handle, timeout: this.#options.timer.set(() => this.#giveUp(), GRACE_MS) })
      this.#fill()
      if (this.#waiting.length === 0 || this.#makeRoom(false)) continue
      if (this.#waiting.length > WAITING_MAX && !this.#makeRoom(true)) this.#refuseOldest()
    }
  }

  /** Whoever waits gets the places that are free. */
  #fill(): void {
    while (!this.#closed && this.#streams.size < this.#options.connections_max) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#options.timer.clear(next.timeout)
      this.#start(next.handle)
    }
  }

  #start(handle: TCPHandle): void {
    const { network, timer, accept } = this.#options
    const stream = new TcpStream(network, handle, () => {
      this.#streams.delete(stream)
      this.#grown(stream)
      this.#fill()
    })
    this.#streams.add(stream)
    this.#young.set(
      stream,
      timer.set(() => {
        this.#grown(stream)
        if (this.#waiting.length > 0) this.#makeRoom(false)
      }, SPEAK_MS),
    )
    stream.start(accept(stream))
  }

  #grown(stream: TcpStream): void {
    const timeout = this.#young.get(stream)
    if (timeout === undefined) return
    this.#young.delete(stream)
    this.#options.timer.clear(timeout)
  }

  /** The oldest newcomer has waited long enough. */
  #giveUp(): void {
    if (!this.#makeRoom(true)) this.#refuseOldest()
  }

  #refuseOldest(): void {
    const oldest = this.#waiting.shift()
    if (oldest === undefined) return
    this.#options.timer.clear(oldest.timeout)
    new this.#options.network.TCP({ from: oldest.handle }).close()
  }

  #look(): void {
    for (const stream of [...this.#streams]) if (stream.look() >= LOOKS) stream.destroy()
  }

  /**
   * Connections that say nothing must not keep everybody else out: gives the place of the oldest spare one to who waits. A set goes through its
   * streams in the order of their arrival.
   */
  #makeRoom(evenYoung: boolean): boolean {
    for (const stream of this.#streams) {
      if (!stream.spare || (!evenYoung && this.#young.has(stream))) continue
      stream.destroy()
      return true
    }
    return false
  }
}
