import { DecodeError } from './bytes.ts'

/** What engines have for it: browsers, Node and xsnap the first, XS on a device the second. */
interface Natives {
  readonly TextEncoder?: new () => { encode(text: string): Uint8Array<ArrayBuffer> }
  readonly ArrayBuffer: { readonly fromString?: (text: string) => ArrayBuffer }
}

function encodeNatively(text: string): Uint8Array<ArrayBuffer> | undefined {
  const natives = globalThis as unknown as Natives
  if (natives.TextEncoder !== undefined) return new natives.TextEncoder().encode(text)
  return natives.ArrayBuffer.fromString && new Uint8Array(natives.ArrayBuffer.fromString(text))
}

/** First byte of the three that a surrogate would take. */
const SURROGATE = 0xed

/** Both of XS write surrogates as they are. */
function hasSurrogate(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(SURROGATE); at >= 0; at = bytes.indexOf(SURROGATE, at + 1)) if (bytes[at + 1] >= 0xa0) return true
  return false
}

/** UTF-8 of a text (RFC 3629). A lone surrogate becomes U+FFFD, as TextEncoder does. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = encodeNatively(text)
  return bytes === undefined || hasSurrogate(bytes) ? encodeByUnits(text) : bytes
}

/** The same where the engine has nothing, or not the right thing: every look at a character makes an object on XS. */
export function encodeByUnits(text: string): Uint8Array<ArrayBuffer> {
  // Three bytes per UTF-16 unit always suffice: a pair of units takes four.
  const bytes = new Uint8Array(text.length * 3)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let code = text.codePointAt(i) as number
    if (code > 0xffff) i++
    else if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd
    if (code < 0x80) {
      bytes[length++] = code
      continue
    }
    if (code < 0x800) bytes[length++] = 0xc0 | (code >> 6)
    else {
      if (code < 0x10000) bytes[length++] = 0xe0 | (code >> 12)
      else {
        bytes[length++] = 0xf0 | (code >> 18)
        bytes[length++] = 0x80 | ((code >> 12) & 63)
      }
      bytes[length++] = 0x80 | ((code >> 6) & 63)
    }
    bytes[length++] = 0x80 | (code & 63)
  }
  return bytes.slice(0, length)
}

/** Smallest code point that needs one, two or three continuation bytes: anything less is an overlong form. */
const SMALLEST = [0, 0x80, 0x800, 0x10000] as const

/** Continuation bytes that a lead byte announces; DecodeError for a byte that cannot lead. */
function continuations(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 1
  if (lead >= 0xe0 && lead <= 0xef) return 2
  if (lead >= 0xf0 && lead <= 0xf4) return 3
  throw new DecodeError('not UTF-8: bad lead byte')
}

/** Text of UTF-8 bytes. Throws DecodeError on anything that RFC 3629 forbids: overlong forms, surrogates, beyond U+10FFFF, cut sequences. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = ''
  // Characters are joined in groups: XS copies the whole string at every `+=`.
  let units: number[] = []
  for (let i = 0; i < bytes.length; ) {
    let code = bytes[i++] as number
    if (code >= 0x80) {
      const count = continuations(code)
      code &= 0x3f >> count
      for (let k = 0; k < count; k++) {
        const next = i < bytes.length ? (bytes[i++] as number) : 0
        if ((next & 0xc0) !== 0x80) throw new DecodeError('not UTF-8: continuation byte missing')
        code = (code << 6) | (next & 63)
      }
      if (code < (SMALLEST[count] as number) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        throw new DecodeError('not UTF-8: forbidden code point')
      }
    }
    units.push(code)
    if (units.length === 256) {
      text += String.fromCodePoint(...units)
      units = []
    }
  }
  return text + String.fromCodePoint(...units)
}
