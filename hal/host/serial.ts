import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { ByteQueue } from '../../src/lib/byte-queue.ts'
import { checkAddress, checkBytes, checkCallbacks, closedError } from '../../src/lib/check.ts'
import { serialFormat } from '../../src/lib/serial-format.ts'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../api/io.ts'

/** Bytes that may wait in each direction: a second at 38,400 baud. */
const WINDOW = 4096

/** Arguments of `stty` (POSIX) for a transparent line in the wanted format. */
function sttyArguments(options: SerialOptions): string[] {
  const { baud, bits, parity, stop } = serialFormat(options)
  const parityFlags = { none: ['-parenb'], even: ['parenb', '-parodd'], odd: ['parenb', 'parodd'] }[parity]
  // `raw` comes first because it sets the character size as well.
  return ['raw', '-echo', 'clocal', String(baud), `cs${bits}`, ...parityFlags, stop === 2 ? 'cstopb' : '-cstopb']
}

/** RangeError with the words of `stty` when the line cannot do the format. */
function configure(path: string, flags: readonly string[]): void {
  const file = process.platform === 'darwin' ? '-f' : '-F'
  try {
    execFileSync('stty', [file, path, ...flags], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 5000 })
  } catch (cause) {
    const words = String((cause as { stderr?: unknown }).stderr || cause).split('\n')[0]
    throw new RangeError(words, { cause })
  }
}

function openTerminal(path: string, flags: readonly string[]): ReadStream {
  // Without O_NONBLOCK opening waits for carrier detect on lines that have it.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  try {
    configure(path, flags)
    return new ReadStream(descriptor)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/**
 * A serial line of the PC (`/dev/ttyUSB0`, a pseudo-terminal), set up with the program `stty`.
 *
 * Errors of the constructor: TypeError and RangeError for options (also for a format or speed that the line refuses), the system's error
 * (`ENOENT`, `EACCES`) when the device cannot be opened.
 */
class HostSerialPort implements Serial {
  #stream: ReadStream | undefined
  #unread = new ByteQueue()
  #paused = false
  #queued = false
  #gone = false
  #options: SerialOptions

  constructor(options: SerialOptions) {
    checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
    checkAddress(options.device)
    const flags = sttyArguments(options)
    this.#options = { ...options }
    const stream = openTerminal(options.device as string, flags)
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => this.#received(chunk))
    // A pseudo-terminal whose other side is closed reports EIO; a pulled USB adapter ends the stream.
    stream.on('error', (error) => this.#lost(error.message))
    stream.on('end', () => this.#lost('line is gone'))
    stream.on('close', () => this.#lost('line is gone'))
    process.nextTick(() => {
      if (this.#stream !== undefined) this.#options.onWritable?.(this.#writable)
    })
  }

  #received(chunk: Buffer): void {
    if (this.#stream === undefined) return
    this.#unread.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    if (this.#unread.length >= WINDOW) {
      this.#paused = true
      this.#stream.pause()
    }
    this.#options.onReadable?.(this.#unread.length)
  }

  #lost(reason: string): void {
    if (this.#gone || this.#stream === undefined) return
    this.#gone = true
    this.#options.onError?.(reason)
  }

  #written = (): void => {
    if (!this.#queued || this.#stream === undefined || this.#gone || this.#stream.writableLength > 0) return
    this.#queued = false
    this.#options.onWritable?.(this.#writable)
  }

  get #writable(): number {
    return this.#gone || this.#stream === undefined ? 0 : Math.max(0, WINDOW - this.#stream.writableLength)
  }

  #open(): ReadStream {
    if (this.#stream === undefined) throw closedError('Serial')
    return this.#stream
  }

  read(count?: number): Bytes | undefined {
    const stream = this.#open()
    const bytes = this.#unread.take(count)
    if (this.#paused && this.#unread.length < WINDOW / 2) {
      this.#paused = false
      stream.resume()
    }
    return bytes
  }

  write(buffer: Bytes): void {
    const stream = this.#open()
    checkBytes(buffer)
    if (buffer.length > this.#writable) throw new RangeError(`${buffer.length} bytes given, ${this.#writable} writable`)
    if (buffer.length === 0) return
    stream.write(Buffer.from(buffer), this.#written)
    this.#queued = true
  }

  close(): void {
    const stream = this.#stream
    if (stream === undefined) return
    this.#stream = undefined
    this.#unread.clear()
    stream.destroySoon()
  }
}

export const HostSerial: SerialConstructor = HostSerialPort
