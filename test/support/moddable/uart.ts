import { machine } from './machine.ts'

interface Options {
  readonly port: number
  readonly baud: number
  readonly bits: number
  readonly transmit?: number
  readonly receive?: number
  readonly driverEnable?: number
  readonly onReadable?: (count: number) => void
  readonly onWritable?: (count: number) => void
  readonly onError?: (reason: string) => void
}

const BUFFER_BYTES = 1024
/** A FIFO stands before the buffer (ESP32 technical reference manual, chapter "UART Controller"). */
const FIFO_BYTES = 128

/** `ferraris/uart`, as `hal/esp32/native/uart/ferraris-uart.c` behaves: its buffers, and one message for all that happened. */
export default class UART {
  readonly #machine = machine()
  readonly #options: Options
  readonly #unread: number[] = []
  #unsent: Uint8Array[] = []
  #pending = new Set<'readable' | 'writable' | 'overrun'>()
  #posted = false
  #open = true

  constructor(options: Options) {
    const { port, transmit, receive, driverEnable } = options
    if (this.#machine.receive.has(port)) throw new Error('port in use')
    this.#machine.usePins([transmit, receive, driverEnable])
    this.#options = options
    this.#machine.receive.set(port, (bytes) => this.#received(bytes))
    this.#happened('writable')
  }

  get readable(): number {
    this.#check()
    return this.#unread.length
  }

  get writable(): number {
    this.#check()
    return BUFFER_BYTES - this.#unsent.reduce((sum, { length }) => sum + length, 0)
  }

  read(buffer: Uint8Array): number {
    this.#check()
    const bytes = this.#unread.splice(0, buffer.length)
    buffer.set(bytes)
    return bytes.length
  }

  write(buffer: Uint8Array): void {
    if (buffer.length > this.writable) throw new RangeError('output full')
    this.#unsent.push(buffer.slice())
    this.#machine.post(() => this.#send())
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const { port, transmit, receive, driverEnable } = this.#options
    // What was written still goes out.
    this.#send()
    this.#machine.receive.delete(port)
    this.#machine.freePins([transmit, receive, driverEnable])
  }

  #send(): void {
    const { bits, port } = this.#options
    const mask = bits === 7 ? 0x7f : 0xff
    const unsent = this.#unsent
    this.#unsent = []
    for (const bytes of unsent) this.#machine.onSent.get(port)?.(bytes.map((byte) => byte & mask))
    if (unsent.length > 0) this.#happened('writable')
  }

  #received(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#unread.length < BUFFER_BYTES + FIFO_BYTES) this.#unread.push(byte)
      else this.#pending.add('overrun')
    }
    this.#happened('readable')
  }

  #happened(what: 'readable' | 'writable'): void {
    this.#pending.add(what)
    if (this.#posted) return
    this.#posted = true
    this.#machine.post(() => this.#deliver())
  }

  #deliver(): void {
    const what = this.#pending
    this.#pending = new Set()
    this.#posted = false
    const { onReadable, onWritable, onError } = this.#options
    if (this.#open && what.has('overrun')) onError?.call(this, 'overrun')
    if (this.#open && what.has('readable') && this.readable > 0) onReadable?.call(this, this.readable)
    if (this.#open && what.has('writable')) onWritable?.call(this, this.writable)
  }

  #check(): void {
    if (!this.#open) throw new TypeError('this: not a host object')
  }
}
