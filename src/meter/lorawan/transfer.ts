import { DecodeError } from '../../lib/bytes.ts'
import { SchcSender } from '../../protocols/schc/sender.ts'
import type { Uplink } from './payload.ts'

/** An acknowledgement is waited for so long: the server answers in the windows of the last fragment, or soon after them. */
const RETRANSMISSION_S = 60

/** A message on its way in fragments. */
export class Transfer {
  readonly told: (() => void) | undefined
  readonly #sender: SchcSender

  constructor({ fPort, payload, told }: Uplink) {
    const packet = new Uint8Array(1 + payload.length)
    packet[0] = fPort
    packet.set(payload, 1)
    this.told = told
    this.#sender = new SchcSender({ packet, retransmission_s: RETRANSMISSION_S })
  }

  get waits(): boolean {
    return this.#sender.state === 'waiting'
  }

  get done(): boolean {
    return this.#sender.state === 'done'
  }

  get over(): boolean {
    return this.done || this.#sender.state === 'failed'
  }

  next(room: number, now_s: number): Uint8Array | undefined {
    return this.#sender.next(room, now_s)
  }

  /** Anybody who knows the session may have sent it: what is none is passed over. */
  onAcknowledgement(payload: Uint8Array): void {
    try {
      this.#sender.onAcknowledgement(payload)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
  }
}
