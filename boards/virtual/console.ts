import type { Serial, SerialConstructor } from '../../hal/api/io.ts'
import type { Network } from '../../hal/api/sockets.ts'
import type { Timer } from '../../hal/api/time.ts'
import { ByteQueue } from '../../src/lib/byte-queue.ts'
import { TcpServer } from '../../src/links/ip/tcp-server.ts'
import type { ByteStream, Session } from '../../src/links/link.ts'

/** Bytes that wait for the cable; more are dropped, as by a serial adapter. */
const QUEUE_MAX = 65_536

export interface ConsoleBridgeOptions {
  readonly network: Network
  /** TCP port; 0 lets the host choose. */
  readonly port: number
  /** The other end of the cable that is plugged into the service port of the meter. */
  readonly io: SerialConstructor
  readonly baud: number
  /** Of whoever connects. */
  readonly timer: Timer
  readonly onReady?: (port: number) => void
  readonly onError?: (reason: string) => void
}

/** A serial adapter in the world: whoever connects to the TCP port has the other end of the cable. One at a time, as with a real cable. */
export class ConsoleBridge {
  readonly #server: TcpServer
  readonly #serial: Serial
  readonly #waiting = new ByteQueue()
  #stream: ByteStream | undefined
  #room = 0

  constructor(options: ConsoleBridgeOptions) {
    const { network, port, io, baud, timer, onReady, onError } = options
    this.#serial = new io({
      baud,
      onReadable: () => this.#fromMeter(),
      onWritable: (count) => {
        this.#room = count
        this.#toMeter()
      },
    })
    this.#server = new TcpServer({ network, port, timer, connections_max: 1, accept: (stream) => this.#accept(stream), onReady, onError })
  }

  close(): void {
    this.#server.close()
    this.#serial.close()
  }

  #accept(stream: ByteStream): Session {
    this.#stream = stream
    return {
      receive: (bytes) => {
        if (this.#waiting.length + bytes.length <= QUEUE_MAX) this.#waiting.push(bytes)
        this.#toMeter()
        return bytes.length
      },
      closed: () => {
        if (this.#stream === stream) this.#stream = undefined
      },
    }
  }

  #toMeter(): void {
    const bytes = this.#room > 0 ? this.#waiting.take(this.#room) : undefined
    if (bytes === undefined) return
    this.#room -= bytes.length
    this.#serial.write(bytes)
  }

  #fromMeter(): void {
    const bytes = this.#serial.read()
    if (bytes !== undefined) this.#stream?.send(bytes)
  }
}
