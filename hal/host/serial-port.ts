import { createRequire } from 'node:module'
import { ByteQueue } from '../../src/lib/byte-queue.ts'
import { checkAddress, checkBytes, checkCallbacks, closedError } from '../../src/lib/check.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { serialFormat } from '../../src/lib/serial-format.ts'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../api/io.ts'

/** Bytes that may wait in each direction. */
const WINDOW = 16_384

/** What is used of the package `serialport`. It is an optional dependency, so its own types need not be there when this is compiled. */
interface Port {
  readonly isOpen: boolean
  readonly writableLength: number
  open(done: (error: Error | null) => void): void
  close(done?: (error: Error | null) => void): void
  drain(done: (error: Error | null) => void): void
  write(bytes: Uint8Array, done: (error?: Error | null) => void): boolean
  pause(): void
  resume(): void
  on(event: 'data', listener: (bytes: Uint8Array) => void): void
  on(event: 'error' | 'close', listener: (error: Error | null) => void): void
}

interface PortOptions {
  readonly path: string
  readonly baudRate: number
  readonly dataBits: 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
  readonly autoOpen: false
}

/** Throws FerrarisError `NO_SERIALPORT` where the optional package is not installed. */
function loadPort(): new (options: PortOptions) => Port {
  const require = createRequire(import.meta.url)
  try {
    return (require('serialport') as { SerialPort: new (options: PortOptions) => Port }).SerialPort
  } catch (cause) {
    throw new FerrarisError('NO_SERIALPORT', 'the package serialport is not installed here; npm install serialport', { cause })
  }
}

function formatOf(options: SerialOptions): PortOptions {
  checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
  checkAddress(options.device)
  const { baud, bits, parity, stop } = serialFormat(options)
  return { path: options.device as string, baudRate: baud, dataBits: bits, parity, stopBits: stop, autoOpen: false }
}

/**
 * A real serial port through the package `serialport`: Linux, macOS and Windows, any speed that the adapter has.
 *
 * Errors of the constructor: TypeError and RangeError for options, FerrarisError `NO_SERIALPORT`. A port that cannot be opened, or goes away, is told by
 * `onError`; then nothing can be written any more.
 */
class PackageSerialPort implements Serial {
  readonly #port: Port
  readonly #options: SerialOptions
  readonly #unread = new ByteQueue()
  #open = true
  #ready = false
  #gone = false
  #paused = false
  #queued = false

  constructor(options: SerialOptions) {
    const format = formatOf(options)
    const port = new (loadPort())(format)
    this.#port = port
    this.#options = { ...options }
    port.on('data', (bytes) => this.#received(bytes))
    port.on('error', (error) => this.#lost(error?.message ?? 'line is gone'))
    port.on('close', () => this.#lost('line is gone'))
    port.open((error) => this.#opened(error))
  }

  #opened(error: Error | null): void {
    if (!this.#open) {
      if (error === null) this.#port.close()
      return
    }
    if (error !== null) {
      this.#lost(error.message)
      return
    }
    this.#ready = true
    this.#options.onWritable?.(this.#writable)
  }

  #received(bytes: Uint8Array): void {
    if (!this.#open) return
    // A copy: the package hands out pieces of a pool.
    this.#unread.push(Uint8Array.from(bytes))
    if (this.#unread.length >= WINDOW && !this.#paused) {
      this.#paused = true
      this.#port.pause()
    }
    this.#options.onReadable?.(this.#unread.length)
  }

  #lost(reason: string): void {
    if (this.#gone || !this.#open) return
    this.#gone = true
    this.#options.onError?.(reason)
  }

  #written = (): void => {
    if (!this.#queued || !this.#open || this.#gone || this.#port.writableLength > 0) return
    this.#queued = false
    this.#options.onWritable?.(this.#writable)
  }

  get #writable(): number {
    return this.#ready && !this.#gone ? Math.max(0, WINDOW - this.#port.writableLength) : 0
  }

  #check(): void {
    if (!this.#open) throw closedError('Serial')
  }

  read(count?: number): Bytes | undefined {
    this.#check()
    const bytes = this.#unread.take(count)
    if (this.#paused && this.#unread.length < WINDOW / 2) {
      this.#paused = false
      this.#port.resume()
    }
    return bytes
  }

  write(buffer: Bytes): void {
    this.#check()
    checkBytes(buffer)
    if (buffer.length > this.#writable) throw new RangeError(`${buffer.length} bytes given, ${this.#writable} writable`)
    if (buffer.length === 0) return
    this.#queued = true
    this.#port.write(Uint8Array.from(buffer), () => process.nextTick(this.#written))
  }

  /** What was written leaves before the port is closed. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#unread.clear()
    const port = this.#port
    if (port.isOpen && port.writableLength > 0) port.drain(() => port.isOpen && port.close())
    else if (port.isOpen) port.close()
  }
}

export const SerialPort: SerialConstructor = PackageSerialPort
