import type { Serial } from '../../hal/api/io.ts'
import { FerrarisError } from '../lib/errors.ts'
import type { Bench } from './bench.ts'

const STEP_MS = 5
const ANSWER_MS = 5000
/** A longer answer is no console. */
const HEARD_MAX = 65_536
/** The prompt of the console, at the end of an answer. */
const PROMPT = /(^|\n)([#>] )+$/
const REGISTER = /^(\d+\.\d+\.\d+) +(-?\d+(?:\.\d+)?) (.*)$/
const UNIT_WIDTH = 5
const EVENT = /^(\S+Z) +(\d+) +(\d+) (.*)$/

export interface ReadRegister {
  /** Without the prefix k. */
  readonly value: number
  readonly unit: string
}

export interface ReadEvent {
  readonly time: string
  readonly sequence: number
  readonly code: number
  readonly text: string
}

/** A person at the service port: types a line, waits for the prompt. One at a time. */
export class ConsoleClient {
  /** Of each answer: from the end of the line to its first byte. */
  readonly latencies_ms: number[] = []
  /** What the line said: overruns, a port that is gone. */
  readonly lineErrors: string[] = []
  readonly #bench: Bench
  readonly #serial: Serial
  #heard = ''
  #firstByte_ms: number | undefined
  #room = 0
  #queue = new Uint8Array(0)

  constructor(bench: Bench) {
    this.#bench = bench
    const { io, ...options } = bench.console
    this.#serial = new io({
      ...options,
      onReadable: () => this.#received(this.#serial.read()),
      onWritable: (count) => {
        this.#room = count
        this.#pump()
      },
      onError: (reason) => this.lineErrors.push(reason),
    })
  }

  /** Waits until somebody answers an empty line. Throws FerrarisError `NO_ANSWER`. */
  async connect(limit_ms: number): Promise<void> {
    const end_ms = this.#bench.now_ms() + limit_ms
    for (;;) {
      try {
        // Ctrl-C: an answer that somebody else asked for is given up.
        await this.#exchange('\x03', 1000)
        this.latencies_ms.length = 0
        return
      } catch (error) {
        if (!(error instanceof FerrarisError) || this.#bench.now_ms() >= end_ms) throw error
      }
    }
  }

  /** Lines of the answer. Throws FerrarisError `NO_ANSWER`. */
  async command(line: string): Promise<string[]> {
    const text = await this.#exchange(line, ANSWER_MS)
    return text.split('\n').filter((answer) => answer !== '')
  }

  /** All registers by their code. */
  async registers(): Promise<Map<string, ReadRegister>> {
    const found = new Map<string, ReadRegister>()
    for (const line of await this.command('registers')) {
      const match = REGISTER.exec(line)
      if (match === null) continue
      const unit = match[3].slice(0, UNIT_WIDTH).trim()
      const kilo = /^k[A-Za-z]/.test(unit)
      found.set(match[1], { value: Number(match[2]) * (kilo ? 1000 : 1), unit: kilo ? unit.slice(1) : unit })
    }
    return found
  }

  /** Newest first. */
  async events(log: string, count: number): Promise<ReadEvent[]> {
    const events: ReadEvent[] = []
    for (const line of await this.command(`events ${count} ${log}`)) {
      const match = EVENT.exec(line)
      if (match !== null) events.push({ time: match[1], sequence: Number(match[2]), code: Number(match[3]), text: match[4] })
    }
    return events
  }

  close(): void {
    this.#serial.close()
  }

  async #exchange(line: string, limit_ms: number): Promise<string> {
    const bench = this.#bench
    this.#heard = ''
    this.#firstByte_ms = undefined
    this.#type(`${line}\r`)
    const sent_ms = bench.now_ms()
    while (!PROMPT.test(this.#heard)) {
      if (bench.now_ms() - sent_ms > limit_ms) {
        // What was not sent to a device that does not listen is not said when it starts again.
        this.#queue = new Uint8Array(0)
        throw new FerrarisError('NO_ANSWER', `no answer to "${line.replace(/[^ -~]/g, '?')}" at the service port within ${limit_ms} ms`)
      }
      await bench.wait(STEP_MS)
    }
    const first_ms: number | undefined = this.#firstByte_ms
    if (first_ms !== undefined) this.latencies_ms.push(Math.max(0, first_ms - sent_ms))
    return this.#heard.replace(PROMPT, '')
  }

  #type(text: string): void {
    const bytes = new Uint8Array(this.#queue.length + text.length)
    bytes.set(this.#queue)
    for (let i = 0; i < text.length; i++) bytes[this.#queue.length + i] = text.charCodeAt(i)
    this.#queue = bytes
    this.#pump()
  }

  #pump(): void {
    const count = Math.min(this.#room, this.#queue.length)
    if (count === 0) return
    this.#room -= count
    const bytes = this.#queue.slice(0, count)
    this.#queue = this.#queue.slice(count)
    this.#serial.write(bytes)
  }

  #received(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) return
    this.#firstByte_ms ??= this.#bench.now_ms()
    for (const byte of bytes) if (byte !== 0x0d) this.#heard += String.fromCharCode(byte)
    if (this.#heard.length > HEARD_MAX) this.#heard = this.#heard.slice(-HEARD_MAX / 2)
  }
}
