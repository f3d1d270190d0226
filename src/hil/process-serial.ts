import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { ByteQueue } from '../lib/byte-queue.ts'
import { checkAddress, checkBytes, checkCallbacks, closedError } from '../lib/check.ts'
import { serialFormat } from '../lib/serial-format.ts'

/** Bytes that may be on their way to the process. */
const WINDOW = 65_536
const PROGRAM = fileURLToPath(new URL('./port-process.js', import.meta.url))

/** A serial port in a process of its own, 8N1. Usable in a thread. `onError` tells that the port cannot be opened, or is gone. */
class PortProcess implements Serial {
  readonly #options: SerialOptions
  readonly #process: ChildProcessWithoutNullStreams
  readonly #unread = new ByteQueue()
  #reason = ''
  #open = true

  constructor(options: SerialOptions) {
    checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
    checkAddress(options.device)
    const { baud } = serialFormat(options)
    this.#options = { ...options }
    const child = spawn(process.execPath, [PROGRAM, options.device as string, String(baud)], { stdio: 'pipe' })
    this.#process = child
    child.stdout.on('data', (bytes: Buffer) => this.#received(bytes))
    child.stderr.on('data', (text: Buffer) => {
      this.#reason += text.toString()
    })
    child.stdin.on('error', () => {})
    child.on('close', () => this.#open && this.#options.onError?.(this.#reason.trim().split('\n')[0] || 'the process of the port ended'))
    process.nextTick(() => this.#written())
  }

  read(count?: number): Bytes | undefined {
    this.#check()
    return this.#unread.take(count)
  }

  write(buffer: Bytes): void {
    this.#check()
    checkBytes(buffer)
    if (buffer.length > this.#writable) throw new RangeError(`${buffer.length} bytes given, ${this.#writable} writable`)
    this.#process.stdin.write(Uint8Array.from(buffer), () => this.#written())
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#unread.clear()
    this.#process.stdin.end()
  }

  get #writable(): number {
    return Math.max(0, WINDOW - this.#process.stdin.writableLength)
  }

  #received(bytes: Uint8Array): void {
    if (!this.#open) return
    this.#unread.push(Uint8Array.from(bytes))
    this.#options.onReadable?.(this.#unread.length)
  }

  #written(): void {
    if (this.#open) this.#options.onWritable?.(this.#writable)
  }

  #check(): void {
    if (!this.#open) throw closedError('Serial')
  }
}

export const ProcessSerial: SerialConstructor = PortProcess
