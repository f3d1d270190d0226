/** Logical names: OBIS codes of six bytes (IEC 62056-6-1). */

/**
 * The six bytes of a code written as 'a.b.c.d.e.f', e.g. '1.0.1.8.0.255'.
 * Throws RangeError when it is not six numbers 0..255: codes are constants of ours.
 */
export function logicalName(code: string): Uint8Array {
  const groups = code.split('.')
  const bytes = new Uint8Array(6)
  if (groups.length !== 6) throw new RangeError(`not a logical name: ${code}`)
  for (let i = 0; i < 6; i++) {
    const group = groups[i] as string
    const value = Number(group)
    if (!/^\d{1,3}$/.test(group) || value > 255) throw new RangeError(`not a logical name: ${code}`)
    bytes[i] = value
  }
  return bytes
}

/** 'a.b.c.d.e.f' of six bytes. */
export function logicalNameText(name: Uint8Array): string {
  return name.join('.')
}

/** The six bytes as one integer below 2^48, to look objects up without making a string. */
export function logicalNameKey(name: Uint8Array): number {
  let key = 0
  for (let i = 0; i < 6; i++) key = key * 0x100 + name[i]
  return key
}

export function sameLogicalName(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === 6 && b.length === 6 && logicalNameKey(a) === logicalNameKey(b)
}
