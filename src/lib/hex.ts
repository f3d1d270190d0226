/** An array: each character taken out of a text makes an object on XS. */
const DIGITS: readonly string[] = Object.freeze([...'0123456789abcdef'])
/** Bytes whose digits are joined at a time: XS copies the whole text at every `+=`. */
const GROUP = 32

/** Lower-case hexadecimal without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += GROUP) {
    const end = Math.min(start + GROUP, bytes.length)
    let group = ''
    for (let i = start; i < end; i++) group += DIGITS[bytes[i] >> 4] + DIGITS[bytes[i] & 15]
    text += group
  }
  return text
}

/** Bytes of a hexadecimal text; white space is skipped. Throws RangeError on anything else or on an odd count of digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) throw new RangeError('not hexadecimal')
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
