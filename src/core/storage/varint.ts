import { DecodeError } from '../../lib/bytes.ts'

/** Bytes of the longest number (53 bits in groups of seven). */
export const VARINT_MAX = 8

/** Writes a non-negative integer below 2^53 in groups of seven bits, least significant first. Returns the position after it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let position = at
  let rest = value
  while (rest >= 0x80) {
    bytes[position++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[position++] = rest
  return position
}

/** Reads numbers one after the other. Throws DecodeError when they end early or do not fit into 53 bits. */
export class VarintReader {
  #bytes: Uint8Array
  position: number

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes
    this.position = position
  }

  next(): number {
    let value = 0
    let weight = 1
    for (let count = 0; count < VARINT_MAX; count++) {
      if (this.position >= this.#bytes.length) break
      const byte = this.#bytes[this.position++]
      value += (byte & 0x7f) * weight
      weight *= 0x80
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
    }
    throw new DecodeError('not a number of the register journal')
  }
}
