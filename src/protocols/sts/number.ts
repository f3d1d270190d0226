/** Digits of a token as a person enters it. */
const TOKEN_DIGITS = 20
/** Uint8Array of the data block of a token. */
export const BLOCK_BYTES = 8
/** The class stands at bits 28 and 27 of the block; what was there goes to the top of the number (IEC 62055-41, 6.4.4). */
const CLASS_BYTE = 4
const CLASS_SHIFT = 3
const CLASS_MASK = 0b11 << CLASS_SHIFT
/** 2^66, the first number that is no token, has 20 digits as well. */
const HIGH_MAX = 0b11

/** Class and data block of a token, encrypted or not. */
export interface TokenNumber {
  /** 0: credit, 1: test and display, 2: management, 3: reserved. */
  readonly class: number
  /** 8 bytes, the most significant one first. */
  readonly block: Uint8Array
}

/**
 * Reads 20 decimal digits; spaces and hyphens between them do not count. Undefined for anything else, and for a number of more than 66 bits.
 * Source: IEC 62055-51 (numeric token carrier), IEC 62055-41, 6.4.
 */
export function parseTokenNumber(text: string): TokenNumber | undefined {
  const digits = text.replace(/[ -]/g, '')
  if (!/^\d{20}$/.test(digits)) return undefined
  const bytes = new Uint8Array(BLOCK_BYTES + 1)
  for (let i = 0; i < TOKEN_DIGITS; i++) {
    let carry = digits.charCodeAt(i) - 0x30
    for (let at = BLOCK_BYTES; at >= 0; at--) {
      const value = bytes[at] * 10 + carry
      bytes[at] = value & 0xff
      carry = value >> 8
    }
    // A ninth byte of more than two bits never becomes smaller again.
    if (carry > 0) return undefined
  }
  const high = bytes[0]
  if (high > HIGH_MAX) return undefined
  const block = bytes.slice(1)
  const tokenClass = (block[CLASS_BYTE] & CLASS_MASK) >> CLASS_SHIFT
  block[CLASS_BYTE] = (block[CLASS_BYTE] & ~CLASS_MASK) | (high << CLASS_SHIFT)
  return { class: tokenClass, block }
}

/** The 20 digits of a class and a data block. */
export function formatTokenNumber({ class: tokenClass, block }: TokenNumber): string {
  const bytes = new Uint8Array(BLOCK_BYTES + 1)
  bytes[0] = (block[CLASS_BYTE] & CLASS_MASK) >> CLASS_SHIFT
  bytes.set(block, 1)
  bytes[1 + CLASS_BYTE] = (block[CLASS_BYTE] & ~CLASS_MASK) | (tokenClass << CLASS_SHIFT)
  let digits = ''
  for (let i = 0; i < TOKEN_DIGITS; i++) {
    let rest = 0
    for (let at = 0; at <= BLOCK_BYTES; at++) {
      const value = (rest << 8) | bytes[at]
      bytes[at] = Math.floor(value / 10)
      rest = value % 10
    }
    digits = `${rest}${digits}`
  }
  return digits
}
