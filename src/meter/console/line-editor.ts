const BACKSPACE = 0x08
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const CANCEL_LINE = 0x15
const DELETE = 0x7f

/** What came of a byte. `text` is the line of `line`. */
export type Typed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'character' | 'deleted' | 'cancelled' }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'bad line'; readonly reason: string }

const NOTHING: Typed = Object.freeze({ kind: 'nothing' })
const CHARACTER: Typed = Object.freeze({ kind: 'character' })
const DELETED: Typed = Object.freeze({ kind: 'deleted' })
const CANCELLED: Typed = Object.freeze({ kind: 'cancelled' })

/**
 * Makes lines of bytes. A line ends with CR, LF or both. Backspace and DEL take the last character back, Ctrl-U all of them. A line that is too long
 * or has other bytes than printable ASCII is reported at its end, and never half taken.
 */
export class LineEditor {
  readonly #bytes: Uint8Array
  #length = 0
  #reason = ''
  #afterReturn = false

  /** `limit`: characters of the longest line. */
  constructor(limit: number) {
    this.#bytes = new Uint8Array(limit)
  }

  /** What has been typed of the line so far. */
  get text(): string {
    return String.fromCharCode(...this.#bytes.subarray(0, this.#length))
  }

  take(byte: number): Typed {
    const afterReturn = this.#afterReturn
    this.#afterReturn = byte === CARRIAGE_RETURN
    if (byte === LINE_FEED && afterReturn) return NOTHING
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) return this.#end()
    if (byte === BACKSPACE || byte === DELETE) return this.#delete()
    if (byte === CANCEL_LINE) {
      this.clear()
      return CANCELLED
    }
    if (byte < 0x20 || byte > 0x7e) this.#reason = 'the line has characters that are not printable ASCII'
    else if (this.#length === this.#bytes.length) this.#reason = `the line has more than ${this.#bytes.length} characters`
    else {
      this.#bytes[this.#length++] = byte
      return CHARACTER
    }
    return NOTHING
  }

  /** Forgets the line; a secret in it too. */
  clear(): void {
    this.#bytes.fill(0)
    this.#length = 0
    this.#reason = ''
  }

  #end(): Typed {
    const reason = this.#reason
    const { text } = this
    this.clear()
    return reason === '' ? { kind: 'line', text } : { kind: 'bad line', reason }
  }

  #delete(): Typed {
    // What was refused is not in the buffer: only the whole line can be given up.
    if (this.#length === 0 || this.#reason !== '') return NOTHING
    this.#bytes[--this.#length] = 0
    return DELETED
  }
}
