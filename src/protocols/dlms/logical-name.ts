/**
 * Logical names: OBIS codes of six bytes (IEC 62056-6-1). The meter has them as texts 'a.b.c.d.e.f', without leading zeros: constants that cost no memory, and
 * become bytes only where a client sees them.
 */
import type { ByteWriter } from '../../lib/bytes.ts'
import { DataTag } from './axdr.ts'

const GROUPS = 6
const POINT = 0x2e
const ZERO = 0x30
const UINT32 = 0x100000000

function wrong(code: string): RangeError {
  return new RangeError(`not a logical name: ${code}`)
}

/**
 * The six bytes of a code written as 'a.b.c.d.e.f', e.g. '1.0.1.8.0.255', as one integer below 2^48.
 * Throws RangeError when it is not six numbers 0..255: codes are constants of ours.
 */
export function logicalNameKey(code: string): number {
  let key = 0
  let groups = 0
  let group = -1
  for (let i = 0; i <= code.length; i++) {
    const character = i === code.length ? POINT : code.charCodeAt(i)
    if (character === POINT) {
      if (group < 0) throw wrong(code)
      key = key * 0x100 + group
      group = -1
      groups++
    } else {
      const digit = character - ZERO
      // A zero in front would make two texts of one name.
      if (digit < 0 || digit > 9 || group === 0) throw wrong(code)
      group = group < 0 ? digit : 10 * group + digit
      if (group > 255) throw wrong(code)
    }
  }
  if (groups !== GROUPS) throw wrong(code)
  return key
}

/** An octet-string with the six bytes of a code. Throws RangeError as `logicalNameKey`. */
export function writeLogicalName(writer: ByteWriter, code: string): void {
  const key = logicalNameKey(code)
  writer.uint8(DataTag.octetString)
  writer.uint8(GROUPS)
  writer.uint16(Math.floor(key / UINT32))
  writer.uint32(key % UINT32)
}

/** 'a.b.c.d.e.f' of six bytes. */
export function logicalNameText(name: Uint8Array): string {
  return name.join('.')
}
