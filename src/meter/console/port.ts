import type { Device } from '../../../hal/api/device.ts'
import type { Bytes, Serial } from '../../../hal/api/io.ts'
import { ascii } from '../../lib/ascii.ts'
import { ByteQueue } from '../../lib/byte-queue.ts'
import { error } from './answer.ts'
import { LineEditor, type Typed } from './line-editor.ts'
import type { ConsoleSession } from './session.ts'

/** Longest line: room for 32 display codes, or a key in hexadecimal. */
const LINE_MAX = 512
/** Bytes that wait while an answer is sent; the rest stays in the port, and is lost there when that is full. */
const WAITING_MAX = 1024
/** Bytes of one line of an answer. */
const ANSWER_LINE_MAX = 1024
const INTERRUPT = 0x03
const RUB_OUT = '\b \b'
/** Lines whose parameters are not repeated. */
const SECRET_LINE = /^\s*(login|secret\s+\S+)\s/

export interface ConsolePortOptions {
  readonly port: NonNullable<Device['console']>
  readonly session: ConsoleSession
  readonly onError?: ((reason: string) => void) | undefined
}

/**
 * Carries a console session over a serial port: never writes more than the port announced, keeps at most one line of an answer and a kilobyte of
 * input. Ctrl-C gives up the answer that is being sent, and what was typed ahead.
 */
export class ConsolePort {
  readonly #session: ConsoleSession
  readonly #serial: Serial
  readonly #editor = new LineEditor(LINE_MAX)
  readonly #waiting = new ByteQueue()
  #answer: Iterator<string> | undefined
  /** What is being sent, from `#sent` on. */
  #sending: Bytes
  #sent = 0
  #room = 0
  #pumping = false
  #closed = false

  constructor({ port, session, onError }: ConsolePortOptions) {
    this.#session = session
    this.#sending = ascii(`\r\n${session.banner}\r\n${session.prompt}`)
    const { io, ...options } = port
    this.#serial = new io({
      ...options,
      onReadable: () => this.#pump(),
      onWritable: (count) => {
        this.#room = count
        this.#pump()
      },
      onError,
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#serial.close()
    this.#editor.clear()
    this.#waiting.clear()
    this.#answer = undefined
  }

  /** Once a second: goes on with an answer that had to wait. */
  second(): void {
    if (this.#answer !== undefined) this.#pump()
  }

  /** Does what can be done: sends what there is, makes the next line of the answer, takes the next bytes. */
  #pump(): void {
    // A command may close the port, or make the port call back.
    if (this.#pumping || this.#closed) return
    this.#pumping = true
    try {
      do this.#read()
      while (this.#step())
    } finally {
      this.#pumping = false
    }
  }

  /** One step; false when the port has to go on first. */
  #step(): boolean {
    if (this.#closed) return false
    if (this.#sent < this.#sending.length) return this.#send()
    if (this.#answer !== undefined) {
      if (this.#session.busy) return false
      this.#nextLine(this.#answer)
      return true
    }
    const byte = this.#waiting.take(1)
    if (byte === undefined) return false
    this.#take(byte[0])
    return true
  }

  #send(): boolean {
    const end = Math.min(this.#sending.length, this.#sent + this.#room)
    if (end === this.#sent) return false
    const piece = this.#sending.subarray(this.#sent, end)
    this.#sent = end
    this.#room -= piece.length
    this.#serial.write(piece)
    return true
  }

  #nextLine(answer: Iterator<string>): void {
    const next = answer.next()
    if (this.#closed || this.#answer === undefined) return
    if (next.done !== true) {
      this.#say(`${next.value.slice(0, ANSWER_LINE_MAX)}\r\n`)
      return
    }
    this.#answer = undefined
    this.#say(this.#session.prompt)
  }

  #say(text: string): void {
    this.#sending = ascii(text)
    this.#sent = 0
  }

  #read(): void {
    if (this.#closed) return
    const room = WAITING_MAX - this.#waiting.length
    const bytes = room > 0 ? this.#serial.read(room) : undefined
    if (bytes === undefined) return
    const interrupt = bytes.lastIndexOf(INTERRUPT)
    if (interrupt >= 0) this.#interrupt()
    // A copy: the bytes may contain a secret, and the port's buffer is not ours to keep.
    this.#waiting.push(bytes.slice(interrupt + 1))
  }

  #interrupt(): void {
    this.#waiting.clear()
    this.#editor.clear()
    this.#session.interrupt()
    this.#answer = undefined
    this.#say(`\r\n${this.#session.prompt}`)
  }

  #take(byte: number): void {
    const before = this.#editor.text.length
    const typed = this.#editor.take(byte)
    if (typed.kind === 'line') this.#answer = this.#session.execute(typed.text)
    if (typed.kind === 'bad line') this.#answer = [error(typed.reason)].values()
    if (this.#session.echo) this.#say(this.#echo(typed, byte, before))
  }

  #echo(typed: Typed, byte: number, before: number): string {
    switch (typed.kind) {
      case 'nothing':
        return ''
      case 'character':
        return SECRET_LINE.test(this.#editor.text) && byte !== 0x20 ? '*' : String.fromCharCode(byte)
      case 'deleted':
        return RUB_OUT
      case 'cancelled':
        return RUB_OUT.repeat(before)
      default:
        return '\r\n'
    }
  }
}
