import type { ByteReader, ByteWriter } from '../../lib/bytes.ts'

/** Identifiers that a meter remembers: at least fifty (IEC 62055-41, token identifier). */
export const IDENTIFIERS_MAX = 50
const IDENTIFIER_MAX = 0xffffff

/** `used`: this very token was taken before; `old`: it is older than all that are remembered, so nobody knows. */
export type IdentifierVerdict = 'new' | 'used' | 'old'

/**
 * Which tokens were taken, by their identifiers: minutes since a base date, 24 bits. The newest fifty are remembered one by one; what was forgotten
 * leaves a base behind below which nothing is taken any more. The base never falls.
 */
export class IdentifierList {
  /** Everything up to here is old; -1: nothing was forgotten yet. */
  readonly base: number
  /** Ascending. */
  readonly identifiers: readonly number[]

  constructor(base = -1, identifiers: readonly number[] = []) {
    this.base = base
    this.identifiers = identifiers
  }

  judge(identifier: number): IdentifierVerdict {
    if (this.identifiers.includes(identifier)) return 'used'
    return identifier <= this.base ? 'old' : 'new'
  }

  /** The list with one more; the oldest one goes when there is no room. */
  with(identifier: number): IdentifierList {
    const identifiers = [...this.identifiers, identifier].sort((a, b) => a - b)
    const forgotten = identifiers.length > IDENTIFIERS_MAX ? identifiers.shift() : undefined
    return new IdentifierList(Math.max(this.base, forgotten ?? -1), identifiers)
  }

  /** At most 154 bytes. */
  encode(writer: ByteWriter): void {
    writer.uint8(this.identifiers.length)
    for (const value of [this.base + 1, ...this.identifiers]) {
      writer.uint8(value >>> 16)
      writer.uint16(value & 0xffff)
    }
  }

  /** Undefined for what `encode` does not write. DecodeError when it is cut off. */
  static decode(reader: ByteReader): IdentifierList | undefined {
    const count = reader.uint8()
    if (count > IDENTIFIERS_MAX) return undefined
    const read = () => reader.uint8() * 0x10000 + reader.uint16()
    const base = read() - 1
    const identifiers: number[] = []
    for (let i = 0; i < count; i++) {
      const value = read()
      if (value <= (identifiers[i - 1] ?? base) || value > IDENTIFIER_MAX) return undefined
      identifiers.push(value)
    }
    return new IdentifierList(base, identifiers)
  }
}
