import type { Serial, SerialConstructor, SerialOptions } from '../../../hal/api/io.ts'

/** A downlink of 242 bytes in hexadecimal, and the words around it. */
const LINE_MAX = 600
/** The longest command: an uplink of 242 bytes in hexadecimal. */
const COMMAND_MAX = 600
const CR = 0x0d
const LF = 0x0a
/** Stands for a byte that no modem sends, so that a damaged line is not taken for another one. */
const DAMAGED = '?'

/** A serial line as lines of text. Both buffers are bounded: a line that is too long is dropped as a whole. */
export class LinePort {
  readonly #serial: Serial
  readonly #onLine: (line: string) => void
  readonly #line = new Uint8Array(LINE_MAX)
  #length = 0
  #overlong = false
  readonly #output = new Uint8Array(COMMAND_MAX)
  #waiting = 0
  #room = 0
  #closed = false

  /** `onLine` gets lines without their ends, never empty ones. What the constructor of the port throws is passed on. */
  constructor(Io: SerialConstructor, options: SerialOptions, onLine: (line: string) => void) {
    this.#onLine = onLine
    this.#serial = new Io({
      ...options,
      onReadable: () => this.#read(),
      onWritable: (count) => {
        this.#room = count
        this.#pump()
      },
      // A byte is missing now: the line it was in means nothing any more.
      onError: () => this.#take(0xff),
    })
  }

  /** Sends a command; what an earlier one has left unsent is dropped with it. RangeError for one that is too long. */
  write(command: string): void {
    if (command.length > COMMAND_MAX) throw new RangeError(`a command of ${command.length} characters`)
    for (let i = 0; i < command.length; i++) this.#output[i] = command.charCodeAt(i)
    this.#waiting = command.length
    this.#pump()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#serial.close()
  }

  #pump(): void {
    const count = Math.min(this.#room, this.#waiting)
    if (count === 0) return
    this.#room -= count
    this.#serial.write(this.#output.subarray(0, count))
    this.#output.copyWithin(0, count, this.#waiting)
    this.#waiting -= count
  }

  #read(): void {
    const bytes = this.#serial.read()
    for (let i = 0; bytes !== undefined && i < bytes.length; i++) {
      if (this.#closed) return
      this.#take(bytes[i])
    }
  }

  #take(byte: number): void {
    if (byte === LF || byte === CR) {
      const length = this.#length
      const whole = !this.#overlong
      this.#length = 0
      this.#overlong = false
      if (length > 0 && whole) this.#onLine(this.#text(length))
    } else if (this.#length < LINE_MAX) this.#line[this.#length++] = byte
    else this.#overlong = true
  }

  #text(length: number): string {
    let text = ''
    for (let i = 0; i < length; i++) {
      const byte = this.#line[i]
      text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : DAMAGED
    }
    return text
  }
}
