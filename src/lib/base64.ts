import { DecodeError } from './bytes.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Value of a character code of the alphabet, or -1. Arithmetic instead of a table: a table costs RAM or flash, this costs neither. */
function sextet(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26
  if (code >= 0x41 && code <= 0x5a) return code - 0x41
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52
  if (code === 0x2b) return 62
  return code === 0x2f ? 63 : -1
}

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const group = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0)
    text += ALPHABET[group >> 18] as string
    text += ALPHABET[(group >> 12) & 63] as string
    text += left > 1 ? ALPHABET[(group >> 6) & 63] : '='
    text += left > 2 ? ALPHABET[group & 63] : '='
  }
  return text
}

/** Bytes that a padded base64 text stands for. Throws DecodeError when the length is no multiple of four. */
export function base64Length(text: string): number {
  if (text.length % 4 !== 0) throw new DecodeError('base64 is not a multiple of four characters')
  if (text.length === 0) return 0
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return (text.length / 4) * 3 - padding
}

/**
 * The bytes `[start, end)` of what a padded base64 text stands for (RFC 4648 section 4; default: all of them), so that a large constant can be
 * served in pieces without ever being decoded as a whole. `end` past the last byte is cut. Throws DecodeError on a foreign character or bits
 * set behind the last byte, RangeError when `start` is not within the text.
 */
export function fromBase64(text: string, start = 0, end = Number.MAX_SAFE_INTEGER): Uint8Array<ArrayBuffer> {
  const length = base64Length(text)
  const stop = Math.min(end, length)
  if (start < 0 || start > length) throw new RangeError(`${start} is outside ${length} bytes`)
  const bytes = new Uint8Array(Math.max(0, stop - start))
  for (let group = Math.floor(start / 3); group * 3 < stop; group++) {
    const value = decodeGroup(text, group * 4, Math.min(3, length - group * 3))
    for (let i = 0; i < 3; i++) {
      const at = group * 3 + i - start
      if (at >= 0 && at < bytes.length) bytes[at] = (value >> (16 - 8 * i)) & 0xff
    }
  }
  return bytes
}

/** Four characters as 24 bits, of which the first `count` bytes mean something. */
function decodeGroup(text: string, at: number, count: number): number {
  let value = 0
  for (let i = 0; i < 4; i++) {
    const digit = i <= count ? sextet(text.charCodeAt(at + i)) : 0
    if (digit < 0) throw new DecodeError('not a base64 character')
    value = (value << 6) | digit
  }
  if ((value & (0xffffff >> (8 * count))) !== 0) throw new DecodeError('base64 has bits behind its last byte')
  return value
}
