import type { Network } from '../../../hal/api/sockets.ts'
import {
  decodeCommand,
  decodeReply,
  encodeCall,
  encodeFailure,
  encodeReply,
  encodeStep,
  NO_BYTES,
  type Reply,
} from '../../../hal/portable/guest-protocol.ts'
import { FerrarisError } from '../../lib/errors.ts'
import { FREEZE_BUILT_INS } from './freeze.ts'
import { HostRelay } from './host-relay.ts'
import type { AskHandler, CallReply, PageStore, StepResult } from './protocol.ts'
import { type Meter, type WorkerOptions, XsnapWorker } from './xsnap-worker.ts'

/** Anything that runs a guest's `handleCommand`: the XS worker, or the same process in tests. */
export interface CommandChannel {
  issueCommand(bytes: Uint8Array): Promise<{ readonly bytes: Uint8Array; readonly meter?: Meter }>
  close(): Promise<void>
}

export interface GuestClientOptions {
  /** Where the guest's sockets become real. */
  readonly network: Network
  /** Where the guest's flash pages go. Without it they are dropped. */
  readonly pages?: PageStore
}

export interface XsGuestOptions
  extends GuestClientOptions,
    Pick<WorkerOptions, 'binary' | 'onPrint' | 'parserBuffer_KB' | 'computeLimit' | 'timeout_ms' | 'memory_MB'> {
  /** The bundle (`build/xs/guest.js`), a script that installs a `GuestHost`. */
  readonly source: string
  readonly onAsk?: AskHandler
  /** Leave the built-ins changeable. Default: frozen, as on a device. */
  readonly changeableBuiltIns?: boolean
}

/**
 * Drives a guest: each step carries the sockets' messages both ways, and the guest's flash pages are stored before any byte that it sent
 * reaches a socket.
 *
 * Errors (FerrarisError): those of the guest with its code, and those of the channel.
 */
export class GuestClient {
  #channel: CommandChannel
  #relay: HostRelay
  #pages: PageStore | undefined
  #wake: (() => void) | undefined

  constructor(channel: CommandChannel, options: GuestClientOptions) {
    this.#channel = channel
    this.#pages = options.pages
    this.#relay = new HostRelay(options.network, () => this.#wake?.())
  }

  async #command(command: Uint8Array): Promise<Reply & { compute: number }> {
    const { bytes, meter } = await this.#channel.issueCommand(command)
    if (bytes.length === 0) throw new FerrarisError('GUEST', 'the guest gave no answer: it waits for something that never comes')
    const reply = decodeReply(bytes)
    if ('failure' in reply) {
      const { code, message, stack } = reply.failure
      throw new FerrarisError(code, message, { cause: stack })
    }
    if (reply.pages.length > 0) this.#pages?.write(reply.pages)
    this.#relay.deliver(reply.sockets)
    return { ...reply, compute: meter?.compute ?? 0 }
  }

  /** Lets the guest run up to `until_ms` of its world's time; it may stop earlier (`now_ms`). */
  async step(until_ms: number): Promise<StepResult> {
    const { now_ms, next_ms, value, compute } = await this.#command(encodeStep(until_ms, this.#relay.take()))
    return { now_ms, next_ms, events: Array.isArray(value) ? value : [], compute }
  }

  /** Calls what the guest registered with `onCall`. */
  async call(name: string, argument?: unknown, bytes?: Uint8Array): Promise<CallReply> {
    const reply = await this.#command(encodeCall(name, argument, bytes))
    return { value: reply.value, bytes: reply.bytes }
  }

  /** Resolves when the sockets have something for the guest, or after `timeout_ms`. */
  waitForWork(timeout_ms: number): Promise<void> {
    if (this.#relay.pending) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timeout)
        this.#wake = undefined
        resolve()
      }
      const timeout = setTimeout(done, Math.min(Math.max(0, timeout_ms), 0x7fffffff))
      this.#wake = done
    })
  }

  /** Ends a `waitForWork` early. */
  wake(): void {
    this.#wake?.()
  }

  async close(): Promise<void> {
    this.#relay.close()
    this.#wake?.()
    await this.#channel.close()
  }
}

/** Wraps a handler of questions into the worker's bytes; its errors become failures at the guest. */
function answerQuery(request: Uint8Array, onAsk: AskHandler | undefined): Uint8Array {
  try {
    const question = decodeCommand(request)
    if (question.kind !== 'call' || onAsk === undefined) throw new FerrarisError('UNKNOWN_CALL', 'the host answers no questions')
    const answer = onAsk(question.name, question.argument, question.bytes)
    const reply = { now_ms: 0, next_ms: undefined, pages: [], sockets: NO_BYTES, value: answer?.value, bytes: answer?.bytes ?? NO_BYTES }
    return encodeReply('call', reply)
  } catch (error) {
    const code = error instanceof FerrarisError ? error.code : 'HOST'
    return encodeFailure({ code, message: error instanceof Error ? error.message : String(error) })
  }
}

/** Starts an XS machine with a guest bundle. FerrarisError `XS_MISSING` where xsnap is not built, `XS_EXCEPTION` when the bundle fails. */
export async function startXsGuest(options: XsGuestOptions): Promise<GuestClient> {
  const { binary, onPrint, parserBuffer_KB, computeLimit, timeout_ms, memory_MB, onAsk } = options
  const onQuery = (request: Uint8Array) => answerQuery(request, onAsk)
  const worker = new XsnapWorker({ binary, onPrint, parserBuffer_KB, computeLimit, timeout_ms, memory_MB, onQuery })
  try {
    if (!options.changeableBuiltIns) await worker.evaluate(FREEZE_BUILT_INS)
    await worker.evaluate(options.source)
  } catch (error) {
    await worker.kill()
    throw error
  }
  return new GuestClient(worker, options)
}
