import type { Bytes } from '../../../hal/api/io.ts'
import type { Network } from '../../../hal/api/sockets.ts'
import { BATCH_MAX, beginFrame, ENDPOINTS_MAX, endFrame, Message, readFrames, readText, writeText } from '../../../hal/portable/messages.ts'
import { assert } from '../../lib/assert.ts'
import { type ByteReader, ByteWriter } from '../../lib/bytes.ts'
import { RelayListener, type RelaySocket, RelayTCP, RelayUDP } from './relay-sockets.ts'

/** What the relayed sockets share. */
export interface RelayCore {
  readonly network: Network
  readonly writer: ByteWriter
  readonly sockets: Map<number, RelaySocket>
  /** Number for a connection that the host accepted. */
  nextNumber(): number
  /** There is something the guest should see soon. */
  work(): void
  fail(number: number, reason: string): void
}

/**
 * The host's side of a guest's sockets (`hal/portable/messages.ts`): real sockets of any `Network` here, batches of messages there.
 *
 * `onWork` is called when something happened that the guest should see; then `take()` a batch and give it to the guest. It is called once
 * per batch, and never from inside a method of the relay.
 */
export class HostRelay {
  #core: RelayCore
  #pending = false
  #inside = false
  #onWork: (() => void) | undefined

  constructor(network: Network, onWork?: () => void) {
    this.#onWork = onWork
    let last = -1
    const sockets = new Map<number, RelaySocket>()
    const writer = new ByteWriter(4096, BATCH_MAX)
    this.#core = {
      network,
      writer,
      sockets,
      nextNumber: () => {
        do last = (last + 2) % 0x80000000
        while (sockets.has(last))
        return last
      },
      work: () => this.#work(),
      fail: (number, reason) => {
        sockets.delete(number)
        const start = beginFrame(writer, Message.error, number)
        writeText(writer, reason.slice(0, 256))
        endFrame(writer, start)
        this.#work()
      },
    }
  }

  /** Something waits that the guest should see. Returned credit alone does not count: it travels with the next batch. */
  get pending(): boolean {
    return this.#pending
  }

  #work(): void {
    if (this.#pending) return
    this.#pending = true
    if (!this.#inside) this.#onWork?.()
  }

  /** Carries out a batch of the guest. Throws DecodeError for a cut batch. */
  deliver(batch: Bytes): void {
    this.#inside = true
    try {
      readFrames(batch, (kind, number, body) => this.#message(kind, number, body))
    } finally {
      this.#inside = false
    }
  }

  #message(kind: number, number: number, body: ByteReader): void {
    if (kind === Message.connect || kind === Message.listen || kind === Message.bind) this.#open(kind, number, body)
    else this.#core.sockets.get(number)?.message(kind, body)
  }

  #open(kind: number, number: number, body: ByteReader): void {
    const { sockets } = this.#core
    // Twice the guest's own bound: closed connections stay here until their last bytes are out.
    assert(sockets.size < 2 * ENDPOINTS_MAX, 'the guest has too many sockets')
    const port = body.uint16()
    const address = readText(body)
    try {
      if (kind === Message.connect) sockets.set(number, new RelayTCP(this.#core, number, { address, port }))
      else if (kind === Message.listen) sockets.set(number, new RelayListener(this.#core, number, port, address || undefined))
      else sockets.set(number, new RelayUDP(this.#core, number, port, address || undefined))
    } catch (error) {
      this.#core.fail(number, error instanceof Error ? error.message : String(error))
    }
  }

  /** The messages for the guest since the last call; empty when there are none. */
  take(): Uint8Array<ArrayBuffer> {
    for (const socket of this.#core.sockets.values()) socket.writeCredit()
    this.#pending = false
    const batch = this.#core.writer.copy()
    this.#core.writer.reset()
    return batch
  }

  /** Closes every socket; bytes already taken from the guest are still sent where the network does so. */
  close(): void {
    this.#onWork = undefined
    for (const socket of this.#core.sockets.values()) socket.close()
    this.#core.sockets.clear()
  }
}
