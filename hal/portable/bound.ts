import type { ByteReader, ByteWriter } from '../../src/lib/bytes.ts'
import { checkAddress, checkCallbacks, checkPort, closedError } from '../../src/lib/check.ts'
import type { UDPOptions } from '../api/sockets.ts'
import type { Endpoint, Exchange } from './exchange.ts'
import { Message, readText, writeCredit, writeEndpoint } from './messages.ts'

/** What tells one sort of bound socket from the other. */
export interface BoundKind {
  /** For messages of errors. */
  readonly name: string
  /** Message that opens it. */
  readonly open: number
  /** Message that brings one item. */
  readonly item: number
  /** Items that the host may send ahead of being read. */
  readonly credit: number
  /** Where the options may leave the port out. */
  readonly defaultPort?: number
}

/** A socket bound to a port. Its items (connections or datagrams) arrive in the batches of an `Exchange` and wait here to be read. */
export abstract class MessageBound<Item> implements Endpoint {
  protected readonly exchange: Exchange
  protected readonly number: number
  #kind: BoundKind
  #options: UDPOptions
  #waiting: Item[] = []
  /** Items read since the last credit to the host. */
  #read = 0
  #open = true
  #port = -1
  #reason: string | undefined
  #tellReadable = false

  /** The options of a Listener or of a UDP, which differ in nothing but whether a port must be given. */
  constructor(exchange: Exchange, options: UDPOptions, kind: BoundKind) {
    checkCallbacks(options, ['onReadable', 'onReady', 'onError'])
    const port = checkPort(options.port ?? kind.defaultPort, 0)
    if (options.address !== undefined) checkAddress(options.address)
    this.exchange = exchange
    this.#kind = kind
    this.#options = { ...options }
    this.number = exchange.open(this)
    writeEndpoint(exchange.writer, kind.open, this.number, port, options.address ?? '')
    writeCredit(exchange.writer, this.number, kind.credit)
  }

  /** The item of a message; undefined when there is no room for it, which returns its credit at once. */
  protected abstract itemOf(body: ByteReader): Item | undefined

  receive(kind: number, body: ByteReader): void {
    if (kind === this.#kind.item) this.#keep(this.itemOf(body))
    else if (kind === Message.ready) this.#port = body.uint16()
    else if (kind === Message.error) this.#reason = readText(body)
    else return
    this.exchange.schedule(this)
  }

  #keep(item: Item | undefined): void {
    if (item === undefined) {
      this.#count()
      return
    }
    this.#waiting.push(item)
    this.#tellReadable = true
  }

  #count(): void {
    this.#read++
    this.exchange.hasRead(this)
  }

  /** Every callback may close the socket, so each looks again. */
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
    writeCredit(writer, this.number, this.#read)
    this.#read = 0
  }

  protected checkOpen(): void {
    if (!this.#open) throw closedError(this.#kind.name)
  }

  read(): Item | undefined {
    this.checkOpen()
    const item = this.#waiting.shift()
    if (item !== undefined) this.#count()
    return item
  }

  /** Lets go of an item that nobody read. */
  protected discard(_item: Item): void {}

  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const item of this.#waiting) this.discard(item)
    this.#waiting = []
    this.exchange.close(this.number)
  }
}
