import { type ByteReader, ByteWriter } from '../../src/lib/bytes.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { BATCH_MAX, ENDPOINTS_MAX, Message, readFrames, writeFrame } from './messages.ts'

/** One socket of the guest. */
export interface Endpoint {
  /** A message of the host. Only notes what happened; callbacks come later, in `notify`. */
  receive(kind: number, body: ByteReader): void
  /** Calls the application. */
  notify(): void
  /** Writes the credit for what was read since the last batch. */
  writeCredit(writer: ByteWriter): void
}

/** A callback may open sockets that have callbacks of their own at once; more turns than this wait for the next call. */
const ROUNDS_MAX = 8

/** The guest's sockets and the batches that carry their messages. */
export class Exchange {
  readonly writer = new ByteWriter(4096, BATCH_MAX)
  #endpoints = new Map<number, Endpoint>()
  #pending: Endpoint[] = []
  #readers: Endpoint[] = []
  #lastNumber = 0
  /** Counts batches, for bounds that hold per batch. */
  batch = 0

  /** Number of a new endpoint. FerrarisError `SOCKETS_EXHAUSTED` when the guest has too many. */
  open(endpoint: Endpoint): number {
    if (this.#endpoints.size >= ENDPOINTS_MAX) throw new FerrarisError('SOCKETS_EXHAUSTED', `more than ${ENDPOINTS_MAX} sockets`)
    do this.#lastNumber = (this.#lastNumber + 2) % 0x80000000
    while (this.#endpoints.has(this.#lastNumber))
    this.#endpoints.set(this.#lastNumber, endpoint)
    return this.#lastNumber
  }

  /** A connection that the host numbered; false when the guest has too many and refuses it. */
  adopt(number: number, endpoint: Endpoint): boolean {
    if (this.#endpoints.size >= ENDPOINTS_MAX) {
      writeFrame(this.writer, Message.close, number)
      return false
    }
    this.#endpoints.set(number, endpoint)
    return true
  }

  close(number: number): void {
    if (this.#endpoints.delete(number)) writeFrame(this.writer, Message.close, number)
  }

  /** Has `endpoint.notify()` called from the next `pump()`. */
  schedule(endpoint: Endpoint): void {
    if (!this.#pending.includes(endpoint)) this.#pending.push(endpoint)
  }

  /** Has `endpoint.writeCredit()` called before the batch leaves. */
  hasRead(endpoint: Endpoint): void {
    if (!this.#readers.includes(endpoint)) this.#readers.push(endpoint)
  }

  deliver(batch: Uint8Array): void {
    readFrames(batch, (kind, number, body) => {
      // Messages for an endpoint that the guest has closed may still be on their way.
      this.#endpoints.get(number)?.receive(kind, body)
    })
    this.pump()
  }

  pump(): void {
    for (let round = 0; round < ROUNDS_MAX && this.#pending.length > 0; round++) {
      const pending = this.#pending
      this.#pending = []
      for (const endpoint of pending) endpoint.notify()
    }
  }

  take(): Uint8Array<ArrayBuffer> | undefined {
    for (const endpoint of this.#readers) endpoint.writeCredit(this.writer)
    this.#readers = []
    this.batch++
    if (this.writer.length === 0) return undefined
    const batch = this.writer.copy()
    this.writer.reset()
    return batch
  }
}
