import { connect, type Socket } from 'node:net'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { ByteQueue } from '../lib/byte-queue.ts'
import { checkBytes, checkCallbacks, closedError } from '../lib/check.ts'
import { serialFormat } from '../lib/serial-format.ts'

const WINDOW = 16_384

/** A serial line behind a TCP port: the UART of an emulated chip, or a serial device server. The format is the other side's. */
export function tcpSerial(address: string): SerialConstructor {
  const colon = address.lastIndexOf(':')
  const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))]
  return class implements Serial {
    readonly #socket: Socket
    readonly #unread = new ByteQueue()
    readonly #onWritable: SerialOptions['onWritable']
    #open = true

    constructor(options: SerialOptions) {
      checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
      serialFormat(options)
      const { onReadable, onWritable, onError } = options
      const socket = connect({ host, port, noDelay: true })
      this.#socket = socket
      this.#onWritable = onWritable
      const told = (call: () => void) => (): void => {
        if (this.#open) call()
      }
      socket.on(
        'connect',
        told(() => onWritable?.(WINDOW)),
      )
      socket.on('data', (bytes) => {
        if (!this.#open) return
        this.#unread.push(Uint8Array.from(bytes))
        onReadable?.(this.#unread.length)
      })
      socket.on('error', (error) => told(() => onError?.(error.message))())
      socket.on(
        'end',
        told(() => onError?.('line is gone')),
      )
    }

    read(count?: number): Bytes | undefined {
      this.#check()
      return this.#unread.take(count)
    }

    write(buffer: Bytes): void {
      this.#check()
      checkBytes(buffer)
      const room = this.#socket.connecting ? 0 : Math.max(0, WINDOW - this.#socket.writableLength)
      if (buffer.length > room) throw new RangeError(`${buffer.length} bytes given, ${room} writable`)
      if (buffer.length > 0) this.#socket.write(Uint8Array.from(buffer), () => this.#written())
    }

    close(): void {
      if (!this.#open) return
      this.#open = false
      this.#unread.clear()
      this.#socket.destroySoon()
    }

    #written(): void {
      if (this.#open && this.#socket.writableLength === 0) this.#onWritable?.(WINDOW)
    }

    #check(): void {
      if (!this.#open) throw closedError('Serial')
    }
  }
}
