import { DecodeError } from '../../lib/bytes.ts'
import { fromHex, toHex } from '../../lib/hex.ts'

const EUI_LENGTH = 8

/** `AA-BB-…`, of eight bytes. */
export function dashedEui(eui: Uint8Array): string {
  return (toHex(eui).toUpperCase().match(/../g) ?? []).join('-')
}

/** Eight bytes of `AA-BB-…`, or of an ID6 such as `::1` and `1:2:3:4`. DecodeError for anything else. */
export function parseEui(text: string): Uint8Array {
  if (/^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){7}$/.test(text)) return fromHex(text.replace(/-/g, '').toLowerCase())
  const [head, tail, ...rest] = text.split('::')
  const groups = (part: string | undefined): string[] => (part === undefined || part === '' ? [] : part.split(':'))
  const [before, after] = [groups(head), groups(tail)]
  const known = before.length + after.length
  const whole = tail === undefined ? known === 4 : known < 4
  if (rest.length > 0 || !whole || [...before, ...after].some((group) => !/^[0-9A-Fa-f]{1,4}$/.test(group))) {
    throw new DecodeError(`no EUI: ${text.slice(0, 40)}`)
  }
  const all = [...before, ...new Array<string>(4 - known).fill('0'), ...after]
  return fromHex(
    all
      .map((group) => group.padStart(4, '0'))
      .join('')
      .toLowerCase(),
  )
}

/** The shortest ID6 is not needed: four groups are one, too. */
export function id6(eui: Uint8Array): string {
  if (eui.length !== EUI_LENGTH) throw new RangeError(`an EUI of ${eui.length} bytes`)
  const text = toHex(eui)
  return [0, 4, 8, 12].map((at) => Number.parseInt(text.slice(at, at + 4), 16).toString(16)).join(':')
}
