/** Numbers whose least significant byte comes first, as LoRaWAN has them. Reading past the end gives NaN or a number with zeros: whoever reads foreign bytes looks at the length first. */

export function putUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

export function putUint24(bytes: Uint8Array, at: number, value: number): void {
  putUint16(bytes, at, value)
  bytes[at + 2] = value >>> 16
}

export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  putUint16(bytes, at, value)
  putUint16(bytes, at + 2, value >>> 16)
}

export function getUint16(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8)
}

export function getUint24(bytes: Uint8Array, at: number): number {
  return getUint16(bytes, at) | (bytes[at + 2] << 16)
}

export function getUint32(bytes: Uint8Array, at: number): number {
  return (getUint24(bytes, at) | (bytes[at + 3] << 24)) >>> 0
}
