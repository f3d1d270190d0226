import { assert } from '../../src/lib/assert.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import type { Bytes } from '../api/io.ts'
import {
  type Call,
  decodeCommand,
  decodeReply,
  encodeCall,
  encodeFailure,
  encodeReply,
  NO_BYTES,
  type Page,
  type Step,
} from './guest-protocol.ts'
import { createMessageNetwork, type MessageNetwork } from './sockets.ts'

/** World time after a step or a call. */
export interface GuestTime {
  readonly now_ms: number
  /** When something is due next; undefined when nothing is, or when it is not known. */
  readonly next_ms?: number
}

/** What a call gives back: a JSON value, bytes, both or nothing. */
export interface CallResult {
  readonly value?: unknown
  readonly bytes?: Bytes
}

export type StepCallback = (until_ms: number) => GuestTime | Promise<GuestTime>
export type CallCallback = (argument: unknown, bytes: Bytes) => CallResult | undefined | Promise<CallResult | undefined>
/** Gives every flash page that changed since it was last asked, each once (`MemoryFlash.takeDirty`). */
export type PagesCallback = () => readonly Page[]

/** The part of the global object that xsnap and a guest share. */
export interface GuestGlobal {
  /** Called by the host. An object with `result` may fill it in until the engine has no job left. */
  handleCommand?: (command: ArrayBuffer) => ArrayBuffer | { result: ArrayBuffer | undefined }
  /** Asks the host and waits for its answer. */
  issueCommand?: (request: ArrayBuffer) => ArrayBuffer
}

/** Events that may wait for the next step; older ones are dropped and counted. */
const EVENTS_MAX = 4096

function failureOf(error: unknown): Uint8Array<ArrayBuffer> {
  if (!(error instanceof Error)) return encodeFailure({ code: 'GUEST', message: String(error) })
  const code = error instanceof FerrarisError ? error.code : error.name
  return encodeFailure({ code, message: error.message, stack: String(error.stack ?? '').slice(0, 4000) })
}

/**
 * The guest's side of its host: network, steps of time, calls, events, flash pages.
 *
 * Use: create it, register `onStep`, `onCall` and `onPages`, then `install(globalThis)`.
 */
export class GuestHost {
  readonly network: MessageNetwork = createMessageNetwork()
  #step: StepCallback | undefined
  #calls = new Map<string, CallCallback>()
  #pages: PagesCallback | undefined
  #events: unknown[] = []
  #dropped = 0
  #now_ms = 0
  #global: GuestGlobal | undefined

  /** `callback` runs the world up to `until_ms` (or less: the host calls again). It is called after the sockets' messages were delivered. */
  onStep(callback: StepCallback): void {
    this.#step = callback
  }

  /** Answers the host's `call(name)`. */
  onCall(name: string, callback: CallCallback): void {
    assert(!this.#calls.has(name), `call ${name} registered twice`)
    this.#calls.set(name, callback)
  }

  onPages(callback: PagesCallback): void {
    this.#pages = callback
  }

  /** Queues an event (any JSON value) for the host; it leaves with the next step. */
  emit(event: unknown): void {
    if (this.#events.length >= EVENTS_MAX) {
      this.#events.shift()
      this.#dropped++
    }
    this.#events.push(event)
  }

  /** Asks the host and waits for its answer (about 130 µs). FerrarisError `NO_HOST` where there is none, or the host's failure. */
  ask(name: string, argument?: unknown, bytes?: Bytes): CallResult {
    const issueCommand = this.#global?.issueCommand
    if (issueCommand === undefined) throw new FerrarisError('NO_HOST', 'no host to ask')
    const reply = decodeReply(new Uint8Array(issueCommand(encodeCall(name, argument, bytes).buffer)))
    if ('failure' in reply) throw new FerrarisError(reply.failure.code, reply.failure.message)
    return reply
  }

  install(global: GuestGlobal): void {
    this.#global = global
    global.handleCommand = (command) => this.handleCommand(command)
  }

  /** Runs one command. Errors of the guest's code become failure replies, never exceptions: those would lose their code at the border. */
  handleCommand(message: ArrayBuffer): ArrayBuffer | { result: ArrayBuffer | undefined } {
    try {
      const command = decodeCommand(new Uint8Array(message))
      const outcome = command.kind === 'step' ? this.#runStep(command) : this.#runCall(command)
      if (!(outcome instanceof Promise)) return outcome.buffer
      const answer: { result: ArrayBuffer | undefined } = { result: undefined }
      outcome.then(
        (reply) => {
          answer.result = reply.buffer
        },
        (error: unknown) => {
          answer.result = failureOf(error).buffer
        },
      )
      return answer
    } catch (error) {
      return failureOf(error).buffer
    }
  }

  #runStep(command: Step): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
    if (this.#step === undefined) throw new FerrarisError('UNKNOWN_CALL', 'the guest has no world to step')
    this.network.deliver(command.sockets)
    const time = this.#step(command.until_ms)
    return time instanceof Promise ? time.then((reached) => this.#stepReply(reached)) : this.#stepReply(time)
  }

  #stepReply(time: GuestTime): Uint8Array<ArrayBuffer> {
    this.network.pump()
    const events = this.#events
    this.#events = []
    if (this.#dropped > 0) events.push({ event: 'dropped', count: this.#dropped })
    this.#dropped = 0
    return this.#reply('step', time, events.length === 0 ? undefined : events, NO_BYTES)
  }

  #runCall(command: Call): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
    const callback = this.#calls.get(command.name)
    if (callback === undefined) throw new FerrarisError('UNKNOWN_CALL', `the guest knows no call ${command.name}`)
    const result = callback(command.argument, command.bytes)
    return result instanceof Promise ? result.then((value) => this.#callReply(value)) : this.#callReply(result)
  }

  #callReply(result: CallResult | undefined): Uint8Array<ArrayBuffer> {
    this.network.pump()
    return this.#reply('call', { now_ms: this.#now_ms }, result?.value, result?.bytes ?? NO_BYTES)
  }

  #reply(kind: 'step' | 'call', time: GuestTime, value: unknown, bytes: Bytes): Uint8Array<ArrayBuffer> {
    this.#now_ms = time.now_ms
    const pages = this.#pages?.() ?? []
    const sockets = this.network.take() ?? NO_BYTES
    return encodeReply(kind, { now_ms: time.now_ms, next_ms: time.next_ms, pages, sockets, value, bytes })
  }
}
