import type { Serial, SerialConstructor, SerialOptions } from '../../../../hal/api/io.ts'
import { ANSWER_BYTES, createPacket, decodeAnswer, decodePacket, PACKET_BYTES, type Packet, READ, WRITE } from './packet.ts'
import { Register } from './registers.ts'

/** Room for a packet behind as much rubbish. */
const BUFFER_BYTES = 2 * PACKET_BYTES
const NOTHING = -1

/**
 * Questions and answers over the UART, one at a time. An answer is searched in all that comes after its question, so that rubbish before it does
 * no harm; bytes that nobody asked for are thrown away with the next question.
 */
export class Exchange {
  /** The last packet that came. */
  readonly packet: Packet = createPacket()

  readonly #serial: Serial
  readonly #address: number
  readonly #answered: (register: number, value: number) => void
  readonly #bytes = new Uint8Array(BUFFER_BYTES)
  readonly #question = new Uint8Array(2)
  readonly #order = new Uint8Array(6)
  #filled = 0
  #register = NOTHING
  #room = 0

  /** `answered` gets the register that was asked for and its value; for the packet 0. It may ask again. */
  constructor(
    Io: SerialConstructor,
    options: SerialOptions,
    address: number,
    answered: (register: number, value: number) => void,
    writable: () => void,
  ) {
    this.#address = address
    this.#answered = answered
    this.#serial = new Io({
      ...options,
      onReadable: (count) => this.collect(count),
      onWritable: (count) => {
        this.#room = count
        writable()
      },
      // A byte is missing now. What is left of the answer will not fit, so it ends like one that never came.
      onError: () => {},
    })
  }

  get waiting(): boolean {
    return this.#register !== NOTHING
  }

  /** Gives up the question that is open and asks for a register or the packet; false when the line takes nothing now. */
  ask(register: number): boolean {
    this.forget()
    if (this.#room < this.#question.length) return false
    this.#serial.read()
    this.#question[0] = READ | this.#address
    this.#question[1] = register
    this.send(this.#question)
    this.#register = register
    return true
  }

  /** Writes a register; the chip does not answer. */
  order(register: number, value: number): boolean {
    if (this.#room < this.#order.length) return false
    const bytes = this.#order
    bytes[0] = WRITE | this.#address
    bytes[1] = register
    bytes[2] = value
    bytes[3] = value >> 8
    bytes[4] = value >> 16
    bytes[5] = ~(bytes[0] + bytes[1] + bytes[2] + bytes[3] + bytes[4])
    this.send(bytes)
    return true
  }

  forget(): void {
    this.#register = NOTHING
    this.#filled = 0
  }

  close(): void {
    this.forget()
    this.#serial.close()
  }

  private send(bytes: Uint8Array): void {
    this.#room -= bytes.length
    this.#serial.write(bytes)
  }

  private get expected(): number {
    return this.#register === Register.packet ? PACKET_BYTES : ANSWER_BYTES
  }

  /** Reads only when an answer can be complete: each reading makes a buffer. */
  private collect(count: number): void {
    let left = count
    while (this.#register !== NOTHING && this.#filled + left >= this.expected) {
      const bytes = this.#serial.read(BUFFER_BYTES - this.#filled)
      if (bytes === undefined) return
      this.#bytes.set(bytes, this.#filled)
      this.#filled += bytes.length
      left -= bytes.length
      this.search()
    }
  }

  private search(): void {
    const register = this.#register
    const expected = this.expected
    for (let at = 0; at + expected <= this.#filled; at++) {
      const value = this.decode(at, register)
      if (value === NOTHING) continue
      this.forget()
      this.#answered(register, value)
      return
    }
    // Fewer bytes than an answer may be its beginning.
    const rest = Math.min(this.#filled, expected - 1)
    this.#bytes.copyWithin(0, this.#filled - rest, this.#filled)
    this.#filled = rest
  }

  private decode(at: number, register: number): number {
    if (register !== Register.packet) return decodeAnswer(this.#bytes, at, this.#address, register)
    return decodePacket(this.#bytes, at, this.#address, this.packet) ? 0 : NOTHING
  }
}
