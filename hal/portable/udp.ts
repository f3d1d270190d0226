import type { ByteReader } from '../../src/lib/bytes.ts'
import { checkBytes, checkPort } from '../../src/lib/check.ts'
import type { Bytes } from '../api/io.ts'
import type { Packet, UDP, UDPOptions } from '../api/sockets.ts'
import { type BoundKind, MessageBound } from './bound.ts'
import type { Exchange } from './exchange.ts'
import { Message, PACKETS, readText, writePacket } from './messages.ts'

/** Bytes that a socket may send in one batch; a datagram beyond is lost, as in any full send buffer. */
const SEND_MAX = 0x10000
/** 65,535 bytes less the IPv4 and UDP headers. */
const PAYLOAD_MAX = 65507

const UDP_KIND: BoundKind = { name: 'UDP', open: Message.bind, item: Message.packet, credit: PACKETS, defaultPort: 0 }

/** UDP socket whose datagrams travel in the batches of an `Exchange`. */
export class MessageUDP extends MessageBound<Packet> implements UDP {
  #batch = -1
  #sent = 0

  constructor(exchange: Exchange, options: UDPOptions) {
    super(exchange, options, UDP_KIND)
  }

  protected itemOf(body: ByteReader): Packet {
    const port = body.uint16()
    const address = readText(body, body.uint8())
    return { data: body.take(body.remaining).slice(), address, port }
  }

  write(buffer: Bytes, address: string, port: number): void {
    this.checkOpen()
    checkBytes(buffer)
    checkPort(port, 1)
    // An IP address, not a name: a device has no resolver here, and the frame has one byte for its length.
    if (typeof address !== 'string' || !/^[0-9a-fA-F:.]{2,45}$/.test(address)) throw new TypeError('address: IP address expected')
    if (buffer.length > PAYLOAD_MAX) throw new RangeError(`${buffer.length} bytes are more than a datagram carries`)
    if (this.#batch !== this.exchange.batch) {
      this.#batch = this.exchange.batch
      this.#sent = 0
    }
    this.#sent += buffer.length + 64
    if (this.#sent > SEND_MAX && this.#sent > buffer.length + 64) return
    writePacket(this.exchange.writer, this.number, port, address, buffer)
  }
}
