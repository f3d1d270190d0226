/**
 * Logical names: OBIS codes of six bytes (IEC 62056-6-1). The meter has them as texts 'a.b.c.d.e.f', without leading zeros: constants that cost no memory, and
 * become bytes only where a client sees them.
 */
import type { ByteWriter } from '../../lib/bytes.ts'
import { DataTag } from './axdr.ts'

const GROUPS = 6
const UINT32 = 0x100000000

function wrong(code: string): RangeError {
  return new RangeError(`not a logical name: ${code}`)
}

/**
 * The six bytes of a code written as 'a.b.c.d.e.f', e.g. '1.0.1.8.0.255', as one integer below 2^48.
 * Throws RangeError when it is not six numbers 0..255: codes are constants of ours.
 */
export function logicalNameKey(code: string): number {
  // Every look at a character makes an object on XS; these calls do not.
  const groups = code.split('.')
  let key = 0
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]
    const value = Number(group)
    // A zero in front would make two texts of one name.
    if (!(value >= 0 && value <= 255) || String(value) !== group) throw wrong(code)
    key = key * 0x100 + value
  }
  if (groups.length !== GROUPS) throw wrong(code)
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
