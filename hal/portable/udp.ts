import type { ByteReader, ByteWriter } from '../../src/lib/bytes.ts'
import { checkAddress, checkBytes, checkCallbacks, checkPort, closedError } from '../../src/lib/check.ts'
import type { Bytes } from '../api/io.ts'
import type { Packet, UDP, UDPOptions } from '../api/sockets.ts'
import type { Endpoint, Exchange } from './exchange.ts'
import { Message, PACKETS, readText, writeCredit, writeEndpoint, writePacket } from './messages.ts'

/** Bytes that a socket may send in one batch; a datagram beyond is lost, as in any full send buffer. */
const SEND_MAX = 0x10000
/** 65,535 bytes less the IPv4 and UDP headers. */
const PAYLOAD_MAX = 65507

/** UDP socket whose datagrams travel in the batches of an `Exchange`. */
export class MessageUDP implements UDP, Endpoint {
  #exchange: Exchange
  #options: UDPOptions
  #number: number
  #waiting: Packet[] = []
  #read = 0
  #open = true
  #port = -1
  #reason: string | undefined
  #tellReadable = false
  #batch = -1
  #sent = 0

  constructor(exchange: Exchange, options: UDPOptions) {
    checkCallbacks(options, ['onReadable', 'onReady', 'onError'])
    const port = checkPort(options.port ?? 0, 0)
    if (options.address !== undefined) checkAddress(options.address)
    this.#exchange = exchange
    this.#options = { ...options }
    this.#number = exchange.open(this)
    writeEndpoint(exchange.writer, Message.bind, this.#number, port, options.address ?? '')
    writeCredit(exchange.writer, this.#number, PACKETS)
  }

  receive(kind: number, body: ByteReader): void {
    if (kind === Message.packet) {
      const port = body.uint16()
      const address = readText(body, body.uint8())
      this.#waiting.push({ data: body.take(body.remaining).slice(), address, port })
      this.#tellReadable = true
    } else if (kind === Message.ready) this.#port = body.uint16()
    else if (kind === Message.error) this.#reason = readText(body)
    else return
    this.#exchange.schedule(this)
  }

  notify(): void {
    if (this.#port >= 0 && this.#open) {
      const port = this.#port
      this.#port = -1
      this.#options.onReady?.(port)
    }
    if (this.#tellReadable && this.#open) {
      this.#tellReadable = false
      if (this.#waiting.length > 0) this.#options.onReadable?.(this.#waiting.length)
    }
    if (this.#reason !== undefined && this.#open) {
      const reason = this.#reason
      this.#reason = undefined
      this.#options.onError?.(reason)
    }
  }

  writeCredit(writer: ByteWriter): void {
    if (!this.#open || this.#read === 0) return
    writeCredit(writer, this.#number, this.#read)
    this.#read = 0
  }

  read(): Packet | undefined {
    if (!this.#open) throw closedError('UDP')
    const packet = this.#waiting.shift()
    if (packet !== undefined) {
      this.#read++
      this.#exchange.hasRead(this)
    }
    return packet
  }

  write(buffer: Bytes, address: string, port: number): void {
    if (!this.#open) throw closedError('UDP')
    checkBytes(buffer)
    checkPort(port, 1)
    // An IP address, not a name: a device has no resolver here, and the frame has one byte for its length.
    if (typeof address !== 'string' || !/^[0-9a-fA-F:.]{2,45}$/.test(address)) throw new TypeError('address: IP address expected')
    if (buffer.length > PAYLOAD_MAX) throw new RangeError(`${buffer.length} bytes are more than a datagram carries`)
    if (this.#batch !== this.#exchange.batch) {
      this.#batch = this.#exchange.batch
      this.#sent = 0
    }
    this.#sent += buffer.length + 64
    if (this.#sent > SEND_MAX && this.#sent > buffer.length + 64) return
    writePacket(this.#exchange.writer, this.#number, port, address, buffer)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#waiting = []
    this.#exchange.close(this.#number)
  }
}
