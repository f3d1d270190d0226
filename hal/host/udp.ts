import { createSocket, type Socket } from 'node:dgram'
import { isIP, isIPv6 } from 'node:net'
import { checkAddress, checkBytes, checkCallbacks, checkPort, closedError } from '../../src/lib/check.ts'
import type { Bytes } from '../api/io.ts'
import type { Packet, UDP, UDPOptions } from '../api/sockets.ts'
import type { Registry } from './tcp.ts'

/** Received packets that may wait to be read; more are lost, as in any full receive buffer. */
const RECEIVE_MAX = 128
/** Packets on their way to the kernel; more are lost. */
const SEND_MAX = 256
/** 65,535 bytes less the IPv4 and UDP headers. */
const PAYLOAD_MAX = 65507

export class HostUDP implements UDP {
  #socket: Socket | undefined
  #waiting: Packet[] = []
  #sending = 0
  #registry: Registry
  #tracked: { destroy(): unknown }

  constructor(registry: Registry, address: string, options: UDPOptions) {
    checkCallbacks(options, ['onReadable', 'onReady', 'onError'])
    const port = checkPort(options.port ?? 0, 0)
    if (options.address !== undefined) checkAddress(options.address)
    const bound = options.address ?? address
    const { onReadable, onReady, onError } = options
    const socket = createSocket(isIPv6(bound) ? 'udp6' : 'udp4')
    this.#socket = socket
    this.#registry = registry
    this.#tracked = { destroy: () => this.close() }
    registry.add(this.#tracked)
    socket.on('message', (data, from) => {
      if (this.#socket === undefined || this.#waiting.length >= RECEIVE_MAX) return
      this.#waiting.push({ data: new Uint8Array(data), address: from.address, port: from.port })
      onReadable?.(this.#waiting.length)
    })
    socket.on('error', (error) => {
      if (this.#socket !== undefined) onError?.(error.message)
    })
    socket.on('listening', () => {
      if (this.#socket !== undefined) onReady?.(socket.address().port)
    })
    socket.bind(port, bound)
  }

  #sent = (): void => {
    this.#sending--
  }

  #open(): Socket {
    if (this.#socket === undefined) throw closedError('UDP')
    return this.#socket
  }

  read(): Packet | undefined {
    this.#open()
    return this.#waiting.shift()
  }

  write(buffer: Bytes, address: string, port: number): void {
    const socket = this.#open()
    checkBytes(buffer)
    checkPort(port, 1)
    if (isIP(address) === 0) throw new TypeError('address: IP address expected')
    if (buffer.length > PAYLOAD_MAX) throw new RangeError(`${buffer.length} bytes are more than a datagram carries`)
    if (this.#sending >= SEND_MAX) return
    this.#sending++
    // A datagram that cannot be sent is a lost datagram: the callback only counts.
    socket.send(Buffer.from(buffer), port, address, this.#sent)
  }

  close(): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#waiting = []
    this.#registry.delete(this.#tracked)
    socket.close()
  }
}
