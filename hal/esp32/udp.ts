import NativeUDP from 'embedded:io/socket/udp'
import { checkAddress, checkBytes, checkCallbacks, checkPort, closedError } from '../../src/lib/check.ts'
import type { Bytes } from '../api/io.ts'
import type { Packet, UDP, UDPOptions } from '../api/sockets.ts'
import { Later } from './later.ts'

/** Received packets that may wait to be read; more are lost. */
const RECEIVE_MAX = 128
/** 65,535 bytes less the IPv4 and UDP headers. */
const PAYLOAD_MAX = 65507
/** Dynamic ports (RFC 6335 section 6): a socket without one does not say which the system gave it, so one is chosen here. */
const FIRST_PORT = 49_152
const PORTS = 65_536 - FIRST_PORT
const TRIES = 20

/** UDP on `embedded:io/socket/udp`. */
export class NativeBackedUDP implements UDP {
  readonly #options: UDPOptions
  #native: NativeUDP | undefined
  #port = 0
  #waiting: Packet[] = []
  #open = true
  #reason = ''
  readonly #later = new Later(() => this.#tell())

  constructor(address: string | undefined, options: UDPOptions) {
    checkCallbacks(options, ['onReadable', 'onReady', 'onError'])
    const port = checkPort(options.port ?? 0, 0)
    if (options.address !== undefined) checkAddress(options.address)
    this.#options = { ...options }
    this.#bind(port, options.address ?? address)
    this.#later.ask()
  }

  #bind(port: number, address: string | undefined): void {
    const first = port === 0 ? Math.floor(Math.random() * PORTS) : 0
    for (let turn = 0; turn < (port === 0 ? TRIES : 1) && this.#native === undefined; turn++) {
      const tried = port === 0 ? FIRST_PORT + ((first + turn) % PORTS) : port
      try {
        this.#native = new NativeUDP({ port: tried, address, onReadable: () => this.#receive() })
        this.#port = tried
      } catch (error) {
        this.#reason = `port ${tried} cannot be had (EADDRINUSE?): ${error instanceof Error ? error.message : String(error)}`
      }
    }
  }

  #tell(): void {
    if (this.#native === undefined) this.#options.onError?.(this.#reason)
    else this.#options.onReady?.(this.#port)
  }

  #receive(): void {
    for (let data = this.#native?.read(); data !== undefined; data = this.#native?.read()) {
      if (this.#waiting.length < RECEIVE_MAX) this.#waiting.push({ data: new Uint8Array(data), address: data.address, port: data.port })
    }
    if (this.#waiting.length > 0) this.#options.onReadable?.(this.#waiting.length)
  }

  read(): Packet | undefined {
    if (!this.#open) throw closedError('UDP')
    return this.#waiting.shift()
  }

  write(buffer: Bytes, address: string, port: number): void {
    if (!this.#open) throw closedError('UDP')
    checkBytes(buffer)
    checkPort(port, 1)
    // An IP address, not a name: there is no resolver here.
    if (typeof address !== 'string' || !/^[0-9a-fA-F:.]{2,45}$/.test(address)) throw new TypeError('address: IP address expected')
    if (buffer.length > PAYLOAD_MAX) throw new RangeError(`${buffer.length} bytes are more than a datagram carries`)
    try {
      this.#native?.write(buffer, address, port)
    } catch {
      // A datagram that cannot be sent is a lost datagram.
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#later.cancel()
    this.#waiting = []
    this.#native?.close()
    this.#native = undefined
  }
}
