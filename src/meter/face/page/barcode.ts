import type { VNode } from 'preact'
import { html } from './html.ts'

/** Code 39 (ISO/IEC 16388): nine elements per character, bars and gaps in turn, 1 = wide; in the order of CHARACTERS. */
const CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. *'
const PATTERNS =
  '000110100100100001001100001101100000000110001100110000001110000000100101100100100001100100' +
  '100001001001001001101001000000011001100011000001011000000001101100001100001001100000011100' +
  '100000011001000011101000010000010011100010010001010010000000111100000110001000110000010110' +
  '110000001011000001111000000010010001110010000011010000010000101110000100011000100010010100'

/** The text as bars that a scanner reads; what the code cannot carry becomes `-`. */
export function Barcode({ text }: { readonly text: string }): VNode {
  let x = 0
  let path = ''
  for (const character of `*${text.toUpperCase()}*`) {
    const found = CHARACTERS.indexOf(character)
    const at = 9 * (found < 0 ? CHARACTERS.indexOf('-') : found)
    const pattern = PATTERNS.slice(at, at + 9)
    for (let i = 0; i < 9; i++) {
      const width = pattern[i] === '1' ? 2.5 : 1
      if (i % 2 === 0) path += `M${x} 0h${width}v20h-${width}z`
      x += width
    }
    x += 1
  }
  return html`<svg class="barcode" viewBox=${`0 0 ${x} 20`} preserveAspectRatio="none" aria-hidden="true"><path d=${path} /></svg>`
}
