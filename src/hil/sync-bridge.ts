import { Worker } from 'node:worker_threads'
import { FerrarisError } from '../lib/errors.ts'
import { Status } from './bridge/protocol-table.ts'
import type { BridgeEvent, BridgeIdentity } from './client.ts'
import { type Call, Outcome, SHARED_BYTES, SHARED_DATA, SHARED_LENGTH, SHARED_OUTCOME, SHARED_STATE } from './sync-protocol.ts'

/** Longer than all tries of the other thread. */
const WAIT_MS = 30_000
const HANDLES = 255

/** A worker runs what was compiled, whether this file was or not. */
function workerURL(): URL {
  const compiled = import.meta.url.endsWith('.js')
  return new URL(compiled ? './port-worker.js' : '../../build/js/src/hil/port-worker.js', import.meta.url)
}

export interface SyncBridgeOptions {
  /** Serial port of the bridge. */
  readonly device: string
  readonly baud: number
}

/**
 * A bridge whose commands are synchronous, as the buses of `hal/api` are: another thread has the line, this one waits for the answer (`Atomics.wait`).
 * Events come as messages between two turns of the event loop, never from inside a call.
 *
 * Errors of `call`: RangeError and TypeError as the peripheral at the bridge threw them, FerrarisError `BRIDGE` for its other failures, `BRIDGE_LINE` and
 * `BRIDGE_VERSION` for the line.
 */
export class SyncBridge {
  readonly identity: BridgeIdentity
  readonly #worker: Worker
  readonly #head: Int32Array
  readonly #data: Uint8Array
  readonly #listeners = new Map<number, (event: BridgeEvent) => void>()
  #next = 0
  #closed = false

  /** Connects and says hello. Throws what `call` throws. */
  constructor({ device, baud }: SyncBridgeOptions) {
    const shared = new SharedArrayBuffer(SHARED_BYTES)
    this.#head = new Int32Array(shared, 0, SHARED_DATA / 4)
    this.#data = new Uint8Array(shared, SHARED_DATA)
    this.#worker = new Worker(workerURL(), { workerData: { shared, device, baud } })
    this.#worker.on('message', (event: BridgeEvent) => this.#listeners.get(event.handle)?.(event))
    try {
      this.identity = JSON.parse(new TextDecoder().decode(this.#exchange({ command: 'hello' }))) as BridgeIdentity
    } catch (error) {
      this.close()
      throw error
    }
  }

  call(command: number, body: Uint8Array): Uint8Array {
    if (this.#closed) throw new FerrarisError('BRIDGE_LINE', 'the bridge is closed')
    return this.#exchange({ command, body })
  }

  /** A handle that is free, whose events `listener` gets until it is released. */
  claim(listener?: (event: BridgeEvent) => void): number {
    for (let tries = 0; tries < HANDLES; tries++) {
      const handle = this.#next
      this.#next = (this.#next + 1) % HANDLES
      if (this.#listeners.has(handle)) continue
      this.#listeners.set(handle, listener ?? (() => {}))
      return handle
    }
    throw new FerrarisError('BRIDGE', 'all handles of the bridge are in use')
  }

  release(handle: number): void {
    this.#listeners.delete(handle)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listeners.clear()
    this.#worker.postMessage('close' satisfies Call)
  }

  #exchange(call: Call): Uint8Array {
    const head = this.#head
    Atomics.store(head, SHARED_STATE, 0)
    this.#worker.postMessage(call)
    if (Atomics.wait(head, SHARED_STATE, 0, WAIT_MS) === 'timed-out')
      throw new FerrarisError('BRIDGE_LINE', 'the thread of the line did not answer')
    const bytes = this.#data.slice(0, head[SHARED_LENGTH])
    if (head[SHARED_OUTCOME] === Outcome.done) return bytes
    throw head[SHARED_OUTCOME] === Outcome.refused ? refusal(bytes) : failure(bytes)
  }
}

function refusal(bytes: Uint8Array): Error {
  const text = new TextDecoder().decode(bytes.subarray(1))
  if (bytes[0] === Status.range) return new RangeError(text)
  return bytes[0] === Status.type ? new TypeError(text) : new FerrarisError('BRIDGE', text)
}

function failure(bytes: Uint8Array): Error {
  const [code, ...words] = new TextDecoder().decode(bytes).split(' ')
  return new FerrarisError(code, words.join(' '))
}
