import { DecodeError } from '../../lib/bytes.ts'
import { crc32 } from '../../lib/crc.ts'
import { decodeFragment, encodeAcknowledgement, type Fragment, TILE, TILES_MAX, WINDOW_TILES } from './message.ts'

/** What the receiver has to say. */
export interface SchcAnswer {
  readonly acknowledgement: Uint8Array | undefined
  /** RuleID and what follows it, when it is complete; once. */
  readonly packet: Uint8Array | undefined
}

const NOTHING: SchcAnswer = Object.freeze({ acknowledgement: undefined, packet: undefined })

/** Puts fragmented uplinks of one device together: ACK-on-Error of RFC 8724 section 8.4.3.2, with an acknowledgement only when it is asked for one. */
export class SchcReceiver {
  #tiles = new Map<number, Uint8Array>()
  #all1: Extract<Fragment, { type: 'all-1' }> | undefined
  #complete = false

  /** The inactivity timer ran out, or the sender gave up. */
  reset(): void {
    this.#tiles = new Map()
    this.#all1 = undefined
    this.#complete = false
  }

  /** DecodeError for what is no fragment. */
  receive(payload: Uint8Array): SchcAnswer {
    const fragment = decodeFragment(payload)
    if (fragment.type === 'sender-abort') this.reset()
    else if (fragment.type === 'regular') this.#take(fragment)
    else {
      if (fragment.type === 'all-1') {
        if (this.#all1 !== undefined && this.#all1.rcs !== fragment.rcs) this.reset()
        this.#all1 = { ...fragment, tile: fragment.tile.slice() }
      }
      return this.#answer(fragment.window)
    }
    return NOTHING
  }

  #take({ window, fcn, tiles }: Extract<Fragment, { type: 'regular' }>): void {
    // Whoever knows that it is complete begins another packet.
    if (this.#complete) this.reset()
    const first = window * WINDOW_TILES + WINDOW_TILES - 1 - fcn
    const count = Math.ceil(tiles.length / TILE)
    if (first + count > TILES_MAX) throw new DecodeError(`tile ${first + count - 1}`)
    if (this.#contradicts(first, tiles)) this.reset()
    for (let i = 0; i < count; i++) this.#tiles.set(first + i, tiles.slice(i * TILE, (i + 1) * TILE))
  }

  /** Without a DTag only other content tells another packet, after one that its sender gave up unheard. */
  #contradicts(first: number, tiles: Uint8Array): boolean {
    for (let i = 0; i * TILE < tiles.length; i++) {
      const known = this.#tiles.get(first + i)
      if (known === undefined) continue
      const tile = tiles.subarray(i * TILE, (i + 1) * TILE)
      if (known.length !== tile.length || known.some((byte, at) => byte !== tile[at])) return true
    }
    return false
  }

  #answer(window: number): SchcAnswer {
    const packet = this.#assemble()
    if (packet !== undefined) {
      const first = !this.#complete
      this.#complete = true
      const acknowledgement = encodeAcknowledgement({ type: 'complete', window: this.#all1?.window ?? window })
      return { acknowledgement, packet: first ? packet : undefined }
    }
    const last = this.#all1?.window ?? window
    for (let w = 0; w <= last; w++) {
      const bitmap = this.#bitmap(w)
      if (w < last && !bitmap.includes(0)) continue
      return { acknowledgement: encodeAcknowledgement({ type: 'missing', window: w, bitmap }), packet: undefined }
    }
    return NOTHING
  }

  #bitmap(window: number): Uint8Array {
    const bitmap = new Uint8Array(WINDOW_TILES)
    for (let i = 0; i < WINDOW_TILES; i++) if (this.#tiles.has(window * WINDOW_TILES + i)) bitmap[i] = 1
    // In the last window the last bit tells of All-1; a tile that shares it, where all others are there, is what is missing.
    const full = bitmap.indexOf(0) === WINDOW_TILES - 1
    if (this.#all1?.window === window && !full) bitmap[WINDOW_TILES - 1] = 1
    return bitmap
  }

  #assemble(): Uint8Array | undefined {
    const all1 = this.#all1
    if (all1 === undefined) return undefined
    const parts: Uint8Array[] = []
    for (let i = 0; this.#tiles.has(i); i++) parts.push(this.#tiles.get(i) as Uint8Array)
    if (parts.length < this.#tiles.size) return undefined
    parts.push(all1.tile)
    const packet = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of parts) {
      packet.set(part, at)
      at += part.length
    }
    return crc32(packet) === all1.rcs ? packet : undefined
  }
}
