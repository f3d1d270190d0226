import { ByteQueue } from '../../src/lib/byte-queue.ts'
import { checkAddress, checkBytes, checkCallbacks, closedError } from '../../src/lib/check.ts'
import { serialFormat } from '../../src/lib/serial-format.ts'
import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../api/io.ts'
import { Descriptor, Events } from './descriptor.ts'

declare function native(name: string): { call(self: undefined, ...parameters: readonly unknown[]): unknown }

/** Bytes that may wait in each direction. */
const WINDOW = 4096
const PARITIES = Object.freeze({ none: 0, odd: 1, even: 2 })

function openLine(options: SerialOptions): number {
  const { baud, bits, parity, stop } = serialFormat(options)
  const number = native('lin_openLine').call(undefined, options.device, baud, bits, PARITIES[parity], stop) as number | undefined
  if (number === undefined)
    throw new RangeError(`${options.device} cannot do ${baud} baud, ${bits} bits, parity ${parity}, ${stop} stop bits`)
  return number
}

/** A terminal of Linux as a serial line. */
class Line implements Serial {
  readonly #options: SerialOptions
  readonly #unread = new ByteQueue()
  readonly #unsent = new ByteQueue()
  readonly #terminal: Descriptor
  #open = true
  #gone = false
  /** `onWritable` is due. */
  #short = true

  constructor(options: SerialOptions, open: () => number) {
    checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
    this.#options = { ...options }
    this.#terminal = new Descriptor(open(), (events) => this.#happened(events))
    this.#wait()
  }

  #wait(): void {
    if (this.#gone) return
    this.#terminal.wait((this.#unread.length < WINDOW ? Events.readable : 0) | (this.#short ? Events.writable : 0))
  }

  #happened(events: number): void {
    if (events & Events.writable) this.#flush()
    if (this.#open && events & Events.readable) this.#receive()
  }

  /** What the system answers; undefined also when the line is gone. */
  #ask<Answer>(question: () => Answer): Answer | undefined {
    try {
      return question()
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  #flush(): void {
    while (this.#unsent.length > 0) {
      const bytes = this.#unsent.take() as Bytes
      const taken = this.#ask(() => this.#terminal.send(bytes))
      if (taken === undefined) return
      if (taken === bytes.length) continue
      this.#unsent.push(bytes.subarray(taken))
      return
    }
    this.#short = false
    this.#wait()
    this.#options.onWritable?.(WINDOW)
  }

  #receive(): void {
    const bytes = this.#ask(() => this.#terminal.receive())
    if (bytes === undefined) return
    if (bytes.byteLength === 0) {
      this.#lost('line is gone')
      return
    }
    this.#unread.push(new Uint8Array(bytes))
    this.#wait()
    this.#options.onReadable?.(this.#unread.length)
  }

  #lost(reason: string): void {
    if (this.#gone || !this.#open) return
    this.#gone = true
    this.#terminal.wait(0)
    this.#options.onError?.(reason)
  }

  read(count?: number): Bytes | undefined {
    if (!this.#open) throw closedError('Serial')
    const bytes = this.#unread.take(count)
    this.#wait()
    return bytes
  }

  write(buffer: Bytes): void {
    if (!this.#open) throw closedError('Serial')
    checkBytes(buffer)
    const writable = this.#gone ? 0 : WINDOW - this.#unsent.length
    if (buffer.length > writable) throw new RangeError(`${buffer.length} bytes given, ${writable} writable`)
    if (buffer.length === 0) return
    this.#unsent.push(buffer.slice())
    this.#short = true
    this.#wait()
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#unread.clear()
    this.#terminal.close()
  }
}

/**
 * A serial port of Linux by the path in `device`: 7 or 8 bits, parity, one or two stop bits, the speeds that POSIX names. Errors of the constructor: TypeError and
 * RangeError for options, also for a format that the line refuses; Error with the name of the system's error (`ENOENT`).
 */
export const LinSerial: SerialConstructor = class extends Line {
  constructor(options: SerialOptions) {
    super(options, () => {
      checkAddress(options.device)
      return openLine(options)
    })
  }
}

/** A pseudo-terminal: `io` is the end of this program, `path` that of everybody else. Speed and format mean nothing on it. */
export function createTerminal(): { readonly path: string; readonly io: SerialConstructor } {
  const number = native('lin_openTerminal').call(undefined) as number
  const io = class extends Line {
    constructor(options: SerialOptions) {
      super(options, () => number)
    }
  }
  return { path: native('lin_terminalName').call(undefined, number) as string, io }
}
