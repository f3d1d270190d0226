import NativeTCP from 'embedded:io/socket/tcp'
import Timer from 'timer'
import { ByteQueue } from '../../src/lib/byte-queue.ts'
import { checkBytes, checkTCPOptions, closedError } from '../../src/lib/check.ts'
import type { Bytes } from '../api/io.ts'
import type { TCP, TCPHandle, TCPOptions } from '../api/sockets.ts'
import { Later } from './later.ts'

/** A closed connection gets this long to deliver what was written, then it is cut. */
const LINGER_ms = 3000

/** An accepted connection between Listener and TCP. Its peer is asked for at once: on a device the name of a connection that has ended cannot be read. */
export class NativeTCPHandle implements TCPHandle {
  readonly address: string
  readonly port: number
  #native: NativeTCP | undefined

  constructor(native: NativeTCP) {
    this.address = native.remoteAddress
    this.port = native.remotePort
    this.#native = native
  }

  get taken(): boolean {
    return this.#native === undefined
  }

  take(): NativeTCP {
    const native = this.#native
    if (native === undefined) throw new TypeError('from: this connection is already taken')
    this.#native = undefined
    return native
  }
}

/**
 * TCP on `embedded:io/socket/tcp`. The system's own buffers are small (1.5 KB on Linux, 8 KB on a device) and their port throws for what does not fit; this one
 * takes a whole window and feeds it on.
 */
export class NativeBackedTCP implements TCP {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly #options: TCPOptions
  /** Bytes that may wait in each direction. */
  readonly #window: number
  readonly #traffic: { received: number }
  #native: NativeTCP | undefined
  readonly #unread = new ByteQueue()
  readonly #unsent = new ByteQueue()
  /** What the system takes now. */
  #room = 0
  /** What is left of the room that `onWritable` announced last. */
  #announced = 0
  #short = false
  #established = false
  #paused = false
  #open = true
  #reason: string | undefined
  #tellReadable = false
  readonly #later = new Later(() => this.#tell())
  #cutting: object | undefined

  constructor(window: number, traffic: { received: number }, options: TCPOptions) {
    const handle = checkTCPOptions(options, NativeTCPHandle)
    this.#options = { ...options }
    this.#window = window
    this.#traffic = traffic
    this.remoteAddress = handle?.address ?? options.address
    this.remotePort = handle?.port ?? options.port
    const callbacks = {
      nodelay: options.noDelay ?? true,
      onReadable: () => this.#readable(),
      onWritable: (count: number) => this.#writable(count),
      onError: (reason?: string) =>
        this.#lost(reason ?? (this.#established ? 'closed by peer' : 'no connection (ECONNREFUSED, or nobody answers)')),
    }
    try {
      if (handle !== undefined) this.#native = new NativeTCP({ ...callbacks, from: handle.take() })
      else this.#native = new NativeTCP({ ...callbacks, address: options.address, port: options.port })
    } catch (error) {
      // A connection that ended while it waited, no memory for a socket, or an address that is a name: there is no resolver here.
      this.#reason = error instanceof Error ? error.message : String(error)
      this.#later.ask()
    }
  }

  #tell(): void {
    if (this.#tellReadable && this.#open) {
      this.#tellReadable = false
      if (this.#unread.length > 0) this.#options.onReadable?.(this.#unread.length)
    }
    if (this.#reason !== undefined && this.#open) this.#options.onError?.(this.#reason)
  }

  #readable(): void {
    this.#traffic.received++
    this.#pull()
    if (this.#open && this.#unread.length > 0) this.#options.onReadable?.(this.#unread.length)
  }

  /** Takes what the system holds while there is room for it. What it keeps holds the peer back. */
  #pull(): void {
    while (this.#native !== undefined) {
      this.#paused = this.#open && this.#unread.length >= this.#window
      if (this.#paused) return
      const bytes = this.#native.read()
      if (bytes === undefined) return
      if (this.#open) this.#unread.push(new Uint8Array(bytes))
    }
  }

  #writable(count: number): void {
    this.#room = count
    this.#flush()
    if (!this.#open) this.#finish()
    if (!this.#open || this.#unsent.length > 0) return
    if (this.#established && !this.#short && this.#announced >= this.#window / 2) return
    this.#established = true
    this.#short = false
    this.#announced = this.#window
    this.#options.onWritable?.(this.#announced)
  }

  #flush(): void {
    while (this.#room > 0 && this.#unsent.length > 0 && this.#native !== undefined) this.#send(this.#unsent.take(this.#room) as Bytes)
  }

  #send(bytes: Bytes): void {
    this.#room = this.#native?.write(bytes) ?? 0
  }

  #lost(reason: string): void {
    // Bytes may stand before the end.
    this.#pull()
    if (!this.#open) {
      this.#cut()
      return
    }
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#tellReadable = this.#unread.length > 0
    this.#tell()
  }

  get writable(): number {
    if (!this.#open || this.#reason !== undefined || !this.#established) return 0
    return Math.max(0, Math.min(this.#announced, this.#window - this.#unsent.length))
  }

  read(count?: number): Bytes | undefined {
    if (!this.#open) throw closedError('TCP')
    const bytes = this.#unread.take(count)
    if (this.#paused && this.#unread.length < this.#window / 2) {
      const before = this.#unread.length
      this.#pull()
      if (this.#unread.length > before) {
        this.#tellReadable = true
        this.#later.ask()
      }
    }
    return bytes
  }

  write(buffer: Bytes): void {
    if (!this.#open) throw closedError('TCP')
    checkBytes(buffer)
    const { writable } = this
    if (buffer.length > writable) throw new RangeError(`${buffer.length} bytes given, ${writable} writable`)
    if (buffer.length === 0) return
    this.#announced -= buffer.length
    const direct = this.#unsent.length === 0 ? Math.min(this.#room, buffer.length) : 0
    if (direct > 0) this.#send(buffer.subarray(0, direct))
    if (direct === buffer.length) return
    this.#unsent.push(buffer.slice(direct))
    this.#short = true
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#later.cancel()
    this.#unread.clear()
    // Unread bytes would turn the end of the connection into a reset, which destroys what is on its way (RFC 1122 section 4.2.2.13).
    this.#pull()
    if (this.#reason !== undefined || !this.#established) this.#cut()
    else this.#finish()
  }

  /** Closes as soon as everything is sent. */
  #finish(): void {
    if (this.#unsent.length === 0) this.#cut()
    else this.#cutting ??= Timer.set(() => this.#cut(), LINGER_ms)
  }

  #cut(): void {
    if (this.#cutting !== undefined) Timer.clear(this.#cutting)
    this.#cutting = undefined
    this.#unsent.clear()
    this.#native?.close()
    this.#native = undefined
  }
}
