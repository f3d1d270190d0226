import type { Serial } from '../../hal/api/io.ts'
import { FerrarisError } from '../lib/errors.ts'
import type { Bench } from './bench.ts'

const STEP_MS = 5
const ANSWER_MS = 5000
const GREET_MS = 1500
/** A longer answer is no console. */
const HEARD_MAX = 65_536
/** The prompt of the console, at the end of an answer. */
const PROMPT = /(^|\n)([#>] )+$/
/** Silence after which nothing more belongs to an answer. */
const QUIET_MS = 250
/** The echo is switched on: only then is it sure which answer belongs to which command. Ctrl-C gives up an answer that somebody else asked for. */
const GREETING = '\x03\recho on\r'
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
  /** Echo of the line that was typed; empty while there is none to wait for. */
  #begun = ''
  /** When the first byte after the echo came. */
  #answer_ms: number | undefined
  #echoing = false
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

  /** Waits until somebody answers. Throws FerrarisError `NO_ANSWER`. */
  async connect(limit_ms: number): Promise<void> {
    const end_ms = this.#bench.now_ms() + limit_ms
    while (!this.#echoing) {
      try {
        await this.#greet()
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

  /** Types a line and waits for its echo and its answer. A device that started again meanwhile echoes nothing: it is greeted, and asked again. */
  async #exchange(line: string, limit_ms: number): Promise<string> {
    const bench = this.#bench
    const end_ms = bench.now_ms() + limit_ms
    for (;;) {
      if (!this.#echoing) await this.#greet()
      this.#heard = ''
      this.#begun = `${line}\n`
      this.#answer_ms = undefined
      this.#type(`${line}\r`)
      const sent_ms = bench.now_ms()
      const answered = await this.#await(
        () => this.#answer() !== undefined,
        end_ms,
        () => PROMPT.test(this.#heard),
      )
      const answer = this.#answer()
      if (answered && answer !== undefined) {
        const first_ms: number | undefined = this.#answer_ms
        if (first_ms !== undefined) this.latencies_ms.push(Math.max(0, first_ms - sent_ms))
        return answer
      }
      this.#echoing = false
      if (bench.now_ms() >= end_ms) throw this.#silent(line, limit_ms)
    }
  }

  /** What came after the echo, once the prompt stands behind it. */
  #answer(): string | undefined {
    const at = this.#heard.indexOf(this.#begun)
    if (at < 0) return undefined
    const answer = this.#heard.slice(at + this.#begun.length)
    return PROMPT.test(answer) ? answer.replace(PROMPT, '') : undefined
  }

  async #greet(): Promise<void> {
    this.#heard = ''
    this.#begun = ''
    this.#type(GREETING)
    const greeted = await this.#await(
      () => false,
      this.#bench.now_ms() + GREET_MS,
      () => PROMPT.test(this.#heard),
    )
    if (!greeted) throw this.#silent('echo on', GREET_MS)
    this.#echoing = true
  }

  /** True when `done`, or when nothing more comes and `quiet` holds; false at `end_ms`, or in a silence in which `quiet` tells that the answer will not come. */
  async #await(done: () => boolean, end_ms: number, quiet: () => boolean): Promise<boolean> {
    const bench = this.#bench
    let heard = this.#heard.length
    let since_ms = bench.now_ms()
    while (!done()) {
      const now_ms = bench.now_ms()
      if (this.#heard.length !== heard) {
        heard = this.#heard.length
        since_ms = now_ms
      }
      if (now_ms - since_ms >= QUIET_MS && quiet()) return this.#begun === ''
      if (now_ms >= end_ms) return false
      await bench.wait(STEP_MS)
    }
    return true
  }

  #silent(line: string, limit_ms: number): FerrarisError {
    // What was not sent to a device that does not listen is not said when it starts again.
    this.#queue = new Uint8Array(0)
    return new FerrarisError('NO_ANSWER', `no answer to "${line.replace(/[^ -~]/g, '?')}" at the service port within ${limit_ms} ms`)
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
    for (const byte of bytes) if (byte !== 0x0d) this.#heard += String.fromCharCode(byte)
    const echo = this.#heard.indexOf(this.#begun)
    if (echo >= 0 && this.#heard.length > echo + this.#begun.length) this.#answer_ms ??= this.#bench.now_ms()
    if (this.#heard.length > HEARD_MAX) this.#heard = this.#heard.slice(-HEARD_MAX / 2)
  }
}
