import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { ByteQueue } from '../../src/lib/byte-queue.ts'

/** Bytes that wait for a line; more are dropped, as by any serial adapter. */
const QUEUE_MAX = 65_536

export interface LineEnd {
  readonly io: SerialConstructor
  readonly options: SerialOptions
}

/** One direction. */
class Flow {
  readonly #waiting = new ByteQueue()
  #room = 0

  take(bytes: Bytes | undefined): void {
    if (bytes !== undefined && this.#waiting.length + bytes.length <= QUEUE_MAX) this.#waiting.push(bytes)
  }

  pump(to: Serial, room = this.#room): void {
    this.#room = room
    const bytes = room > 0 ? this.#waiting.take(room) : undefined
    if (bytes === undefined) return
    this.#room -= bytes.length
    to.write(bytes)
  }
}

/** Joins two serial lines, as a piece of cable: what comes in at one end goes out at the other. Gives what separates them again. */
export function joinLines(near: LineEnd, far: LineEnd, onError: (reason: string) => void): () => void {
  const [out, back] = [new Flow(), new Flow()]
  const first: Serial = new near.io({
    ...near.options,
    onReadable: () => {
      out.take(first.read())
      out.pump(second)
    },
    onWritable: (room) => back.pump(first, room),
  })
  const second: Serial = new far.io({
    ...far.options,
    onReadable: () => {
      back.take(second.read())
      back.pump(first)
    },
    onWritable: (room) => out.pump(second, room),
    onError,
  })
  return () => {
    first.close()
    second.close()
  }
}
