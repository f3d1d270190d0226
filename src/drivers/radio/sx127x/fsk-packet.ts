import type { Port } from './port.ts'
import { FskIrq2, FskRegister, Register } from './registers.ts'
import { FIFO_THRESHOLD } from './tune.ts'

const FIFO_LENGTH = 64

/** An FSK frame on its way through the FIFO of 64 bytes: a length byte, then the payload. */
export class OutgoingPacket {
  readonly #port: Port
  readonly #payload: Uint8Array
  #written = 0

  constructor(port: Port, payload: Uint8Array) {
    this.#port = port
    this.#payload = payload
    port.write(Register.Fifo, payload.length)
    this.write(FIFO_LENGTH - 1)
  }

  get complete(): boolean {
    return this.#written === this.#payload.length
  }

  /** Puts in as much as has room for certain. */
  refill(): void {
    if ((this.#port.read(FskRegister.IrqFlags2) & FskIrq2.FifoLevel) === 0) this.write(FIFO_LENGTH - FIFO_THRESHOLD - 1)
  }

  private write(room: number): void {
    const piece = this.#payload.subarray(this.#written, this.#written + room)
    if (piece.length > 0) this.#port.writeBytes(Register.Fifo, piece)
    this.#written += piece.length
  }
}

export class IncomingPacket {
  readonly #port: Port
  #payload: Uint8Array | undefined
  #have = 0

  constructor(port: Port) {
    this.#port = port
  }

  /** FifoLevel stands. Errata 3.1: at least one byte of what makes it stand is left, or the end of the frame is not seen. */
  drain(): void {
    const payload = this.begin()
    this.read(payload, FIFO_THRESHOLD - 2)
  }

  /** PayloadReady stands: the rest. Undefined when bytes were lost. */
  finish(flags: number): Uint8Array | undefined {
    const payload = this.begin()
    this.read(payload, payload.length)
    return (flags & FskIrq2.FifoOverrun) === 0 ? payload : undefined
  }

  private begin(): Uint8Array {
    this.#payload ??= new Uint8Array(this.#port.read(Register.Fifo))
    return this.#payload
  }

  private read(payload: Uint8Array, most: number): void {
    const count = Math.min(most, payload.length - this.#have)
    if (count <= 0) return
    payload.set(this.#port.readBytes(Register.Fifo, count), this.#have)
    this.#have += count
  }
}
