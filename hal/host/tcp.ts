import { connect, type Socket } from 'node:net'
import { ByteQueue } from '../../src/lib/byte-queue.ts'
import { checkBytes, checkTCPOptions, closedError } from '../../src/lib/check.ts'
import type { Bytes } from '../api/io.ts'
import type { TCP, TCPHandle, TCPOptions } from '../api/sockets.ts'

/** Silence after which the system asks whether a peer still lives. */
const KEEP_ALIVE_MS = 60_000

/** Bytes that may wait in each direction of one connection. */
const WINDOW = 0x10000
/** A closed connection gets this long to deliver what was written, then it is cut. */
const LINGER_ms = 3000

/** All open resources of one network, so that `closeAll` can cut them. */
export class Registry extends Set<{ destroy(): unknown }> {
  /** Pieces of data that have come in over TCP: tells whether a conversation is under way. */
  received = 0
}

export function register(registry: Registry, socket: Socket): void {
  registry.add(socket)
  socket.once('close', () => registry.delete(socket))
}

/** A connection between Listener and TCP. It is paused: nothing is read before a TCP instance takes it. */
export class HostTCPHandle implements TCPHandle {
  readonly address: string
  readonly port: number
  #socket: Socket | undefined

  constructor(socket: Socket) {
    // A dual-stack listener reports IPv4 peers as mapped IPv6 addresses (RFC 4291 section 2.5.5.2).
    this.address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
    this.port = socket.remotePort ?? 0
    this.#socket = socket
  }

  get taken(): boolean {
    return this.#socket === undefined
  }

  take(): Socket {
    const socket = this.#socket
    if (socket === undefined) throw new TypeError('from: this connection is already taken')
    this.#socket = undefined
    return socket
  }
}

/** Sends what is queued and the end of the stream, then discards what still arrives: cutting at once could destroy bytes on their way (RFC 1122 section 4.2.2.13). */
function finish(socket: Socket): void {
  if (socket.destroyed) return
  if (socket.connecting) {
    socket.destroy()
    return
  }
  const cut = setTimeout(() => socket.destroy(), LINGER_ms)
  cut.unref()
  socket.once('close', () => clearTimeout(cut))
  socket.end()
  socket.resume()
  socket.unref()
}

/** TCP on `node:net`. Node calls its listeners from the event loop, never from inside a method, which is the rule of `hal/api/io.ts`. */
export class HostTCP implements TCP {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  #socket: Socket | undefined
  #options: TCPOptions
  #unread = new ByteQueue()
  #established = false
  #gone = false
  #paused = false
  /** Node holds bytes that the kernel did not take yet. */
  #queued = false
  /** What is left of the room that `onWritable` announced last: all that one turn may write, however fast the kernel takes it. */
  #announced = 0
  /** An announcement waits for its turn. */
  #announcing = false

  constructor(registry: Registry, options: TCPOptions) {
    const handle = checkTCPOptions(options, HostTCPHandle)
    this.#options = { ...options }
    const socket = handle?.take() ?? connect({ host: options.address, port: options.port as number, allowHalfOpen: true })
    this.remoteAddress = handle?.address ?? options.address
    this.remotePort = handle?.port ?? options.port
    this.#socket = socket
    if (handle === undefined) register(registry, socket)
    socket.setNoDelay(options.noDelay ?? true)
    // A peer whose cable was pulled never says so; without this it would hold its place for ever.
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#listen(socket, registry)
    if (handle === undefined) socket.once('connect', this.#start)
    // A connection that ended while it waited has had its events; nobody was listening.
    else process.nextTick(() => (socket.destroyed ? this.#lost('closed') : this.#start()))
  }

  #listen(socket: Socket, registry: Registry): void {
    socket.on('data', (chunk) => {
      registry.received++
      if (this.#socket === undefined) return
      // A plain view: Buffer's `slice` does not copy, which would surprise code that runs on XS as well.
      this.#unread.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
      if (this.#unread.length >= WINDOW) {
        this.#paused = true
        socket.pause()
      }
      this.#options.onReadable?.(this.#unread.length)
    })
    socket.on('end', () => this.#lost('closed by peer'))
    socket.on('error', (error) => this.#lost(error.message))
    socket.on('close', () => this.#lost('closed'))
  }

  #start = (): void => {
    const socket = this.#socket
    if (socket === undefined || this.#gone) return
    this.#established = true
    this.#announce()
    if (this.#socket !== undefined && !this.#paused) socket.resume()
  }

  #lost(reason: string): void {
    if (this.#gone || this.#socket === undefined) return
    this.#gone = true
    this.#options.onError?.(reason)
  }

  #announce(): void {
    this.#announced = WINDOW
    this.#announced = this.writable
    this.#options.onWritable?.(this.#announced)
  }

  /** Room is announced again after it was short; most small writes go out at once and need no callback. */
  #written = (): void => {
    if (this.#announcing || (!this.#queued && this.#announced >= WINDOW / 2)) return
    // While the kernel takes everything Node calls back within the same turn of the event loop: a peer that reads fast would be served alone.
    this.#announcing = true
    setImmediate(this.#announceAgain)
  }

  #announceAgain = (): void => {
    this.#announcing = false
    if (this.#socket === undefined || this.#gone || this.#socket.writableLength > 0) return
    this.#queued = false
    this.#announce()
  }

  #open(): Socket {
    if (this.#socket === undefined) throw closedError('TCP')
    return this.#socket
  }

  get writable(): number {
    const socket = this.#socket
    if (socket === undefined || this.#gone || !this.#established) return 0
    return Math.max(0, Math.min(this.#announced, WINDOW - socket.writableLength))
  }

  read(count?: number): Bytes | undefined {
    const socket = this.#open()
    const bytes = this.#unread.take(count)
    if (this.#paused && this.#unread.length < WINDOW / 2) {
      this.#paused = false
      socket.resume()
    }
    return bytes
  }

  write(buffer: Bytes): void {
    const socket = this.#open()
    checkBytes(buffer)
    if (buffer.length > this.writable) throw new RangeError(`${buffer.length} bytes given, ${this.writable} writable`)
    if (buffer.length === 0) return
    // Node keeps a reference to what the kernel does not take at once, so the bytes are copied (small ones into Node's pool).
    socket.write(Buffer.from(buffer), this.#written)
    this.#announced -= buffer.length
    this.#queued = socket.writableLength > 0
  }

  close(): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#unread.clear()
    finish(socket)
  }
}
