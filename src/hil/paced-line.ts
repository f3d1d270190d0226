import type { Bytes, Serial, SerialConstructor, SerialOptions } from '../../hal/api/io.ts'
import { ByteQueue } from '../lib/byte-queue.ts'
import { serialFormat } from '../lib/serial-format.ts'
import { SerialWire } from '../world/serial-wire.ts'
import type { RealTimeWorld } from './real-time.ts'

/** Bytes that may wait on the way to the port; more are lost, as on a line that is too slow. */
const WAITING_MAX = 4096

/** A queue in front of a Serial. */
class Feed {
  readonly #waiting = new ByteQueue()
  #serial: Serial | undefined
  #room = 0

  to(serial: Serial): void {
    this.#serial = serial
    this.#pump()
  }

  readonly writable = (count: number): void => {
    this.#room = count
    this.#pump()
  }

  push(bytes: Bytes | undefined): void {
    if (bytes !== undefined && this.#waiting.length + bytes.length <= WAITING_MAX) this.#waiting.push(Uint8Array.from(bytes))
    this.#pump()
  }

  #pump(): void {
    if (this.#serial === undefined) return
    const bytes = this.#waiting.take(this.#room)
    if (bytes === undefined) return
    this.#room -= bytes.length
    this.#serial.write(bytes)
  }
}

/**
 * The line between an emulated chip and a real port: bytes take the time that they take on the wire, also where the port is none (a pseudo-terminal, a TCP
 * port). An emulated chip that is half duplex counts on that.
 */
export function pacedLine(world: RealTimeWorld, io: SerialConstructor, fixed: Partial<SerialOptions>): SerialConstructor {
  const Port = world.line(io, fixed)
  return class implements Serial {
    readonly #near: Serial
    readonly #parts: readonly Serial[]

    constructor(options: SerialOptions) {
      const format = serialFormat(options)
      const wire = new SerialWire(world.scheduler, { transmit_bytes: WAITING_MAX, receive_bytes: WAITING_MAX })
      const [outward, inward] = [new Feed(), new Feed()]
      const near = new (wire.end(0))(options)
      const far: Serial = new (wire.end(1))({ ...format, onReadable: () => outward.push(far.read()), onWritable: inward.writable })
      const port: Serial = new Port({
        ...format,
        onReadable: () => inward.push(port.read()),
        onWritable: outward.writable,
        onError: options.onError,
      })
      outward.to(port)
      inward.to(far)
      this.#near = near
      this.#parts = [near, far, port]
    }

    read(count?: number): Bytes | undefined {
      return this.#near.read(count)
    }

    write(buffer: Bytes): void {
      this.#near.write(buffer)
    }

    close(): void {
      for (const part of this.#parts) part.close()
    }
  }
}
