import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'

/** The longest frame that an emulated metering IC sends, twice. */
const QUEUE_BYTES = 64
const INTACT = -1

/**
 * The serial side of an emulated IC: sends frames as fast as the wire takes them, hands over received bytes, and spoils what it sends where a
 * test asks for it. What does not fit in its queue is lost, as with a real transmitter that nobody stops.
 */
export class UartOutput {
  readonly #io: SerialConstructor
  readonly #receive: ((byte: number) => void) | undefined
  readonly #disturbed: (() => void) | undefined
  readonly #queue = new Uint8Array(QUEUE_BYTES)
  #serial: Serial | undefined
  #format: SerialOptions | undefined
  #waiting = 0
  #room = 0
  #stuck = false
  #lost = INTACT
  #garbled = INTACT
  #mask = 0

  /** `receive` gets each byte that arrives, `disturbed` is told of framing errors and the like. */
  constructor(io: SerialConstructor, receive?: (byte: number) => void, disturbed?: () => void) {
    this.#io = io
    this.#receive = receive
    this.#disturbed = disturbed
  }

  /** Opens the line, or opens it again with another format. */
  open(format: SerialOptions): void {
    this.close()
    this.#format = format
    const serial: Serial = new this.#io({
      ...format,
      onReadable: () => {
        const bytes = serial.read()
        if (bytes) for (const byte of bytes) this.#receive?.(byte)
      },
      onWritable: (count) => {
        this.#room = count
        this.#pump()
      },
      onError: () => this.#disturbed?.(),
    })
    this.#serial = serial
  }

  close(): void {
    this.#serial?.close()
    this.#serial = undefined
    this.#waiting = 0
    this.#room = 0
  }

  send(frame: Bytes): void {
    if (this.#serial === undefined || this.#stuck) return
    for (let i = 0; i < frame.length && this.#waiting < QUEUE_BYTES; i++) {
      if (i === this.#lost) continue
      this.#queue[this.#waiting++] = i === this.#garbled ? frame[i] ^ this.#mask : frame[i]
    }
    this.#lost = INTACT
    this.#garbled = INTACT
    this.#pump()
  }

  /** Fault: byte `at` of the next frame does not leave the IC. */
  loseByte(at: number): void {
    this.#lost = at
  }

  /** Fault: byte `at` of the next frame leaves the IC with the bits of `mask` turned. */
  garbleByte(at: number, mask: number): void {
    this.#garbled = at
    this.#mask = mask
  }

  /** Fault: the line keeps a level; low is a break, which a receiver sees as one framing error. `undefined` ends it. */
  stick(level: 0 | 1 | undefined): void {
    const format = this.#format
    if (format === undefined) return
    this.#stuck = false
    this.open(level === 0 ? { ...format, baud: format.baud / 4 } : format)
    if (level === 0) this.send(Uint8Array.of(0))
    this.#stuck = level !== undefined
    this.#format = format
  }

  #pump(): void {
    const count = Math.min(this.#room, this.#waiting)
    if (count === 0) return
    this.#room -= count
    const bytes = this.#queue.slice(0, count)
    this.#queue.copyWithin(0, count, this.#waiting)
    this.#waiting -= count
    this.#serial?.write(bytes)
  }
}
