function table32(polynomial: number): Uint32Array {
  const table = new Uint32Array(256)
  for (let i = 0; i < 256; i++) {
    let value = i
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    table[i] = value >>> 0
  }
  return table
}

const CRC32 = table32(0xedb88320)

/** CRC-32 (IEEE 802.3: reflected 0x04C11DB7, start and final xor 0xFFFFFFFF) of `bytes[start, end)`. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xffffffff
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (CRC32[(crc ^ bytes[i]) & 0xff] as number)
  return ~crc >>> 0
}

/** One step of CRC-16 with polynomial 0x1021, most significant bit first, over a 16-bit word. */
export function crc16Word(crc: number, word: number): number {
  let value = crc ^ word
  for (let bit = 0; bit < 16; bit++) value = value & 0x8000 ? ((value << 1) ^ 0x1021) & 0xffff : (value << 1) & 0xffff
  return value
}
