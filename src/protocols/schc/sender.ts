import { DecodeError } from '../../lib/bytes.ts'
import { crc32 } from '../../lib/crc.ts'
import { decodeAcknowledgement, encodeFragment, TILE, TILES_MAX, WINDOW_TILES } from './message.ts'

/** RFC 9011 section 5.6.2. */
const REQUESTS_MAX = 8
/** Acknowledgements that ask for more at most: a receiver that always wants something must not keep a device busy for ever. */
const ROUNDS_MAX = 32
/** Longest SCHC packet: 252 tiles. */
export const PACKET_MAX = TILES_MAX * TILE

export interface SchcSenderOptions {
  /** RuleID and what follows it, 1 to `PACKET_MAX` bytes. */
  readonly packet: Uint8Array
  /** How long an acknowledgement is waited for. */
  readonly retransmission_s: number
}

/**
 * One fragmented uplink: ACK-on-Error of RFC 8724 section 8.4.3.1 with the parameters of RFC 9011. The last tile comes in a regular fragment, so that every message
 * fits into 11 bytes.
 */
export class SchcSender {
  /** What became of it. */
  state: 'sending' | 'waiting' | 'done' | 'failed' = 'sending'
  readonly #options: SchcSenderOptions
  readonly #count: number
  /** 1: the tile is to be sent. */
  readonly #pending: Uint8Array
  #all1 = true
  /** All-1 has arrived; the receiver must only be asked for its answer again. */
  #asks = false
  #aborts = false
  #requests = 0
  #rounds = 0
  #deadline_s = 0

  /** Throws RangeError for a packet of an impossible length. */
  constructor(options: SchcSenderOptions) {
    const { length } = options.packet
    if (length < 1 || length > PACKET_MAX) throw new RangeError(`a packet of ${length} bytes`)
    this.#options = options
    this.#count = Math.ceil(length / TILE)
    this.#pending = new Uint8Array(this.#count).fill(1)
  }

  get #lastWindow(): number {
    return Math.floor((this.#count - 1) / WINDOW_TILES)
  }

  /** The next message, of at most `room` bytes; undefined when there is none now, or when `room` is less than 11. */
  next(room: number, now_s: number): Uint8Array | undefined {
    if (this.#aborts) {
      this.#aborts = false
      return encodeFragment({ type: 'sender-abort' })
    }
    if (room < 1 + TILE || this.state === 'done' || this.state === 'failed') return undefined
    if (this.state === 'waiting') {
      if (now_s < this.#deadline_s) return undefined
      return this.#ask(now_s)
    }
    const first = this.#pending.indexOf(1)
    if (first >= 0) return this.#regular(first, Math.floor((room - 1) / TILE))
    if (this.#asks) return this.#ask(now_s)
    this.#all1 = false
    this.#wait(now_s)
    return encodeFragment({
      type: 'all-1',
      window: this.#lastWindow,
      rcs: crc32(this.#options.packet),
      tile: new Uint8Array(0),
    })
  }

  /** An acknowledgement came. DecodeError for what is none. */
  onAcknowledgement(bytes: Uint8Array): void {
    const ack = decodeAcknowledgement(bytes)
    if (this.state === 'done' || this.state === 'failed') return
    if (ack.type === 'receiver-abort') this.state = 'failed'
    else if (ack.type === 'complete') this.#onComplete(ack.window)
    else this.#onMissing(ack.window, ack.bitmap)
  }

  #onComplete(window: number): void {
    // One of an earlier window, or of an earlier packet.
    if (window === this.#lastWindow && !this.#all1) this.state = 'done'
  }

  #onMissing(window: number, bitmap: Uint8Array): void {
    if (window > this.#lastWindow) throw new DecodeError(`window ${window} of ${this.#lastWindow + 1}`)
    const first = window * WINDOW_TILES
    let missing = 0
    for (let tile = first; tile < Math.min(this.#count, first + WINDOW_TILES); tile++) {
      if (bitmap[tile - first] === 1) continue
      this.#pending[tile] = 1
      missing++
    }
    const last = window === this.#lastWindow
    // In a last window that is full the last tile and All-1 share a bit: whatever it says, All-1 may be missing.
    const lost = last && (bitmap[WINDOW_TILES - 1] === 0 || (missing === 0 && this.#count % WINDOW_TILES === 0))
    this.#asks = !this.#all1 && !lost
    this.#all1 = !this.#asks
    // Everything is there and it is wrong all the same, or there is no end to it.
    if ((last && missing === 0 && this.#asks) || ++this.#rounds > ROUNDS_MAX) this.#abort()
    else this.state = 'sending'
    this.#requests = 0
  }

  #regular(first: number, tiles_max: number): Uint8Array {
    const window = Math.floor(first / WINDOW_TILES)
    const end = Math.min(this.#count, (window + 1) * WINDOW_TILES, first + tiles_max)
    let tile = first
    for (; tile < end && this.#pending[tile] === 1; tile++) this.#pending[tile] = 0
    const tiles = this.#options.packet.subarray(first * TILE, tile * TILE)
    return encodeFragment({ type: 'regular', window, fcn: WINDOW_TILES - 1 - (first % WINDOW_TILES), tiles })
  }

  #ask(now_s: number): Uint8Array {
    this.#asks = false
    if (this.#requests >= REQUESTS_MAX) {
      this.state = 'failed'
      return encodeFragment({ type: 'sender-abort' })
    }
    this.#requests++
    this.#wait(now_s)
    return encodeFragment({ type: 'ack-request', window: this.#lastWindow })
  }

  #wait(now_s: number): void {
    this.state = 'waiting'
    this.#deadline_s = now_s + this.#options.retransmission_s
  }

  #abort(): void {
    this.state = 'failed'
    this.#aborts = true
  }
}
