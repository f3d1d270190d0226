import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { FerrarisError } from '../../lib/errors.ts'
import { findXsnapWorker } from './binary.ts'
import { encodeNetstring, NetstringReader } from './netstring.ts'

/** Exit codes of `xsnap-worker` (its source, `xsnap-worker.c`, type `ExitCode`). */
const EXIT_CODES: ReadonlyMap<number, string> = new Map([
  [1, 'bad usage'],
  [2, 'input or output error'],
  [11, 'not enough memory'],
  [12, 'stack overflow'],
  [15, 'unhandled exception or promise rejection'],
  [16, 'no more property names'],
  [17, 'too much computation'],
])

const MESSAGE_MAX = 0x10000000
/** End of what the worker printed on its error stream, for messages. */
const STDERR_MAX = 4096
/** A worker that does not end after `quit` is killed. */
const QUIT_ms = 2000

/** What a reply says about its cost. */
export interface Meter {
  /** Byte codes run, about one each: deterministic. Wraps at 2^32. */
  readonly compute: number
  /** Slots in use (32 bytes each in this 64-bit engine). */
  readonly currentHeapCount: number
  /** Bytes of memory taken from the system. */
  readonly allocate: number
}

export interface WorkerReply {
  readonly bytes: Uint8Array
  readonly meter: Meter
}

export interface WorkerOptions {
  /** Path of the program; default `findXsnapWorker()`. */
  readonly binary?: string
  /** Answers the guest's synchronous `issueCommand`. Without it a guest that asks gets an empty answer. */
  readonly onQuery?: (request: Uint8Array) => Uint8Array | Promise<Uint8Array>
  /** What the guest prints with `print`, as it comes. */
  readonly onPrint?: (text: string) => void
  /** Byte codes that one command may run; default unlimited. */
  readonly computeLimit?: number
  /** Size of the source parser's buffer in KB; a bundle must fit. Default 8192. */
  readonly parserBuffer_KB?: number
}

interface Waiting {
  readonly resolve: (reply: WorkerReply) => void
  readonly reject: (error: Error) => void
}

function readMeter(bytes: Uint8Array): Meter {
  const { compute, currentHeapCount, allocate } = JSON.parse(Buffer.from(bytes).toString('latin1')) as Meter
  return { compute, currentHeapCount, allocate }
}

/**
 * One `xsnap-worker` process: an XS machine that evaluates scripts and answers commands.
 *
 * It speaks netstrings on descriptors 3 (to the worker) and 4 (from it). To the worker: `e` + script, `?` + command for
 * `globalThis.handleCommand`, `q` to quit, `/` + answer to its question. From it: `.` + figures as JSON + 0x01 + reply, `!` + message of an
 * uncaught exception, `?` + question. One command runs at a time; more wait in order.
 *
 * Errors (FerrarisError): `XS_MISSING`, `XS_EXCEPTION` (the script or `handleCommand` threw; the machine lives on), `XS_EXIT` (the process
 * ended; every later command fails with it too), `XS_CLOSED` after `close()`.
 */
export class XsnapWorker {
  #process: ChildProcess
  #toWorker: Writable
  #reader = new NetstringReader(MESSAGE_MAX)
  #queue: Waiting[] = []
  #options: WorkerOptions
  #stderr = ''
  #ended: FerrarisError | undefined
  #exited: Promise<void>

  constructor(options: WorkerOptions = {}) {
    this.#options = options
    const flags = ['ferraris']
    if (options.computeLimit !== undefined) flags.push('-l', String(options.computeLimit))
    if (options.parserBuffer_KB !== undefined) flags.push('-s', String(options.parserBuffer_KB))
    // UTC, because local time is the meter's business and results must not depend on the PC. Descriptors 5 and 6 belong to a debugger.
    this.#process = spawn(options.binary ?? findXsnapWorker(), flags, {
      stdio: ['ignore', options.onPrint ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', 'ignore', 'ignore'],
      env: { TZ: 'UTC' },
      // A process group of its own: Ctrl-C on a terminal is for the host, which then lets the guest stop in good order.
      detached: true,
    })
    this.#toWorker = this.#process.stdio[3] as Writable
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => options.onPrint?.(text))
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_MAX)
    })
    this.#toWorker.on('error', () => {}) // The exit of the process tells why.
    const fromWorker = this.#process.stdio[4] as Readable
    fromWorker.on('data', (chunk: Buffer) => this.#received(chunk))
    process.once('exit', this.#kill)
    this.#exited = this.#watch()
  }

  #watch(): Promise<void> {
    return new Promise((resolve) => {
      // `close` comes after the last bytes of all streams, so an answer sent before the exit still counts.
      this.#process.once('close', (code, signal) => {
        process.removeListener('exit', this.#kill)
        const why = signal ?? EXIT_CODES.get(code as number) ?? 'unknown error'
        const words = this.#stderr.trim()
        this.#end(new FerrarisError('XS_EXIT', `XS ended with ${code ?? signal} (${why})${words === '' ? '' : `: ${words}`}`))
        resolve()
      })
      this.#process.once('error', (cause) => {
        process.removeListener('exit', this.#kill)
        this.#end(new FerrarisError('XS_EXIT', `XS could not be started: ${cause.message}`, { cause }))
        resolve()
      })
    })
  }

  #kill = (): void => {
    this.#process.kill('SIGKILL')
  }

  #end(error: FerrarisError): void {
    this.#ended ??= error
    const waiting = this.#queue
    this.#queue = []
    for (const { reject } of waiting) reject(this.#ended)
  }

  #received(chunk: Buffer): void {
    try {
      this.#reader.push(chunk, (message) => this.#message(message))
    } catch (cause) {
      this.#end(new FerrarisError('XS_EXIT', 'XS does not speak its protocol', { cause }))
      this.#kill()
    }
  }

  #message(message: Uint8Array): void {
    const kind = String.fromCharCode(message[0] as number)
    if (kind === '?') {
      this.#answer(message.slice(1))
      return
    }
    const waiting = this.#queue.shift()
    if (waiting === undefined) return
    if (kind === '!') {
      waiting.reject(new FerrarisError('XS_EXCEPTION', Buffer.from(message.subarray(1)).toString('utf8')))
      return
    }
    const separator = message.indexOf(1, 1)
    const meter = separator < 0 ? { compute: 0, currentHeapCount: 0, allocate: 0 } : readMeter(message.subarray(1, separator))
    waiting.resolve({ bytes: message.subarray(separator < 0 ? 1 : separator + 1), meter })
  }

  #answer(request: Uint8Array): void {
    Promise.resolve(request)
      .then((bytes) => this.#options.onQuery?.(bytes) ?? new Uint8Array(0))
      .then(
        (reply) => this.#toWorker.write(encodeNetstring('/', reply)),
        (cause: unknown) => {
          // The guest waits for an answer that will never come; it cannot go on.
          this.#end(new FerrarisError('XS_EXIT', 'a question of the guest could not be answered', { cause }))
          this.#kill()
        },
      )
  }

  #command(prefix: string, body: Uint8Array): Promise<WorkerReply> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      this.#queue.push({ resolve, reject })
      this.#toWorker.write(encodeNetstring(prefix, body))
    })
  }

  /** Runs a script in the global scope; the reply has bytes when its value is an ArrayBuffer. */
  evaluate(source: string): Promise<WorkerReply> {
    return this.#command('e', Buffer.from(source, 'utf8'))
  }

  /** Calls `globalThis.handleCommand` with the bytes and gives what it returns. */
  issueCommand(bytes: Uint8Array): Promise<WorkerReply> {
    return this.#command('?', bytes)
  }

  /** Lets the process end after the command that runs now, or kills it when it does not. */
  async close(): Promise<void> {
    this.#ended ??= new FerrarisError('XS_CLOSED', 'the XS worker is closed')
    this.#toWorker.write(encodeNetstring('q', new Uint8Array(0)))
    const timeout = setTimeout(this.#kill, QUIT_ms)
    await this.#exited
    clearTimeout(timeout)
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    this.#ended ??= new FerrarisError('XS_CLOSED', 'the XS worker was killed')
    this.#kill()
    await this.#exited
  }
}
