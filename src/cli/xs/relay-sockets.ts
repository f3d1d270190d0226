import type { Listener, ListenerOptions, Packet, TCP, TCPHandle, UDP } from '../../../hal/api/sockets.ts'
import {
  beginFrame,
  endFrame,
  Message,
  readText,
  WINDOW,
  writeCredit,
  writeFrame,
  writePacket,
  writeText,
} from '../../../hal/portable/messages.ts'
import { assert } from '../../lib/assert.ts'
import { ByteQueue } from '../../lib/byte-queue.ts'
import type { ByteReader } from '../../lib/bytes.ts'
import type { RelayCore } from './host-relay.ts'

/** A real socket that stands for one of the guest. */
export interface RelaySocket {
  /** A message of the guest. */
  message(kind: number, body: ByteReader): void
  /** Writes credit that was held back. */
  writeCredit(): void
  close(): void
}

/** A connection whose guest has closed it gets this long to take the last bytes. */
const LAST_BYTES_ms = 5000

export class RelayTCP implements RelaySocket {
  #core: RelayCore
  #number: number
  #tcp: TCP
  /** Bytes that the guest takes now. */
  #credit = 0
  /** Bytes of the guest that the socket did not take yet; at most one window. */
  #waiting = new ByteQueue()
  /** Bytes that the socket took since the last credit to the guest. */
  #sent = 0
  #established: boolean
  /** Set when the peer is gone; told to the guest after the last byte. */
  #reason: string | undefined
  #closing: NodeJS.Timeout | undefined

  constructor(core: RelayCore, number: number, target: { address: string; port: number } | { from: TCPHandle }) {
    this.#core = core
    this.#number = number
    this.#established = 'from' in target
    this.#tcp = new core.network.TCP({
      ...target,
      onReadable: () => this.#forward(),
      onWritable: () => this.#flush(),
      onError: (reason) => {
        this.#reason = reason
        this.#flush()
        this.#forward()
      },
    })
  }

  message(kind: number, body: ByteReader): void {
    if (kind === Message.credit) {
      this.#credit += body.uint32()
      this.#forward()
    } else if (kind === Message.data) {
      this.#waiting.push(body.take(body.remaining).slice())
      assert(this.#waiting.length <= WINDOW, 'the guest sent more than its credit')
      this.#flush()
    } else if (kind === Message.close) this.#finish()
  }

  #forward(): void {
    if (this.#closing !== undefined) {
      if (this.#reason !== undefined) this.close()
      else this.#tcp.read() // The guest is not interested any more; reading keeps the window open for the last bytes the other way.
      return
    }
    const bytes = this.#credit > 0 ? this.#tcp.read(this.#credit) : undefined
    if (bytes !== undefined) {
      this.#credit -= bytes.length
      writeFrame(this.#core.writer, Message.data, this.#number, bytes)
      this.#core.work()
    }
    // With credit left, nothing of the peer is unread: its end may be told.
    if (this.#reason !== undefined && (this.#credit > 0 || !this.#established)) this.#fail(this.#reason)
  }

  #fail(reason: string): void {
    this.#tcp.close()
    this.#core.fail(this.#number, reason)
  }

  #flush(): void {
    if (this.#reason !== undefined) {
      // Nobody takes them any more. They count as sent, so that a guest waiting for room goes on to read, and learns of the end.
      this.#sent += this.#waiting.length
      this.#waiting.clear()
    } else if (!this.#established) {
      this.#established = true
      writeFrame(this.#core.writer, Message.established, this.#number)
      this.#core.work()
    }
    while (this.#waiting.length > 0 && this.#tcp.writable > 0) {
      const bytes = this.#waiting.take(this.#tcp.writable) as Uint8Array
      this.#tcp.write(bytes)
      this.#sent += bytes.length
    }
    // Credit alone is worth a batch of its own only when the guest may run short of it.
    if (this.#sent >= WINDOW / 2) this.#core.work()
    if (this.#closing !== undefined && this.#waiting.length === 0) this.close()
  }

  writeCredit(): void {
    if (this.#sent === 0 || this.#closing !== undefined) return
    writeCredit(this.#core.writer, this.#number, this.#sent)
    this.#sent = 0
  }

  #finish(): void {
    if (this.#waiting.length === 0 || this.#reason !== undefined) {
      this.close()
      return
    }
    this.#closing = setTimeout(() => this.close(), LAST_BYTES_ms)
    this.#closing.unref()
  }

  close(): void {
    clearTimeout(this.#closing)
    this.#core.sockets.delete(this.#number)
    this.#tcp.close()
  }
}

/**
 * A socket bound to a port. Its items, connections or datagrams, go to the guest one by one as the credit lasts; what the guest has no room
 * for stays in the host's socket, which drops or refuses items beyond its own bound.
 */
abstract class RelayBound<Item, Socket extends { read(): Item | undefined; close(): void }> implements RelaySocket {
  protected readonly core: RelayCore
  protected readonly number: number
  protected readonly socket: Socket
  /** Items that the guest takes now. */
  #credit = 0

  constructor(
    core: RelayCore,
    number: number,
    Socket: new (options: ListenerOptions) => Socket,
    port: number,
    address: string | undefined,
  ) {
    this.core = core
    this.number = number
    this.socket = new Socket({
      port,
      address,
      onReadable: () => this.#forward(),
      onReady: (bound) => {
        const start = beginFrame(core.writer, Message.ready, number)
        core.writer.uint16(bound)
        endFrame(core.writer, start)
        core.work()
      },
      onError: (reason) => {
        this.socket.close()
        core.fail(number, reason)
      },
    })
  }

  /** Writes the message that brings the guest an item. */
  protected abstract writeItem(item: Item): void

  message(kind: number, body: ByteReader): void {
    if (kind === Message.credit) {
      this.#credit += body.uint32()
      this.#forward()
    } else if (kind === Message.close) this.close()
  }

  #forward(): void {
    while (this.#credit > 0) {
      const item = this.socket.read()
      if (item === undefined) return
      this.#credit--
      this.writeItem(item)
      this.core.work()
    }
  }

  writeCredit(): void {}

  close(): void {
    this.core.sockets.delete(this.number)
    this.socket.close()
  }
}

export class RelayListener extends RelayBound<TCPHandle, Listener> {
  constructor(core: RelayCore, number: number, port: number, address: string | undefined) {
    super(core, number, core.network.Listener, port, address)
  }

  protected writeItem(handle: TCPHandle): void {
    const { writer, sockets } = this.core
    const number = this.core.nextNumber()
    const start = beginFrame(writer, Message.accepted, this.number)
    writer.uint32(number)
    writer.uint16(handle.port)
    writeText(writer, handle.address)
    endFrame(writer, start)
    sockets.set(number, new RelayTCP(this.core, number, { from: handle }))
  }
}

export class RelayUDP extends RelayBound<Packet, UDP> {
  constructor(core: RelayCore, number: number, port: number, address: string | undefined) {
    super(core, number, core.network.UDP, port, address)
  }

  override message(kind: number, body: ByteReader): void {
    if (kind !== Message.packet) {
      super.message(kind, body)
      return
    }
    const port = body.uint16()
    const address = readText(body, body.uint8())
    this.socket.write(body.take(body.remaining), address, port)
  }

  protected writeItem(packet: Packet): void {
    writePacket(this.core.writer, this.number, packet.port, packet.address, packet.data)
  }
}
