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
/** Exit code of a command beyond `computeLimit`. */
const TOO_MUCH_COMPUTATION = 17
/** Looks at a command in one time-out. */
const LOOKS = 4

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
  /** Byte codes that one command may run; default unlimited, at most 2^31 - 1. */
  readonly computeLimit?: number
  /** Real time that one command may take, for what runs no byte codes; default unlimited. */
  readonly timeout_ms?: number
  /** Memory that the process may have; default what the engine itself allows, 2 GB. Without effect where the system has no such limit (macOS). */
  readonly memory_MB?: number
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
 * Errors (FerrarisError): `XS_MISSING`, `XS_EXCEPTION` (the script or `handleCommand` threw; the machine lives on), `XS_OVERRUN` (a command took too many
 * byte codes or too long), `XS_EXIT` (the process ended otherwise), `XS_CLOSED` after `close()`. After the last three every later command fails, too.
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
  #looking: NodeJS.Timeout | undefined
  /** Looks since the command that runs now had its turn. */
  #looks = 0

  constructor(options: WorkerOptions = {}) {
    this.#options = options
    const flags = ['ferraris']
    if (options.computeLimit !== undefined) flags.push('-l', String(options.computeLimit))
    if (options.parserBuffer_KB !== undefined) flags.push('-s', String(options.parserBuffer_KB))
    const binary = options.binary ?? findXsnapWorker()
    // A system without this limit refuses it, and goes on.
    const limited = ['-c', `ulimit -d ${(options.memory_MB ?? 0) * 1024} 2>/dev/null; exec "$0" "$@"`, binary, ...flags]
    const [program, words] = options.memory_MB === undefined ? [binary, flags] : ['/bin/sh', limited]
    // UTC, because local time is the meter's business and results must not depend on the PC. Descriptors 5 and 6 belong to a debugger.
    this.#process = spawn(program, words, {
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
    const { timeout_ms } = options
    if (timeout_ms !== undefined) this.#looking = setInterval(() => this.#look(timeout_ms), timeout_ms / LOOKS).unref()
  }

  /** Counts looks instead of time: a process that was stopped for hours finds one of them due when it goes on, and the answer right after it. */
  #look(timeout_ms: number): void {
    if (this.#queue.length === 0 || ++this.#looks <= LOOKS) return
    this.#end(new FerrarisError('XS_OVERRUN', `XS ended: a command took longer than ${timeout_ms} ms`))
    this.#kill()
  }

  #watch(): Promise<void> {
    return new Promise((resolve) => {
      // `close` comes after the last bytes of all streams, so an answer sent before the exit still counts.
      this.#process.once('close', (code, signal) => {
        process.removeListener('exit', this.#kill)
        const why = signal ?? EXIT_CODES.get(code as number) ?? 'unknown error'
        const words = this.#stderr.trim()
        const kind = code === TOO_MUCH_COMPUTATION ? 'XS_OVERRUN' : 'XS_EXIT'
        this.#end(new FerrarisError(kind, `XS ended with ${code ?? signal} (${why})${words === '' ? '' : `: ${words}`}`))
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
    clearInterval(this.#looking)
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
    this.#looks = 0
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
      if (this.#queue.push({ resolve, reject }) === 1) this.#looks = 0
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
    clearInterval(this.#looking)
    this.#toWorker.write(encodeNetstring('q', new Uint8Array(0)))
    const timeout = setTimeout(this.#kill, QUIT_ms)
    await this.#exited
    clearTimeout(timeout)
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    this.#ended ??= new FerrarisError('XS_CLOSED', 'the XS worker was killed')
    clearInterval(this.#looking)
    this.#kill()
    await this.#exited
  }
}
