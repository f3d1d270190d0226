import { assert } from '../../src/lib/assert.ts'
import { ByteQueue } from '../../src/lib/byte-queue.ts'
import type { ByteReader, ByteWriter } from '../../src/lib/bytes.ts'
import { checkBytes, checkTCPOptions, closedError } from '../../src/lib/check.ts'
import type { Bytes } from '../api/io.ts'
import type { TCP, TCPHandle, TCPOptions } from '../api/sockets.ts'
import type { Endpoint, Exchange } from './exchange.ts'
import { Message, readText, WINDOW, writeCredit, writeEndpoint, writeFrame } from './messages.ts'

/** A connection on its way from a Listener to a TCP instance. The host sends nothing of it before it has credit. */
export class MessageTCPHandle implements TCPHandle, Endpoint {
  readonly address: string
  readonly port: number
  readonly number: number
  /** Why it is gone, if it ended before somebody took it. */
  reason: string | undefined
  #exchange: Exchange
  #owner: MessageTCP | undefined

  constructor(exchange: Exchange, number: number, address: string, port: number) {
    this.#exchange = exchange
    this.number = number
    this.address = address
    this.port = port
  }

  get taken(): boolean {
    return this.#owner !== undefined
  }

  take(owner: MessageTCP): void {
    this.#owner = owner
  }

  refuse(): void {
    this.#exchange.close(this.number)
  }

  receive(kind: number, body: ByteReader): void {
    if (this.#owner !== undefined) this.#owner.receive(kind, body)
    else if (kind === Message.error) this.reason = readText(body)
  }

  notify(): void {}
  writeCredit(): void {}
}

/** TCP whose bytes travel in the batches of an `Exchange`. */
export class MessageTCP implements TCP, Endpoint {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  #exchange: Exchange
  #options: TCPOptions
  #number: number
  #unread = new ByteQueue()
  /** Bytes read since the last credit to the host. */
  #consumed = 0
  #writable = 0
  #reason: string | undefined
  #open = true
  #tellReadable = false
  #tellWritable = false
  #tellError = false

  constructor(exchange: Exchange, options: TCPOptions) {
    const handle = checkTCPOptions(options, MessageTCPHandle)
    this.#exchange = exchange
    this.#options = { ...options }
    this.remoteAddress = handle?.address ?? options.address
    this.remotePort = handle?.port ?? options.port
    if (handle === undefined) {
      this.#number = exchange.open(this)
      writeEndpoint(exchange.writer, Message.connect, this.#number, options.port as number, options.address as string)
    } else {
      this.#number = handle.number
      handle.take(this)
      if (handle.reason === undefined) this.#established()
      else this.#lost(handle.reason)
      exchange.schedule(this)
    }
  }

  #established(): void {
    this.#writable = WINDOW
    this.#tellWritable = true
    writeCredit(this.#exchange.writer, this.#number, WINDOW)
  }

  #lost(reason: string): void {
    this.#reason = reason
    this.#writable = 0
    this.#tellWritable = false
    this.#tellError = true
  }

  receive(kind: number, body: ByteReader): void {
    if (kind === Message.data) {
      // A copy: the batch would stay in memory as long as one byte of it is unread.
      this.#unread.push(body.take(body.remaining).slice())
      assert(this.#unread.length + this.#consumed <= WINDOW, 'the host sent more than its credit')
      this.#tellReadable = true
    } else if (kind === Message.credit) {
      this.#writable = Math.min(WINDOW, this.#writable + body.uint32())
      this.#tellWritable = true
    } else if (kind === Message.established) this.#established()
    else if (kind === Message.error) this.#lost(readText(body))
    else return
    this.#exchange.schedule(this)
  }

  notify(): void {
    if (this.#tellWritable && this.#open) {
      this.#tellWritable = false
      this.#options.onWritable?.(this.#writable)
    }
    if (this.#tellReadable && this.#open) {
      this.#tellReadable = false
      if (this.#unread.length > 0) this.#options.onReadable?.(this.#unread.length)
    }
    if (this.#tellError && this.#open) {
      this.#tellError = false
      this.#options.onError?.(this.#reason as string)
    }
  }

  writeCredit(writer: ByteWriter): void {
    if (!this.#open || this.#reason !== undefined || this.#consumed === 0) return
    writeCredit(writer, this.#number, this.#consumed)
    this.#consumed = 0
  }

  get writable(): number {
    return this.#writable
  }

  read(count?: number): Bytes | undefined {
    if (!this.#open) throw closedError('TCP')
    const bytes = this.#unread.take(count)
    if (bytes !== undefined) {
      this.#consumed += bytes.length
      this.#exchange.hasRead(this)
    }
    return bytes
  }

  write(buffer: Bytes): void {
    if (!this.#open) throw closedError('TCP')
    checkBytes(buffer)
    if (buffer.length > this.#writable) throw new RangeError(`${buffer.length} bytes given, ${this.#writable} writable`)
    if (buffer.length === 0) return
    this.#writable -= buffer.length
    writeFrame(this.#exchange.writer, Message.data, this.#number, buffer)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#writable = 0
    this.#unread.clear()
    this.#exchange.close(this.#number)
  }
}
