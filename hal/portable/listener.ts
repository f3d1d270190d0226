import type { ByteReader, ByteWriter } from '../../src/lib/bytes.ts'
import { checkAddress, checkCallbacks, checkPort, closedError } from '../../src/lib/check.ts'
import type { Listener, ListenerOptions, TCPHandle } from '../api/sockets.ts'
import type { Endpoint, Exchange } from './exchange.ts'
import { BACKLOG, Message, readText, writeCredit, writeEndpoint } from './messages.ts'
import { MessageTCPHandle } from './tcp.ts'

/** Listener whose connections arrive in the batches of an `Exchange`; the host holds back more than `BACKLOG` unread ones. */
export class MessageListener implements Listener, Endpoint {
  #exchange: Exchange
  #options: ListenerOptions
  #number: number
  #waiting: MessageTCPHandle[] = []
  #read = 0
  #open = true
  #port = -1
  #reason: string | undefined
  #tellReadable = false

  constructor(exchange: Exchange, options: ListenerOptions) {
    checkCallbacks(options, ['onReadable', 'onReady', 'onError'])
    const port = checkPort(options.port, 0)
    if (options.address !== undefined) checkAddress(options.address)
    this.#exchange = exchange
    this.#options = { ...options }
    this.#number = exchange.open(this)
    writeEndpoint(exchange.writer, Message.listen, this.#number, port, options.address ?? '')
    writeCredit(exchange.writer, this.#number, BACKLOG)
  }

  receive(kind: number, body: ByteReader): void {
    if (kind === Message.accepted) this.#accept(body)
    else if (kind === Message.ready) this.#port = body.uint16()
    else if (kind === Message.error) this.#reason = readText(body)
    else return
    this.#exchange.schedule(this)
  }

  #accept(body: ByteReader): void {
    const number = body.uint32()
    const port = body.uint16()
    const handle = new MessageTCPHandle(this.#exchange, number, readText(body), port)
    if (this.#exchange.adopt(number, handle)) {
      this.#waiting.push(handle)
      this.#tellReadable = true
    } else this.#count()
  }

  #count(): void {
    this.#read++
    this.#exchange.hasRead(this)
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

  read(): TCPHandle | undefined {
    if (!this.#open) throw closedError('Listener')
    const handle = this.#waiting.shift()
    if (handle !== undefined) this.#count()
    return handle
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const handle of this.#waiting) handle.refuse()
    this.#waiting = []
    this.#exchange.close(this.#number)
  }
}
